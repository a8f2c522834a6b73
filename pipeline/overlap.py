"""Stage `overlap`: photographs of the training set in a test set, or of one test set in another."""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import pandas as pd

from pipeline.imaging.overlap import find_overlaps
from pipeline.imaging.packed import PackedImages
from pipeline.study.params import load_params
from pipeline.study.paths import RESULTS, hr_file
from pipeline.support.console import run
from pipeline.support.files import atomic_path

COLUMNS = (
    *("first_dataset", "first", "second_dataset", "second"),
    *("correlation", "share_of_first", "share_of_second", "excluded"),
)


def overlaps(pairs: Iterable[tuple[str, str]], excluded: Sequence[str]) -> pd.DataFrame:
    """Compare pairs of datasets; the first of a pair may be the training set.

    Parameters
    ----------
    pairs : iterable of (str, str)
        Names of packed datasets.
    excluded : sequence of str
        Training images that are left out of every training, marked so.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`, one row a photograph that two datasets share.
    """
    rows: list[dict[str, Any]] = []
    for first, second in pairs:
        print(f"compare {first} and {second}", flush=True)
        found = find_overlaps(PackedImages(hr_file(first)), PackedImages(hr_file(second)))
        rows += [{"first_dataset": first, "second_dataset": second, **asdict(o)} for o in found]
    frame = pd.DataFrame(rows, columns=COLUMNS).round(2)  # does not depend on the processor
    return frame.assign(excluded=frame["first"].isin(excluded).map({True: "yes", False: "no"}))


def main(argv: Sequence[str] | None = None) -> None:
    """Write results/overlap.csv."""
    argparse.ArgumentParser(prog="python -m pipeline.overlap", description=__doc__).parse_args(argv)
    params = load_params()
    data = params.data
    pairs = list(combinations(data.test, 2))
    if params.trainings:
        pairs = [*((data.train, test) for test in data.test if test != data.train), *pairs]
    frame = overlaps(pairs, data.exclude if params.trainings else [])
    with atomic_path(RESULTS / "overlap.csv") as temporary:
        frame.to_csv(temporary, index=False, float_format="%.6f", lineterminator="\n")
    print(f"{len(frame)} photographs are in two datasets")


if __name__ == "__main__":
    raise SystemExit(run(main))
