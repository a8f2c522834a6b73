"""The reading of the paper as cards: each open point with what other interpretations are worth."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from pipeline.tables.results import Results
from reports.names import distinct, slug
from reports.page.markdown import parts
from reports.view import number


@dataclass(frozen=True)
class Worth:
    """What another interpretation changes, its differences, and their verdicts."""

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
class Part:
    """A part of docs/paper-reading.md; one without points is a card itself."""

    title: Markup
    text: Markup
    cards: Sequence[Card]


def reading(text: str, results: Results) -> tuple[Markup, list[Part]]:
    """Return the introduction of docs/paper-reading.md and its parts.

    Parameters
    ----------
    text : str
        The document.
    results : Results
        Whose variants.csv says what was trained.
    """
    introduction, found = parts(text)
    changes = worths(results["variants"])
    taken: dict[str, int] = {}

    def card(title: Markup, text: Markup, switches: Sequence[str] = ()) -> Card:
        own = [worth for worth in changes if worth.change.partition("=")[0] in switches]
        anchor = slug("point", title.striptags())
        taken[anchor] = taken.get(anchor, 0) + 1
        return Card(anchor + f"-{taken[anchor]}" * (taken[anchor] > 1), title, text, own)

    return introduction, [
        Part(part.title, part.text, [card(p.title, p.text, p.switches) for p in part.points])
        if part.points
        else Part(Markup(""), Markup(""), [card(part.title, part.text)])
        for part in found
    ]


def worths(frame: pd.DataFrame) -> list[Worth]:
    """Return what each variant that was compared is worth, over its test sets."""
    found = []
    compared = frame[frame["minus_base_db"].notna()]
    for _, rows in compared.groupby("method", sort=False):
        values = rows["minus_base_db"]
        low, high = (number(value, 2, sign=True) for value in (values.min(), values.max()))
        verdicts = list(rows["verdict"])
        words = ", ".join(f"{v} on {verdicts.count(v)}" for v in distinct(verdicts) if v)
        sets = "test set" if len(rows) == 1 else f"of {len(rows)} test sets"
        change = str(rows["changes"].iloc[0])
        found.append(
            Worth(change, f"{low if low == high else f'{low} to {high}'} dB", f"{words} {sets}")
        )
    return found
