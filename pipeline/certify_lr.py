"""Stage `certify_lr`: our downscaling against LR files that MATLAB wrote, pixel by pixel.

Usage: python -m pipeline.certify_lr DATASET      (for example: Set5)
       python -m pipeline.certify_lr --record

Every figure starts from LR images. The files of asset `DATASET_MATLAB_LR` come out of MATLAB's own
`imresize`; the certificate counts how many of them each variant of our downscaling equals.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd

from mesr.common.base import SCALES
from mesr.common.imresize import Border
from pipeline.imaging.degradation import make_lr
from pipeline.imaging.given import match_lr
from pipeline.imaging.images import Pixels
from pipeline.imaging.packed import PackedImages
from pipeline.imaging.protocol import RGB, Protocol
from pipeline.study.paths import given_lr_file, hr_file
from pipeline.support.console import run
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.support.revision import git_revision

CERTIFICATES = Path("certificates/lr")
RECORD = Path("published/lr_certificate.csv")
COLUMNS = (
    "dataset", "scale", "lr_border", "lr_pass_rounding", "files", "equal_files", "values",
    "different_values", "worst_difference", "worst_image",
)  # fmt: skip
# Gray files stay gray: MATLAB was given the file as it is.
VARIANTS = tuple(
    replace(RGB, gray="keep", lr_border=border, lr_pass_rounding=rounding)
    for border, rounding in product(reversed(get_args(Border)), (True, False))
)


def differences(ours: Pixels, theirs: Pixels, name: str) -> Pixels:
    """Absolute differences of two LR images in grey levels; refuses other sizes or channels."""
    if ours.shape != theirs.shape:
        raise UserError(
            f"{name}: the LR file is of shape {theirs.shape}, ours of {ours.shape}; expected the "
            "LR file of the same HR image. Fetch the dataset and its LR files again."
        )
    return np.abs(ours.astype(np.int16) - theirs).astype(np.uint8)


def certify_lr(hr: PackedImages, lr: PackedImages) -> Iterator[dict[str, Any]]:
    """Compare LR images made of `hr` with the files in `lr`, at each scale that these have.

    Yields
    ------
    dict
        One row per scale and variant of downscaling, keys as `COLUMNS`: files in all and those
        equal in every pixel; 8-bit values in all and those that differ; the largest difference
        in grey levels and the image that has it (empty when all are equal).
    """
    for scale in SCALES:
        stems = [stem for stem in lr.names if f"_SRF_{scale}_" in stem]
        if not stems:
            continue
        matched = match_lr(stems, hr.names, scale, str(lr.path))
        for variant in VARIANTS:
            yield _compare(hr, lr, matched, scale, variant)


def _compare(
    hr: PackedImages, lr: PackedImages, matched: dict[str, str], scale: int, variant: Protocol
) -> dict[str, Any]:
    equal = values = different = worst = 0
    worst_image = ""
    for name, stem in matched.items():
        found = differences(make_lr(hr[name], scale, variant, name), lr[stem], stem)
        equal += not found.any()
        values += found.size
        different += int(np.count_nonzero(found))
        if found.max() > worst:
            worst, worst_image = int(found.max()), name
    return {
        "dataset": hr.path.stem,
        "scale": scale,
        "lr_border": variant.lr_border,
        "lr_pass_rounding": "yes" if variant.lr_pass_rounding else "no",
        "files": len(matched),
        "equal_files": equal,
        "values": values,
        "different_values": different,
        "worst_difference": worst,
        "worst_image": worst_image,
    }


def record() -> None:
    """Put the measured certificates into the committed record, replacing those of their datasets.

    Raises
    ------
    UserError
        When there is none.
    """
    paths = sorted(CERTIFICATES.glob("*.csv"))
    if not paths:
        raise UserError(
            f"{CERTIFICATES}: holds no certificate. Measure first: dvc repro certify_lr"
        )
    measured = [
        pd.read_csv(path, dtype=str, keep_default_na=False).assign(git_revision=git_revision())
        for path in paths
    ]
    datasets = {path.stem for path in paths}
    if RECORD.is_file():
        earlier = pd.read_csv(RECORD, dtype=str, keep_default_na=False)
        measured.insert(0, earlier[~earlier.dataset.isin(datasets)])
    with atomic_path(RECORD) as temporary:
        pd.concat(measured).to_csv(temporary, index=False, lineterminator="\n")
    print(f"recorded {', '.join(sorted(datasets))} in {RECORD}")


def main(argv: Sequence[str] | None = None) -> None:
    """Compare our LR images of DATASET with MATLAB's files, or record the certificates."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.certify_lr", description=main.__doc__)
    parser.add_argument("dataset", nargs="?", help="dataset whose images are in data/hr")
    parser.add_argument(
        "--record",
        action="store_true",
        help="put the measured certificates into published/lr_certificate.csv",
    )
    arguments = parser.parse_args(argv)
    dataset = arguments.dataset
    if arguments.record:
        return record()
    if not dataset:
        parser.error("give DATASET, or --record")
    hr, lr = hr_file(dataset), given_lr_file(f"{dataset}_MATLAB_LR")
    rows = []
    for row in certify_lr(PackedImages(hr), PackedImages(lr)):
        rows.append(row)
        print(
            f"{dataset} x{row['scale']}, border {row['lr_border']}, rounded between the passes: "
            f"{row['lr_pass_rounding']}: {row['equal_files']} of {row['files']} files equal, "
            f"largest difference {row['worst_difference']}",
            flush=True,
        )
    with atomic_path(CERTIFICATES / f"{dataset}.csv") as temporary:
        pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(
            temporary, index=False, lineterminator="\n"
        )


if __name__ == "__main__":
    raise SystemExit(run(main))
