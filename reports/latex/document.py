"""Tables and figures as LaTeX: one file each, and a document that includes all.

A table is a float for a paper in two columns (``table*``), shrunk to the page where it is wider;
one that no page can hold is a ``longtable`` for an appendix in one column.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reports.figures.style import Figure
from reports.latex.escaping import Tex, escape
from reports.names import joined, slug
from reports.view import Cell, Row, Section, View

TEMPLATES = Path(__file__).parent / "templates"
LONG = 48  # rows that a float may have
NARROW = 5  # columns that fit into one column of a page
TEXT_KINDS = ("text", "verdict")
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
    made.globals.update(tex=Tex)
    return made


def number(text: str) -> str | None:
    """Return a printed number as siunitx reads it; None for what is none: a dash, a sign."""
    plain = text.replace("−", "-").replace(",", "")
    return plain if re.fullmatch(r"[+-]?\d+(\.\d+)?", plain) else None


class Layout:
    """How a view is set: columns, headings, rows."""

    def __init__(
        self, view: View, sections: Sequence[Section], datasets: Sequence[str] = ()
    ) -> None:
        self.view = view
        self.datasets = datasets
        self.sections = sections
        self.rows = [row for section in sections for row in section.rows]
        columns = range(len(view.columns))
        self.wide = [any(row.cells[i].small for row in self.rows) for i in columns]
        self.kept = [i for i in columns if any(self._filled(row.cells[i]) for row in self.rows)]

    @staticmethod
    def _filled(cell: Cell) -> bool:
        return bool(cell.sort or cell.beneath)

    @property
    def width(self) -> int:
        """Number of columns of the tabular."""
        return sum(2 if self.wide[i] else 1 for i in self.kept)

    @property
    def specification(self) -> Tex:
        """Column types: S of siunitx for numbers, ragged boxes for long texts."""
        letters = []
        for i in self.kept:
            texts = [row.cells[i].text for row in self.rows]
            numbers = [found for text in texts if (found := number(text)) is not None]
            marked = any(row.cells[i].marks for row in self.rows)
            if marked:
                letters.append("r")
            elif self.view.columns[i].kind in TEXT_KINDS or len(numbers) < len(texts) / 4:
                longest = max(map(len, texts))
                long = rf">{{\raggedright\arraybackslash}}p{{{min(longest, 60) * 0.42:.1f}em}}"
                letters.append(long if longest > BREAKS else "l")
            else:
                whole = max(len(text.partition(".")[0].lstrip("+-")) for text in numbers)
                digits = max(len(text.partition(".")[2]) for text in numbers)
                sign = "+" if any(text[0] in "+-" for text in numbers) else ""
                letters.append(f"S[table-format={sign}{whole}.{digits}]")
            if self.wide[i]:
                letters.append(r"@{\,}>{\scriptsize}l")
        return Tex("@{}" + "".join(letters) + "@{}")

    @property
    def groups(self) -> Tex:
        """The row of common headings with the rules below it; "" without any."""
        cells, rules, start = [], [], 1
        spans: list[tuple[str, int]] = []
        for i in self.kept:
            group, count = self.view.columns[i].group, 2 if self.wide[i] else 1
            if spans and group and spans[-1][0] == group:
                spans[-1] = (group, spans[-1][1] + count)
            else:
                spans.append((group, count))
        for name, count in spans:
            cells.append(rf"\multicolumn{{{count}}}{{c}}{{{escape(name)}}}")
            if name:
                rules.append(rf"\cmidrule(lr){{{start}-{start + count - 1}}}")
            start += count
        return Tex(" & ".join(cells) + r" \\" + "\n" + "".join(rules) + "\n" if rules else "")

    @property
    def heads(self) -> Tex:
        """The row of headings."""
        cells = []
        for i in self.kept:
            align = "l" if self.view.columns[i].kind in TEXT_KINDS else "c"
            count = 2 if self.wide[i] else 1
            cells.append(rf"\multicolumn{{{count}}}{{{align}}}{{{escape(self.view.heads[i])}}}")
        return Tex(" & ".join(cells))

    def lines(self, row: Row) -> list[Tex]:
        """Return a row: its values, and below them what was published where something was."""
        first, second = [], []
        for i in self.kept:
            cell = row.cells[i]
            first.append(self.value(cell, row.note if i == self.kept[0] else ""))
            second.append(
                rf"{{\scriptsize\itshape {escape(cell.beneath)}}}" if cell.beneath else ""
            )
            if self.wide[i]:
                first.append(escape(cell.small))
                second.append("")
        found = [Tex(" & ".join(first))]
        return [*found, Tex(" & ".join(second))] if any(second) else found

    @staticmethod
    def value(cell: Cell, note: str) -> Tex:
        """Return a value: the best in bold, the second underlined."""
        plain = None if cell.marks else number(cell.text)
        marks = ",".join(filter(None, (cell.marks, note)))
        raised = rf"\textsuperscript{{{escape(marks)}}}" if marks else ""
        if cell.rank == 2:
            return Tex(rf"{{\underline{{{escape(cell.text)}}}{raised}}}")
        bold = r"\bfseries " if cell.rank == 1 else ""
        if plain is None:
            return Tex(rf"{{{bold}{escape(cell.text)}{raised}}}" if cell.text else "")
        return Tex(f"{bold}{plain}")

    @property
    def notes(self) -> list[tuple[str, str]]:
        """The remarks that its rows use."""
        used = {row.note for row in self.rows}
        return [(mark, text) for mark, text in self.view.notes if mark in used]

    @property
    def long(self) -> bool:
        """Whether it is too long for a float."""
        return sum(len(self.lines(row)) for row in self.rows) + len(self.sections) > LONG

    @property
    def starred(self) -> bool:
        """Whether it spans both columns of a page."""
        return self.width > NARROW

    def caption(self, switch: str) -> str:
        """Return the caption: what, where, and what the type faces mean."""
        table = self.view.table
        datasets = [name for name, _ in self.view.groups if name in self.datasets]
        ranked = any(cell.rank for row in self.rows for cell in row.cells)
        beneath = any(cell.beneath for row in self.rows for cell in row.cells)
        what = table.title.rstrip(".")
        if switch:
            what = f"{switch} SR on {', '.join(datasets)}" if datasets else f"{what}, {switch}"
        parts = [what, "best in bold, second underlined" if ranked else ""]
        parts.append("published values in italics" if beneath else "")
        return "; ".join(filter(None, parts))


def file_name(view: View, switch: str) -> str:
    """Return the name of a table's file: "results_x4"."""
    return "_".join(
        filter(None, (view.table.name, slug(switch.replace("×", "x")).replace("-", "_")))
    )


