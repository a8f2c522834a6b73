"""Published weights: which exist, whether their files are here, and loading them.

Files are read by the restricted readers of `baselines/weights/` and stored once as safetensors
under `data/weights/`. They are not stored beside the downloads, whose folder is an output of stage
`fetch_weights`: another file there would make that stage look changed.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

import baselines.weights
from mesr.common.base import SRNetwork
from pipeline.models.networks import build_network, network_module, network_variants
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path

RAW = Path("data/raw")


@dataclass(frozen=True)
class PublishedWeights:
    """One released set of weights.

    Attributes
    ----------
    model, variant : str
        Network, and which of its published sizes; for weights of a third party that fit none of
        them, what their asset is called ("pytorch" for asset VDSR_pytorch).
    scale : int
        Upscaling factor.
    files : tuple of str
        ``"<asset>/<name>"`` as in the asset registry.
    settings : dict
        Constructor settings of the network.
    note : str
        What a reader of the certificate must know.
    """

    model: str
    variant: str
    scale: int
    files: tuple[str, ...]
    settings: dict[str, Any]
    note: str

    @property
    def name(self) -> str:
        """Model and variant as one word, for names of files, folders and stages."""
        return re.sub(r"\W", "_", f"{self.model}_{self.variant}" if self.variant else self.model)

    @property
    def assets(self) -> set[str]:
        """Assets that hold the files."""
        return {file.partition("/")[0] for file in self.files}

    def missing(self, raw: Path = RAW) -> list[Path]:
        """Files that are not under `raw`."""
        return [raw / file for file in self.files if not (raw / file).is_file()]


def published_weights(model: str, scale: int | None = None) -> list[PublishedWeights]:
    """Every released set of weights of `model`, at one scale or at all.

    Raises
    ------
    UserError
        When no network of that name is registered.
    """
    found = []
    for entry in getattr(network_module(model), "PUBLISHED", ()):
        if scale not in (None, entry.scale):
            continue
        variant = next(
            (v for v, settings in network_variants(model).items() if settings == entry.settings),
            None,
        )
        if variant is None:
            variant = entry.files[0].partition("/")[0].partition("_")[2]
        found.append(
            PublishedWeights(
                model, variant, entry.scale, entry.files, dict(entry.settings), entry.note
            )
        )
    return found


def load_published(
    model: str,
    scale: int,
    variant: str | None = None,
    raw: Path = RAW,
    cache: Path | None = None,
) -> SRNetwork:
    """Build a network with its published weights, in evaluation mode on the CPU.

    Parameters
    ----------
    model : str
        Name of the network.
    scale : {2, 3, 4}
        Upscaling factor.
    variant : str, optional
        Which published weights, if there are several; the first by default.
    raw : Path
        Folder of the downloads, ``data/raw``.
    cache : Path, optional
        Folder of the converted files; ``weights`` beside `raw` by default.

    Raises
    ------
    UserError
        When there are no such weights, when their files are not here, or when a file is not what
        it should be; the message names the file and what to do.
    """
    entries = published_weights(model, scale)
    entry = next((e for e in entries if variant in (None, e.variant)), None)
    if entry is None:
        every = published_weights(model)
        have = ", ".join(sorted({f"{e.name} x{e.scale}" for e in every})) or "none"
        wanted = f"{model} {variant}" if variant else model
        raise UserError(
            f"no published weights of {wanted} at x{scale} are known. Known for {model}: {have}. "
            "Choose one of these, or give a weights file of your own."
        )
    if missing := entry.missing(raw):
        raise UserError(
            f"{missing[0]}: not downloaded. Get it with "
            f"`python -m pipeline.fetch {' '.join(sorted(entry.assets))}`."
        )
    paths = [raw / file for file in entry.files]
    network = build_network(model, scale, **entry.settings)
    converted = (cache or raw.parent / "weights") / f"{entry.name}_x{scale}.safetensors"
    state = _converted_state_dict(converted, paths, model, scale)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise UserError(
            f"{', '.join(map(str, paths))}: the weights do not fit {model} x{scale} with settings "
            f"{entry.settings} ({str(error).splitlines()[-1].strip()}). If the file is as "
            f"published, baselines/{model}.py does not describe it; otherwise download it again."
        ) from error
    return network.eval()


def _converted_state_dict(
    converted: Path, paths: Sequence[Path], model: str, scale: int
) -> dict[str, Tensor]:
    digest = hashlib.sha256()
    readers = sorted(Path(baselines.weights.__file__).parent.glob("*.py"))
    for path in (*paths, Path(network_module(model).__file__), *readers):
        # The readers' code counts too: a correction of it must not meet an old conversion.
        digest.update(path.read_bytes())
    key = digest.hexdigest()
    try:
        with safe_open(converted, framework="pt") as file:
            if file.metadata().get("made_from") == key:
                return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError):
        pass  # not converted yet, or cut short
    try:
        state: dict[str, Tensor] = network_module(model).published_state_dict(paths, scale)
    except (ValueError, OSError) as error:
        raise UserError(
            f"{error}. The weights of {model} x{scale} cannot be used. Delete the file and "
            "download it again; if that does not help, the published file has changed."
        ) from error
    state = {name: tensor.detach().clone().contiguous() for name, tensor in state.items()}
    with atomic_path(converted) as temporary:
        save_file(state, temporary, metadata={"made_from": key})
    return state
