"""Stage `certify_lr`: our downscaling against LR files that MATLAB wrote, pixel by pixel.

Every figure starts from LR images. The files of asset `DATASET_MATLAB_LR` come out of MATLAB's own
`imresize`; the certificate counts how many of them each variant of our downscaling equals.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mesr.common.base import SCALES
from mesr.common.imresize import Border
from pipeline.imaging.degradation import make_lr
from pipeline.imaging.given import match_files
from pipeline.imaging.packed import PackedImages
from pipeline.imaging.protocol import RGB, Protocol
from pipeline.study.paths import (
    given_lr_file,
    hr_file,
    lr_certificate_file,
)
from pipeline.support.console import run
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path

# Gray files stay gray: MATLAB was given the file as it is.
VARIANTS = tuple(
    replace(RGB, gray="keep", lr_border=border, lr_pass_rounding=rounding)
    for border, rounding in product(reversed(get_args(Border)), (True, False))
)


def certify_lr(hr: PackedImages, lr: PackedImages) -> pd.DataFrame:
    """Compare LR images made of `hr` with the files in `lr`, at each scale that these have.

    Returns
    -------
    DataFrame
        One row of the certificate per scale and variant of downscaling; differences are in grey
        levels.

    Raises
    ------
    UserError
        When an LR file is of another size or number of channels than ours.
    """
    files = {scale: [stem for stem in lr.names if f"_SRF_{scale}_" in stem] for scale in SCALES}
    rows = []
    for scale, variant in product([scale for scale in SCALES if files[scale]], VARIANTS):
        matched = match_files(files[scale], hr.names, scale, str(lr.path), "LR")
        differences = {n: _difference(hr, lr, n, matched[n], scale, variant) for n in matched}
        worst = {name: int(found.max()) for name, found in differences.items()}
        largest = max(worst, key=lambda name: worst[name])
        rows.append(
            {
                "dataset": hr.path.stem,
                "scale": scale,
                "lr_border": variant.lr_border,
                "lr_pass_rounding": "yes" if variant.lr_pass_rounding else "no",
                "files": len(matched),
                "equal_files": list(worst.values()).count(0),
                "values": sum(found.size for found in differences.values()),
                "different_values": sum(map(np.count_nonzero, differences.values())),
                "worst_difference": worst[largest],
                "worst_image": largest if worst[largest] else "",
            }
        )
    return pd.DataFrame(rows)


def _difference(
    hr: PackedImages, lr: PackedImages, name: str, stem: str, scale: int, variant: Protocol
) -> NDArray[np.int16]:
    ours, theirs = make_lr(hr[name], scale, variant, name), lr[stem]
    if ours.shape != theirs.shape:
        raise UserError(
            f"{stem}: the LR file is of shape {theirs.shape}, ours of {ours.shape}; expected the "
            "LR file of the same HR image. Fetch the dataset and its LR files again."
        )
    return np.abs(ours.astype(np.int16) - theirs)


def main(argv: Sequence[str] | None = None) -> None:
    """Compare our LR images of a dataset with MATLAB's files."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.certify_lr", description=main.__doc__)
    parser.add_argument("dataset", help="dataset whose images are in data/hr")
    dataset = parser.parse_args(argv).dataset
    images = PackedImages(hr_file(dataset))
    print(f"compare LR images of {len(images)} images of {dataset}", flush=True)
    table = certify_lr(images, PackedImages(given_lr_file(f"{dataset}_MATLAB_LR")))
    print(table.drop(columns="dataset").to_string(index=False))
    with atomic_path(lr_certificate_file(dataset)) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")


if __name__ == "__main__":
    raise SystemExit(run(main))
