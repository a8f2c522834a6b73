"""What a table is made of, as plain values; templates turn them into HTML and LaTeX."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from string import ascii_lowercase

MISSING = "–"


@dataclass(frozen=True)
class Cell:
    """One cell: a measured value, and below it what was published and the difference."""

    text: str = ""
    sort: float | str | None = None
    spread: str = ""  # over seeds
    interval: str = ""  # of a paired difference
    published: str = ""
    difference: str = ""
    source: str = ""  # mark of the published value's source
    note: str = ""  # mark of the reason or remark
    rank: str = ""
    quoted: bool = False
    verdict: str = ""  # pass, near, fail, open

    @property
    def empty(self) -> bool:
        """Whether the cell shows nothing but a dash."""
        return self.text in ("", MISSING) and not self.published

    @property
    def sort_key(self) -> str:
        """The value to sort by as the page's script reads it."""
        if isinstance(self.sort, float) and math.isinf(self.sort):
            return "Infinity" if self.sort > 0 else "-Infinity"
        return "" if self.sort is None else str(self.sort)


@dataclass(frozen=True)
class Column:
    """One column; columns of one `group` stand under a common heading."""

    head: str
    group: str = ""
    # number, text, tick, stack (measured over published); on the page alone digest, command and
    # log (which the page fills in)
    kind: str = "number"
    first: str = "descending"  # direction of the first sort
    width: str = ""  # of text columns in LaTeX
    wide: bool = False  # on the page
    value: str = ""  # of a run's log, in columns of kind log
    filter: bool = False  # whether the page offers to show the rows with one of its texts alone


@dataclass(frozen=True)
class Run:
    """A training, or an evaluation of weights that were not trained here."""

    facts: dict[str, str]  # title and value
    digests: dict[str, str]  # of what determined it
    log: str  # name of its log below logs/
    measured: dict[str, str]  # names and titles of what the log has
    command: str  # finds the commit that recorded it
    anchor: str  # of its row in the table of all runs


@dataclass(frozen=True)
class Row:
    """One row and the runs that its measured values come from."""

    cells: Sequence[Cell]
    runs: Sequence[Run] = ()
    origin: str = ""  # says in words where the row comes from
    anchor: str = ""  # of the row on the page; made of its first texts where it is empty


@dataclass(frozen=True)
class Group:
    """Rows under a common title; sorting stays inside a group."""

    title: str
    rows: Sequence[Row]


# Where a sentence ends; captions have no abbreviation before a capital letter.
_SENTENCE = re.compile(r"(?<=[.]) (?=[A-Z])")


@dataclass(frozen=True)
class Table:
    """A table with its caption and footnotes."""

    key: str
    title: str
    caption: str
    columns: Sequence[Column]
    groups: Sequence[Group]
    notes: Sequence[tuple[str, str]]  # mark, text
    csv: str  # file in results/
    left_out: str = ""  # the last sentence of the caption where it names columns that are not there
    spreads: bool = True  # whether LaTeX prints spreads and intervals, on a line of their own

    @property
    def name(self) -> str:
        """The title without the table's number, which LaTeX sets itself."""
        return self.title.partition(". ")[2] or self.title

    @property
    def lead(self) -> str:
        """The first sentence of the caption: what the table shows."""
        return _SENTENCE.split(self.caption, maxsplit=1)[0]

    @property
    def rest(self) -> str:
        """The other sentences of the caption, without `left_out`: how the table is read."""
        return self.caption[len(self.lead) :].removesuffix(self.left_out).strip()

    @property
    def rows(self) -> list[Row]:
        """The rows of all groups."""
        return [row for group in self.groups for row in group.rows]

    def trimmed(self) -> "Table":
        """Return the table without the columns that are empty in every row.

        The caption names them in a sentence. Marks are given anew, so that they have no gaps.
        """
        always = ("tick", "log")
        empty = [
            bool(index and self.rows)
            and column.kind not in always
            and all(row.cells[index].empty for row in self.rows)
            for index, column in enumerate(self.columns)
        ]
        if not any(empty):
            return self
        notes, texts = Footnotes(), dict(self.notes)
        kept = [index for index, gone in enumerate(empty) if not gone]
        groups = [
            replace(
                group,
                rows=[
                    replace(row, cells=[_marked(row.cells[i], texts, notes) for i in kept])
                    for row in group.rows
                ],
            )
            for group in self.groups
        ]
        names: dict[str, list[str]] = {}
        for column, gone in zip(self.columns, empty, strict=True):
            if gone:
                names.setdefault(column.group, []).append(column.head)
        listed = "; ".join(
            f"{group}: {', '.join(heads)}" if group else ", ".join(heads)
            for group, heads in names.items()
        )
        left_out = f"Left out, because no row has a value: {listed}."
        return replace(
            self,
            caption=f"{self.caption} {left_out}",
            left_out=left_out,
            columns=[self.columns[index] for index in kept],
            groups=groups,
            notes=notes.listed(),
        )

    @property
    def grouped(self) -> bool:
        """Whether there are headings over the columns."""
        return any(column.group for column in self.columns)

    @property
    def sides(self) -> list[bool]:
        """Tell for each column whether any cell has a spread or a difference beside its value."""
        return [
            any(row.cells[index].spread or row.cells[index].difference for row in self.rows)
            for index in range(len(self.columns))
        ]

    @property
    def column_groups(self) -> list[tuple[str, int]]:
        """Headings over the columns, with the number of columns that each spans."""
        spans: list[tuple[str, int]] = []
        for column in self.columns:
            if spans and column.group and spans[-1][0] == column.group:
                spans[-1] = (column.group, spans[-1][1] + 1)
            else:
                spans.append((column.group, 1))
        return spans


@dataclass
class Footnotes:
    """Sources numbered and remarks lettered in the order of their first use."""

    sources: dict[str, str] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)

    def source(self, text: str) -> str:
        """Return the mark of a source."""
        return self.sources.setdefault(text, str(len(self.sources) + 1)) if text else ""

    def remark(self, text: str) -> str:
        """Return the mark of a remark: a, b, ..., z, aa, ab, ..."""
        if text and text not in self.remarks:
            number, mark = len(self.remarks), ""
            while number >= 0:
                number, letter = divmod(number, 26)
                mark = ascii_lowercase[letter] + mark
                number -= 1
            self.remarks[text] = mark
        return self.remarks.get(text, "")

    def listed(self) -> list[tuple[str, str]]:
        """Return (mark, text) pairs, sources first."""
        return [
            (mark, text) for texts in (self.sources, self.remarks) for text, mark in texts.items()
        ]


def _marked(cell: Cell, texts: dict[str, str], notes: Footnotes) -> Cell:
    """Return a cell with the marks that `notes` gives to the texts of its own."""
    remarks = [notes.remark(texts[mark]) for mark in cell.note.split(",") if mark]
    source = notes.source(texts[cell.source]) if cell.source else ""
    return replace(cell, source=source, note=",".join(remarks))
