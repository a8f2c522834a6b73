"""The check against published results at a glance: networks by test sets and scales."""

from dataclasses import dataclass
from typing import Any

from pipeline.tables.labels import network_label
from pipeline.tables.results import Results
from reports.names import distinct
from reports.view import missing, number

SIGNS = {"equal": ("pass", "✓"), "close": ("near", "≈"), "missed": ("fail", "✗")}


@dataclass(frozen=True)
class Sign:
    """One cell: its class, what it shows, and all its values in words."""

    kind: str
    sign: str
    words: str


@dataclass(frozen=True)
class Grid:
    """Rows of signs; None where a network has no published figure."""

    columns: list[tuple[str, list[int]]]  # dataset and its scales
    rows: list[tuple[str, list[Sign | None]]]  # network and its signs
    equal: int
    judged: int


def grid(results: Results) -> Grid | None:
    """Return certification.csv as a grid, or None where nothing was checked."""
    frame = results["certification"]
    if frame.empty:
        return None
    scales = sorted(int(scale) for scale in frame["scale"].unique())
    datasets = distinct(frame["dataset"])
    rows = []
    for (network, variant), part in frame.groupby(["network", "variant"], sort=False):
        name = network_label(str(network), str(variant))
        signs = {(r["dataset"], int(r["scale"])): sign(name, r) for r in part.to_dict("records")}
        rows.append((name, [signs.get((d, scale)) for d in datasets for scale in scales]))
    verdicts = list(frame["verdict"])
    judged = sum(verdict in SIGNS for verdict in verdicts)
    columns = [(dataset, scales) for dataset in datasets]
    return Grid(columns, rows, verdicts.count("equal"), judged)


def sign(network: str, row: dict[Any, Any]) -> Sign:
    """Return the sign of one row of certification.csv."""
    kind, shown = SIGNS.get(row["verdict"], ("open", "·"))
    parts = [f"{network}, {row['dataset']}, ×{row['scale']}: {row['verdict'] or 'not judged'}"]
    for column, words, finer in (("psnr_db", "PSNR", 3), ("ssim", "SSIM", 5)):
        told, value = row[f"published_{column}"], row[column]
        digits = row[f"{column.removesuffix('_db')}_digits"]
        if not missing(told):
            printed = number(told, finer - 1 if missing(digits) else int(digits))
            measured = "" if missing(value) else f", measured {number(value, finer)}"
            parts.append(f"{words} published {printed}{measured}")
    return Sign(kind, shown, "; ".join(parts))
