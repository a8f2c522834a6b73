"""Metrics beside PSNR and SSIM, of the measured rows of Table 3."""

from reports.results import Results, known, ordered
from reports.tables.captions import setting
from reports.tables.cells import MISSING, common_note, label, number, provenance_cell
from reports.tables.model import Cell, Column, Footnotes, Group, Row, Table
from reports.tables.provenance import method_runs

ARROWS = {"lower": "↓", "higher": "↑"}


def further(results: Results) -> Table | None:
    """Return the table of further metrics; None where the study measured none."""
    frame = results["tables/metrics"]
    if frame.empty:
        return None
    notes = Footnotes()
    columns = [
        Column("Method", kind="text", first="ascending", width="2.0cm"),
        Column("Weights", kind="text", first="ascending", width="2.2cm"),
    ]
    cells_of = []  # dataset and metric of each further column
    for dataset in ordered(frame["dataset"]):
        for metric in ordered(frame["metric"]):
            first = frame[frame["metric"] == metric].iloc[0]
            columns.append(
                Column(
                    f"{first['metric_label']} {ARROWS[first['better']]}",
                    dataset,
                    first="ascending" if first["better"] == "lower" else "descending",
                )
            )
            cells_of.append((dataset, metric))
    groups = []
    for scale, part in frame.groupby("scale", sort=False):
        rows = []
        for _, own in part.groupby(["model", "variant", "provenance"], sort=False):
            cells = [label(own.iloc[0], notes.remark(common_note(own)))]
            cells.append(provenance_cell(own.iloc[0]))
            measured = own.set_index(["dataset", "metric"])
            for place in cells_of:
                if place not in measured.index:
                    reason = notes.remark(f"metrics.csv has no row for {place[1]} on {place[0]}.")
                    cells.append(Cell(MISSING, note=reason))
                    continue
                row = measured.loc[place]
                digits, value, spread = int(row["digits"]), row["value"], row["value_sd"]
                cells.append(
                    Cell(
                        number(value, digits),
                        value,
                        spread=f"±{number(spread, digits)}" if known(spread) else "",
                        rank=row["rank"],
                    )
                )
            rows.append(Row(cells, *method_runs(results, own.iloc[0], own["dataset"].unique())))
        groups.append(Group(f"Scale ×{scale:.0f}", rows))
    caption = (
        "Metrics beside PSNR and SSIM, by pyiqa, on the images and inside the border of Table 3. "
        "An arrow up: higher is better; an arrow down: lower is better. Best in bold, second best "
        "underlined, among rows with the same kind of weights only. "
        + setting(results.study, frame["dataset"], frame["scale"])
    )
    return Table(
        "metrics", "Further metrics", caption, columns, groups, notes.listed(), "metrics.csv",
        spreads=False,
    )  # fmt: skip
