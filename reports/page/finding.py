"""What the study found: MESR's place among the networks trained here, in a sentence and in strips.

Everything here is computed from quality.csv, whatever it says.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.study.statistics import paired_difference
from reports.results import Results, ordered
from reports.tables.cells import number
from reports.tables.claims import NETWORKS, VERDICTS


@dataclass(frozen=True)
class Entry:
    """A network in the ranking of one scale.

    Attributes
    ----------
    label : str
    is_mesr : bool
    psnr_db : float
        Mean over all test images, then over seeds.
    diff_db, low_db, high_db : float
        Paired difference to MESR and its interval; NaN for MESR itself, and where a PSNR is
        infinite. The ends are NaN where neither images nor seeds were repeated.
    """

    label: str
    is_mesr: bool
    psnr_db: float
    diff_db: float = float("nan")
    low_db: float = float("nan")
    high_db: float = float("nan")

    @property
    def told_apart(self) -> bool:
        """Whether the interval of the difference excludes zero."""
        return self.low_db > 0 or self.high_db < 0

    @property
    def words(self) -> str:
        """PSNR or difference as the strip prints it."""
        if np.isnan(self.diff_db):
            return f"{number(self.psnr_db, 2)} dB"
        return f"{number(self.diff_db, 2, sign=True)}"

    @property
    def interval(self) -> str:
        """The interval in words; empty where there is none."""
        if np.isnan(self.low_db):
            return ""
        low, high = (number(end, 2, sign=True) for end in (self.low_db, self.high_db))
        return f"[{low}, {high}]"


@dataclass(frozen=True)
class Strip:
    """The networks trained at one scale, the best first, on an axis of differences to MESR."""

    scale: int
    images: int
    seeds: int
    entries: Sequence[Entry]
    low_db: float  # ends of the axis
    high_db: float

    @property
    def place(self) -> int:
        """MESR's place, counted from 1."""
        return 1 + [entry.is_mesr for entry in self.entries].index(True)

    @property
    def best(self) -> Entry:
        """The network with the highest mean, or the second where that is MESR."""
        return next(entry for entry in self.entries if not entry.is_mesr)

    def percent(self, value: float) -> float:
        """Return where a difference stands on the axis, in percent."""
        share = (value - self.low_db) / (self.high_db - self.low_db)
        return round(100 * min(1.0, max(0.0, share)), 2)


def strips(results: Results) -> list[Strip]:
    """Return the ranking at each scale where MESR and another network were trained."""
    frame = results["quality"]
    frame = frame[(frame["protocol"] == results.study.protocol) & (frame["source"] == "trained")]
    rows = results["tables/table3"]
    rows = rows[rows["provenance"] == "trained"][["model", "variant", "label"]].drop_duplicates()
    found = []
    for scale in ordered(frame["scale"]):
        matrices: dict[tuple[str, str], pd.DataFrame] = {}
        for row in rows.itertuples():
            own = results.trained_psnr(str(row.model), str(row.variant), scale)
            if not own.empty:
                matrices[(str(row.model), str(row.label))] = own
        if (strip := _strip(results, int(scale), matrices)) is not None:
            found.append(strip)
    return sorted(found, key=lambda strip: strip.scale)


def _strip(
    results: Results, scale: int, matrices: dict[tuple[str, str], pd.DataFrame]
) -> Strip | None:
    mesr = next((matrix for (model, _), matrix in matrices.items() if model == "mesr"), None)
    if mesr is None or len(matrices) < 2:
        return None
    settings = results.study.bootstrap
    entries = []
    for (model, label), matrix in matrices.items():
        mean = float(matrix.to_numpy().mean())
        seeds = matrix.index.intersection(mesr.index)
        images = matrix.columns.intersection(mesr.columns)
        both = [m.loc[seeds, images].to_numpy() for m in (matrix, mesr)]
        if model == "mesr" or not both[0].size or not np.isfinite(both).all():
            entries.append(Entry(label, model == "mesr", mean))
            continue
        d = paired_difference(
            *both,
            confidence=settings.confidence, resamples=settings.resamples, seed=settings.seed,
        )  # fmt: skip
        entries.append(Entry(label, False, mean, d.mean, d.low, d.high))
    entries.sort(key=lambda entry: -entry.psnr_db)
    ends = [0.0]
    for entry in entries:
        ends += [v for v in (entry.diff_db, entry.low_db, entry.high_db) if np.isfinite(v)]
    room = 0.04 * max(max(ends) - min(ends), 0.01)
    return Strip(scale, mesr.shape[1], len(mesr), entries, min(ends) - room, max(ends) + room)


