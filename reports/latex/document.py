"""Tables and figures as LaTeX: one file each, and a document that includes all.

A table is a float for a paper in two columns (``table*``), shrunk to the page where it is wider;
one that no page can hold is a ``longtable`` for an appendix in one column.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline.tables.layout import Table
from reports.figures.style import Figure
from reports.latex.escaping import Tex, escape
from reports.names import joined
from reports.view import TEXTS, Cell, Row, View, spans, view

TEMPLATES = Path(__file__).parent / "templates"
LONG = 48  # rows that a float may have
NARROW = 5  # columns that fit into one column of a page
BREAKS = 30  # characters from which on a text column breaks lines


def environment() -> Environment:
    """Return the template environment: everything that is not `Tex` is escaped."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        autoescape=False,
        finalize=escape,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    made.globals.update(tex=Tex, texts=TEXTS)
    return made


def number(text: str) -> str:
    """Return a printed number as siunitx reads it; "" for what is none: a dash, a sign."""
    plain = text.replace("−", "-").replace(",", "")
    return plain if re.fullmatch(r"[+-]?\d+(\.\d+)?", plain) else ""


class Layout:
    """How a view is set: columns, headings, rows."""

    def __init__(self, view: View) -> None:
        self.view = view
        # A column of intervals stands beside the column of values.
        places = range(len(view.columns))
        self.counts = [1 + any(row.cells[i].small for row in view.rows) for i in places]
        # siunitx sets no marks: a column with any is text.
        self.marked = [any(row.cells[i].marks for row in view.rows) for i in places]
        lines = sum(len(self.lines(row)) for row in view.rows)
        self.long = lines + len(view.sections) > LONG

    @property
    def starred(self) -> bool:
        """Whether it spans both columns of a page."""
        return sum(self.counts) > NARROW

    @property
    def letters(self) -> list[Tex]:
        """Column types: S of siunitx for numbers, ragged boxes for long texts."""
        beside = r"@{\,}>{\scriptsize}l"
        return [Tex(self.letter(i) + beside * (count > 1)) for i, count in enumerate(self.counts)]

    def letter(self, place: int) -> str:
        """Return the type of a column."""
        cells = [row.cells[place] for row in self.view.rows]
        numbers = [found for cell in cells if (found := number(cell.text))]
        if self.marked[place]:
            return "r"
        if self.view.columns[place].kind in TEXTS or len(numbers) < len(cells) / 4:
            longest = max(len(cell.text) for cell in cells)
            box = rf">{{\raggedright\arraybackslash}}p{{{min(longest, 60) * 0.42:.1f}em}}"
            return box if longest > BREAKS else "l"
        whole = max(len(text.partition(".")[0].lstrip("+-")) for text in numbers)
        digits = max(len(text.partition(".")[2]) for text in numbers)
        sign = "+" if any(text[0] in "+-" for text in numbers) else ""
        return f"S[table-format={sign}{whole}.{digits}]"

    @property
    def groups(self) -> list[tuple[str, int, int]]:
        """Common headings with the first and the last column that each spans; [] without any."""
        found = spans(self.view.columns, self.counts)
        ends = accumulate(count for _, count in found)
        named = any(name for name, _ in found)
        return [(n, end - count + 1, end) for (n, count), end in zip(found, ends, strict=True)
                if named]  # fmt: skip

    def lines(self, row: Row) -> list[Tex]:
        """Return a row: its values, and below them what was published where something was."""
        first, second = [], []
        for i, (cell, count) in enumerate(zip(row.cells, self.counts, strict=True)):
            told = rf"{{\scriptsize\itshape {escape(cell.beneath)}}}" if cell.beneath else ""
            main = value(cell, "" if i else row.note, self.marked[i])
            first += [main, escape(cell.small)][:count]
            second += [told, ""][:count]
        return [Tex(" & ".join(line)) for line in (first, second) if any(line)]

    def caption(self, datasets: Sequence[str], switch: str = "") -> str:
        """Return the caption: what, where, and what the type faces mean."""
        cells = [cell for row in self.view.rows for cell in row.cells]
        own = [name for name, _ in self.view.groups if name in datasets]
        what = self.view.table.title.rstrip(".")
        if switch:
            what = f"{switch} SR on {', '.join(own)}" if own else f"{what}, {switch}"
        if any(cell.rank for cell in cells):
            what += "; best in bold, second underlined"
        return what + "; published values in italics" * any(cell.beneath for cell in cells)


def value(cell: Cell, note: str, marked: bool) -> Tex:
    """Return a value: the best in bold, the second underlined."""
    marks = ",".join(filter(None, (cell.marks, note)))
    raised = rf"\textsuperscript{{{escape(marks)}}}" if marks else ""
    if cell.rank == 2:
        return Tex(rf"{{\underline{{{escape(cell.text)}}}{raised}}}")
    bold = r"\bfseries " if cell.rank == 1 else ""
    if not marked and (plain := number(cell.text)):
        return Tex(f"{bold}{plain}")
    return Tex(rf"{{{bold}{escape(cell.text)}{raised}}}" if cell.text else "")


def file_names(view: View) -> list[str]:
    """Return the names of a table's files, one for each scale where it has a switch: results_x4."""
    return [f"{view.table.name}_{scale.replace('×', 'x')}" for scale in view.switches] or [
        view.table.name
    ]


def table_source(name: str, found: View, datasets: Sequence[str], switch: str = "") -> str:
    """Return the LaTeX of one table."""
    layout = Layout(found)
    return environment().get_template("table.tex.j2").render(
        name=name, layout=layout, caption=layout.caption(datasets, switch)
    )  # fmt: skip


def table_sources(found: View, datasets: Sequence[str]) -> dict[str, str]:
    """Return the LaTeX of a table by file name, with each scale as a table of its own."""
    printed = tuple(column for column in found.table.columns if column.on_paper)
    table: Table = replace(found.table, columns=printed)
    if not table.switch:
        return {table.name: table_source(table.name, view(table), datasets)}
    parts = [part for _, part in table.frame.groupby(table.switch, sort=False)]
    named = zip(file_names(found), found.switches, parts, strict=True)
    return {
        name: table_source(name, view(replace(table, frame=part, switch="")), datasets, scale)
        for name, scale, part in named
    }


def write_latex(
    views: Sequence[View], figures: Sequence[Figure], facts: Mapping[str, Any], folder: Path
) -> list[str]:
    """Write each table and figure, and the document that includes them; return the names.

    Parameters
    ----------
    views : sequence of View
    figures : sequence of Figure
    facts : mapping
        study.json.
    folder : Path
        Must exist.
    """
    made, sources = environment(), {"preamble": (TEMPLATES / "preamble.tex").read_text("utf-8")}
    for found in views:
        sources |= table_sources(found, facts["datasets"])
    tables = list(sources)[1:]
    for figure in figures:
        sources[f"figure-{figure.key}"] = made.get_template("figure.tex.j2").render(figure=figure)
    sources["report"] = made.get_template("report.tex.j2").render(
        tables=tables, figures=figures, facts=facts, datasets=joined(facts["datasets"])
    )
    for name, source in sources.items():
        (folder / f"{name}.tex").write_text(source, encoding="utf-8")
    return [f"{name}.tex" for name in sources]
