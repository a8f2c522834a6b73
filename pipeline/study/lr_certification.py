"""Our downscaling against LR files that MATLAB wrote, pixel by pixel.

Every figure starts from LR images. The files of asset `DATASET_MATLAB_LR` come out of MATLAB's own
`imresize`; the certificate counts how many of them each variant of our downscaling equals.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any, get_args

import numpy as np

from mesr.common.base import SCALES
from mesr.common.imresize import Border
from pipeline.imaging.degradation import make_lr
from pipeline.imaging.given import match_files
from pipeline.imaging.packed import PackedImages
from pipeline.imaging.protocol import RGB, Protocol
from pipeline.imaging.tensors import Pixels
from pipeline.support.errors import UserError

# Gray files stay gray: MATLAB was given the file as it is.
VARIANTS = tuple(
    replace(RGB, gray="keep", lr_border=border, lr_pass_rounding=rounding)
    for border, rounding in product(reversed(get_args(Border)), (True, False))
)


def differences(ours: Pixels, theirs: Pixels, name: str) -> Pixels:
    """Absolute differences of two LR images in grey levels.

    Parameters
    ----------
    ours, theirs : ndarray of uint8
        (h, w) or (h, w, 3).
    name : str
        The LR file, for messages.

    Raises
    ------
    UserError
        When the images are of different sizes or channels.
    """
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
        One row of the certificate per scale and variant of downscaling.
    """
    for scale in SCALES:
        stems = [stem for stem in lr.names if f"_SRF_{scale}_" in stem]
        if not stems:
            continue
        matched = match_files(stems, hr.names, scale, str(lr.path), "LR")
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


def describe(row: dict[str, Any]) -> str:
    """One line about a row, for the terminal."""
    return (
        f"{row['dataset']} x{row['scale']}, border {row['lr_border']}, rounded between the passes: "
        f"{row['lr_pass_rounding']}: {row['equal_files']} of {row['files']} files equal, "
        f"largest difference {row['worst_difference']}"
    )
