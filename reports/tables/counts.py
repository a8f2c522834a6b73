"""The certificate of the counts: parameters and Multi-Adds against published ones."""

from reports.results import Results, known
from reports.tables.cells import (
    MISSING,
    plain,
    printed_count,
)
from reports.tables.model import Cell, Column, Footnotes, Group, Row, Table

COUNT_VERDICTS = {"equal": "pass", "explained": "pass", "differs": "fail"}


def counts(results: Results) -> Table:
    """Return the certificate of the counts: parameters and Multi-Adds against published ones."""
    notes = Footnotes()
    columns = [
        Column("Scale", first="ascending"),
        *(
            column
            for group in ("Parameters (K)", "Multi-Adds (G)")
            for column in (
                *(Column(head, group) for head in ("Counted", "Their way", "Published")),
                Column("Verdict", group, kind="text", first="ascending", width="1.6cm"),
            )
        ),
    ]
    groups = []
    for (model, variant), part in results["counts"].groupby(["model", "variant"], sort=False):
        rows = []
        for _, row in part.iterrows():
            source = notes.source(row["source"])
            cells = [Cell(f"×{row['scale']:.0f}", row["scale"])]
            for name, unit in (("params", 1e3), ("multi_adds", 1e9)):
                told, verdict = row[f"published_{name}"], row[f"{name}_verdict"]
                remark = row["explanation"] if verdict in ("explained", "differs") else ""
                cells += [
                    plain(row[name] / unit, 1),
                    plain(row[f"counted_{name}"] / unit, 1),
                    plain(
                        told / unit,
                        printed_count(told / unit, 1),
                        mark=source if known(told) else "",
                    ),
                    Cell(
                        verdict or MISSING,
                        verdict,
                        note=notes.remark(remark),
                        verdict=COUNT_VERDICTS.get(verdict, "open"),
                    ),
                ]
            rows.append(Row(cells))
        groups.append(Group(results.network(str(model), str(variant)), rows))
    caption = (
        "Parameters and Multi-Adds of the full-size networks against published counts. Counted: "
        "all parameters; multiply-accumulates of convolutions and matrix products, at the size "
        "that the source counted at (1280×720 HR unless a remark says otherwise). Their way: by "
        "the rule of the source, as far as it is known. Equal: the printed digits come out. "
        "Explained: they come out by the rule of the source, which the remark names."
    )
    return Table(
        "counts", "Certificate of the counts", caption, columns, groups,
        notes.listed(), "counts.csv",
    )  # fmt: skip
