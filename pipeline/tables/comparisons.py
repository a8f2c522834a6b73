"""The comparisons that a profile asks for: method A minus method B, family by family."""

import pandas as pd

from pipeline.tables.files import words
from pipeline.tables.layout import Column, Table, columns
from pipeline.tables.results import Results
from pipeline.tables.study import Study

COLUMNS = words(
    "name family statement a b scale dataset seeds images diff_db low_db high_db bootstrap_low_db "
    "bootstrap_high_db p p_holm p_pooled verdict evidence interval paper_db"
)


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
    return pd.DataFrame(study.compared(asked, "family"), columns=COLUMNS)


def layout(results: Results) -> Table:
    """Lay out the comparisons of the profile."""
    frame = results["comparisons"]
    return results.table(
        "comparisons",
        frame.assign(a=frame["a"].map(results.label), b=frame["b"].map(results.label)),
        Column("statement", "Question"),
        *columns("a b scale dataset seeds"),
        Column("diff_db", "A minus B", "difference", low="low_db", high="high_db"),
        *columns("p_holm verdict"),
        Column("paper_db", "Paper", "difference"),
        sections="family",
        note="evidence",
    )