def table_files(views: Sequence[View], datasets: Sequence[str]) -> dict[str, tuple[Layout, str]]:
    """Return the file names of all tables, each with its layout and the value of its switch."""
    found = {}
    for view in views:
        for switch in view.switches or [""]:
            sections = [section for section in view.sections if section.switch == switch]
            found[file_name(view, switch)] = (Layout(view, sections, datasets), switch)
    return found


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
    made = environment()
    sources = {}
    tables = table_files(views, facts["datasets"])
    for name, (layout, switch) in tables.items():
        sources[name] = made.get_template("table.tex.j2").render(
            name=name, layout=layout, caption=layout.caption(switch)
        )
    for figure in figures:
        sources[f"figure-{figure.key}"] = made.get_template("figure.tex.j2").render(figure=figure)
    sources["report"] = made.get_template("report.tex.j2").render(
        tables=list(tables), figures=figures, facts=facts, datasets=joined(facts["datasets"])
    )
    for name, source in sources.items():
        (folder / f"{name}.tex").write_text(source, encoding="utf-8")
    (folder / "preamble.tex").write_text(
        (TEMPLATES / "preamble.tex").read_text(encoding="utf-8"), encoding="utf-8"
    )
    return ["preamble.tex", *(f"{name}.tex" for name in sources)]
