"""A table as text: the one place where its numbers become it, for the page and for LaTeX."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from numbers import Real
from typing import Any

import pandas as pd

from pipeline.tables.layout import Column, Kind, Table
from reports.names import records

MISSING = "–"
TEXTS = ("text", "verdict")  # kinds that are no numbers
DIGITS: dict[Kind, int] = {"db": 2, "ssim": 4, "difference": 2, "milliseconds": 1, "integer": 0}
# Units of counts, the smallest first: name, size, digits after the point.
UNITS = {
    "params": (("K", 1e3, 0), ("M", 1e6, 2)),
    "multi_adds": (("M", 1e6, 0), ("G", 1e9, 1)),
}
UNIT_NAMES: dict[Kind, str] = {"difference": "dB", "milliseconds": "ms", "percent": "%"}


def number(value: float, digits: int, *, sign: bool = False) -> str:
    """Print a number with a true minus sign; infinities and missing values as signs."""
    if math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    rounded = round(value, digits) or 0.0  # neither -0.00 nor +0.00
    return f"{rounded:{'+' if sign and rounded else ''},.{digits}f}".replace("-", "−")


def formatter(kind: Kind, values: Iterable[Any] = ()) -> tuple[Callable[[Any], str], str]:
    """Return what prints a value of a kind, and the unit for the heading.

    Parameters
    ----------
    kind : Kind
    values : iterable
        All values of the column: counts share a unit, that of their median.
    """
    if kind in TEXTS:
        return lambda value: "" if missing(value) else str(value), ""
    if kind in UNITS:
        middle = float(pd.Series(values, dtype=float).median())
        small, large = UNITS[kind]
        unit, size, digits = large if middle >= large[1] else small
        return lambda value: number(float(value) / size, digits), unit
    if kind == "percent":
        return lambda value: number(100 * float(value), 0 if value >= 0.01 else 1), "%"
    if kind == "p":
        return lambda value: "<0.001" if value < 0.001 else number(float(value), 3), ""
    if kind == "number":
        return lambda value: f"{float(value):.4g}".replace("-", "−").replace("nan", MISSING), ""
    digits, sign = DIGITS[kind], kind == "difference"
    return lambda value: number(float(value), digits, sign=sign), UNIT_NAMES.get(kind, "")


def missing(value: Any) -> bool:
    """Whether a cell holds nothing."""
    return bool(pd.isna(value)) or value == ""


@dataclass(frozen=True)
class Cell:
    """What is printed of a value.

    Attributes
    ----------
    text : str
    sort : str
        The value as the page's script sorts by it; "" where there is none.
    small : str
        Standard deviation or interval, beside the value.
    beneath : str
        What was published.
    rank : int
        1 for the best, 2 for the second, else 0.
    marks : str
        Raised mark.
    """

    text: str
    sort: str = ""
    small: str = ""
    beneath: str = ""
    rank: int = 0
    marks: str = ""


@dataclass(frozen=True)
class Row:
    """One row; `run` is the method and scale that it is computed from, `key` a run that it is."""

    cells: tuple[Cell, ...]
    anchor: str
    note: str
    is_subject: bool
    is_quoted: bool
    run: str
    key: str


@dataclass(frozen=True)
class Section:
    """Rows under a heading; `switch` is the value of which the page shows one at a time."""

    title: str
    switch: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class View:
    """A table in which everything is text."""

    table: Table
    heads: tuple[str, ...]
    sections: tuple[Section, ...]
    notes: tuple[tuple[str, str], ...]  # mark and text

    @property
    def columns(self) -> Sequence[Column]:
        """Columns that have a value."""
        return self.table.columns

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Common headings with the number of columns that each spans; [] without any."""
        found = spans(self.columns, [1] * len(self.columns))
        return found if any(name for name, _ in found) else []

    @property
    def rows(self) -> list[Row]:
        """Rows of all sections."""
        return [row for section in self.sections for row in section.rows]

    @property
    def switches(self) -> list[str]:
        """Values of which the page shows one at a time."""
        return list(dict.fromkeys(section.switch for section in self.sections if section.switch))


def spans(columns: Iterable[Column], counts: Sequence[int]) -> list[tuple[str, int]]:
    """Return the common headings of columns, and the sum of `counts` below each."""
    together = groupby(zip(columns, counts, strict=True), lambda pair: pair[0].group)
    return [(name, sum(count for _, count in pairs)) for name, pairs in together]


def scale_text(value: Any) -> str:
    """Print a scale; other words stay as they are."""
    return f"×{value:g}" if isinstance(value, Real) else str(value)


def view(table: Table) -> View:
    """Turn a table into text.

    Columns that are empty in every row are left out. Remarks, and the sources of quoted rows, are
    numbered in the order of their first use.
    """
    table = table.trimmed()
    frame = table.frame
    prints = [formatter(column.kind, frame[column.name]) for column in table.columns]
    ranks = [table.ranks(column).to_list() for column in table.columns]
    notes: dict[str, str] = {}
    sections: dict[tuple[str, str], list[Row]] = {}
    for place, row in enumerate(records(frame)):
        quoted = bool(row.get(table.quoted))
        remarks = [row.get("source") if quoted else "", row.get(table.note)]
        remark = "; ".join(str(text) for text in remarks if not missing(text))
        made = Row(
            cells=tuple(
                cell(column, row, text, places[place])
                for column, (text, _), places in zip(table.columns, prints, ranks, strict=True)
            ),
            anchor=f"{table.name}-{place + 1}",
            note=notes.setdefault(remark, str(len(notes) + 1)) if remark else "",
            is_subject=bool(row.get(table.subject)),
            is_quoted=quoted,
            run=f"{row.get('method')} {scale_text(row.get('scale'))}",
            key=str(row.get("key", "")),
        )
        switch, title = (scale_text(row.get(name, "")) for name in (table.switch, table.sections))
        sections.setdefault((switch, title), []).append(made)
    heads = (
        f"{column.label} ({unit})" if unit and unit not in column.label else column.label
        for column, (_, unit) in zip(table.columns, prints, strict=True)
    )
    return View(
        table,
        tuple(heads),
        tuple(Section(title, switch, tuple(rows)) for (switch, title), rows in sections.items()),
        tuple((mark, text) for text, mark in notes.items()),
    )


def cell(column: Column, row: dict[str, Any], text: Callable[[Any], str], rank: int) -> Cell:
    """Return what is printed of one value and of those that belong to it."""
    value = row[column.name]
    there = {
        name: row[other]
        for name in ("low", "spread", "beneath", "marks")
        if not missing(row.get(other := getattr(column, name)))
    }
    if missing(value) and "beneath" not in there:
        return Cell(MISSING if column.kind != "text" else "")
    small = ""
    if "low" in there:
        small = f"[{text(there['low'])}, {text(row[column.high])}]"
    elif "spread" in there:
        small = f"±{number(float(there['spread']), DIGITS.get(column.kind, 2))}"
    return Cell(
        MISSING if missing(value) else text(value),
        "" if missing(value) else str(value).replace("inf", "Infinity"),
        small,
        text(there["beneath"]) if "beneath" in there else "",
        rank if rank <= 2 else 0,
        str(there.get("marks", "")),
    )
