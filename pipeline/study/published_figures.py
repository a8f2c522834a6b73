"""The project's curated tables of published figures, `published/*.csv`, with types.

`published/README.md` says how the figures were chosen.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from pipeline.support.errors import UserError

PUBLISHED_FOLDER = Path(__file__).resolve().parents[2] / "published"

QUALITY_COLUMNS = (
    "model",
    "variant",
    "scale",
    "dataset",
    "psnr_db",
    "ssim",
    "protocol",
    "details",
    "source",
    "note",
)
COMPLEXITY_COLUMNS = (
    "model",
    "variant",
    "scale",
    "params",
    "multi_adds",
    "hr",
    "params_digit",
    "multi_adds_digit",
    "params_as",
    "multi_adds_with",
    "multi_adds_offset",
    "explanation",
    "convention",
    "source",
    "note",
)
# Of certificates/*.csv, results/certification.csv and published/certificate.csv.
CERTIFICATE_COLUMNS = (
    "model",
    "scale",
    "dataset",
    "protocol",
    "published_psnr_db",
    "psnr_db",
    "published_ssim",
    "ssim",
    "source",
    "within_tolerance",
    "variant",
    "details",
    "note",
    "measured",
    "git_revision",
)
CLAIM_COLUMNS = (
    "claim",
    "value",
    "unit",
    "variant",
    "metric",
    "scale",
    "dataset",
    "relation",
    "section",
    "note",
)


@dataclass(frozen=True)
class PublishedQuality:
    """A published PSNR and SSIM.

    Attributes
    ----------
    model, variant : str
        Name in the registry of networks and, where a paper has several networks, which one.
    scale : int
    dataset : str
    psnr_db, ssim : float or None
        None where no figure is known; `note` then says why.
    protocol : {"rgb", "y"}
        The protocol of this benchmark that the authors' own evaluation corresponds to.
    details : str
        Named options of that protocol in which their evaluation differs from its defaults.
    source : str
        Where the figure was read.
    note : str
        Who quotes it, what other sources print, suspected misprints.
    """

    model: str
    variant: str
    scale: int
    dataset: str
    psnr_db: float | None
    ssim: float | None
    protocol: str
    details: str
    source: str
    note: str


@dataclass(frozen=True)
class PublishedComplexity:
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
    scale: int
    params: int | None
    multi_adds: int | None
    hr: str
    params_digit: int
    multi_adds_digit: int
    params_as: str
    multi_adds_with: str
    multi_adds_offset: int
    explanation: str
    convention: str
    source: str
    note: str


@dataclass(frozen=True)
class Claim:
    """A statement of the MESR paper's text about its results; `value` is None without a number."""

    claim: str
    value: float | None
    unit: str
    variant: str
    metric: str
    scale: int
    dataset: str
    relation: str
    section: str
    note: str