def finding(found: Sequence[Strip]) -> str:
    """Say in one sentence where MESR stands among the networks trained here."""
    if not found:
        return "No network was compared with MESR"
    places: dict[str, list[str]] = {}
    for strip in found:
        place = f"{ordinal(strip.place)} of {len(strip.entries)}"
        places.setdefault(place, []).append(f"×{strip.scale}")
    where = joined([f"{place} at {joined(scales)}" for place, scales in places.items()])
    ahead = [strip for strip in found if strip.place == 1]
    behind = [strip for strip in found if strip.place > 1]
    parts = [
        _distance(behind, "behind the best"),
        _distance(ahead, "ahead of the next"),
    ]
    return ", ".join([f"MESR comes {where} by mean PSNR", *filter(None, parts)])


def _distance(found: Sequence[Strip], words: str) -> str:
    """Say how far MESR is from the best of the others: "0.26 to 0.54 dB behind the best, IDN"."""
    distances = [abs(strip.best.diff_db) for strip in found if np.isfinite(strip.best.diff_db)]
    if not distances:
        return ""
    low, high = (number(value, 2) for value in (min(distances), max(distances)))
    span = low if low == high else f"{low} to {high}"
    names = ordered(strip.best.label for strip in found)
    return f"{span} dB {words} ({joined(names)})"


def evidence(found: Sequence[Strip], confidence: float) -> str:
    """Say how sure the ranking is; empty without a ranking."""
    others = [entry for strip in found for entry in strip.entries if not entry.is_mesr]
    if not others:
        return ""
    apart = sum(entry.told_apart for entry in others)
    seeds = ordered(strip.seeds for strip in found)
    several = max(seeds) > 1
    text = (
        f"Of {len(others)} differences to MESR over all test images together, {apart} exclude zero "
        f"in their {confidence:.0%} bootstrap interval over "
        f"images{' and seeds' if several else ''}, not corrected for their number."
    )
    if 1 in seeds:
        where = "" if not several else " where there is one seed"
        text += f" Whether another training would order the networks likewise is not known{where}."
    return text


def corrected(results: Results) -> str:
    """Count the comparisons of claims.csv, which are corrected; empty where none was tested."""
    claims = results["claims"]
    tested = claims[(claims["claim"] == NETWORKS) & (claims["verdict"] != "not tested")]
    if tested.empty:
        return ""

    def counts(rows: pd.DataFrame) -> list[str]:
        return [str((rows["verdict"] == name).sum()) for name in VERDICTS[:3]]

    better, worse, alike = counts(tested)
    text = (
        "On each test set by itself and with Holm's correction, MESR is better than a network in "
        f"{better} of {len(tested)} comparisons, worse in {worse} and not told apart in {alike}"
    )
    repeated = tested[tested["seeds"] > 1]
    if 0 < len(repeated) < len(tested):
        scales = joined([f"×{scale:.0f}" for scale in ordered(repeated["scale"])])
        text += f"; at {scales}, where there are several seeds, in {joined(counts(repeated))}"
    return f"{text}."


def ordinal(place: int) -> str:
    """Return "1st", "2nd", "11th"."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{'th' if place % 100 in (11, 12, 13) else ending}"


def joined(words: Sequence[str]) -> str:
    """Return "a", "a and b" or "a, b and c"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
