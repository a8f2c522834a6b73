"""Readers of published weight files. None of them executes anything from the file.

`pipeline.models.published_weights` compares every file with the registry's digest before a reader
sees it. What a reader checks is therefore what distinguishes the wrong network or scale from the
right one. Limits against hostile files are there where a file can be hostile in spite of that, and
say so.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Published:
    """Weights that a network's authors released.

    A network's module lists them as ``PUBLISHED`` and converts them with
    ``published_state_dict(paths, scale)``, which takes the files in the order given here, returns
    a state dict for the network with these settings, and raises ValueError for other files.

    Attributes
    ----------
    scale : int
        Upscaling factor the weights are for.
    files : tuple of str
        ``"<asset>/<name>"`` as in the asset registry.
    settings : dict
        Constructor settings of the network that fits the weights.
    note : str
        What a reader of the certificate must know, for instance who converted the file.
    """

    scale: int
    files: tuple[str, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    note: str = ""


def check_names(path: Path, found: Collection[str], expected: Collection[str], of: str) -> None:
    """Raise ValueError unless a file holds the expected names and no others."""
    missing, unexpected = sorted({*expected} - {*found}), sorted({*found} - {*expected})
    if missing or unexpected:
        raise ValueError(
            f"{path}: not the parameters of {of}; missing {missing[:3]}, "
            f"unexpected {unexpected[:3]}"
        )
