"""The comparisons that a profile asks for: method A minus method B, family by family."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pipeline.tables.files import words
from pipeline.tables.layout import Table, wide
from pipeline.tables.results import Results
from pipeline.tables.statistics import HIGHER, LOWER, Matrix, compare
from pipeline.tables.study import Row, Study


def rows(study: Study) -> pd.DataFrame:
    """Return one row for each comparison and test set: comparisons.csv.

    The comparisons of one family are corrected together, per test set; a comparison without one is
    its own family.
    """
    asked = [
        pair.model_dump()
        | {"family": pair.family or pair.name, "scale": int(pair.scale[1:]), "dataset": dataset}
        for pair in study.params.comparisons
        for dataset in pair.datasets
    ]
    families = list(dict.fromkeys(row["family"] for row in asked))
    asked.sort(key=lambda row: families.index(row["family"]))
    found = study.compared(asked, "family", "dataset")
    add_single_seeds(study, found)
    return pd.DataFrame(found)


def add_single_seeds(study: Study, rows: Sequence[Row]) -> None:
    """Add to comparisons of several seeds what each seed alone would have said.

    Parameters
    ----------
    study : Study
        What was measured.
    rows : sequence of dict
        Each gets ``lowest_seed_db`` and ``highest_seed_db``, of the differences seed by seed, and
        ``seeds_alone``: how many seeds have a significant difference by the same test over their
        images alone, corrected for the same number.
    """
    families: dict[tuple[str, str], dict[int, Matrix]] = {}
    for number, row in enumerate(rows):
        d = study.difference(row["a"], row["b"], row["scale"], row["dataset"])
        if d is not None and len(d) > 1:
            by_seed = d.mean(axis=1)
            row |= {"lowest_seed_db": by_seed.min(), "highest_seed_db": by_seed.max()}
            row["seeds_alone"] = 0
            families.setdefault((row["family"], row["dataset"]), {})[number] = d
    for members in families.values():
        for seed in range(max(map(len, members.values()))):
            alone = {n: d[seed : seed + 1] for n, d in members.items() if seed < len(d)}
            found = compare(alone, confidence=study.params.statistics.confidence)
            for number in found.index[found["verdict"].isin([HIGHER, LOWER])]:
                rows[number]["seeds_alone"] += 1


def layout(results: Results) -> Table:
    """Lay out the comparisons of the profile, the test sets side by side."""
    frame = results["comparisons"]
    a, b = (frame[name].map(results.label) for name in ("a", "b"))
    decided = frame["verdict"].isin([HIGHER, LOWER])
    frame = frame.assign(a=a, b=b, mark=np.where(decided, "*", ""))
    same = words("family statement a b scale seeds evidence")
    shown = words("diff_db low_db high_db mark paper_db")
    return results.table("comparisons", wide(frame[[*same, "dataset", *shown]], same, "dataset"))
