"""Tables that are longer than a page, split between rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.tables.model import Group, Row, Table

LINES = 58  # of small type that fit on a page with caption and headings

NOTE_CHARACTERS = 120  # in one line of the notes


@dataclass(frozen=True)
class Part:
    """The rows of a table that go on one page, with the notes they use."""

    groups: Sequence[Group]
    notes: Sequence[tuple[str, str]]


def lines_of(row: Row) -> int:
    """Return how many lines a row takes: measured, published, difference; long names wrap."""
    stack = 1
    for name in ("interval", "published", "difference"):
        stack += any(getattr(cell, name) for cell in row.cells)
    wrapped = max(-(-len(cell.text) // 20) for cell in row.cells)
    return max(stack, wrapped)


def marks_of(rows: Sequence[Row]) -> set[str]:
    """Return the footnote marks that rows use."""
    cells = [cell for row in rows for cell in row.cells]
    return {m for cell in cells for m in (cell.source, *cell.note.split(",")) if m}


def parts(table: Table) -> list[Part]:
    """Split a table into pages; a group starts a new page where it does not fit."""
    texts = dict(table.notes)

    def height(groups: Sequence[Group]) -> int:
        rows = [row for group in groups for row in group.rows]
        notes = sum(-(-len(texts[mark]) // NOTE_CHARACTERS) for mark in marks_of(rows))
        return sum(map(lines_of, rows)) + 2 * len(groups) + notes

    pages: list[list[Group]] = [[]]
    for group in table.groups:
        if height([*pages[-1], group]) <= LINES:
            pages[-1].append(group)
            continue
        if pages[-1] and height([group]) <= LINES:
            pages.append([group])
            continue
        if pages[-1]:
            pages.append([])
        rows: list[Row] = []
        for row in group.rows:
            if rows and height([Group(group.title, [*rows, row])]) > LINES:
                pages[-1].append(Group(group.title, rows))
                pages.append([])
                rows = []
            rows.append(row)
        pages[-1].append(Group(group.title, rows))
    found = []
    for page in pages:
        used = marks_of([row for group in page for row in group.rows])
        found.append(Part(page, [(mark, text) for mark, text in table.notes if mark in used]))
    return found
