"""Read what PyTorch saved, as data alone."""

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

REMEDY = "Save its state dict alone: torch.save(network.state_dict(), FILE)."


def read_data(path: Path) -> Any:
    """Read a file of `torch.save` with ``torch.load(weights_only=True)``.

    Parameters
    ----------
    path : Path
        The file, in the zip format or the one before PyTorch 1.6.

    Returns
    -------
    object
        Tensors on the CPU, numbers, text, and lists, tuples and dicts of them.

    Raises
    ------
    ValueError
        When torch refuses the file (damaged, TorchScript, or a pickle that asks for code), with
        its reason; nothing of the file has been executed.
    """
    with path.open("rb") as stream:
        zipped = stream.read(4) == b"PK\x03\x04"  # as torch tells the two formats apart
    if zipped:
        _check_archive(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for damaged files
        raise ValueError(
            f"{path}: torch cannot read it as weights alone ({_reason(error)}). {REMEDY}"
        ) from error


def _reason(error: Exception) -> str:
    """Say why torch refused a file, without its advice to run whatever code is in the file."""
    if found := re.search(r"GLOBAL (\S+)", str(error)):
        return f"it asks for {found[1]}, which is no tensor"
    message = str(error).rpartition("WeightsUnpickler error: ")[2].strip()
    return f"{type(error).__name__}: {message.splitlines()[0] if message else 'no reason given'}"


def _check_archive(path: Path) -> None:
    """Refuse TorchScript, and archives that unpack to more than the file has.

    Published files that are known by SHA-1 only, and ``spandrel:FILE``, can be such archives.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except Exception as error:  # zipfile raises many kinds for damaged archives
        raise ValueError(
            f"{path}: is a damaged archive ({error}). Copy or download it again."
        ) from error
    names = [entry.filename.partition("/")[2] for entry in entries]
    if "constants.pkl" in names or any(name.startswith("code/") for name in names):
        raise ValueError(f"{path}: is TorchScript, which holds code beside the weights. {REMEDY}")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > path.stat().st_size:  # torch.save does not compress
        raise ValueError(
            f"{path}: would unpack to {unpacked:,} bytes, more than the file has. {REMEDY}"
        )


def read_state_dict(
    path: Path, renamed: Sequence[tuple[str, str]] = (), drop: str = r"(?!)"
) -> dict[str, Tensor]:
    """Read a state dict saved by `torch.save` under the names of another network.

    Parameters
    ----------
    path : Path
        The file.
    renamed : sequence of (str, str)
        Regular expressions and what to put for them, applied to every name one after the other.
    drop : str
        Regular expression; names that it matches from their beginning are left out. None by
        default.

    Returns
    -------
    dict of str to Tensor
        Tensors on the CPU in the file's dtypes, a leading ``module.`` removed from the names.

    Raises
    ------
    ValueError
        When the file is not a plain state dict, see `read_data`.
    """
    state = read_data(path)
    if not isinstance(state, dict) or not state:
        raise ValueError(f"{path}: holds a {type(state).__name__}, not a state dict. {REMEDY}")
    tensors = {}
    for official, value in state.items():
        if not isinstance(official, str) or not isinstance(value, Tensor):
            raise ValueError(  # noqa: TRY004
                f"{path}: entry {str(official)[:80]!r} is a {type(value).__name__}, not a tensor. "
                f"{REMEDY}"
            )
        name = official.removeprefix("module.")  # of torch.nn.DataParallel
        if re.match(drop, name):
            continue
        for pattern, replacement in renamed:
            name = re.sub(pattern, replacement, name)
        tensors[name] = value.detach()
    return tensors
