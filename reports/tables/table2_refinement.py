"""Table 2: the necessity of the refinement block."""

from reports.results import OF_ABLATION, Results, ordered
from reports.tables.captions import interval, setting
from reports.tables.cells import MISSING, common_note, gain_cell, label, quality_cells
from reports.tables.model import Cell, Column, Footnotes, Group, Row, Table
from reports.tables.provenance import runs_of


def table2(results: Results) -> Table:
    """Table 2: the necessity of the refinement block."""
    frame = results["tables/table2"]
    notes = Footnotes()
    datasets = ordered(frame["dataset"])
    columns = [Column("Network", kind="text", first="ascending", width="2.1cm")]
    for dataset in datasets:
        columns += [
            Column("PSNR", dataset, "stack"),
            Column("SSIM", dataset, "stack"),
            Column("Difference", dataset, "stack"),
        ]
    reference = frame[frame["diff_db"].isna() & frame["psnr_db"].notna()]["label"].unique()
    gap = notes.remark("The row that the others are compared with.") if len(reference) == 1 else ""
    groups = []
    for scale, part in frame.groupby("scale", sort=False):
        rows = []
        for variant in ordered(part["variant"]):
            own = part[part["variant"] == variant].set_index("dataset")
            cells = [label(own.iloc[0], notes.remark(common_note(own)))]
            for dataset in datasets:
                if dataset not in own.index:
                    reason = notes.remark(f"table2.csv has no row for {dataset}.")
                    cells += [Cell(MISSING, note=reason)] * 3
                    continue
                row = own.loc[dataset]
                shared = bool(common_note(own))
                cells += [
                    *quality_cells(row, notes, remark=not shared),
                    gain_cell(row, gap if row["label"] in reference else notes.remark(row["note"])),
                ]
            rows.append(Row(cells, runs_of(results, "mesr", variant, scale, OF_ABLATION)))
        groups.append(Group(f"Scale ×{scale:.0f}", rows))
    to = f" to {reference[0]}" if len(reference) == 1 else ""
    caption = (
        "Necessity of the refinement block (RB), in the structure of Table 2 of the paper. "
        f"Difference: mean paired difference{to}{interval(results.study)}. "
        "PSNR and differences in dB. Below a value: the published one and the difference to it, "
        "where "
        "one is known. " + setting(results.study, frame["dataset"], frame["scale"])
    )
    return Table(
        "table2", "Table 2. Necessity of RB", caption, columns, groups, notes.listed(), "table2.csv"
    )
