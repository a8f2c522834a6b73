"""The project's curated tables of published figures, `published/*.csv`, with types.

`published/README.md` says how the figures were chosen.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import pandas as pd
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from pipeline.study.paths import PUBLISHED
from pipeline.support.errors import UserError


def _empty(value: Any) -> Callable[[Any], Any]:
    """Return a validator that takes `value` for an empty cell."""
    return lambda cell: value if cell == "" else cell


Scale = Annotated[int, Field(ge=2, le=4)]
# Figures as printed: a decimal number keeps how many digits there are.
PrintedPsnr = Annotated[Annotated[Decimal, Field(gt=0)] | None, BeforeValidator(_empty(None))]
PrintedSsim = Annotated[
    Annotated[Decimal, Field(ge=-1, le=1)] | None, BeforeValidator(_empty(None))
]
Count = Annotated[Annotated[int, Field(ge=0)] | None, BeforeValidator(_empty(None))]
Digit = Annotated[int, Field(ge=1), BeforeValidator(_empty(1))]
Offset = Annotated[int, BeforeValidator(_empty(0))]


class _Row(BaseModel):
    """One row; the fields are the columns in the order of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PublishedQuality(_Row):
    """A published PSNR and SSIM.

    Attributes
    ----------
    model, variant : str
        Name in the registry of networks and, where a paper has several networks, which one.
    scale : {2, 3, 4}
    dataset : str
    psnr_db, ssim : Decimal or None
        With the digits that are printed; None where no figure is known, and `note` says why.
    misprint : {"", "psnr_db", "ssim", "psnr_db ssim"}
        Which of the two is suspected to be a misprint; `note` says why.
    protocol : str
        Name of the protocol under which the authors evaluated, see `pipeline.imaging.protocol`.
    source : str
        Where the figure was read.
    note : str
        Who quotes it, what other sources print, suspected misprints.
    """

    model: str
    variant: str
    scale: Scale
    dataset: str
    psnr_db: PrintedPsnr
    ssim: PrintedSsim
    misprint: Literal["", "psnr_db", "ssim", "psnr_db ssim"]
    protocol: str
    source: str
    note: str


class PublishedComplexity(_Row):
    """Published parameter and Multi-Adds counts.

    Attributes
    ----------
    params, multi_adds : int or None
        Absolute counts, rounded as printed (``57K`` is 57000).
    hr : str
        Size of the HR output that the Multi-Adds are for.
    params_digit, multi_adds_digit : int
        Worth of the last printed digit (``57K``: 1000).
    params_as : str
        What was counted instead of all parameters of this network: ``"weights"`` leaves out the
        biases, ``"x2"`` is the network of another scale, ``"weights x4"`` both.
    multi_adds_with : str
        What was counted besides Multi-Adds: some of ``"biases rectifiers pooling"``.
    multi_adds_offset : int
        Multi-Adds that were counted otherwise, in sum.
    explanation : str
        The three in words, or that the difference is not understood.
    convention : str
        Output size and way of counting, as the source puts it.
    """

    model: str
    variant: str
    scale: Scale
    params: Count
    multi_adds: Count
    hr: str
    params_digit: Digit
    multi_adds_digit: Digit
    params_as: str
    multi_adds_with: str
    multi_adds_offset: Offset
    explanation: str
    convention: str
    source: str
    note: str


Row = TypeVar("Row", bound=_Row)


def _read(path: Path, kind: type[Row], *names: str) -> dict[Any, Row]:
    """Read a table, keyed by the columns `names`.

    Raises
    ------
    UserError
        Naming the line and column that cannot be read.
    """
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    found = {}
    for line, cells in enumerate(table.to_dict("records"), start=2):
        try:
            row = kind.model_validate(cells)
        except ValidationError as error:
            problem = error.errors()[0]
            raise UserError(
                f"{path}, line {line}, column {problem['loc'][0]}: {problem['input']!r}: "
                f"{problem['msg']}. Correct it, or leave the cell empty and say why in `note`."
            ) from error
        found[tuple(getattr(row, name) for name in names)] = row
    return found


@cache
def published_quality(
    folder: Path = PUBLISHED,
) -> dict[tuple[str, str, int, str], PublishedQuality]:
    """Read `quality.csv`, keyed by model, variant, scale and dataset; raises like `_read`."""
    return _read(folder / "quality.csv", PublishedQuality, "model", "variant", "scale", "dataset")


@cache
def published_complexity(
    folder: Path = PUBLISHED,
) -> dict[tuple[str, str, int], PublishedComplexity]:
    """Read `complexity.csv`, keyed by model, variant and scale; raises like `_read`."""
    return _read(folder / "complexity.csv", PublishedComplexity, "model", "variant", "scale")
