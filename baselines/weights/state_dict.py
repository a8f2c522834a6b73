"""Read state dicts that PyTorch saved, executing nothing from the file."""

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from baselines.weights.pickled import STORAGE_DTYPES, Storage, parse_legacy, parse_pickle

_GLOBALS = frozenset(
    {
        "collections.OrderedDict",
        "torch._utils._rebuild_tensor",
        "torch._utils._rebuild_tensor_v2",
        "torch._utils._rebuild_parameter",
        "torch.nn.parameter.Parameter",
        *STORAGE_DTYPES,
    }
)
# What zipfile raises; it does not wrap zlib's error.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
)
_PREFIX = "module."  # what torch.nn.DataParallel puts before every name


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Read a state dict saved by `torch.save`, in the zip format or the one before PyTorch 1.6.

    The file's pickle is first parsed without executing it (`baselines.weights.pickled`), which
    bounds what it can make torch allocate, and then read with ``torch.load(weights_only=True)``.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict of str to Tensor
        Tensors on the CPU in the file's dtypes, a leading ``module.`` removed from the names.

    Raises
    ------
    ValueError
        When the file is not a plain state dict: damaged, a whole pickled network, or a pickle that
        asks for anything else than tensors.
    """
    data = Path(path).read_bytes()
    what = str(path)
    _inspect(data, what)
    try:
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for damaged files
        raise ValueError(
            f"{what}: torch cannot read it as weights ({type(error).__name__}: "
            f"{str(error).splitlines()[0] if str(error) else 'no reason given'}). Expected a state "
            "dict saved by torch.save; fetch the file again."
        ) from error
    return _checked(state, what)


def _inspect(data: bytes, what: str) -> None:
    """Refuse files whose pickles hold anything but tensors, or declare more than the file holds."""
    if data.startswith(b"PK\x03\x04"):
        _inspect_zip(data, what)
    elif data.startswith(b"\x80"):
        parse_legacy(data, _GLOBALS, what)
    else:
        raise ValueError(
            f"{what}: not a PyTorch file, it begins with {data[:8]!r}. Expected a state dict saved "
            "by torch.save."
        )


def _inspect_zip(data: bytes, what: str) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            if len(entries) < len(archive.infolist()):
                raise ValueError(f"{what}: the archive has two entries of one name")
            if sum(entry.file_size for entry in entries.values()) > len(data):
                raise ValueError(f"{what}: its entries would unpack to more than the file's size")
            pickles = [name for name in entries if name.endswith("/data.pkl")]
            if len(pickles) != 1:
                raise ValueError(f"{what}: the archive has {len(pickles)} data.pkl; expected one")
            pickle = archive.read(pickles[0])
    except _DAMAGED as error:
        raise ValueError(f"{what}: damaged archive ({error}); fetch the file again") from error
    _, storages = parse_pickle(io.BytesIO(pickle), _GLOBALS, what)
    root = pickles[0].removesuffix("data.pkl")
    for key, storage in storages.items():
        _check_entry(entries.get(f"{root}data/{key}"), storage, what)


def _check_entry(entry: zipfile.ZipInfo | None, storage: Storage, what: str) -> None:
    held = entry.file_size if entry else 0
    if storage.nbytes > held:
        raise ValueError(
            f"{what}: storage {storage.key!r} declares {storage.nbytes:,} bytes but has {held:,}"
        )


def _checked(state: Any, what: str) -> dict[str, Tensor]:
    if not isinstance(state, dict) or not state:
        raise ValueError(f"{what}: holds a {type(state).__name__}, not a state dict")
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise ValueError(  # noqa: TRY004
                f"{what}: entry {str(name)[:80]!r} is a {type(value).__name__}, not a tensor. If "
                "the weights are nested inside, save that inner dict to a file of its own."
            )
        # An expanded view would need more memory, once copied, than the file has.
        if value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise ValueError(f"{what}: tensor {name!r} is larger than its storage")
    # Nor may many views of one storage, each of them small enough.
    storages = {value.untyped_storage().data_ptr(): value for value in state.values()}
    held = sum(value.untyped_storage().nbytes() for value in storages.values())
    needed = sum(value.numel() * value.element_size() for value in state.values())
    if needed > held:
        raise ValueError(
            f"{what}: its tensors share storages and would take {needed:,} bytes instead of "
            f"{held:,}; save copies of them"
        )
    return {name.removeprefix(_PREFIX): value.detach() for name, value in state.items()}
