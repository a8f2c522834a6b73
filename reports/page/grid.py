"""The certificate at a glance: networks by datasets and scales, one sign each."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from reports.results import Results, known, ordered
from reports.tables.cells import number
from reports.tables.certificate import anchor, verdict_cell

SIGNS = {"pass": "✓", "near": "≈", "fail": "✗", "open": "·"}


@dataclass(frozen=True)
class Sign:
    """One cell: its verdict (pass, near, fail, open), all its values in words, and its row."""

    verdict: str
    words: str
    anchor: str

    @property
    def sign(self) -> str:
        """What the cell shows."""
        return SIGNS[self.verdict]


@dataclass(frozen=True)
class Grid:
    """Rows of signs; None where a network has no published figure."""

    columns: Sequence[tuple[str, Sequence[int]]]  # dataset and its scales
    rows: Sequence[tuple[str, Sequence[Sign | None]]]  # network and its signs


def grid(results: Results) -> Grid:
    """Return the certificate as a grid; a network evaluated twice on a dataset has two rows."""
    frame = results["certification"]
    scales = sorted(int(scale) for scale in frame["scale"].unique())
    datasets = ordered(frame["dataset"])
    rows: list[tuple[str, list[Sign | None]]] = []
    for (model, variant), part in frame.groupby(["model", "variant"], sort=False):
        name = results.network(str(model), str(variant))
        signs = {(row["dataset"], int(row["scale"])): sign(name, row) for _, row in part.iterrows()}
        rows.append((name, [signs.get((d, scale)) for d in datasets for scale in scales]))
    return Grid([(dataset, scales) for dataset in datasets], rows)


def sign(network: str, row: pd.Series) -> Sign:
    """Return the sign of one row of certification.csv."""
    verdict = verdict_cell(row)
    parts = [f"{network}, {row['dataset']}, ×{row['scale']:.0f}: {verdict.text}"]
    for name, words, digits, finer in (
        ("psnr_db", "PSNR", "psnr_digits", 3),
        ("ssim", "SSIM", "ssim_digits", 5),
    ):
        told, value = row[f"published_{name}"], row[name]
        if known(told):
            printed = int(row[digits]) if known(row[digits]) else finer - 1
            measured = f", measured {number(value, finer)}" if known(value) else ""
            parts.append(f"{words} published {number(told, printed)}{measured}")
    return Sign(verdict.verdict, "; ".join(parts), anchor(row))
