"""Table 3: all methods, scales and datasets."""

from reports.results import Results, ordered
from reports.tables.captions import setting
from reports.tables.cells import (
    MISSING,
    common_note,
    label,
    printed_digits,
    provenance_cell,
    quality_cells,
)
from reports.tables.model import Cell, Column, Footnotes, Group, Row, Table
from reports.tables.provenance import method_runs


def table3(results: Results) -> Table:
    """Table 3: all methods, scales and datasets."""
    frame = results["tables/table3"]
    notes = Footnotes()
    datasets = ordered(frame["dataset"])
    columns = [
        Column("Method", kind="text", first="ascending", width="2.0cm"),
        Column("Weights", kind="text", first="ascending", width="2.2cm", filter=True),
    ]
    digits = printed_digits(results)
    for dataset in datasets:
        columns += [Column("PSNR (dB)", dataset, "stack"), Column("SSIM", dataset, "stack")]
    groups = []
    for scale, part in frame.groupby("scale", sort=False):
        rows = []
        for _, own in part.groupby(["model", "variant", "provenance"], sort=False):
            shared = common_note(own)
            cells = [label(own.iloc[0], notes.remark(shared)), provenance_cell(own.iloc[0])]
            by_dataset = own.drop_duplicates("dataset").set_index("dataset")
            for dataset in datasets:
                if dataset in by_dataset.index:
                    row = by_dataset.loc[dataset]
                    printed = digits.get((row["model"], row["variant"], row["source"]))
                    cells += quality_cells(row, notes, remark=not shared, printed=printed)
                else:
                    reason = notes.remark(f"table3.csv has no row for {dataset}.")
                    cells += [Cell(MISSING, note=reason)] * 2
            rows.append(Row(cells, *method_runs(results, own.iloc[0], own["dataset"])))
        groups.append(Group(f"Scale ×{scale:.0f}", rows))
    caption = (
        "PSNR and SSIM of all methods, in the structure of Table 3 of the paper. Trained here: "
        "same data, budget and seeds for every network. Published weights: the authors' own, "
        "measured here. A plus: the networks trained here, their output averaged over the eight "
        "flips and turns of the input. Quoted (italic): not measured, and not ranked, because "
        "each source has its own protocol. Best in bold, second best underlined, among rows with "
        "the same kind of weights only. Beside or below a measured value: the published one with "
        "its source, and the difference. "
        + setting(results.study, frame["dataset"], frame["scale"])
    )
    title = "Table 3. Comparison with other methods"
    return Table(
        "table3", title, caption, columns, groups, notes.listed(), "table3.csv", spreads=False
    )
