import pytest

from reports.latex.escaping import escape


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("a_b & 50%", r"a\_b \& 50\%"),
        (r"\input{x}", r"{\textbackslash}input\{x\}"),
        ("$1^2$ #~", r"\$1{\textasciicircum}2\$ \#{\textasciitilde}"),
        ("−0.04 × ±", r"\ensuremath{-}0.04 \ensuremath{\times} \ensuremath{\pm}"),
        ("[red]*", "{[}red{]}{*}"),
        ("a,,b", "a,{},b"),
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


def test_greek_letters_without_a_command_are_code_points() -> None:
    assert escape("β ς") == r"\ensuremath{\beta} \ensuremath{\varsigma}"
    assert "U+03DB" in escape("ϛ")
