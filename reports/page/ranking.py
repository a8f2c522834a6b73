"""The first screen's ranking: differences to the subject with their intervals, on one axis."""

from typing import Any

import numpy as np
import pandas as pd

from pipeline.tables.results import Results
from reports.names import records
from reports.view import number


def strips(results: Results) -> list[dict[str, Any]]:
    """Return the ranking at each scale where the subject and another network were trained."""
    subject = results.facts["subject"]
    return [
        strip(rows.assign(is_subject=rows["method"] == subject))
        for _, rows in results["overall"].groupby("scale")
        if len(rows) > 1 and subject in set(rows["method"])
    ]


def strip(rows: pd.DataFrame) -> dict[str, Any]:
    """Lay the networks of one scale on an axis that holds every difference and its interval.

    Returns
    -------
    dict
        scale, seeds and images (of the subject), zero (its place on the axis) and entries: the
        rows, the best first, with `value` and `interval` as text, `open` (not significant), and the
        places `at`, `left` and `right` on the axis in percent; the last is counted from the right.
    """
    ends = ["minus_subject_db", "low_db", "high_db"]
    values = rows[ends].to_numpy(dtype=float, na_value=np.nan)
    known = np.append(values[np.isfinite(values)], 0.0)
    span = max(float(np.ptp(known)), 0.01)

    def place(value: float) -> float:
        return round(3 + 94 * float(np.clip((value - known.min()) / span, 0, 1)), 2)

    entries = records(rows.sort_values("psnr_db", ascending=False, kind="stable"))
    for row in entries:
        difference, low, high = (float(row[end]) for end in ends)
        alone, bare = np.isnan(difference), np.isnan(low)
        row |= {
            "value": f"{number(row['psnr_db'], 2)} dB" if alone else signed(difference),
            "interval": "" if bare else f"[{signed(low)}, {signed(high)}]",
            "open": not row["is_subject"] and row["verdict"] not in ("higher", "lower"),
            "at": place(0.0 if alone else difference),
            "left": place(low),
            "right": round(100 - place(high), 2),
        }
    own = rows[rows["is_subject"]].iloc[0]
    return {**own[["scale", "seeds", "images"]], "zero": place(0.0), "entries": entries}


def signed(value: float) -> str:
    """Print a difference in dB."""
    return number(value, 2, sign=True)
