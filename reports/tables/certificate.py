"""The certificate of the evaluation: published against measured figures."""

from collections import Counter
from dataclasses import replace

import pandas as pd

from reports.results import Results, known, ordered, slug
from reports.tables.cells import plain
from reports.tables.model import Cell, Column, Footnotes, Group, Row, Table

# Verdict in certification.csv: how the table sorts it, what it says and how it shows it.
VERDICTS = {
    "equal": ("0", "equal", "pass"),
    "close": ("1", "close", "near"),
    "misprint": ("2", "misprint suspected", "open"),
    "": ("3", "not judged", "open"),
    "missed": ("5", "missed", "fail"),
}

_PSNR = "PSNR (dB)"
_HEADS = ("Published", "Measured", "Difference")
_BADNESS = ("fail", "near", "open", "pass")  # verdicts, the worst first


def judged(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of certification.csv that were measured and have a verdict."""
    measured = frame["psnr_db"].notna() | frame["ssim"].notna()
    return frame[measured & (frame["verdict"] != "")]


def tally(frame: pd.DataFrame) -> tuple[int, int, list[str]]:
    """Count the verdicts of a certificate; suspected misprints are counted apart.

    Returns
    -------
    equal, compared : int
        Cells that are met at the printed digits, and cells that can be.
    others : list of str
        The rest in words: "3 close", "1 missed", "2 suspected misprints".
    """
    counts = Counter(judged(frame)["verdict"])
    words = {"close": "close", "missed": "missed", "misprint": "with a suspected misprint"}
    others = [f"{counts[verdict]} {text}" for verdict, text in words.items() if counts[verdict]]
    return counts["equal"], counts.total() - counts["misprint"], others


def verdict_cell(row: pd.Series, note: str = "") -> Cell:
    """Return the verdict of one row of the certificate, in words."""
    if not (known(row["psnr_db"]) or known(row["ssim"])):
        return Cell("not measured", "4", note=note, verdict="open")
    order, words, kind = VERDICTS[row["verdict"]]
    recorded = ", recorded" if row["measured"] == "recorded" else ""
    return Cell(f"{words}{recorded}", order, note=note, verdict=kind)


def anchor(row: pd.Series) -> str:
    """Return the anchor of a row of the certificate."""
    return slug("certificate", *row[["model", "variant", "dataset"]], f"x{row['scale']:.0f}")


def worst_first(table: Table) -> Table:
    """Return the certificate as one group, what deviates most first, with a column for networks.

    Rows that were missed come first, then those that are close, and so on; among equal verdicts
    the larger difference of PSNR.
    """
    columns = [Column("Network", kind="text", first="ascending"), *table.columns]
    place = [(column.group, column.head) for column in columns].index((_PSNR, "Difference"))
    rows = [
        replace(row, cells=[Cell(group.title, group.title.casefold()), *row.cells])
        for group in table.groups
        for row in group.rows
    ]

    def badness(row: Row) -> tuple[int, float]:
        difference = row.cells[place].sort
        size = abs(difference) if isinstance(difference, float) else 0.0
        return _BADNESS.index(row.cells[-1].verdict), -size

    return replace(table, columns=columns, groups=[Group("", sorted(rows, key=badness))])


def certificate(results: Results) -> Table:
    """Return the certificate: published against measured, under the authors' own protocol."""
    frame = results["certification"]
    notes = Footnotes()
    columns = [
        Column("Dataset", kind="text", first="ascending", width="1.7cm"),
        Column("Scale", first="ascending"),
        Column("Protocol", kind="text", first="ascending", width="2.2cm"),
        *(Column(head, group) for group in (_PSNR, "SSIM") for head in _HEADS),
        Column("Verdict", kind="text", first="ascending", width="1.9cm", filter=True),
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
            for name, digits, finer in (("psnr_db", "psnr_digits", 3), ("ssim", "ssim_digits", 5)):
                told, value = row[f"published_{name}"], row[name]
                printed = int(row[digits]) if known(row[digits]) else finer - 1
                mark = notes.source(row["source"]) if known(told) else ""
                cells += [
                    plain(told, printed, mark=mark),
                    plain(value, finer),
                    plain(value - told, finer, sign=True),
                ]
            cells.append(verdict_cell(row, remark))
            rows.append(Row(cells, anchor=anchor(row)))
        groups.append(Group(results.network(str(model), str(variant)), rows))
    title = "Certificate of the evaluation"
    return Table(
        "certificate", title, _caption(frame), columns, groups, notes.listed(), "certification.csv"
    )


def _caption(frame: pd.DataFrame) -> str:
    counts = []
    for dataset in ordered(judged(frame)["dataset"]):
        equal, compared, _ = tally(frame[frame["dataset"] == dataset])
        counts.append(f"{dataset} {equal} of {compared}")
    equal, compared, others = tally(frame)
    met = (
        f" Equal: {equal} of {compared} cells ({', '.join(counts)})"
        f"{'; ' if others else ''}{', '.join(others)}."
        if counts
        else ""
    )
    return (
        "The certificate: published figures against those that this project's evaluation gives "
        "for bicubic interpolation and for the authors' own weights, each under the protocol that "
        "its authors used. Equal: PSNR and SSIM round to the digits that were printed. Close: at "
        "most 0.02 dB and 0.001 apart. Published values that are suspected to be misprints are "
        f"counted apart.{met}"
    )
