"""Tables and figures for IEEEtran: a two-column document with all of them, compiled."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from reports.latex.document import write_latex
from reports.latex.paper import COLUMN, PAGE, brief, layout, short_caption
from reports.results import read_results
from reports.tables.claims import scoreboard
from reports.tables.ladder import ladder
from reports.tables.model import Cell, Column, Group, Row, Table
from reports.tables.readings import readings_worth
from reports.tables.table3_methods import table3
from reports.tables.tuning import tuning
from tests.reports.latex.test_document import compile_document, needs_tex, sources


def _found(name: str) -> str:
    """Return where TeX finds a file; nothing where there is no TeX."""
    if shutil.which("kpsewhich") is None:
        return ""
    done = subprocess.run(["kpsewhich", name], check=False, capture_output=True, text=True)
    return done.stdout


needs_ieee = pytest.mark.skipif(
    _found("IEEEtran.cls") == "", reason="IEEEtran is not installed (Debian: texlive-publishers)"
)
PACKAGES = {"fontenc", "inputenc", "amssymb", "array", "booktabs", "graphicx"}
CAPTION = re.compile(r"^\\caption\{(.*)\}$", re.MULTILINE)


def measuring(folder: Path) -> str:
    """Return LaTeX that says in the log how many lines each caption takes."""
    found = []
    for path in sorted(folder.glob("ieee-*.tex")):
        text = path.read_text(encoding="utf-8")
        starred = r"\begin{table*}" in text or r"\begin{figure*}" in text
        face = r"\scshape" if r"\begin{table" in text else ""
        width = r"\textwidth" if starred else r"\columnwidth"
        for caption in CAPTION.findall(text):
            box = rf"\setbox0\vbox{{\hsize={width}\footnotesize{face} {caption}\par"
            found.append(rf"{box}\typeout{{LINES {path.stem} \the\prevgraf}}}}")
    return "\n".join(found)


def compiled(folder: Path) -> dict[str, int]:
    """Compile ieee.tex, which must not give rise to complaints; return the lines of captions."""
    text = (folder / "ieee.tex").read_text(encoding="utf-8")
    lines = text.replace(r"\end{document}", measuring(folder) + "\n\\end{document}")
    (folder / "report.tex").write_text(lines, encoding="utf-8")
    assert compile_document(folder) == []
    log = (folder / "report.log").read_text(encoding="utf-8", errors="replace")
    return {name: int(number) for name, number in re.findall(r"^LINES (\S+) (\d+)", log, re.M)}


@needs_tex
@needs_ieee
@pytest.mark.parametrize("name", ["full_report", "hostile_report"])
def test_a_paper_with_all_tables_and_figures_compiles_without_complaint(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    folder = sources(request.getfixturevalue(name), tmp_path)
    lines = compiled(folder)
    assert {f"ieee-table{number}" for number in (1, 2, 3, 4)} < lines.keys()
    assert len(lines) == len(list(folder.glob("ieee-*.tex")))
    assert max(lines.values()) <= 2


@needs_tex
@needs_ieee
def test_tables_of_a_whole_study_fit(compact: Path, tmp_path: Path) -> None:
    data = read_results(compact / "results")
    board = scoreboard(data)
    found = [board.table, board.grid, readings_worth(data), ladder(data), tuning(data)]
    write_latex(data.study, [table for table in found if table is not None], [], tmp_path)
    assert len(compiled(tmp_path)) == len(found)


def test_files_need_no_package_that_ieeetran_discourages(full_report: Path) -> None:
    document = (full_report / "latex/ieee.tex").read_text(encoding="utf-8")
    loaded = re.findall(r"\\usepackage(?:\[\w+\])?\{([\w,]+)\}", document)
    assert {name for names in loaded for name in names.split(",")} == PACKAGES
    included = set(re.findall(r"\\input\{([^}]+)\}", document))
    assert included == {path.stem for path in (full_report / "latex").glob("ieee-*.tex")}
    for name in included:
        text = (full_report / f"latex/{name}.tex").read_text(encoding="utf-8")
        printed = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
        assert not any("protocol" in caption.lower() for caption in CAPTION.findall(text))
        assert not re.search(r"\\(color|ContinuedFloat|textsuperscript|begin\{minipage)", printed)


def toy(columns: int, text: str = "MESR", number: str = "31.25") -> Table:
    row = Row([Cell(text), *[Cell(number) for _ in range(columns)]])
    heads = [Column("Method", kind="text"), *[Column("PSNR") for _ in range(columns)]]
    return Table("toy", "Table 1. Toy", "A toy.", heads, [Group("", [row])], [], "toy.csv")


@pytest.mark.parametrize(("columns", "starred"), [(3, False), (6, False), (9, True), (14, True)])
def test_a_table_takes_one_column_of_the_page_where_it_fits(columns: int, starred: bool) -> None:
    assert layout(toy(columns)).starred == starred


def test_long_texts_break_and_leave_room_for_numbers() -> None:
    found = layout(toy(4, "a sentence of many words that says why the number is not there"))
    (width,) = found.breaking.values()
    assert 40 < width < (PAGE if found.starred else COLUMN) - 4 * 20


def test_rows_and_figures_that_are_said_elsewhere_are_left_out(full: Path) -> None:
    table = table3(read_results(full / "results"))
    short = brief(table)
    rows = [row for row in table.rows if not all(cell.empty for cell in row.cells[2:])]
    assert [row.cells[0] for row in short.rows] == [row.cells[0] for row in rows]
    assert 0 < len(rows) < len(table.rows)
    assert any(cell.published for row in table.rows for cell in row.cells)
    assert not any(cell.published for row in short.rows for cell in row.cells)
    empty = toy(2, number="–")
    assert brief(empty).groups == []


def test_a_caption_says_what_fits_in_two_lines(full: Path) -> None:
    data = read_results(full / "results")
    wide = short_caption(table3(data), data.study, PAGE)
    narrow = short_caption(table3(data), data.study, 150.0)
    assert wide.startswith(narrow)
    assert "Profile paper; best in bold" in wide
    assert len(narrow) < len(wide)
