"""All result files and all tables, in the order in which a reader meets them."""

from pathlib import Path

import pandas as pd

from pipeline.support.errors import UserError
from pipeline.support.json import read_json
from pipeline.tables import (
    certification,
    claims,
    comparisons,
    counts,
    methods,
    overlap,
    ranking,
    runs,
    tuning,
    variants,
)
from pipeline.tables.files import read_frame, typed
from pipeline.tables.layout import Table
from pipeline.tables.results import FORMAT, Results
from pipeline.tables.study import Study

# Columns of the result files; stage complexity writes counts.csv and sizes.csv,
# stage overlap overlap.csv.
FILES = {
    "methods": methods.COLUMNS,
    "overall": methods.OVERALL,
    "variants": variants.COLUMNS,
    "lengths": variants.LENGTHS,
    "comparisons": comparisons.COLUMNS,
    "claims": claims.COLUMNS,
    "ranking": ranking.RANKING,
    "pairs": ranking.PAIRS,
    "agreement": ranking.AGREEMENT,
    "tuning": tuning.COLUMNS,
    "certification": certification.COLUMNS,
    "lr_certification": certification.LR_COLUMNS,
    "overlap": overlap.COLUMNS,
    "counts": counts.COUNTS,
    "sizes": counts.SIZES,
    "runs": runs.COLUMNS,
    "quality": runs.QUALITY,
    "history": runs.HISTORY,
}
LAYOUTS = (
    methods.results_table,
    variants.layout,
    comparisons.layout,
    claims.layout,
    variants.table1,
    variants.table2,
    variants.refinement,
    methods.table3,
    methods.table4,
    ranking.layout,
    ranking.agreement_layout,
    variants.lengths_layout,
    tuning.layout,
    certification.layout,
    certification.lr_layout,
    overlap.layout,
    counts.layout,
    runs.layout,
)


def all_frames(study: Study) -> dict[str, pd.DataFrame]:
    """Compute the frames of the result files that stage `tables` writes, by name."""
    return {
        "methods": methods.rows(study),
        "overall": methods.overall(study),
        "variants": variants.rows(study),
        "lengths": variants.lengths(study),
        "comparisons": comparisons.rows(study),
        "claims": claims.rows(study),
        **ranking.frames(study),
        "certification": certification.rows(study),
        "lr_certification": certification.lr_rows(study),
        **{name: getattr(study, name) for name in ("tuning", "runs", "quality", "history")},
    }


def read_all(folder: Path) -> Results:
    """Read the results of a study.

    Raises
    ------
    UserError
        When a file is missing, of another format, lacks a column or has text for a number.
    """
    path, remedy = folder / "study.json", "dvc repro tables"
    facts = read_json(path, remedy)
    if facts.get("format") != FORMAT:
        raise UserError(
            f"{path}: format {facts.get('format')!r}, expected {FORMAT}: another version wrote it. "
            f"Run: {remedy}"
        )
    frames = {"overlap": typed(pd.DataFrame(), overlap.COLUMNS)}
    for name, names in FILES.items():
        file = folder / f"{name}.csv"
        if name not in frames or file.is_file():  # earlier studies have no overlap.csv
            frames[name] = read_frame(file, names, remedy)
    return Results(facts, frames)


def all_tables(results: Results) -> dict[str, Table]:
    """Lay out all tables that have rows, by name."""
    tables = (layout(results).trimmed() for layout in LAYOUTS)
    return {table.name: table for table in tables if len(table.frame)}
