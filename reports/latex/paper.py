"""Tables and figures for a paper in IEEEtran: as little as a reader of the paper needs.

Beside the tables of the report, which say everything: no footnotes, no spreads, a caption of at
most two lines. What is left out stands as comments at the top of each file.
"""

import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jinja2 import Environment

from pipeline.study.results import StudyFacts
from reports.figures.style import Figure
from reports.latex.escaping import UNBROKEN, Tex, escape
from reports.tables.model import Cell, Column, Group, Row, Table

# Points, of IEEEtran with 10 pt type on letter paper.
COLUMN, PAGE = 252.0, 516.0
SEPARATION, WIDEST = 6.0, 10.0  # between two columns
LINES = 58  # of \footnotesize in a float that fills a page, caption and headings apart
TITLE = 2  # lines that the title of a group takes with its rule
SHORT = 90.0  # text columns that are wider may break lines
HEAD = 9  # characters; longer headings are set in two lines
CAPTION_LINES = 2


def brief(table: Table) -> Table:
    """Return a table without what its other rows say already, and without empty rows.

    Published figures below measured ones go where they have rows of their own.
    """
    quoted = any(cell.quoted for row in table.rows for cell in row.cells)
    texts = [column.kind == "text" for column in table.columns]

    def kept(row: Row) -> bool:
        numbers = [cell for cell, text in zip(row.cells, texts, strict=True) if not text]
        return not numbers or not all(cell.empty for cell in numbers)

    def short(row: Row) -> Row:
        cells = [replace(cell, published="") if quoted else cell for cell in row.cells]
        return replace(row, cells=cells)

    groups = [
        Group(group.title, [short(row) for row in group.rows if kept(row)])
        for group in table.groups
    ]
    return replace(table, groups=[group for group in groups if group.rows])


def text_width(text: str) -> float:
    """Return about how many points a text takes in Times at 8 pt, rather too many than too few."""
    return sum(5.9 if c.isupper() else 4.6 if c in "−+×±" else 4.1 for c in text)


def caption_lines(text: str, width: float) -> int:
    """Return about how many lines a table's caption takes; IEEEtran sets it in small capitals."""
    return math.ceil(1.35 * text_width(text) / width)


