"""Every run of the study, for the chapter on runs."""

from reports.results import Results
from reports.tables.cells import (
    MISSING,
    as_number,
)
from reports.tables.model import Cell, Column, Group, Row, Table
from reports.tables.provenance import RUN_FIELDS, run_facts


def runs_table(results: Results) -> Table:
    """Every run of the study, as recorded when it ended."""
    frame = results["runs"]
    sortable = ("seed", "params", "steps", "lr", "batch", "patch", "threads")
    columns = [Column("Network", kind="text", first="ascending")] + [
        Column(title, kind="number" if name in sortable else "text", first="ascending")
        for name, title in RUN_FIELDS
    ]
    rows = []
    for run in frame.to_dict("records"):
        facts = run_facts(run)
        name = f"{run['label']}, ×{run['scale']}" if run["scale"] else run["label"]
        cells = [Cell(name, name.casefold())]
        for field_name, title in RUN_FIELDS:
            text = facts.get(title) or MISSING
            raw = run[field_name]
            cells.append(Cell(text, as_number(raw) if field_name in sortable else raw.casefold()))
        rows.append(Row(cells))
    caption = (
        "What was trained, and what was evaluated without a training: with which settings, by "
        "which revision of the code, on which data and where."
    )
    return Table("all-runs", "All runs", caption, columns, [Group("", rows)], [], "runs.csv")
