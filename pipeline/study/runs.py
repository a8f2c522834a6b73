"""What is scored: networks that were trained, published weights, bicubic interpolation."""

from dataclasses import dataclass, field
from typing import Any, Literal

from pipeline.support.errors import UserError

Kind = Literal["trained", "published", "interpolation"]


@dataclass(frozen=True)
class Run:
    """A run: one folder ``runs/KEY``, one line of params.yaml.

    Attributes
    ----------
    key : str
        Its name, see `run_key`.
    network, variant : str
        Network, and how it departs from the study's own; ``""`` where it does not.
    kind : {"trained", "published", "interpolation"}
        Where its weights come from.
    scale : {2, 3, 4}
        Upscaling factor.
    seed : int or None
        Of the training; None for what was not trained here.
    code : str
        File or folder of the network, relative to the project's root.
    settings : dict
        Constructor settings of the network, all of them.
    train : dict
        Training settings that depart from the study's.
    """

    key: str
    network: str
    variant: str
    kind: Kind
    scale: int
    seed: int | None
    code: str
    settings: dict[str, Any] = field(default_factory=dict)
    train: dict[str, Any] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """Network and variant: what seeds and scales have in common."""
        return method_name(self.network, self.variant)

    @property
    def identity(self) -> dict[str, Any]:
        """What run.json repeats of params.yaml."""
        names = ("network", "variant", "kind", "scale", "seed", "code", "settings")
        return {name: getattr(self, name) for name in names}


def method_name(network: str, variant: str) -> str:
    """Name of a network and its variant, e.g. ``mesr``, ``mesr-no_rb``."""
    return f"{network}-{variant}" if variant else network


def run_key(network: str, variant: str, scale: int, seed: int | None) -> str:
    """Name of a run, e.g. ``mesr-no_rb_x4_s0``, ``pan-published_x4``."""
    ending = "" if seed is None else f"_s{seed}"
    return f"{method_name(network, variant)}_x{scale}{ending}"


def parse_scale(text: str) -> int:
    """Turn ``"x4"`` or ``"4"`` into 4.

    Raises
    ------
    UserError
        For anything but 2, 3 or 4.
    """
    number = text.removeprefix("x")
    if number not in ("2", "3", "4"):
        raise UserError(f"scale {text!r} is not supported; expected x2, x3 or x4")
    return int(number)
