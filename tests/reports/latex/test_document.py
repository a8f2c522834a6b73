"""LaTeX sources compiled, where LaTeX is installed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from reports.latex.escaping import AS_TYPED, PRINTABLE, escape
from tests.reports.study import HOSTILE

needs_tex = pytest.mark.skipif(
    shutil.which("pdflatex") is None or shutil.which("latexmk") is None,
    reason="pdflatex and latexmk are not installed (Debian: texlive-latex-extra, latexmk)",
)
# What a user's paper needs for a table: docs/report.md lists these packages.
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


def compile_document(folder: Path) -> list[str]:
    """Compile report.tex in `folder` without shell escape; return what LaTeX complains of."""
    flags = ("-pdf", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape")
    done = subprocess.run(
        ["latexmk", *flags, "report.tex"], cwd=folder, capture_output=True, check=False
    )
    log = (folder / "report.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, log[-3000:]
    signs = ("Overfull", "LaTeX Warning", "undefined", "multiply defined", "Missing character")
    return [line for line in log.splitlines() if any(sign in line for sign in signs)]


def sources(report: Path, folder: Path) -> Path:
    for name in ("latex", "figures", "machines"):
        if (report / name).is_dir():
            shutil.copytree(report / name, folder / name)
    return folder / "latex"


def test_no_command_of_the_data_survives(hostile_report: Path) -> None:
    texts = [path.read_text(encoding="utf-8") for path in (hostile_report / "latex").iterdir()]
    assert any("etc/" in text for text in texts)
    for source in texts:
        assert r"\input{/etc" not in source
        assert "\u202e" not in source
        assert "<script>" not in source


@needs_tex
@pytest.mark.parametrize("name", ["report", "full_report"])
def test_document_compiles_without_complaint(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    assert compile_document(sources(request.getfixturevalue(name), tmp_path)) == []


@needs_tex
@pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="pdftotext is not installed (poppler-utils)"
)
def test_hostile_names_are_printed_as_text(hostile_report: Path, tmp_path: Path) -> None:
    folder = sources(hostile_report, tmp_path)
    assert compile_document(folder) == []
    done = subprocess.run(
        ["pdftotext", "-raw", "report.pdf", "-"], cwd=folder, capture_output=True, check=True
    )
    printed = re.sub(r"\s", "", done.stdout.decode())
    for text in (name for name in HOSTILE if name.isascii()):
        # TeX sets a circumflex as an accent of its own.
        assert re.sub(r"\s", "", text) in printed
    assert "U+05E2" in printed  # the first letter of the Hebrew name


@needs_tex
@pytest.mark.parametrize("name", ["report", "hostile_report"])
def test_one_table_can_be_pasted_into_a_two_column_paper(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    folder = sources(request.getfixturevalue(name), tmp_path)
    text = r"Table~\ref{tab:table3}.\input{table3}"
    (folder / "report.tex").write_text(PAPER % text, encoding="utf-8")
    assert compile_document(folder) == []


@needs_tex
def test_every_character_is_printed_by_pdflatex(tmp_path: Path) -> None:
    characters = [chr(code) for block in PRINTABLE for code in block] + list(AS_TYPED) + ["א", "你"]
    text = "\n".join(f"{escape(character)} is {ord(character)}\n" for character in characters)
    (tmp_path / "report.tex").write_text(PAPER % text, encoding="utf-8")
    assert compile_document(tmp_path) == []
