"""Text as LaTeX that prints it."""

import re
import unicodedata
from itertools import groupby
from typing import Any

from pylatexenc.latexencode import UnicodeToLatexEncoder

UNBROKEN = 16  # characters; longer words may break
BREAK_AFTER = set("/@._-=:;,)&?+#|")
# What pylatexenc knows differently: ASCII is printed as typed (no ligatures, no curly quotes).
AS_TYPED = {
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "-": "-{}",
    # After the end of a row, these would begin its options.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "\u2011": "-{}",
    "✓": r"\ensuremath{\checkmark}",
    "×": r"\ensuremath{\times}",  # \texttimes has no small capitals, which captions of IEEE are in
}
# Characters whose commands need T1 fonts, textcomp and amssymb and nothing else.
PRINTABLE = (
    range(0x20, 0x7F),
    range(0xA0, 0x149),  # Latin
    range(0x14A, 0x180),
    range(0x391, 0x3CA),  # Greek
    range(0x2010, 0x2027),  # punctuation
    range(0x2190, 0x219A),  # arrows
    range(0x2200, 0x221F),  # mathematical signs
    range(0x2248, 0x2249),
    range(0x2260, 0x2266),
)
ENCODER = UnicodeToLatexEncoder(unknown_char_policy=lambda _: "", unknown_char_warning=False)


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
    text = re.sub(r"\s+", " ", unicodedata.normalize("NFC", str(value)))
    return Tex(re.sub(r"\S+", lambda word: escape_word(word[0]), text))


def escape_word(word: str) -> str:
    """Escape text without spaces."""
    out = []
    places = enumerate(word, start=1)
    for printable, found in groupby(places, key=lambda place: bool(glyph(place[1]))):
        if not printable:
            points = r"\allowbreak{} ".join(f"U+{ord(character):04X}" for _, character in found)
            out.append(rf"\texttt{{\textless{{}}{points}\textgreater{{}}}}\allowbreak{{}}")
            continue
        for index, character in found:
            breaks = len(word) > UNBROKEN and (character in BREAK_AFTER or index % 12 == 0)
            out.append(glyph(character) + r"\allowbreak{}" * breaks)
    # T1 fonts make a low quotation mark of two commas.
    return re.sub(",(?=,)", ",{}", "".join(out))


def glyph(character: str) -> str:
    """Return the LaTeX of one character; "" where pdfLaTeX has no glyph for it."""
    if character in AS_TYPED:
        return AS_TYPED[character]
    known = any(ord(character) in block for block in PRINTABLE)
    return str(ENCODER.unicode_to_latex(character)) if known else ""
