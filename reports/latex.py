r"""Tables and figures as LaTeX: booktabs, \input-able, and one document that includes all."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reports.tables import Cell, Group, Row, Table

TEMPLATES = Path(__file__).parent / "templates"
LINES = 58  # of small type that fit on a page with caption and headings
NOTE_CHARACTERS = 120  # in one line of the notes

SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "-": r"-{}",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "−": r"$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≈": r"$\approx$",
    "→": r"$\rightarrow$",
    "∞": r"$\infty$",
    "✓": r"$\checkmark$",
    "†": r"\textdagger{}",
    "‡": r"\textdaggerdbl{}",
    "…": r"\textellipsis{}",
    "‘": r"\textquoteleft{}",
    "’": r"\textquoteright{}",
    "“": r"\textquotedblleft{}",
    "”": r"\textquotedblright{}",
    "°": r"\textdegree{}",
    "µ": r"\textmu{}",
    "\u00a0": "~",
    "\u2009": r"\,",
    "\u2011": "-{}",
}
UNBROKEN = 16  # characters; longer words may break
BREAK_AFTER = set("/@._-=:;,)&?+#|")


class Tex(str):
    """A string that is LaTeX already."""

    __slots__ = ()


def escape(value: Any) -> Tex:
    """Return text as LaTeX that prints it: nothing in it is a command any more.

    pdfLaTeX has no glyphs for most of Unicode. What has none is printed as its code points, so
    that the page says what is there; right-to-left text stands in full in the HTML report. Words
    longer than a name may break after punctuation and after every twelfth character.
    """
    if isinstance(value, Tex):
        return value
    words = re.split(r"(\s+)", unicodedata.normalize("NFC", str(value)))
    return Tex("".join(" " if word[:1].isspace() else escape_word(word) for word in words))


def escape_word(word: str) -> str:
    """Escape text without spaces."""
    out: list[str] = []
    points: list[str] = []
    for index, character in enumerate(word, start=1):
        text = glyph(character)
        if text is None:
            points.append(f"U+{ord(character):04X}")
            continue
        out += code_points(points)
        out.append(text)
        if len(word) > UNBROKEN and (character in BREAK_AFTER or index % 12 == 0):
            out.append(r"\allowbreak{}")
    return "".join([*out, *code_points(points)])


# Those that LaTeX has commands for; not omicron.
GREEK = dict(
    zip(
        "αβγδεζηθικλμνξπρςστυφχψω",
        (
            *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota"),
            *("kappa", "lambda", "mu", "nu", "xi", "pi", "rho", "varsigma", "sigma", "tau"),
            *("upsilon", "phi", "chi", "psi", "omega"),
        ),
        strict=True,
    )
)


def code_points(points: list[str]) -> list[str]:
    """Return and forget the characters that have no glyph, in angle brackets."""
    text = r"\allowbreak{} ".join(points)
    found = [rf"\texttt{{\textless{{}}{text}\textgreater{{}}}}\allowbreak{{}}"] if points else []
    points.clear()
    return found


def glyph(character: str) -> str | None:
    """Return the LaTeX of one character, or None where pdfLaTeX has no glyph for it."""
    if character in SPECIAL:
        return SPECIAL[character]
    if " " <= character <= "~":
        return character
    if 0xC0 <= ord(character) <= 0x17F and character not in "ĸŀĿŉŦŧĦħſ":  # T1 has these letters
        return character
    if character in GREEK:
        return rf"$\{GREEK[character]}$"
    plain = unicodedata.normalize("NFKC", character)
    if plain != character and plain.isascii() and plain.isprintable():
        return "".join(SPECIAL.get(c, c) for c in plain)
    return None


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


def table_source(table: Table) -> str:
    r"""Return a table as floats that `\input` takes, one per page."""
    return environment().get_template("table.tex.j2").render(table=table)


def document_source(context: dict[str, Any]) -> str:
    """Return the standalone document."""
    return environment().get_template("report.tex.j2").render(context)


def figures_source(figures: Sequence[Any], setting: str) -> str:
    r"""Return all figures as floats that `\input` takes."""
    return environment().get_template("figures.tex.j2").render(figures=figures, setting=setting)
