"""The first screen's ranking: differences to the subject with their intervals, on one axis."""

from dataclasses import dataclass

import pandas as pd

from pipeline.tables.results import Results
from reports.names import records
from reports.view import missing, number


@dataclass(frozen=True)
class Entry:
    """A network in the ranking of one scale; places on the axis are in percent."""

    label: str
    is_subject: bool
    significant: bool
    value: str
    interval: str
    at: float
    reach: tuple[float, float] | None


@dataclass(frozen=True)
class Strip:
    """The networks trained at one scale, the best first, on an axis of differences."""

    scale: int
    seeds: int
    images: int
    zero: float
    entries: list[Entry]


def strips(results: Results) -> list[Strip]:
    """Return the ranking at each scale where the subject and another network were trained."""
    frame = results["overall"]
    found = []
    for scale, rows in frame.groupby("scale"):
        if len(rows) > 1 and results.facts["subject"] in set(rows["method"]):
            found.append(strip(int(str(scale)), rows, results.facts["subject"]))
    return found


def strip(scale: int, rows: pd.DataFrame, subject: str) -> Strip:
    """Lay the networks of one scale on an axis that holds every difference and its interval."""
    ends = rows[["minus_subject_db", "low_db", "high_db"]].to_numpy(
        dtype=float, na_value=float("nan")
    )
    values = pd.Series([0.0, *ends.ravel()]).replace([float("inf"), -float("inf")], None).dropna()
    low = float(values.min())
    span = max(float(values.max()) - low, 0.01)

    def place(value: float) -> float:
        return round(3 + 94 * min(1.0, max(0.0, (value - low) / span)), 2)

    entries = []
    for row in records(rows.sort_values("psnr_db", ascending=False, kind="stable")):
        is_subject = row["method"] == subject
        alone = is_subject or missing(row["minus_subject_db"])
        known = not alone and not missing(row["low_db"])
        entries.append(
            Entry(
                row["label"],
                is_subject,
                row["verdict"] in ("higher", "lower"),
                f"{number(row['psnr_db'], 2)} dB" if alone
                else number(row["minus_subject_db"], 2, sign=True),
                f"[{number(row['low_db'], 2, sign=True)}, {number(row['high_db'], 2, sign=True)}]"
                if known else "",
                place(0.0 if alone else row["minus_subject_db"]),
                (place(row["low_db"]), round(100 - place(row["high_db"]), 2)) if known else None,
            )
        )  # fmt: skip
    own = rows[rows["method"] == subject].iloc[0]
    return Strip(scale, int(own["seeds"]), int(own["images"]), place(0.0), entries)
