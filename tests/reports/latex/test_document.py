"""LaTeX: one file a table, a document that includes all, compiled where LaTeX is installed."""

import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from pipeline.tables.layout import Column, Table
from pipeline.tables.results import Results
from pipeline.tables.tables import all_tables
from reports.latex.document import LONG, Layout, number
from reports.latex.escaping import AS_TYPED, PRINTABLE, escape
from reports.view import view
from tests.reports.study import HOSTILE

needs_tex = pytest.mark.skipif(
    shutil.which("pdflatex") is None or shutil.which("latexmk") is None,
    reason="pdflatex and latexmk are not installed (Debian: texlive-latex-extra, latexmk)",
)


PAPER = r"\documentclass[journal]{IEEEtran}\input{preamble}\begin{document}%s\end{document}"


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
    for name in ("latex", "figures"):
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
    rows = table(
        label=["A & B", "C", "D"], psnr_db=[31.5, 28.25, 30.0], told=[None, 28.5, None],
        minus=[None, -0.05, 0.2], low=[None, -0.1, 0.1], high=[None, 0.0, 0.3],
    )  # fmt: skip
    return Layout(view(rows))


def test_numbers_stand_in_columns_of_siunitx(layout: Layout) -> None:
    assert layout.letters == [
        *("l", "S[table-format=2.2]", r"S[table-format=+1.2]@{\,}>{\scriptsize}l")
    ]
    assert layout.counts == [1, 1, 2]
    assert layout.groups == [("", 1, 1), ("Set5", 2, 4)]
    assert [number(text) for text in ("−1,234.50", "–", "12 K")] == ["-1234.50", "", ""]


def test_a_minus_is_none_of_a_hyphen_beside_marks() -> None:
    frame = pd.DataFrame({"label": ["a", "b"], "d": [-0.04, 0.17], "mark": ["", "*"]})
    columns = (Column("label", "M"), Column("d", "D", "difference", marks="mark"))
    found = view(Table("t", "T", "C.", frame, columns))
    lines = [line for row in found.rows for line in Layout(found).lines(row)]
    starred = r"{b} & {+0.17\textsuperscript{{*}}}"
    assert lines == [r"{a} & {\ensuremath{-}0.04}", starred]


def test_best_is_bold_and_second_underlined_and_published_beneath(layout: Layout) -> None:
    first, second, third = (layout.lines(row) for row in layout.view.rows)
    assert first[0].startswith(r"{A \& B} & \bfseries 31.50 & ")
    assert r"{\underline{30.00}}" in third[0]
    assert "-0.05 & {[}" in second[0]
    assert r"\scriptsize\itshape 28.50" in second[1]
    assert len(first) == 1


def test_captions_are_those_of_the_field(layout: Layout, report: Path) -> None:
    assert layout.caption(["Set5"], "×4") == (
        "×4 SR on Set5; best in bold, second underlined; published values in italics"
    )
    assert layout.caption([]).startswith("Results of 100% of A_B; best")
    texts = {path.stem: path.read_text("utf-8") for path in (report / "latex").glob("*.tex")}
    assert {"results_x2", "results_x4"} <= texts.keys()  # a file for each scale
    assert r"\caption{\ensuremath{\times}4 SR on Set5, photos\_test; best" in texts["results_x4"]
    assert texts["results_x4"].count("%") < texts["results_x4"].count(r"\\")
    for caption in re.findall(r"\\caption\{(.{40})", "".join(texts.values())):
        assert not re.search("(?i)profile|protocol|reduced|variant of", caption)


def test_what_a_page_is_too_narrow_for_stays_on_the_screen(results: Results, report: Path) -> None:
    assert "changes" in {column.name for column in all_tables(results)["variants"].columns}
    source = (report / "latex/variants.tex").read_text(encoding="utf-8").partition("tabular")[2]
    assert "Variant" in source
    assert "Changes" not in source
    assert "Rank" not in source


def test_a_table_that_no_page_holds_is_a_longtable() -> None:
    def rows(count: int) -> Layout:
        nothing = dict.fromkeys(("told", "minus", "low", "high"), [None] * count)
        return Layout(view(table(label=["A"] * count, psnr_db=[30.0] * count, **nothing)))

    assert rows(LONG + 1).long
    assert not rows(9).long


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
def test_hostile_names_are_printed_as_text(hostile_report: Path, tmp_path: Path) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed (Debian: poppler-utils)")
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
def test_tables_fit_a_paper_in_two_columns(report: Path, tmp_path: Path) -> None:
    if subprocess.run(["kpsewhich", "IEEEtran.cls"], check=False, capture_output=True).returncode:
        pytest.skip("IEEEtran is not installed (Debian: texlive-publishers)")
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
