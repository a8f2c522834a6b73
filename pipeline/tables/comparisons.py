"""The comparisons that a profile asks for: method A minus method B, family by family."""

import numpy as np
import pandas as pd

from pipeline.tables.files import words
from pipeline.tables.layout import Table, wide
from pipeline.tables.results import Results
from pipeline.tables.statistics import HIGHER, LOWER
from pipeline.tables.study import Study


def rows(study: Study) -> pd.DataFrame:
    """Return one row for each comparison and test set: comparisons.csv.

    All rows of one family are corrected together; a comparison without one is its own family.
    """
    asked = [
        pair.model_dump()
        | {"family": pair.family or pair.name, "scale": int(pair.scale[1:]), "dataset": dataset}
        for pair in study.params.comparisons
        for dataset in pair.datasets
    ]
    families = list(dict.fromkeys(row["family"] for row in asked))
    asked.sort(key=lambda row: families.index(row["family"]))
    return pd.DataFrame(study.compared(asked, "family"))


def layout(results: Results) -> Table:
    """Lay out the comparisons of the profile, the test sets side by side."""
    frame = results["comparisons"]
    a, b = (frame[name].map(results.label) for name in ("a", "b"))
    decided = frame["verdict"].isin([HIGHER, LOWER])
    frame = frame.assign(a=a, b=b, mark=np.where(decided, "*", ""))
    same = words("family statement a b scale seeds evidence")
    shown = words("diff_db low_db high_db mark paper_db")
    return results.table("comparisons", wide(frame[[*same, "dataset", *shown]], same, "dataset"))
