"""The comparisons that a profile asks for: method A minus method B, family by family."""

from typing import Any

import pandas as pd

from pipeline.tables.files import words
from pipeline.tables.layout import Column, Table
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
    families: dict[str, list[Any]] = {}
    for asked in study.params.comparisons:
        families.setdefault(asked.family or asked.name, []).append(asked)
    found = []
    for family, members in families.items():
        pairs = {
            f"{asked.name} {dataset}": (asked.a, asked.b, int(asked.scale[1:]), dataset)
            for asked in members
            for dataset in asked.datasets
        }
        differences = study.differences(pairs)
        for asked in members:
            for dataset in asked.datasets:
                row = differences.get(f"{asked.name} {dataset}", {})
                found.append(
                    {name: getattr(asked, name) for name in words("name statement a b paper_db")}
                    | {"family": family, "scale": int(asked.scale[1:]), "dataset": dataset, **row}
                )
    return pd.DataFrame(found, columns=COLUMNS)


def layout(results: Results) -> Table:
    """Lay out the comparisons of the profile."""
    frame = results["comparisons"]
    methods = {name: frame[name].map(results.label) for name in ("a", "b")}
    return Table(
        name="comparisons",
        title="Comparisons",
        caption=(
            "Mean PSNR of A minus that of B, paired over images and seeds, with its "
            f"{results.confidence} interval (Student, Holm's correction within a family)."
        ),
        frame=frame.assign(**methods),
        columns=(
            Column("statement", "Question"),
            Column("a", "A"),
            Column("b", "B"),
            Column("scale", "Scale", "integer"),
            Column("dataset", "Test set"),
            Column("seeds", "Seeds", "integer"),
            Column("diff_db", "A minus B", "difference", low="low_db", high="high_db"),
            Column("p_holm", "p", "p"),
            Column("verdict", "Verdict", "verdict"),
            Column("paper_db", "Paper", "difference"),
        ),
        sections="family",
        note="evidence",
        csv="comparisons.csv",
    )
