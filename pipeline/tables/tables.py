"""All result files and all tables, in the order in which a reader meets them."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

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
from pipeline.tables.layout import Table
from pipeline.tables.results import Results, read_results
from pipeline.tables.study import Study

# Columns of the result files; stage complexity writes counts.csv and sizes.csv,
# stage overlap overlap.csv.
FILES: dict[str, tuple[str, ...]] = {
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
LAYOUTS: tuple[Callable[[Results], Table], ...] = (
    methods.results_table,
    variants.layout,
    comparisons.layout,
    claims.layout,
    claims.against_each,
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
    ranked, pairs, agreement = ranking.rows(study)
    return {
        "methods": methods.rows(study),
        "overall": methods.overall(study),
        "variants": variants.rows(study),
        "lengths": variants.lengths(study),
        "comparisons": comparisons.rows(study),
        "claims": claims.rows(study),
        "ranking": ranked,
        "pairs": pairs,
        "agreement": agreement,
        "tuning": study.tuning,
        "certification": certification.rows(study),
        "lr_certification": certification.lr_rows(study),
        "runs": study.runs,
        "quality": study.quality,
        "history": study.history,
    }


def read_all(folder: Path) -> Results:
    """Read the results of a study; raises like `read_results`."""
    return read_results(folder, FILES)


def all_tables(results: Results) -> dict[str, Table]:
    """Lay out all tables that have rows, by name."""
    tables = (layout(results).trimmed() for layout in LAYOUTS)
    return {table.name: table for table in tables if len(table.frame)}
