"""Readers of published weight files. None of them executes anything from the file."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Published:
    """Weights that a network's authors (or a named third party) released.

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
