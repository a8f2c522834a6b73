"""The project's curated tables of published figures, `published/*.csv`, with types.

`published/README.md` says how the figures were chosen.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from pipeline.study.paths import PUBLISHED
from pipeline.support.validation import Size, validated

Scale = Annotated[int, Field(ge=2, le=4)]
Count = Annotated[int, Field(ge=0)]
Digit = Annotated[int, Field(ge=1)]
REMEDY = "An empty cell says that no figure is known, and `note` why."


class _Row(BaseModel):
    """One row; the fields are the columns. Those with a default may be empty."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = ""
    note: str = ""


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
    variant: str = ""
    scale: Scale
    dataset: str
    psnr_db: Annotated[Decimal, Field(gt=0)] | None = None
    ssim: Annotated[Decimal, Field(ge=-1, le=1)] | None = None
    misprint: Literal["", "psnr_db", "ssim", "psnr_db ssim"] = ""
    protocol: str


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
    variant: str = ""
    scale: Scale
    params: Count | None = None
    multi_adds: Count | None = None
    hr: Size
    params_digit: Digit = 1
    multi_adds_digit: Digit = 1
    params_as: str = ""
    multi_adds_with: str = ""
    multi_adds_offset: int = 0
    explanation: str = ""
    convention: str = ""


class PublishedClaim(_Row):
    """What the paper's text says of its results.

    Attributes
    ----------
    claim, statement, section : str
        Name, what the text says, and where.
    a, b, scale, datasets
        Method `a` has the higher PSNR than method `b` at the scale on each of the datasets, whose
        names a space separates; `b` is ``"*"`` for each network at every scale. Empty where the
        claim is judged otherwise.
    paper : float or None
        The figure, where the text has one.
    unit : str
        Of the figure.
    note : str
        What is to be known of the statement.
    """

    claim: str
    statement: str
    section: str
    a: str = ""
    b: str = ""
    scale: Scale = 4
    datasets: str = ""
    paper: float | None = None
    unit: str = ""


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
        filled: Mapping[Any, str] = {name: cell for name, cell in cells.items() if cell}
        row = validated(kind, filled, f"{path}, line {line}", REMEDY)
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


@cache
def published_claims(folder: Path = PUBLISHED) -> list[PublishedClaim]:
    """Read `claims.csv`; raises like `_read`."""
    return list(_read(folder / "claims.csv", PublishedClaim, "claim").values())
