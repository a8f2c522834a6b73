"""Table 1: what each module adds."""

import math

from reports.results import OF_ABLATION, Results, known, ordered
from reports.tables.captions import interval, setting
from reports.tables.cells import as_number, gain_cell, label, measured_cell, plain
from reports.tables.model import Cell, Column, Footnotes, Group, Row, Table
from reports.tables.provenance import runs_of


def table1(results: Results) -> Table:
    """Table 1: what each module adds."""
    frame = results["tables/table1"]
    notes = Footnotes()
    steps = ordered(frame["step"])
    modules = ("MSFEB", "RFFB", "RB") if len(steps) == 4 else ()
    columns = [
        Column("Network", kind="text", first="ascending", width="3.4cm"),
        *(Column(module, kind="tick") for module in modules),
        Column("Seeds"),
        Column("PSNR", "Measured (dB)", "stack"),
        Column("Gain", "Measured (dB)", "stack"),
        Column("PSNR", "Published (dB)"),
        Column("Gain", "Published (dB)"),
        Column("PSNR", "Difference (dB)"),
        Column("Gain", "Difference (dB)"),
    ]
    groups = []
    for (dataset, scale), part in frame.groupby(["dataset", "scale"], sort=False):
        rows = []
        for _, row in part.iterrows():
            ticks = [
                Cell("✓" if steps.index(row["step"]) > index else "", steps.index(row["step"]))
                for index in range(len(modules))
            ]
            mark = notes.source(row["source"])
            note = notes.remark(row["note"])
            first = row["step"] == steps[0]
            gap = notes.remark("The first step has nothing before it.") if first else note
            psnr, gain = row["psnr_db"], row["diff_db"]
            told, told_gain = row["published_psnr_db"], row["published_diff_db"]
            cells = [
                label(row, notes.remark(row["note"])),
                *ticks,
                Cell(row["seeds"], as_number(row["seeds"])),
                measured_cell(psnr, math.nan, 2, notes, spread=row["psnr_sd_db"], note=row["note"]),
                gain_cell(row, gap),
                plain(told, 2, mark=mark if known(told) else "", note=note),
                plain(told_gain, 2, sign=True, mark=mark if known(told_gain) else "", note=gap),
                plain(psnr - told, 2, sign=True, note=note),
                plain(gain - told_gain, 2, sign=True, note=gap),
            ]
            rows.append(Row(cells, runs_of(results, "mesr", row["variant"], scale, OF_ABLATION)))
        groups.append(Group(f"{dataset}, ×{scale:.0f}", rows))
    caption = (
        "Effectiveness of the modules, in the structure of Table 1 of the paper. Gain: mean paired "
        f"difference to the row above{interval(results.study)}. "
        + setting(results.study, frame["dataset"], frame["scale"])
    )
    return Table(
        "table1", "Table 1. Module ablation", caption, columns, groups, notes.listed(), "table1.csv"
    )
