"""What the refinement block of the shipped MESR does at inference, on the benchmarks' test sets.

Usage: mesr fetch Set5 Set14 BSD100 Urban100 && python -m benchmarks.refinement

Scores both outputs of the networks in weights/ under protocol rgb, and looks at the gate of
equation (19). Writes refinement.csv, the table of docs/paper-reading.md, beside this file: one row
a scale and test set, means over its images; `gate_max`, `changed` (the share of 8-bit values in
which the two images differ) and `largest_change` (in grey levels) over all of them.
"""

from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from mesr.common.base import SCALES
from pipeline.imaging.backend import backend_flags, choose_device
from pipeline.imaging.packed import PackedImages
from pipeline.imaging.protocol import RGB
from pipeline.scoring.evaluation import evaluate_images
from pipeline.study.paths import hr_file
from pipeline.tools.shipped import find_shipped

DATASETS = ("Set5", "Set14", "BSD100", "Urban100")


def measure(scale: int, dataset: str) -> dict[str, object]:
    """Score the shipped MESR of a scale on a dataset; one row of the table."""
    shipped = find_shipped("mesr", scale)
    assert shipped is not None
    images = PackedImages(hr_file(dataset))
    readers = [(name, partial(images.__getitem__, name)) for name in images.names]
    rows = [
        {
            "psnr_db": found.psnr_db,
            "coarse_psnr_db": found.coarse_psnr_db,
            "gate_mean": found.gate_mean,
            "gate_max": found.gate_max,
            "changed": np.mean(found.sr != found.coarse[0]),
            "values": found.sr.size,
            "largest_change": np.abs(found.sr.astype(float) - found.coarse[0]).max(),
        }
        for _, found in evaluate_images(shipped.network(), readers, dataset, RGB, choose_device())
    ]
    frame = pd.DataFrame(rows)
    return {
        "scale": scale,
        "dataset": dataset,
        "images": len(frame),
        **frame[["psnr_db", "coarse_psnr_db", "gate_mean"]].mean(),
        **frame[["gate_max", "largest_change"]].max(),
        "changed": np.average(frame["changed"], weights=frame["values"]),
    }


def main() -> None:
    with backend_flags(threads=1):
        table = pd.DataFrame([measure(*place) for place in product(SCALES, DATASETS)])
    print(table.to_string(index=False))
    table.to_csv(
        Path(__file__).with_suffix(".csv"), index=False, float_format="%.7g", lineterminator="\n"
    )


if __name__ == "__main__":
    main()
