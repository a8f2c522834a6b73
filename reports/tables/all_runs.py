"""Every run of the study, for the chapter on runs."""

from reports.logs import MEASURED
from reports.results import Results
from reports.tables.cells import MISSING, as_number
from reports.tables.model import Cell, Column, Group, Row, Table
from reports.tables.provenance import RUN_FIELDS, run_of

SORTED_AS_NUMBERS = {"seed", "params", "threads", "steps", "lr", "batch", "patch"}
DIGESTS = {"code_digest": "Code digest", "data_digest": "Data digest"}


def runs_table(results: Results) -> Table:
    """Every run: what determined it, and what was measured of it on this machine."""
    columns = [
        Column("Network", kind="text", first="ascending"),
        *(
            Column(
                title,
                kind="number" if name in SORTED_AS_NUMBERS else "text",
                first="ascending",
                filter=name == "stage",
            )
            for name, title in RUN_FIELDS.items()
        ),
        *(
            Column(title, kind="log", first="ascending", value=name)
            for name, title in MEASURED.items()
        ),
        *(Column(title, kind="digest", first="ascending") for title in DIGESTS.values()),
        Column("Recorded by", kind="command", first="ascending"),
    ]
    rows = []
    for row in results["runs"].to_dict("records"):
        run = run_of(row)
        name = f"{row['label']}, ×{row['scale']}" if row["scale"] else row["label"]
        cells = [Cell(name, name.casefold())]
        for field, title in RUN_FIELDS.items():
            raw = str(row[field])
            sort = as_number(raw) if field in SORTED_AS_NUMBERS else raw.casefold()
            cells.append(Cell(run.facts.get(title) or MISSING, sort))
        cells += [Cell() for _ in MEASURED]
        cells += [Cell(text, text) for text in (*run.digests.values(), run.command)]
        rows.append(Row(cells, [run], anchor=run.anchor))
    caption = (
        "What was trained, and what was evaluated without a training: with which settings, by "
        "which code (digest), on which data and where. Commit, date, wall time and speed are "
        "known on the machine that computed a run; the command at the end of a row finds the "
        "commit that recorded it, in any full clone."
    )
    return Table("all-runs", "All runs", caption, columns, [Group("", rows)], [], "runs.csv")
