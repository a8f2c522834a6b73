"""LaTeX: one file a table, a document that includes all, compiled where LaTeX is installed."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from pipeline.tables.layout import Column, Table
from pipeline.tables.results import Results
from pipeline.tables.tables import all_tables
from reports.latex.document import LONG, Layout, number, table_files
from reports.latex.escaping import AS_TYPED, PRINTABLE, escape
from reports.view import view
from tests.reports.study import HOSTILE

needs_tex = pytest.mark.skipif(
    shutil.which("pdflatex") is None or shutil.which("latexmk") is None,
    reason="pdflatex and latexmk are not installed (Debian: texlive-latex-extra, latexmk)",
)


def has(name: str) -> bool:
    """Whether TeX finds a file."""
    if shutil.which("kpsewhich") is None:
        return False
    return subprocess.run(["kpsewhich", name], check=False, capture_output=True).returncode == 0


needs_ieee = pytest.mark.skipif(
    not has("IEEEtran.cls"), reason="IEEEtran is not installed (Debian: texlive-publishers)"
)
PAPER = r"""
\documentclass[journal]{IEEEtran}
\input{preamble}
\begin{document}
%s
\end{document}
"""


def compiled(folder: Path) -> list[str]:
    """Compile report.tex in `folder` without shell escape; return what LaTeX complains of."""
    flags = ("-pdf", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape")
    done = subprocess.run(
        ["latexmk", *flags, "report.tex"], cwd=folder, capture_output=True, check=False
    )
    log = (folder / "report.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, log[-3000:]
    signs = ("Overfull", "LaTeX Warning", "undefined", "multiply defined", "Missing character")
    found = [line for line in log.splitlines() if any(sign in line for sign in signs)]
    return [line for line in found if "contains only floats" not in line]


def sources(report: Path, folder: Path) -> Path:
    for name in ("latex", "figures", "machines"):
        if (report / name).is_dir():
            shutil.copytree(report / name, folder / name)
    return folder / "latex"


def table(**columns: list[object]) -> Table:
    frame = pd.DataFrame(columns)
    return Table(
        "t", "Results of 100% of A_B", "Caption.", frame,
        (
            Column("label", "Method"),
            Column("psnr_db", "PSNR", "db", "Set5", best="higher", beneath="told"),
            Column("minus", "minus MESR", "difference", "Set5", low="low", high="high"),
        ),
    )  # fmt: skip


@pytest.fixture
def layout() -> Layout:
    found = view(
        table(
            label=["A & B", "C", "D"], psnr_db=[31.5, 28.25, 30.0], told=[None, 28.5, None],
            minus=[None, -0.05, 0.2], low=[None, -0.1, 0.1], high=[None, 0.0, 0.3],
        )
    )  # fmt: skip
    return Layout(found, found.sections, ["Set5"])


def test_numbers_stand_in_columns_of_siunitx(layout: Layout) -> None:
    assert layout.specification == (
        r"@{}lS[table-format=2.2]S[table-format=+1.2]@{\,}>{\scriptsize}l@{}"
    )
    assert layout.width == 4
    assert r"\multicolumn{3}{c}{Set5}" in layout.groups
    assert r"\cmidrule(lr){2-4}" in layout.groups
    assert number("−1,234.50") == "-1234.50"
    assert number("–") is None
    assert number("12 K") is None


def test_best_is_bold_and_second_underlined_and_published_beneath(layout: Layout) -> None:
    first, second, third = (layout.lines(row) for row in layout.rows)
    assert first[0].startswith(r"{A \& B} & \bfseries 31.50 & ")
    assert r"{\underline{30.00}}" in third[0]
    assert "-0.05 & {[}" in second[0]
    assert r"\scriptsize\itshape 28.50" in second[1]
    assert len(first) == 1


def test_captions_are_those_of_the_field(layout: Layout, results: Results) -> None:
    assert layout.caption("×4") == (
        "×4 SR on Set5; best in bold, second underlined; published values in italics"
    )
    assert layout.caption("").startswith("Results of 100% of A_B; best")
    for found, switch in table_files([view(t) for t in all_tables(results).values()], []).values():
        assert not re.search("(?i)profile|protocol|reduced|variant of", found.caption(switch)[:40])


def test_a_switched_table_is_a_file_for_each_scale(results: Results) -> None:
    files = table_files([view(all_tables(results)["results"])], results.datasets)
    assert list(files) == ["results_x2", "results_x4"]
    layout, switch = files["results_x4"]
    assert layout.caption(switch).startswith("×4 SR on Set5, photos_test; best in bold")
    assert len(layout.rows) == 6  # bicubic, four networks, a quoted one


def test_a_table_that_no_page_holds_is_a_longtable() -> None:
    rows = LONG + 1
    long = view(table(label=["A"] * rows, psnr_db=[30.0] * rows, told=[None] * rows,
                      minus=[None] * rows, low=[None] * rows, high=[None] * rows))  # fmt: skip
    assert Layout(long, long.sections).long
    short = replace(long, sections=(replace(long.sections[0], rows=long.rows[:9]),))  # type: ignore[arg-type]
    assert not Layout(short, short.sections).long


def test_no_command_of_the_data_survives(hostile_report: Path) -> None:
    texts = [path.read_text(encoding="utf-8") for path in (hostile_report / "latex").iterdir()]
    assert any("etc/" in text for text in texts)
    for source in texts:
        assert r"\input{/etc" not in source
        assert "\u202e" not in source
        assert "<script>" not in source


@needs_tex
def test_the_document_compiles_without_complaint(report: Path, tmp_path: Path) -> None:
    assert compiled(sources(report, tmp_path)) == []


@needs_tex
@pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="pdftotext is not installed (poppler-utils)"
)
def test_hostile_names_are_printed_as_text(hostile_report: Path, tmp_path: Path) -> None:
    folder = sources(hostile_report, tmp_path)
    compiled(folder)  # names of sixty letters are wider than a column
    done = subprocess.run(
        ["pdftotext", "-raw", "report.pdf", "-"], cwd=folder, capture_output=True, check=True
    )
    printed = re.sub(r"\s", "", done.stdout.decode())
    for text in (name for name in HOSTILE if name.isascii()):
        assert re.sub(r"\s", "", text) in printed
    assert "U+05E2" in printed  # the first letter of the Hebrew name


@needs_tex
@needs_ieee
def test_tables_fit_a_paper_in_two_columns(report: Path, tmp_path: Path) -> None:
    folder = sources(report, tmp_path)
    names = ("results_x4", "table1", "table4", "claims", "tuning", "figure-curves-x4")
    found = [name for name in names if (folder / f"{name}.tex").is_file()]
    assert "results_x4" in found
    inputs = "\n".join(rf"\input{{{name}}}" for name in found)
    (folder / "report.tex").write_text(PAPER % inputs, encoding="utf-8")
    assert compiled(folder) == []


@needs_tex
def test_every_character_is_printed_by_pdflatex(report: Path, tmp_path: Path) -> None:
    folder = sources(report, tmp_path)
    characters = [chr(code) for block in PRINTABLE for code in block] + list(AS_TYPED) + ["א", "你"]
    text = "\n".join(f"{escape(character)} is {ord(character)}\n" for character in characters)
    preamble = r"\documentclass[twocolumn]{article}\usepackage{lmodern}\input{preamble}"
    source = rf"{preamble}\begin{{document}}{text}\end{{document}}"
    (folder / "report.tex").write_text(source, encoding="utf-8")
    assert compiled(folder) == []