def head_lines(text: str) -> list[str]:
    """Split a long heading in two or three lines between words."""
    return textwrap.wrap(text, max(HEAD, -(-len(text) // 2)), break_long_words=False)


@dataclass(frozen=True)
class Layout:
    """How a table is set.

    Attributes
    ----------
    starred : bool
        Whether it spans both columns of the page.
    breaking : dict of int to float
        Columns whose text may break lines, with their widths in points.
    separation : float
        Space between two columns in points.
    """

    starred: bool
    breaking: dict[int, float]
    separation: float

    @property
    def environment(self) -> str:
        """The name of the float."""
        return "table*" if self.starred else "table"

    @property
    def width(self) -> float:
        """The width in points that there is."""
        return PAGE if self.starred else COLUMN


def layout(table: Table) -> Layout:
    """Set a table in one column of the page where it fits, else in both."""
    widths = [
        max(
            *(text_width(line) for line in head_lines(column.head) or [""]),
            *(cell_width(row.cells[index]) for row in table.rows),
        )
        for index, column in enumerate(table.columns)
    ]
    least = {  # of columns that may break lines: the longest word
        index: max(
            text_width(word[:UNBROKEN])
            for text in [column.head, *(row.cells[index].text for row in table.rows)]
            for word in text.split() or [""]
        )
        for index, column in enumerate(table.columns)
        if column.kind == "text" and widths[index] > SHORT
    }
    rigid, number = 0.0, 0
    for name, span in table.column_groups:
        own = [index for index in range(number, number + span) if index not in least]
        rigid += max(sum(widths[index] for index in own), text_width(name) if own else 0.0)
        number += span
    gaps = len(table.columns) - 1
    needed = rigid + gaps * SEPARATION + sum(least.values())
    starred = needed + sum(min(SHORT / 2, widths[i] - least[i]) for i in least) > COLUMN
    left = (PAGE if starred else COLUMN) - needed
    wanted = sum(widths[index] - least[index] for index in least)
    share = min(1.0, max(0.0, left) / wanted) if wanted else 0.0
    return Layout(
        starred,
        {index: width + share * (widths[index] - width) for index, width in least.items()},
        min(WIDEST, max(1.0, SEPARATION + (left - share * wanted) / max(1, gaps))),
    )


def cell_width(cell: Cell) -> float:
    """Return about how many points a cell takes; intervals are set one size smaller."""
    measured, interval, published = map(text_width, (cell.text, cell.interval, cell.published))
    return max(measured, 7 / 8 * interval, published)


def cell_lines(cell: Cell) -> list[Tex]:
    """Return what is printed of a cell, one text a line: measured, interval, published."""
    text = escape(cell.text)
    if cell.quoted:
        text = Tex(rf"\textit{{{text}}}")
    if cell.rank == "1":
        text = Tex(rf"\textbf{{{text}}}")
    elif cell.rank == "2":
        text = Tex(rf"\underline{{{text}}}")
    found = [text]
    if cell.interval:
        found.append(Tex(rf"\scriptsize {escape(cell.interval)}"))
    if cell.published:
        found.append(Tex(rf"\itshape {escape(cell.published)}"))
    return found


def row_line(row: Row) -> Tex:
    """Return a row as LaTeX; cells of several lines begin on the first, as broken texts do."""
    cells = []
    for cell in row.cells:
        lines = cell_lines(cell)
        stacked = r" \\ ".join(lines)
        cells.append(
            rf"\begin{{tabular}}[t]{{@{{}}r@{{}}}}{stacked}\end{{tabular}}"
            if len(lines) > 1
            else lines[0]
        )
    return Tex(" & ".join(cells))


def specification(table: Table, set_as: Layout) -> Tex:
    """Return the column types: numbers to the right, long texts in ragged boxes."""
    kinds = {"number": "r", "stack": "r", "tick": "c", "text": "l"}
    letters = [
        rf">{{\raggedright\arraybackslash}}p{{{set_as.breaking[index]:.1f}pt}}"
        if index in set_as.breaking
        else kinds[column.kind]
        for index, column in enumerate(table.columns)
    ]
    return Tex("@{}" + "".join(letters) + "@{}")


def heading(column: Column) -> Tex:
    """Return the heading of a column."""
    lines = [escape(line) for line in head_lines(column.head)]
    head = Tex(rf"\shortstack{{{Tex(chr(92) * 2).join(lines)}}}" if len(lines) > 1 else lines[0])
    return head if column.kind == "text" else Tex(rf"\multicolumn{{1}}{{c}}{{{head}}}")


def short_caption(table: Table, study: StudyFacts, width: float) -> str:
    """Return a caption of at most two lines: the name, the study, what the type faces mean.

    What does not fit is left out, the last first.
    """
    cells = [cell for row in table.rows for cell in row.cells]
    profile = f"Profile {study.profile}"
    parts = [
        (True, f"{profile}, narrowed networks" if study.narrowed else profile),
        (any(cell.rank for cell in cells), "best in bold, second underlined"),
        (any(cell.quoted or cell.published for cell in cells), "published in italics"),
        (any(cell.interval for cell in cells), f"{study.bootstrap.confidence:.0%} intervals"),
    ]
    text = table.name
    for number, part in enumerate(part for there, part in parts if there):
        longer = f"{text}{': ' if number == 0 else '; '}{part}"
        if caption_lines(longer, width) <= CAPTION_LINES:
            text = longer
    return text


def height(row: Row, set_as: Layout) -> int:
    """Estimate how many lines a row takes."""
    wrapped = [
        math.ceil(text_width(row.cells[index].text) / width)
        for index, width in set_as.breaking.items()
    ]
    return max(*(len(cell_lines(cell)) for cell in row.cells), *wrapped)


def split(table: Table, set_as: Layout) -> Iterator[list[Group]]:
    """Yield the groups that a float has room for; a group that has no room is split."""
    groups: list[Group] = []
    used = 0
    for group in table.groups:
        needed = sum(height(row, set_as) for row in group.rows) + TITLE
        if groups and used + needed > LINES:
            yield groups
            groups, used = [], 0
        rows: list[Row] = []
        used += TITLE
        for row in group.rows:
            if rows and used + height(row, set_as) > LINES:
                yield [*groups, Group(group.title, rows)]
                groups, rows, used = [], [], TITLE
            rows.append(row)
            used += height(row, set_as)
        groups.append(Group(group.title, rows))
    yield groups


def placement(groups: Sequence[Group], set_as: Layout) -> str:
    """Where LaTeX may put a float.

    At the top of a page, whatever its fractions say, which is too much for a tall float below
    another: it keeps to the fractions, or goes on a page of floats.
    """
    lines = sum(TITLE + sum(height(row, set_as) for row in group.rows) for group in groups)
    return "tp" if lines > LINES // 2 else "!t"


def paper_sources(
    made: Environment, study: StudyFacts, tables: Sequence[Table], figures: Sequence[Figure]
) -> dict[str, str]:
    """Return the files for a paper in IEEEtran by their names, without the ending.

    Parameters
    ----------
    made : Environment
        Of the templates.
    study : StudyFacts
        What the captions say of the study.
    tables, figures
        One file each; `ieee` is a document that includes all of them.
    """
    sources: dict[str, str] = {}
    table_template = made.get_template("ieee-table.tex.j2")
    for table in filter(lambda found: found.groups, map(brief, tables)):
        set_as = layout(table)
        facts: dict[str, Any] = {
            "caption": short_caption(table, study, set_as.width),
            "heading": heading,
            "layout": set_as,
            "line": row_line,
            "parts": [(part, placement(part, set_as)) for part in split(table, set_as)],
            "specification": specification(table, set_as),
            "table": table,
        }
        sources[f"ieee-{table.key}"] = table_template.render(facts)
    figure_template = made.get_template("ieee-figure.tex.j2")
    for figure in figures:
        caption = f"{figure.title.removesuffix('.')}. Profile {study.profile}."
        sources[f"ieee-{figure.key}"] = figure_template.render(figure=figure, caption=caption)
    names = [name.removeprefix("ieee-") for name in sources]
    sources["ieee"] = made.get_template("ieee.tex.j2").render(study=study, names=names)
    return sources