def _read(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError as error:
        raise UserError(
            f"{path}: the table of published figures is missing. It belongs to the project: "
            f"restore it with `git checkout -- published/{path.name}`."
        ) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not readable as CSV ({error}). Correct the file.") from error
    if tuple(table.columns) != columns:
        raise UserError(
            f"{path}: the columns are {', '.join(table.columns)}; "
            f"expected {', '.join(columns)}. Correct the first line of the file."
        )
    return [{str(k): str(v) for k, v in row.items()} for row in table.to_dict("records")]


def _number(path: Path, line: int, column: str, text: str) -> float | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError as error:
        raise UserError(
            f"{path}, line {line}, column {column}: {text!r} is not a number. "
            "Correct it, or leave the cell empty and say why in `note`."
        ) from error


def _scale(path: Path, line: int, text: str) -> int:
    if text not in ("2", "3", "4"):
        raise UserError(f"{path}, line {line}, column scale: {text!r}; expected 2, 3 or 4.")
    return int(text)


@cache
def published_quality(
    folder: Path = PUBLISHED_FOLDER,
) -> dict[tuple[str, str, int, str], PublishedQuality]:
    """Read `quality.csv`, keyed by model, variant, scale and dataset.

    Raises
    ------
    UserError
        Naming the file, line and column that cannot be read, or a row that stands twice.
    """
    path = folder / "quality.csv"
    found: dict[tuple[str, str, int, str], PublishedQuality] = {}
    for line, row in enumerate(_read(path, QUALITY_COLUMNS), start=2):
        entry = PublishedQuality(
            model=row["model"],
            variant=row["variant"],
            scale=_scale(path, line, row["scale"]),
            dataset=row["dataset"],
            psnr_db=_number(path, line, "psnr_db", row["psnr_db"]),
            ssim=_number(path, line, "ssim", row["ssim"]),
            protocol=row["protocol"],
            details=row["details"],
            source=row["source"],
            note=row["note"],
        )
        if entry.protocol not in ("rgb", "y"):
            raise UserError(
                f"{path}, line {line}, column protocol: {entry.protocol!r}; expected rgb or y."
            )
        key = (entry.model, entry.variant, entry.scale, entry.dataset)
        if key in found:
            raise UserError(f"{path}, line {line}: a second row for {key}. Keep one of them.")
        found[key] = entry
    return found


@cache
def published_complexity(
    folder: Path = PUBLISHED_FOLDER,
) -> dict[tuple[str, str, int], PublishedComplexity]:
    """Read `complexity.csv`, keyed by model, variant and scale.

    Raises
    ------
    UserError
        Naming the file, line and column that cannot be read, or a row that stands twice.
    """
    path = folder / "complexity.csv"
    found: dict[tuple[str, str, int], PublishedComplexity] = {}
    for line, row in enumerate(_read(path, COMPLEXITY_COLUMNS), start=2):
        numbers = {
            column: None
            if (value := _number(path, line, column, row[column])) is None
            else round(value)
            for column in (
                "params",
                "multi_adds",
                "params_digit",
                "multi_adds_digit",
                "multi_adds_offset",
            )
        }
        entry = PublishedComplexity(
            model=row["model"],
            variant=row["variant"],
            scale=_scale(path, line, row["scale"]),
            params=numbers["params"],
            multi_adds=numbers["multi_adds"],
            hr=row["hr"],
            params_digit=numbers["params_digit"] or 1,
            multi_adds_digit=numbers["multi_adds_digit"] or 1,
            params_as=row["params_as"],
            multi_adds_with=row["multi_adds_with"],
            multi_adds_offset=numbers["multi_adds_offset"] or 0,
            explanation=row["explanation"],
            convention=row["convention"],
            source=row["source"],
            note=row["note"],
        )
        key = (entry.model, entry.variant, entry.scale)
        if key in found:
            raise UserError(f"{path}, line {line}: a second row for {key}. Keep one of them.")
        found[key] = entry
    return found


@cache
def mesr_claims(folder: Path = PUBLISHED_FOLDER) -> dict[str, Claim]:
    """Read `mesr_claims.csv`, keyed by the name of the claim.

    Raises
    ------
    UserError
        Naming the file, line and column that cannot be read.
    """
    path = folder / "mesr_claims.csv"
    return {
        row["claim"]: Claim(
            claim=row["claim"],
            value=_number(path, line, "value", row["value"]),
            unit=row["unit"],
            variant=row["variant"],
            metric=row["metric"],
            scale=_scale(path, line, row["scale"]),
            dataset=row["dataset"],
            relation=row["relation"],
            section=row["section"],
            note=row["note"],
        )
        for line, row in enumerate(_read(path, CLAIM_COLUMNS), start=2)
    }


def published_variants(model: str) -> list[str]:
    """Variants of `model` that the curated table has, in its order ("" for a single one)."""
    return list(dict.fromkeys(v for m, v, _, _ in published_quality() if m == model))
