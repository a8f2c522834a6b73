import re
import shutil
import subprocess
from pathlib import Path

import pytest

from reports.latex.escaping import AS_TYPED, PRINTABLE, escape
from reports.latex.pages import parts
from reports.results import read_results
from reports.tables.table1_modules import table1
from reports.tables.table2_refinement import table2
from reports.tables.table3_methods import table3
from reports.tables.table4_complexity import table4
from tests.reports.simulate import HOSTILE

needs_tex = pytest.mark.skipif(
    shutil.which("pdflatex") is None or shutil.which("latexmk") is None,
    reason="pdflatex and latexmk are not installed (Debian: texlive-latex-extra, latexmk)",
)


def compile_document(folder: Path) -> str:
    """Compile report.tex in `folder` without shell escape; return the log."""
    done = subprocess.run(
        [
            "latexmk",
            "-pdf",
            "-interaction=nonstopmode",
            "-halt-on-error",
            "-no-shell-escape",
            "report.tex",
        ],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    log = (folder / "report.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, log[-3000:]
    return log


def complaints(log: str) -> list[str]:
    return re.findall(r"^.*(?:Overfull|LaTeX Warning|undefined|multiply defined).*$", log, re.M)


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("a_b & 50%", r"a\_b \& 50\%"),
        (r"\input{x}", r"{\textbackslash}input\{x\}"),
        ("$1^2$ #~", r"\$1{\textasciicircum}2\$ \#{\textasciitilde}"),
        ("−0.04 × ±", r"\ensuremath{-}0.04 {\texttimes} \ensuremath{\pm}"),
        ("é", r"\'e"),
        ("ω", r"\ensuremath{\omega}"),
        ("א", r"\texttt{\textless{}U+05D0\textgreater{}}\allowbreak{}"),
    ],
)
def test_escaping(text: str, latex: str) -> None:
    assert escape(text) == latex


def test_double_hyphen_is_no_dash_and_newline_no_paragraph() -> None:
    assert escape("--x") == "-{}-{}x"
    assert escape("a\n\nb") == "a b"


def test_long_words_may_break() -> None:
    assert escape("github.com/owner/name").count("allowbreak") == 4
    assert escape("x" * 40).count("allowbreak") == 3


def test_escaping_is_done_once() -> None:
    assert escape(escape("%")) == escape("%")


def test_no_command_of_the_data_survives(hostile_report: Path) -> None:
    for path in (hostile_report / "latex").glob("*.tex"):
        source = path.read_text(encoding="utf-8")
        assert r"\input{/etc" not in source
        assert "\u202e" not in source
        assert "<script>" not in source


def test_long_table_is_split_and_loses_no_row(full: Path) -> None:
    data = read_results(full / "results")
    for make in (table1, table2, table3, table4):
        table = make(data)
        pages = parts(table)
        rows = [row for page in pages for group in page.groups for row in group.rows]
        assert rows == [row for group in table.groups for row in group.rows]
        for page in pages:
            used = [
                cell.note for g in page.groups for row in g.rows for cell in row.cells if cell.note
            ]
            assert set(",".join(used).split(",")) - {""} <= {mark for mark, _ in page.notes}
    assert len(parts(table3(data))) > 3


@needs_tex
@pytest.mark.parametrize("name", ["report", "hostile_report", "full_report"])
def test_document_compiles_without_complaint(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    report: Path = request.getfixturevalue(name)
    shutil.copytree(report / "latex", tmp_path / "latex")
    shutil.copytree(report / "figures", tmp_path / "figures")
    log = compile_document(tmp_path / "latex")
    assert complaints(log) == []


@needs_tex
@pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="pdftotext is not installed (poppler-utils)"
)
def test_hostile_names_are_printed_as_text(hostile_report: Path, tmp_path: Path) -> None:
    shutil.copytree(hostile_report / "latex", tmp_path / "latex")
    shutil.copytree(hostile_report / "figures", tmp_path / "figures")
    compile_document(tmp_path / "latex")
    done = subprocess.run(
        ["pdftotext", "-raw", "report.pdf", "-"],
        cwd=tmp_path / "latex",
        capture_output=True,
        check=True,
    )
    text = re.sub(r"\s", "", done.stdout.decode())
    for expected in (HOSTILE[0], HOSTILE[2], "R&D100%a_b#1$x^2$~{brace}", HOSTILE[5]):
        assert re.sub(r"\s", "", expected) in text
    assert "U+05E2" in text  # the first letter of the Hebrew name


PAPER = r"""
\documentclass[twocolumn]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage[a4paper,margin=1.8cm]{geometry}
\usepackage{lmodern,textcomp,amssymb,array,booktabs,xcolor,caption}
\begin{document}
%s
\end{document}
"""


@needs_tex
@pytest.mark.parametrize("name", ["report", "hostile_report"])
def test_one_table_can_be_pasted_into_a_two_column_paper(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    shutil.copytree(request.getfixturevalue(name) / "latex", tmp_path / "latex")
    text = r"Table~\ref{tab:table3}.\input{table3}"
    (tmp_path / "latex" / "report.tex").write_text(PAPER % text, encoding="utf-8")
    assert complaints(compile_document(tmp_path / "latex")) == []


@needs_tex
def test_every_character_is_printed_by_pdflatex(tmp_path: Path) -> None:
    characters = [chr(code) for block in PRINTABLE for code in block] + list(AS_TYPED) + ["א", "你"]
    text = "\n".join(f"{escape(character)} is {ord(character)}\n" for character in characters)
    (tmp_path / "report.tex").write_text(PAPER % text, encoding="utf-8")
    log = compile_document(tmp_path)
    assert complaints(log) == []
    assert "Missing character" not in log


def test_greek_letters_without_a_command_are_code_points() -> None:
    assert escape("β ς") == r"\ensuremath{\beta} \ensuremath{\varsigma}"
    assert "U+03DB" in escape("ϛ")
