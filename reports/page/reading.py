"""The reading of the paper as cards: each open point with what its other readings are worth."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from reports.page.markdown import parts
from reports.results import Results, known, slug
from reports.tables.cells import number


@dataclass(frozen=True)
class Worth:
    """What another reading changes, and by how much it is better than the chosen one.

    Attributes
    ----------
    change : str
        The parameter and its other value.
    words : str
        Range of the paired difference over the test sets.
    verdict : str
        On how many of them it is told apart.
    """

    change: str
    words: str
    verdict: str


@dataclass(frozen=True)
class Card:
    """A point of docs/paper-reading.md."""

    anchor: str
    title: Markup
    text: Markup
    worth: Sequence[Worth]


@dataclass(frozen=True)
class Chapter:
    """A chapter of docs/paper-reading.md; one without points is a card itself."""

    title: Markup
    text: Markup
    cards: Sequence[Card]


def reading(text: str, results: Results) -> tuple[Markup, list[Chapter]]:
    """Return the introduction of the document and its chapters.

    Parameters
    ----------
    text : str
        docs/paper-reading.md.
    results : Results
        Whose readings.csv says what was trained.
    """
    introduction, found = parts(text)
    changes = worths(results["tables/readings"])
    taken: set[str] = set()

    def card(title: Markup, text: Markup, switches: Sequence[str] = ()) -> Card:
        own = [worth for worth in changes if worth.change.partition("=")[0] in switches]
        anchor = slug("point", title.striptags())
        while anchor in taken:
            anchor += "-2"
        taken.add(anchor)
        return Card(anchor, title, text, own)

    chapters = []
    for part in found:
        cards = [card(point.title, point.text, point.switches) for point in part.points]
        if cards:
            chapters.append(Chapter(part.title, part.text, cards))
        else:
            chapters.append(Chapter(Markup(""), Markup(""), [card(part.title, part.text)]))
    return introduction, chapters


def worths(frame: pd.DataFrame) -> list[Worth]:
    """Return what each reading of readings.csv is worth, over its datasets."""
    found = []
    for change, rows in frame[frame["change"] != ""].groupby("change", sort=False):
        values = rows["diff_db"][rows["diff_db"].map(known)]
        if values.empty:
            continue
        low, high = (number(value, 2, sign=True) for value in (values.min(), values.max()))
        counts = rows["verdict"].value_counts()
        words = ", ".join(
            f"{verdict} on {counts[verdict]}"
            for verdict in ("better", "worse", "undecided")
            if verdict in counts
        )
        sets = "test set" if len(rows) == 1 else f"of {len(rows)} test sets"
        span = low if low == high else f"{low} to {high}"
        found.append(Worth(str(change), f"{span} dB", f"{words} {sets}"))
    return found
