"""What each open point of the paper is worth: its other readings against the chosen one."""

import numpy as np

from pipeline.collation.cells import Row, joined, number
from pipeline.collation.evaluations import Quality
from pipeline.collation.ranking import INFINITE
from pipeline.study.comparisons import Pair, compare_with_first
from pipeline.study.keys import ABLATION_MODEL, ABLATION_SCALE, Key, parse_seed
from pipeline.study.params import Params


def reading_rows(params: Params, quality: Quality) -> list[Row]:
    """Compare each reading with the chosen one, on the same seeds and images.

    Parameters
    ----------
    params : Params
        `readings` names them and their seeds.
    quality : Quality
        Of `Params.reading_evaluations` and of MESR at x4.

    Returns
    -------
    list of dict
        Rows of `READINGS`, the chosen reading first on each dataset. Holm's correction is over
        the readings of a dataset: an interval excludes 0 exactly where the verdict is "better" or
        "worse".
    """
    seeds = [parse_seed(seed) for seed in params.readings.seeds]
    keys = {"chosen": [Key.trained(ABLATION_MODEL, ABLATION_SCALE, seed) for seed in seeds]}
    for name in params.readings.trained:
        keys[name] = [Key.reading(name, seed) for seed in seeds]
    rows: list[Row] = []
    for dataset in params.data.test if len(keys) > 1 else []:
        values = [quality.matrix(own, dataset, "psnr_db") for own in keys.values()]
        finite = all(np.isfinite(matrix).all() for matrix in values)
        pairs = (
            compare_with_first(values, confidence=params.statistics.confidence) if finite else []
        )
        found = {pair.first: pair for pair in pairs}
        for position, (name, own) in enumerate(keys.items()):
            rows.append(
                {
                    "reading": name,
                    "change": _change(params, name) if position else "",
                    "scale": ABLATION_SCALE,
                    "dataset": dataset,
                    "seeds": len(seeds),
                    **quality.measured_cells(own, dataset),
                    **_difference(found.get(position)),
                    "note": "" if finite else INFINITE,
                }
            )
    return rows


def _difference(pair: Pair | None) -> Row:
    if pair is None:
        return dict.fromkeys(
            ("diff_db", "diff_low_db", "diff_high_db", "p", "p_holm", "verdict"), ""
        )
    return {
        "diff_db": number(pair.mean),
        "diff_low_db": number(pair.low),
        "diff_high_db": number(pair.high),
        "p": number(pair.p),
        "p_holm": number(pair.p_holm),
        "verdict": ("better" if pair.mean > 0 else "worse") if pair.differs else "undecided",
    }


def _change(params: Params, name: str) -> str:
    """Say what a reading changes, e.g. ``gate_bias=-5.0``."""
    change = params.readings.changes[name]
    network = [f"{key}={value}" for key, value in change.network.items()]
    return joined(*network, *(f"train.{key}={value}" for key, value in change.train.items()))
