"""Cells of the kinds that several tables have."""

import math
from dataclasses import replace

import pandas as pd

from reports.results import Results, known
from reports.tables.model import MISSING as MISSING  # noqa: PLC0414
from reports.tables.model import Cell, Footnotes

PROVENANCE = {
    "interpolation": "interpolation",
    "trained": "trained here",
    "self-ensemble": "trained here, self-ensemble",
    "published": "published weights",
    "quoted": "quoted",
    "counted": "counted here",
}

# Digits after the point that the measured columns of the tables have.
DIGITS = {"psnr_db": 2, "ssim": 4}


def number(value: float, decimals: int, *, sign: bool = False) -> str:
    """Format a number with a true minus sign; infinities and missing values as signs."""
    if math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:{'+' if sign else ''},.{decimals}f}"
    if float(text.replace(",", "")) == 0:  # neither -0.00 nor +0.00
        text = f"{0:.{decimals}f}"
    return text.replace("-", "−")


def printed_count(value: float, decimals: int) -> int:
    """Return how many decimals, at most `decimals`, a published count was printed with.

    Counts are stored whole (5.93 M is 5930000), so that trailing zeros tell nothing.
    """
    text = f"{value:.{decimals}f}"
    return len(text.rstrip("0").partition(".")[2])


def printed_digits(results: Results) -> dict[tuple[str, str, str], dict[str, int]]:
    """Return how many digits sources print after the point, where it is not as in `DIGITS`.

    Returns
    -------
    dict
        Model, variant and source of a published figure to the digits of ``"psnr_db"`` and
        ``"ssim"``, from certification.csv.
    """
    frame = results["certification"]
    found = {}
    for key, rows in frame.groupby(["model", "variant", "source"], sort=False):
        digits = {"psnr_db": rows["psnr_digits"].max(), "ssim": rows["ssim_digits"].max()}
        found[key] = {name: int(value) for name, value in digits.items() if known(value)}
    return found  # type: ignore[return-value]


def as_number(text: str) -> float | None:
    """Return a number to sort by, or None."""
    try:
        return float(text)
    except ValueError:
        return None


def measured_cell(
    value: float,
    published: float,
    decimals: int,
    notes: Footnotes,
    *,
    spread: float = math.nan,
    source: str = "",
    note: str = "",
    rank: str = "",
    quoted: bool = False,
    printed: int | None = None,
) -> Cell:
    """Return the cell of a measured value beside its published one.

    `quoted` rows have no measured value: the published one takes its place and is marked as such.
    `printed` are the decimals of the published value, where they are not those of the measured.
    """
    printed = decimals if printed is None else printed
    if quoted and known(published) and not known(value):
        return Cell(
            text=number(published, printed),
            sort=published,
            source=notes.source(source),
            quoted=True,
        )
    if not known(value):
        note = note or "Not measured; the result files give no reason."
    return Cell(
        text=number(value, decimals),
        sort=value if known(value) else None,
        spread=f"±{number(spread, decimals)}" if known(spread) else "",
        published=number(published, printed) if known(published) else "",
        difference=number(value - published, min(decimals, printed), sign=True)
        if known(value - published)
        else "",
        source=notes.source(source) if known(published) else "",
        note=notes.remark(note) if not known(value) else "",
        rank=rank,
    )


def plain(
    value: float,
    decimals: int,
    *,
    sign: bool = False,
    mark: str = "",
    note: str = "",
    rank: str = "",
) -> Cell:
    """Return the cell of one number, with the mark of its source or of the reason it is missing."""
    sort = value if known(value) else None
    text = number(value, decimals, sign=sign)
    return Cell(text, sort, source=mark, note="" if known(value) else note, rank=rank)


def label(row: pd.Series, note: str = "") -> Cell:
    """Return the cell that names a method or variant, with the mark of a remark on its row."""
    text = str(row["label"] or row.get("model", "") or row["variant"])
    return Cell(text, text.casefold(), note=note)


def common_note(rows: pd.DataFrame) -> str:
    """Return the remark that all datasets of a row share; empty where they differ."""
    notes = rows["note"].unique()
    return str(notes[0]) if len(notes) == 1 else ""


def gain_cell(row: pd.Series, note: str) -> Cell:
    """Return the cell of a paired difference with its interval below."""
    low, high = row["diff_low_db"], row["diff_high_db"]
    span = (
        f"[{number(low, 2, sign=True)}, {number(high, 2, sign=True)}]" if known(low + high) else ""
    )
    value = row["diff_db"]
    return Cell(
        number(value, 2, sign=True),
        value if known(value) else None,
        interval=span,
        note="" if known(value) else note,
    )


def quality_cells(
    row: pd.Series, notes: Footnotes, *, remark: bool, printed: dict[str, int] | None = None
) -> list[Cell]:
    """Return the PSNR and SSIM cells of one row of the result file.

    `remark` puts the row's note on the PSNR cell: where it is the dataset's, not the method's.
    `printed` are the digits of the source, as `printed_digits` has them.
    """
    quoted = row.get("provenance", "") == "quoted"
    cells = [
        measured_cell(
            row[name],
            row[f"published_{name}"],
            DIGITS[name],
            notes,
            spread=row[spread],
            source=row["source"],
            note=row["note"],
            rank=row.get(rank, ""),
            quoted=quoted,
            printed=(printed or {}).get(name),
        )
        for name, spread, rank in (
            ("psnr_db", "psnr_sd_db", "rank_psnr"),
            ("ssim", "ssim_sd", "rank_ssim"),
        )
    ]
    if remark and row["note"]:
        cells[0] = replace(cells[0], note=notes.remark(row["note"]))
    return cells


def provenance_cell(row: pd.Series) -> Cell:
    """Return the cell that says whose weights a row shows."""
    text = PROVENANCE.get(row["provenance"], row["provenance"])
    return Cell(text, text)
