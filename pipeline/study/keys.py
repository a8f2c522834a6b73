"""Names of runs and evaluations: one grammar, read and written here alone.

========================  ======================================================
``bicubic_x4``            bicubic interpolation at a scale
``mesr_x4_s0``            a network trained at a scale with a seed
``ensemble_mesr_x4_s0``   the same network averaged over flips and turns
``ablation_no_rb_s0``     a variant of MESR of Tables 1 and 2, trained with a seed
``reading_he_s0``         MESR in another reading of the paper, trained with a seed
``ladder_vdsr_500_s0``    a network trained at x4 for another number of steps
``published_a2f_SD_x4``   published weights of a network, or of one of its variants
========================  ======================================================

A name is that of the folder under ``runs/`` or ``evaluations/``. It holds letters, digits and
underscores only, so that DVC can make stage names of it: variant ``9-1-5`` is written ``9_1_5``.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

from pipeline.support.errors import UserError

SCALES = (2, 3, 4)
ABLATION_MODEL = "mesr"
ABLATION_SCALE = 4  # Tables 1 and 2 are at x4, and so are readings and ladder

MODEL = r"(?!(?:ablation|bicubic|ensemble|ladder|published|reading)_)[a-z][a-z0-9]*"
WORDS = r"[A-Za-z0-9]+(?:_[A-Za-z0-9]+)*"
SCALE = r"x(?P<scale>[234])"
SEED = r"s(?P<seed>0|[1-9][0-9]{0,8})"

Kind = Literal["bicubic", "ensemble", "ablation", "reading", "ladder", "published", "trained"]
GRAMMAR: Mapping[Kind, str] = {  # the first that matches counts
    "bicubic": rf"(?P<model>bicubic)_{SCALE}",
    "ensemble": rf"ensemble_(?P<model>{MODEL})_{SCALE}_{SEED}",
    "ablation": rf"ablation_(?P<variant>{WORDS})_{SEED}",
    "reading": rf"reading_(?P<variant>{WORDS})_{SEED}",
    "ladder": rf"ladder_(?P<model>{MODEL})_(?P<variant>[1-9][0-9]{{0,8}})_{SEED}",
    "published": rf"published_(?P<model>{MODEL})(?:_(?P<variant>{WORDS}))?_{SCALE}",
    "trained": rf"(?P<model>{MODEL})_{SCALE}_{SEED}",
}


@dataclass(frozen=True)
class Key:
    """What a run or an evaluation is of.

    Attributes
    ----------
    kind : {"bicubic", "ensemble", "ablation", "reading", "ladder", "published", "trained"}
        Where the network comes from; decides the form of the name.
    model : str
        Name in the registry of networks.
    scale : {2, 3, 4}
        Upscaling factor.
    variant : str
        Variant of the ablation, name of the reading, number of steps of the ladder, or which of
        a network's published weights. Always ``""`` for
        ``"trained"`` and ``"ensemble"``: the variant follows from params.yaml and is recorded
        with the run.
    seed : int or None
        Seed of the training; None when nothing was trained.

    Raises
    ------
    UserError
        When no name of the grammar stands for these values.
    """

    kind: Kind
    model: str
    scale: int
    variant: str = ""
    seed: int | None = None

    def __post_init__(self) -> None:
        if _fields(str(self)) != asdict(self):
            raise UserError(
                f"no run or evaluation can be named {str(self)!r}. A network's name holds small "
                "letters and digits and is not ablation, bicubic, ensemble, ladder, published or "
                "reading; a variant holds letters, digits and single dashes; scales are 2, 3, 4; "
                "seeds are below 1e9."
            )

    @classmethod
    def bicubic(cls, scale: int) -> Self:
        """Bicubic interpolation at `scale`."""
        return cls("bicubic", "bicubic", scale)

    @classmethod
    def trained(cls, model: str, scale: int, seed: int) -> Self:
        """Network `model` trained at `scale` with `seed`."""
        return cls("trained", model, scale, seed=seed)

    @classmethod
    def ensemble(cls, model: str, scale: int, seed: int) -> Self:
        """Return the key of the self-ensemble of ``Key.trained(model, scale, seed)``."""
        return cls("ensemble", model, scale, seed=seed)

    @classmethod
    def ablation(cls, variant: str, seed: int) -> Self:
        """MESR's `variant` of Tables 1 and 2, trained with `seed`."""
        return cls("ablation", ABLATION_MODEL, ABLATION_SCALE, variant, seed)

    @classmethod
    def reading(cls, name: str, seed: int) -> Self:
        """MESR in the reading `name` of the paper, trained with `seed`."""
        return cls("reading", ABLATION_MODEL, ABLATION_SCALE, name, seed)

    @classmethod
    def ladder(cls, model: str, steps: int, seed: int) -> Self:
        """Network `model` trained for `steps` steps with `seed`."""
        return cls("ladder", model, ABLATION_SCALE, str(steps), seed)

    @classmethod
    def published(cls, model: str, variant: str, scale: int) -> Self:
        """Return the key of published weights; `variant` is "" for a network of one size."""
        return cls("published", model, scale, variant)

    @classmethod
    def parse(cls, name: str) -> Self:
        """Read a name.

        Raises
        ------
        UserError
            When it is none of the grammar.
        """
        fields = _fields(name)
        if fields is None:
            raise UserError(
                f"{name!r} names no run or evaluation. Expected a name such as bicubic_x4, "
                "mesr_x4_s0 (network, scale, seed), ablation_no_rb_s0 (variant, seed) or "
                "published_a2f_SD_x4 (network, variant, scale)."
            )
        return cls(**fields)

    def __str__(self) -> str:
        variant = self.variant.replace("-", "_")
        words = {
            "bicubic": ("bicubic", f"x{self.scale}"),
            "ablation": ("ablation", self.variant, f"s{self.seed}"),
            "reading": ("reading", self.variant, f"s{self.seed}"),
            "ladder": ("ladder", self.model, self.variant, f"s{self.seed}"),
            "ensemble": ("ensemble", self.model, f"x{self.scale}", f"s{self.seed}"),
            "published": ("published", self.model, variant, f"x{self.scale}"),
            "trained": (self.model, f"x{self.scale}", f"s{self.seed}"),
        }
        return "_".join(filter(None, words[self.kind]))

    @property
    def name(self) -> str:
        """The key as text: the name of its folder under ``runs/`` or ``evaluations/``."""
        return str(self)

    @property
    def network(self) -> str:
        """Name of the network in quality.csv: that of a self-ensemble is marked with a plus."""
        return f"{self.model}+" if self.kind == "ensemble" else self.model

    @property
    def has_run(self) -> bool:
        """Whether a training of this name stands behind the evaluation, ``runs/<key>``."""
        return self.kind not in ("bicubic", "ensemble", "published")

    @property
    def source(self) -> str:
        """Where the weights come from, as quality.csv says it: none, trained or published."""
        return {"bicubic": "none", "published": "published"}.get(self.kind, "trained")

    @property
    def stage(self) -> str:
        """Stage that made what is behind the evaluation, as runs.csv says it."""
        return {
            "bicubic": "evaluate_bicubic",
            "ablation": "ablate",
            "reading": "readings",
            "ladder": "ladder",
            "ensemble": "evaluate_ensemble",
            "published": "evaluate_published",
            "trained": "train",
        }[self.kind]


def _fields(name: str) -> dict[str, Any] | None:
    """Return the attributes of the key that `name` stands for; None when it stands for none."""
    for kind, pattern in GRAMMAR.items():
        if match := re.fullmatch(pattern, name, re.ASCII):
            found = match.groupdict(default="")
            variant = found.get("variant", "")
            return {
                "kind": kind,
                "model": found.get("model", ABLATION_MODEL),
                "scale": int(found.get("scale", ABLATION_SCALE)),
                "variant": variant.replace("_", "-") if kind == "published" else variant,
                "seed": int(found["seed"]) if "seed" in found else None,
            }
    return None


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


def parse_seed(text: str) -> int:
    """Turn ``"s0"`` or ``"0"`` into 0.

    Raises
    ------
    UserError
        For anything but an integer from 0 to 999,999,999 without leading zeros.
    """
    match = re.fullmatch(SEED, text if text.startswith("s") else f"s{text}", re.ASCII)
    if match is None:
        raise UserError(f"seed {text!r} is not a seed; expected s0, s1, ...")
    return int(match["seed"])
