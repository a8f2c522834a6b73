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
        ("β ς", r"\ensuremath{\beta} \ensuremath{\varsigma}"),
        ("ϛ", r"\texttt{\textless{}U+03DB\textgreater{}}\allowbreak{}"),  # Greek without a command
        ("--x", "-{}-{}x"),  # no dash
        ("a\n\nb", "a b"),  # no paragraph
        (escape("%"), r"\%"),  # escaped once
    ],
)
def test_escaping(text: str, latex: str) -> None:
    assert escape(text) == latex


def test_long_words_may_break() -> None:
    assert escape("github.com/owner/name").count("allowbreak") == 4
    assert escape("x" * 40).count("allowbreak") == 3
