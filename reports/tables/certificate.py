"""The certificate of the evaluation: published against measured figures."""

import pandas as pd

from reports.results import Results, known
from reports.tables.cells import (
    plain,
)
from reports.tables.model import Cell, Column, Footnotes, Group, Row, Table


def verdict_cell(row: pd.Series) -> Cell:
    """Return the verdict of one row of the certificate, in words."""
    measured = known(row["psnr_db"]) or known(row["ssim"])
    verdict = row["within_tolerance"].strip().lower()
    recorded = ", recorded" if row["measured"] == "recorded" else ""
    if measured and verdict in ("true", "1", "yes"):
        return Cell(f"within{recorded}", "0", verdict="pass")
    if measured and verdict in ("false", "0", "no"):
        return Cell(f"outside{recorded}", "2", verdict="fail")
    return Cell(f"not judged{recorded}" if measured else "not measured", "1", verdict="open")


def certificate(results: Results) -> Table:
    """Return the certificate: published against measured, under the authors' own protocol."""
    frame = results["certification"]
    notes = Footnotes()
    columns = [
        Column("Dataset", kind="text", first="ascending", width="1.7cm"),
        Column("Scale", first="ascending"),
        Column("Protocol", kind="text", first="ascending", width="2.2cm"),
        *(
            Column(head, group)
            for group in ("PSNR (dB)", "SSIM")
            for head in ("Published", "Measured", "Difference")
        ),
        Column("Verdict", kind="text", first="ascending", width="1.9cm"),
    ]
    groups = []
    for (model, variant), part in frame.groupby(["model", "variant"], sort=False):
        rows = []
        for _, row in part.iterrows():
            remark = notes.remark(row["note"])
            if row["measured"] == "recorded":
                at = f" at revision {row['git_revision']}" if row["git_revision"] else ""
                recorded = f"Recorded{at}: this profile does not measure it again."
                remark = ",".join(filter(None, (remark, notes.remark(recorded))))
            cells = [
                Cell(row["dataset"], row["dataset"].casefold()),
                Cell(f"×{row['scale']:.0f}", row["scale"]),
                Cell(row["protocol"], row["protocol"]),
            ]
            for name, decimals in (("psnr_db", 2), ("ssim", 4)):
                told, value = row[f"published_{name}"], row[name]
                mark = notes.source(row["source"]) if known(told) else ""
                finer = decimals + (1 if name == "psnr_db" else 0)
                cells += [
                    plain(told, decimals, mark=mark),
                    plain(value, finer),
                    plain(value - told, finer, sign=True),
                ]
            verdict = verdict_cell(row)
            cells.append(Cell(verdict.text, verdict.sort, note=remark, verdict=verdict.verdict))
            rows.append(Row(cells))
        groups.append(Group(results.network(str(model), str(variant)), rows))
    caption = (
        "The certificate: published figures against those that this project's evaluation gives "
        "for bicubic interpolation and for the authors' own weights, each under the protocol that "
        "its authors used. Within: at most 0.02 dB and 0.001 apart."
    )
    title = "Certificate of the evaluation"
    return Table(
        "certificate", title, caption, columns, groups, notes.listed(), "certification.csv"
    )
