"""Published weights: which exist, whether their files are here, and loading them.

Every use compares the files with the registry's digests: a figure that is called published comes
from the bytes that were published.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from baselines.weights import Published
from mesr.common.base import SRNetwork
from pipeline.assets.registry import RAW, verified_files
from pipeline.models.networks import (
    build_network,
    code_of,
    load_class,
    network_names,
    published_sizes,
)
from pipeline.models.weights import load_state
from pipeline.support.errors import UserError


@dataclass(frozen=True, kw_only=True)
class PublishedWeights(Published):
    """One released set of weights.

    Attributes
    ----------
    model, variant : str
        Network, and which of its published sizes.
    """

    model: str
    variant: str

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


def published_weights(network: str, scale: int | None = None) -> list[PublishedWeights]:
    """Every released set of weights of `network`, at one scale or at all.

    Raises
    ------
    UserError
        When no network of that name is known.
    """
    sizes = published_sizes(network).items()
    return [
        PublishedWeights(
            **vars(entry),
            model=network,
            variant=next(name for name, own in sizes if own == entry.settings),
        )
        for entry in getattr(_module(network), "PUBLISHED", ())
        if scale in (None, entry.scale)
    ]


def find_published(name: str) -> PublishedWeights:
    """Find published weights by network, size if there are several, and scale: ``a2f_SD_x4``.

    Raises
    ------
    UserError
        When there are none of that name.
    """
    known = {
        f"{entry.name}_x{entry.scale}": entry
        for network in network_names()
        for entry in published_weights(network)
    }
    if name not in known:
        raise UserError(
            f"published: {name!r} is no known published weights. Known: {', '.join(known)}."
        )
    return known[name]


def _module(network: str) -> Any:
    return sys.modules[load_class(code_of(network)).__module__]


def load_published(
    model: str, scale: int, variant: str | None = None, raw: Path = RAW
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

    Raises
    ------
    UserError
        When there are no such weights, when their files are not here, or when a file is not what
        was published; the message names the file and what to do.
    """
    entries = published_weights(model)
    fitting = [e for e in entries if e.scale == scale and variant in (None, e.variant)]
    if not fitting:
        have = ", ".join(sorted({f"{e.name} x{e.scale}" for e in entries})) or "none"
        wanted = f"{model} {variant}" if variant else model
        raise UserError(
            f"no published weights of {wanted} at x{scale} are known. Known for {model}: {have}. "
            "Choose one of these, or give a weights file of your own."
        )
    entry = fitting[0]
    paths = verified_files(entry.files, raw)
    module = _module(model)
    network = build_network(model, scale, **entry.settings)
    load_state(
        network,
        module.published_state_dict(paths, scale),
        ", ".join(map(str, paths)),
        f"The files are as published, so {module.__file__} does not describe them.",
    )
    return network.eval()
