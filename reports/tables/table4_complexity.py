"""Table 4: parameters, Multi-Adds and PSNR."""

from reports.results import Results, known
from reports.tables.captions import setting
from reports.tables.cells import label, plain, provenance_cell
from reports.tables.model import Column, Footnotes, Group, Row, Table
from reports.tables.provenance import method_runs


def table4(results: Results) -> Table:
    """Table 4: parameters, Multi-Adds and PSNR."""
    frame = results["tables/table4"]
    notes = Footnotes()
    columns = [
        Column("Method", kind="text", first="ascending", width="2.0cm"),
        Column("Weights", kind="text", first="ascending", width="2.2cm"),
    ]
    for group, first in (
        ("Parameters (M)", "ascending"),
        ("Multi-Adds (G)", "ascending"),
        ("PSNR (dB)", "descending"),
    ):
        columns += [
            Column("Measured", group, first=first),
            Column("Published", group, first=first),
            Column("Difference", group, first=first),
        ]
    groups = []
    for (dataset, scale), part in frame.groupby(["dataset", "scale"], sort=False):
        rows = []
        for _, row in part.iterrows():
            none = (
                notes.remark("An interpolation has no parameters.")
                if row["provenance"] == "interpolation"
                else notes.remark("No published figure was found.")
            )
            remark = notes.remark(row["note"]) if row["note"] else none
            cells = [label(row, notes.remark(row["note"])), provenance_cell(row)]
            for name, unit, decimals, source, rank in (
                ("params", 1e6, 3, "complexity_source", ""),
                ("multi_adds", 1e9, 1, "complexity_source", ""),
                ("psnr_db", 1.0, 2, "quality_source", row["rank_psnr"]),
            ):
                value, told = row[name] / unit, row[f"published_{name}"] / unit
                mark = notes.source(row[source]) if known(told) else ""
                counted = none if name != "psnr_db" else remark
                cells += [
                    plain(value, decimals, note=counted, rank=rank),
                    plain(told, decimals, mark=mark, note=none),
                    plain(
                        value - told, decimals, sign=True, note=none if not known(told) else counted
                    ),
                ]
            rows.append(Row(cells, *method_runs(results, row, [row["dataset"]])))
        groups.append(Group(f"{dataset}, ×{scale:.0f}", rows))
    caption = (
        "Parameters, Multi-Adds and PSNR, in the structure of Table 4 of the paper. Parameters and "
        "Multi-Adds: the full-size networks of the papers at a 1280×720 HR output, counted, "
        "whatever size the profile trains. Best measured PSNR in bold, second best underlined, "
        "among rows with the same kind of weights only. "
        + setting(results.study, frame["dataset"], frame["scale"])
    )
    return Table(
        "table4", "Table 4. Complexity", caption, columns, groups, notes.listed(), "table4.csv"
    )
