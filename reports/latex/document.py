"""Tables and figures as LaTeX: booktabs, one file each, and a document that includes all."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline.study.results import StudyFacts
from reports.figures.style import Figure
from reports.latex.escaping import Tex, escape
from reports.latex.pages import parts
from reports.latex.paper import paper_sources
from reports.results import warning
from reports.tables.model import Cell, Row, Table

TEMPLATES = Path(__file__).parent / "templates"


def column_specification(table: Table) -> Tex:
    """Return the column types: ragged boxes for text, right-aligned numbers."""
    kinds = {"number": "r", "stack": "r", "tick": "c"}
    letters = [
        rf">{{\raggedright\arraybackslash}}p{{{column.width}}}"
        if column.kind == "text"
        else kinds[column.kind]
        for column in table.columns
    ]
    return Tex("@{}" + "".join(letters) + "@{}")


def rules_over_groups(table: Table) -> Tex:
    """Return the thin rules below the headings that span columns."""
    rules, start = [], 1
    for name, span in table.column_groups:
        if name:
            rules.append(rf"\cmidrule(lr){{{start}-{start + span - 1}}}")
        start += span
    return Tex("".join(rules))


def superscript(mark: str) -> Tex:
    """Return a footnote mark that takes no width, so that numbers stay aligned."""
    return Tex(rf"\rlap{{\textsuperscript{{{escape(mark)}}}}}" if mark else "")


def value(cell: Cell, kind: str) -> Tex:
    """Return the first line of a cell."""
    text = escape(cell.text)
    if cell.quoted:
        text = Tex(rf"\textit{{{text}}}")
    if cell.rank == "1":
        text = Tex(rf"\textbf{{{text}}}")
    elif cell.rank == "2":
        text = Tex(rf"\underline{{{text}}}")
    marks = [cell.note] if kind == "stack" and not cell.quoted else [cell.source, cell.note]
    joined = ",".join(mark for mark in marks if mark)
    if kind == "text":
        return Tex(rf"{text}\textsuperscript{{{escape(joined)}}}" if joined else text)
    return Tex(f"{text}{superscript(joined)}")


def lines(row: Row, table: Table) -> list[list[Tex]]:
    """Return a row as one to four lines: measured, spread or interval, published, difference."""
    kinds = [column.kind for column in table.columns]
    found = [[value(cell, kind) for cell, kind in zip(row.cells, kinds, strict=True)]]
    below = [[(cell.published, cell.source) for cell in row.cells]]
    below.append([(cell.difference, "") for cell in row.cells])
    if table.spreads:
        below.insert(0, [(cell.interval or cell.spread, "") for cell in row.cells])
    for number, texts in enumerate(below):
        size = r"\tiny" if table.spreads and number == 0 else ""
        if any(text for text, _ in texts):
            found.append([secondary(text, mark, size) for text, mark in texts])
    return found


def secondary(text: str, mark: str, size: str) -> Tex:
    """Return a line below a measured value, in gray."""
    return Tex(rf"{{{size}\color{{reportgray}}{escape(text)}{superscript(mark)}}}" if text else "")


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
    made.globals.update(
        parts=parts,
        specification=column_specification,
        rules=rules_over_groups,
        lines=lines,
        tex=Tex,
    )
    return made


def write_latex(
    study: StudyFacts, tables: Sequence[Table], figures: Sequence[Figure], folder: Path
) -> list[str]:
    """Write each table, the figures, and the document that includes them; and all for IEEEtran.

    Returns
    -------
    list of str
        Names of the files that were written.
    """
    made = environment()
    tables = [table for table in tables if table.groups]
    keys = [table.key for table in tables]
    setting = warning(study) or f"Profile {study.profile}."
    sources = {
        "report": made.get_template("report.tex.j2").render(
            certified="certificate" in keys,
            degraded="lr_certificate" in keys,
            figures=figures,
            keys=keys,
            study=study,
            warning=warning(study),
        ),
        "figures": made.get_template("figures.tex.j2").render(figures=figures, setting=setting),
        **{t.key: made.get_template("table.tex.j2").render(table=t) for t in tables},
        **paper_sources(made, study, tables, figures),
    }
    for name, source in sources.items():
        (folder / f"{name}.tex").write_text(source, encoding="utf-8")
    return [f"{name}.tex" for name in sources]
