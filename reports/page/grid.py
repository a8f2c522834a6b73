"""The check against published results at a glance: networks by test sets and scales."""

from typing import Any

from pipeline.tables.labels import network_label
from pipeline.tables.results import Results
from reports.names import distinct, records
from reports.view import missing, number

SIGNS = {"equal": ("pass", "✓"), "close": ("near", "≈"), "missed": ("fail", "✗")}


def grid(results: Results) -> dict[str, Any] | None:
    """Return certification.csv as a grid, or None where nothing was checked.

    Returns
    -------
    dict
        datasets, scales, how many are `equal` and `close` of how many `judged`, and rows: the
        network and its signs by dataset and scale, None where there is no published figure.
    """
    frame = results["certification"].reset_index(drop=True)
    if frame.empty:
        return None
    scales = sorted(int(scale) for scale in frame["scale"].unique())
    datasets = distinct(frame["dataset"])
    rows = []
    for (network, variant), part in frame.groupby(["network", "variant"], sort=False):
        name = network_label(str(network), str(variant))
        signs = {
            (row["dataset"], row["scale"]): sign(name, row) | {"row": place + 1}
            for place, row in zip(part.index, records(part), strict=True)
        }
        rows.append((name, [signs.get((d, scale)) for d in datasets for scale in scales]))
    counts = {
        **{word: int((frame["verdict"] == word).sum()) for word in ("equal", "close")},
        "judged": int(frame["verdict"].isin(list(SIGNS)).sum()),
    }
    return {"datasets": datasets, "scales": scales, "rows": rows, **counts}


def sign(network: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return kind and sign of one row of certification.csv, and all its values in words."""
    kind, shown = SIGNS.get(row["verdict"], ("open", "·"))
    parts = [f"{network}, {row['dataset']}, ×{row['scale']}: {row['verdict'] or 'not judged'}"]
    for column, words, finer in (("psnr_db", "PSNR", 3), ("ssim", "SSIM", 5)):
        told, value = row[f"published_{column}"], row[column]
        digits = row[f"{column.removesuffix('_db')}_digits"]
        if not missing(told):
            printed = number(told, finer - 1 if missing(digits) else int(digits))
            measured = "" if missing(value) else f", measured {number(value, finer)}"
            parts.append(f"{words} published {printed}{measured}")
    return {"kind": kind, "sign": shown, "words": "; ".join(parts)}
