"""The reading of the paper as cards: each open point with what other interpretations are worth."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from pipeline.tables.results import Results
from reports.names import distinct, slug
from reports.page.markdown import inline, whole
from reports.view import number

# "Switch: `upsampler: staged | one_step`", "*Switch.* `features`, `branch_features`."
SWITCH = re.compile(r"\bSwitch(?:es)?\*?[.:]\*?\s(?P<names>[^\n]*(?:\n[^\n]+)*)")
CODE = re.compile(r"`([\w.]+)[^`]*`")


@dataclass(frozen=True)
class Part:
    """A part or a point of docs/paper-reading.md.

    Attributes
    ----------
    title, text : Markup
    points : sequence of Part
        Of a part; one without points is shown as a point is.
    worth : sequence of tuple of str
        Of a point: what each other interpretation changes, its differences, and their verdicts.
    """

    title: Markup
    text: Markup
    points: Sequence["Part"] = ()
    worth: Sequence[tuple[str, str, str]] = ()

    @property
    def anchor(self) -> str:
        """Name of a point for links."""
        return slug("point", self.title.striptags())


def reading(text: str, results: Results) -> tuple[Markup, list[Part]]:
    """Return the introduction of docs/paper-reading.md and its parts.

    Parameters
    ----------
    text : str
        The document: parts have headings of level 2, their points of level 3.
    results : Results
        Whose variants.csv says what was trained.
    """
    introduction, *found = re.split(r"^## ", text.partition("\n")[2], flags=re.MULTILINE)
    changes = worths(results["variants"])
    parts = []
    for chapter in found:
        own, *points = re.split(r"^### ", chapter, flags=re.MULTILINE)
        parts.append(part(own, [part(point, (), changes) for point in points], changes))
    return whole(introduction), parts


def part(text: str, points: Sequence[Part], changes: Sequence[tuple[str, str, str]]) -> Part:
    """Return a part or a point of the document, given its heading and what follows."""
    title, _, body = text.partition("\n")
    named = [name for passage in SWITCH.finditer(body) for name in CODE.findall(passage["names"])]
    worth = [change for change in changes if change[0].partition("=")[0] in named]
    return Part(inline(title), whole(body), points, worth)


def worths(frame: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Return what each variant that was compared is worth, over its test sets."""
    found = []
    compared = frame[frame["minus_base_db"].notna()]
    for _, rows in compared.groupby("method", sort=False):
        values, verdicts = rows["minus_base_db"], list(rows["verdict"])
        ends = distinct(number(end, 2, sign=True) for end in (values.min(), values.max()))
        words = ", ".join(f"{v} on {verdicts.count(v)}" for v in distinct(verdicts) if v)
        sets = "test set" if len(rows) == 1 else f"of {len(rows)} test sets"
        found.append((str(rows["changes"].iloc[0]), f"{' to '.join(ends)} dB", f"{words} {sets}"))
    return found
