"""The certificate of the LR images: how many files equal those that MATLAB wrote."""

import pandas as pd

from reports.results import Results
from reports.tables.cells import plain
from reports.tables.model import Cell, Column, Footnotes, Group, Row, Table

VARIANT = ["lr_border", "lr_pass_rounding"]


def lr_certificate(results: Results) -> Table:
    """Return the certificate of the LR images, by dataset, scale and variant of downscaling."""
    frame = results["tables/lr_certificate"]
    notes = Footnotes()
    columns = [
        Column("Scale", first="ascending"),
        Column("Border", kind="text", first="ascending", width="1.5cm"),
        Column("Rounded between passes", kind="text", first="ascending", width="3.2cm"),
        Column("Files"),
        Column("Equal"),
        Column("Values that differ (%)"),
        Column("Largest difference"),
    ]
    groups = []
    for dataset, part in frame.groupby("dataset", sort=False):
        rows = []
        for _, row in part.iterrows():
            at = f" at revision {row['git_revision']}" if row["git_revision"] else ""
            remark = f"Recorded{at}: this profile does not measure it again." if at else ""
            cells = [
                Cell(f"×{row['scale']:.0f}", row["scale"], note=notes.remark(remark)),
                Cell(row["lr_border"], row["lr_border"]),
                Cell(row["lr_pass_rounding"], row["lr_pass_rounding"]),
                plain(row["files"], 0),
                plain(row["equal_files"], 0),
                plain(100 * row["different_values"] / row["values"], 2),
                plain(row["worst_difference"], 0),
            ]
            rows.append(Row(cells))
        groups.append(Group(str(dataset), rows))
    caption = (
        "The certificate of the LR images: files that equal, in every pixel, those that MATLAB's "
        "imresize wrote from the same HR images, for each variant of downscaling; the largest "
        f"difference is in grey levels.{_counts(frame)}"
    )
    return Table(
        "lr_certificate", "Certificate of the LR images", caption, columns, groups,
        notes.listed(), "lr_certificate.csv",
    )  # fmt: skip


def _counts(frame: pd.DataFrame) -> str:
    """Say how many files the best variant meets, in all and by dataset."""
    if frame.empty:
        return ""
    totals = frame.groupby(VARIANT)["equal_files"].sum()
    best = frame.set_index(VARIANT).loc[[totals.idxmax()]]
    counts = {
        str(dataset): (int(part["equal_files"].sum()), int(part["files"].sum()))
        for dataset, part in best.groupby("dataset", sort=False)
    }
    each = ", ".join(f"{dataset} {equal} of {files}" for dataset, (equal, files) in counts.items())
    equal, files = (sum(pair) for pair in zip(*counts.values(), strict=True))
    return f" The best variant equals {equal} of {files} files ({each})."
