"""What the other readings of the paper are worth, by test set."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

from reports.results import Results, known, ordered
from reports.tables.captions import setting
from reports.tables.cells import MISSING, gain_cell, plain
from reports.tables.model import Cell, Column, Footnotes, Group, Row, Table


def readings_worth(results: Results) -> Table | None:
    """Return the readings with their differences to the chosen one; None where none was trained."""
    frame = results["tables/readings"]
    if frame.empty:
        return None
    notes = Footnotes()
    datasets = ordered(frame["dataset"])
    columns = [
        Column("Reading", kind="text", first="ascending", width="1.75cm"),
        Column("Change", kind="text", first="ascending", width="2.4cm"),
    ]
    for dataset in datasets:
        columns += [Column("PSNR", dataset), Column("Diff.", dataset, "stack")]
    columns.append(Column("Told apart", kind="text", first="ascending", width="1.05cm"))
    rows = []
    means = frame.groupby("reading", sort=False)["diff_db"].mean()
    # The chosen reading, which has no difference, stands first.
    for name in means.sort_values(ascending=False, na_position="first", kind="stable").index:
        own = frame[frame["reading"] == name]
        change = str(own["change"].iloc[0])
        cells = [
            Cell(name.replace("_", " "), name.casefold(), note=remarks(own["note"], notes)),
            Cell(change, change),
        ]
        for dataset in datasets:
            part = own[own["dataset"] == dataset]
            if part.empty:
                reason = notes.remark(f"readings.csv has no row for {dataset}.")
                cells += [Cell(MISSING, note=reason)] * 2
                continue
            row = part.iloc[0]
            cells.append(plain(row["psnr_db"], 2))
            cells.append(
                gain_cell(row, "") if known(row["diff_db"]) else Cell(MISSING if change else "")
            )
        cells.append(told_apart(own.to_dict("records")))
        rows.append(Row(cells))
    seeds = ", ".join(ordered(frame["seeds"]))
    confidence = f"{results.study.bootstrap.confidence:.0%}"
    caption = (
        "MESR in other readings of the paper (docs/paper-reading.md) against the chosen one, "
        f"trained alike with {seeds} seeds. Diff.: mean paired difference of PSNR in dB with its "
        f"{confidence} interval over seeds and images, Holm's correction over the readings of a "
        "test set. Told apart: where the interval excludes 0. "
        + setting(results.study, frame["dataset"], frame["scale"])
    )
    return Table(
        "readings_worth", "What the readings are worth", caption, columns, [Group("", rows)],
        notes.listed(), "readings.csv",
    )  # fmt: skip


def remarks(texts: Iterable[str], notes: Footnotes) -> str:
    """Return the marks of the remarks on a reading."""
    return ",".join(notes.remark(text) for text in ordered(texts) if text)


def told_apart(rows: Sequence[Mapping[Hashable, Any]]) -> Cell:
    """Say on which test sets a reading is better or worse than the chosen one."""
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(str(row["verdict"]), []).append(str(row["dataset"]))
    words = [
        f"{verdict} on {', '.join(found[verdict])}"
        for verdict in ("better", "worse")
        if verdict in found
    ]
    text = "; ".join(words) or ("" if "" in found else "no")
    return Cell(text, text)
