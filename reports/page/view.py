"""What the page shows of a table: anchors of rows, and where its recurring remarks stand."""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.results import slug
from reports.tables.model import Row, Table

COLUMN_OF_REMARKS = 3  # rows with a remark from which on remarks are a column


@dataclass(frozen=True)
class View:
    """A table as the page shows it.

    Attributes
    ----------
    anchors : sequence of sequences of str
        Of each group's rows, unlike any other on the page.
    shared : sequence of str
        Remarks that every row has; they stand once, above the table.
    remarks : sequence of sequences of str, or None
        Of each group's rows, for a column of their own; None where marks do.
    notes : sequence of (str, str)
        Marks and texts that are left for footnotes.
    """

    anchors: Sequence[Sequence[str]]
    shared: Sequence[str]
    remarks: Sequence[Sequence[str]] | None
    notes: Sequence[tuple[str, str]]

    @property
    def kept(self) -> list[str]:
        """The marks that the page prints."""
        return [mark for mark, _ in self.notes]


def view(table: Table) -> View:
    """Return what the page shows of a table."""
    texts = dict(table.notes)
    taken: dict[str, int] = {}
    anchors = [[_anchor(table, group.title, row, taken) for row in group.rows]
               for group in table.groups]  # fmt: skip
    of_rows = [marks_of_row(row) for row in table.rows]
    first = of_rows[0] if len(of_rows) > 1 else []
    shared = [mark for mark in first if all(mark in own for own in of_rows)]
    own = [[mark for mark in marks if mark not in shared] for marks in of_rows]
    column = sum(map(bool, own)) >= COLUMN_OF_REMARKS
    remarks = None
    if column:
        left = iter("; ".join(texts[mark] for mark in marks) for marks in own)
        remarks = [[next(left) for _ in group.rows] for group in table.groups]
    used = {
        mark
        for row in table.rows
        for index, cell in enumerate(row.cells)
        for mark in (cell.source, *cell.note.split(","))
        if index or not column
    }
    notes = [(mark, text) for mark, text in table.notes if mark in used and mark not in shared]
    return View(anchors, [texts[mark] for mark in shared], remarks, notes)


def marks_of_row(row: Row) -> list[str]:
    """Return the marks of remarks on a row as a whole: those of its first cell."""
    return [mark for mark in row.cells[0].note.split(",") if mark]


def _anchor(table: Table, group: str, row: Row, taken: dict[str, int]) -> str:
    """Return a row's own anchor, or one made of its group and the texts that it begins with."""
    if row.anchor:
        return row.anchor
    texts = [cell.text for cell, column in zip(row.cells, table.columns, strict=True)
             if column.kind == "text"][:2]  # fmt: skip
    name = slug(table.key, "row", group, *(texts or [row.cells[0].text]))
    taken[name] = taken.get(name, 0) + 1
    return name if taken[name] == 1 else f"{name}-{taken[name]}"
