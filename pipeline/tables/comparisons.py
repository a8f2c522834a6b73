"""The comparisons that a profile asks for: method A minus method B, family by family."""

import pandas as pd

from pipeline.study.params import Comparison
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
    families: dict[str, list[tuple[Comparison, str]]] = {}
    for asked in study.params.comparisons:
        own = families.setdefault(asked.family or asked.name, [])
        own += [(asked, dataset) for dataset in asked.datasets]
    found = []
    for family, members in families.items():
        scales = [int(asked.scale[1:]) for asked, _ in members]
        differences = study.differences(
            {
                f"{asked.name} {dataset}": (asked.a, asked.b, scale, dataset)
                for (asked, dataset), scale in zip(members, scales, strict=True)
            }
        )
        found += [
            {name: getattr(asked, name) for name in words("name statement a b paper_db")}
            | {"family": family, "scale": scale, "dataset": dataset}
            | differences.get(f"{asked.name} {dataset}", {})
            for (asked, dataset), scale in zip(members, scales, strict=True)
        ]
    return pd.DataFrame(found, columns=COLUMNS)


def layout(results: Results) -> Table:
    """Lay out the comparisons of the profile."""
    frame = results["comparisons"]
    return Table(
        name="comparisons",
        title="Comparisons",
        caption=(
            "Mean PSNR of A minus that of B, paired over images and seeds, with its "
            f"{results.confidence} interval (Student, Holm's correction within a family)."
        ),
        frame=frame.assign(a=frame["a"].map(results.label), b=frame["b"].map(results.label)),
        columns=(
            Column("statement", "Question"),
            *columns("a b scale dataset seeds"),
            Column("diff_db", "A minus B", "difference", low="low_db", high="high_db"),
            *columns("p_holm verdict"),
            Column("paper_db", "Paper", "difference"),
        ),
        sections="family",
        note="evidence",
    )
