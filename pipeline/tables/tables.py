"""All result files and all tables, in the order in which a reader meets them."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from pipeline.support.errors import UserError
from pipeline.support.json import read_json
from pipeline.tables import (
    certification,
    claims,
    comparisons,
    methods,
    parts,
    ranking,
    tuning,
    variants,
)
from pipeline.tables.files import FILES, read_frame, typed
from pipeline.tables.layout import Table
from pipeline.tables.results import FORMAT, Results, layouts
from pipeline.tables.study import Study

# Tables that are more than a result file as it is.
LAYOUTS: dict[str, Callable[[Results], Table]] = {
    "results": methods.results_table,
    "variants": variants.layout,
    "comparisons": comparisons.layout,
    "claims": claims.layout,
    "table1": variants.table1,
    "table2": variants.table2,
    "refinement": variants.refinement,
    "table3": methods.table3,
    "table4": methods.table4,
    "parts": parts.layout,
    "ranking": ranking.layout,
    "agreement": ranking.agreement_layout,
    "tuning": tuning.layout,
    "certification": certification.layout,
    "lr_certification": certification.lr_layout,
    "counts": certification.counts_layout,
}


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
    later = ("overlap", "parts")  # earlier studies have none
    frames = {name: typed(pd.DataFrame(), FILES[name]) for name in later}
    for name, names in FILES.items():
        file = folder / f"{name}.csv"
        if name not in frames or file.is_file():
            frames[name] = read_frame(file, names, remedy)
    return Results(facts, frames)


def all_tables(results: Results) -> dict[str, Table]:
    """Lay out all tables that have rows, by name."""
    tables = {
        name: LAYOUTS[name](results) if name in LAYOUTS else results.table(name, results[name])
        for name in layouts()["tables"]
    }
    return {name: table.trimmed() for name, table in tables.items() if len(table.frame)}
