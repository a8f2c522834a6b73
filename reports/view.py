"""A table as text: the one place where its numbers become it, for the page and for LaTeX."""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from numbers import Real
from typing import Any

import pandas as pd

from pipeline.tables.layout import Column, Kind, Table
from reports.names import records

MISSING = "–"
# Where a sentence ends; captions have no abbreviation before a capital letter.
SENTENCE = re.compile(r"(?<=[.]) (?=[A-Z])")
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
    if kind in ("text", "verdict"):
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
    filters: tuple[str, ...]


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
    def columns(self) -> tuple[Column, ...]:
        """Columns that have a value."""
        return self.table.columns

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Common headings with the number of columns that each spans; [] without any."""
        spans: list[tuple[str, int]] = []
        for column in self.columns:
            if spans and column.group and spans[-1][0] == column.group:
                spans[-1] = (column.group, spans[-1][1] + 1)
            else:
                spans.append((column.group, 1))
        return spans if any(name for name, _ in spans) else []

    @property
    def lead(self) -> str:
        """The first sentence of the caption: what the table shows."""
        return SENTENCE.split(self.table.caption, maxsplit=1)[0]

    @property
    def rest(self) -> str:
        """The other sentences: how it is read."""
        return self.table.caption[len(self.lead) :].strip()

    @property
    def rows(self) -> list[Row]:
        """Rows of all sections."""
        return [row for section in self.sections for row in section.rows]

    @property
    def switches(self) -> list[str]:
        """Values of which the page shows one at a time."""
        return list(dict.fromkeys(section.switch for section in self.sections if section.switch))

    def best(self) -> bool:
        """Whether any value is marked as best."""
        return any(cell.rank == 1 for row in self.rows for cell in row.cells)


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
    prints = {c.name: formatter(c.kind, frame[c.name]) for c in table.columns}
    ranks = {c.name: table.ranks(c) for c in table.columns}
    notes: dict[str, str] = {}
    sections: dict[tuple[str, str], list[Row]] = {}
    for place, (index, row) in enumerate(zip(frame.index, records(frame), strict=True)):
        quoted = bool(table.quoted and row[table.quoted])
        remarks = [row.get("source", "") if quoted else "", row.get(table.note, "")]
        remark = "; ".join(str(text) for text in remarks if not missing(text))
        mark = notes.setdefault(remark, str(len(notes) + 1)) if remark else ""
        cells = tuple(
            cell(c, row, prints[c.name][0], int(ranks[c.name].loc[index])) for c in table.columns
        )
        switch, title = (
            scale_text(row[name]) if name else "" for name in (table.switch, table.sections)
        )
        sections.setdefault((switch, title), []).append(
            Row(
                cells,
                f"{table.name}-{place + 1}",
                mark,
                bool(table.subject and row[table.subject]),
                quoted,
                f"{row['method']} {scale_text(row['scale'])}"
                if {"method", "scale"} <= row.keys()
                else "",
                str(row.get("key", "")),
                tuple(str(row[name]) for name in table.filters),
            )
        )
    heads = []
    for column in table.columns:
        unit = prints[column.name][1]
        heads.append(
            f"{column.label} ({unit})" if unit and unit not in column.label else column.label
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
    if missing(value) and missing(row.get(column.beneath)):
        return Cell(MISSING if column.kind != "text" else "")
    small = ""
    if not missing(row.get(column.low)):
        small = f"[{text(row[column.low])}, {text(row[column.high])}]"
    elif not missing(row.get(column.spread)):
        digits = DIGITS.get(column.kind, 2)
        small = f"±{number(float(row[column.spread]), digits)}"
    return Cell(
        MISSING if missing(value) else text(value),
        "" if missing(value) else str(value).replace("inf", "Infinity"),
        small,
        "" if missing(row.get(column.beneath)) else text(row[column.beneath]),
        rank if rank in (1, 2) else 0,
        "" if missing(row.get(column.marks)) else str(row[column.marks]),
    )
