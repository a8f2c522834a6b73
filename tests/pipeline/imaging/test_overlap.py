"""The same photograph is found however it was changed; others are not taken for it."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut, camera, cat, chelsea, coffee, rocket

from benchmarks.overlap_misses import encoded, resized
from pipeline.imaging.overlap import Overlap, find_overlaps
from pipeline.imaging.tensors import Pixels

PHOTOGRAPHS = {
    "astronaut": astronaut(), "camera": camera(), "chelsea": chelsea(), "rocket": rocket(),
}  # fmt: skip


def cut(image: Pixels, share: float) -> Pixels:
    """A window of `share` of each side, off the centre, at odd offsets."""
    height, width = (round(length * share) for length in image.shape[:2])
    top, left = (image.shape[0] - height) // 3 | 1, (image.shape[1] - width) // 2 | 1
    return image[top : top + height, left : left + width]


CHANGES: dict[str, Callable[[Pixels], Pixels]] = {
    "whole": lambda image: image,
    "shifted": lambda image: image[2:, 3:],
    "halved": lambda image: resized(image, 0.5),
    "resized by an odd factor": lambda image: resized(image, 0.73),
    "encoded": lambda image: encoded(image, 40),
    "gray": lambda image: np.asarray(Image.fromarray(image).convert("L")),
    "half of each side": lambda image: cut(image, 0.5),
    "cut, resized and encoded": lambda image: encoded(resized(cut(image, 0.7), 0.6), 40),
}


def test_a_changed_photograph_is_found_and_no_other() -> None:
    changed = {
        (n, how): change(p) for n, p in PHOTOGRAPHS.items() for how, change in CHANGES.items()
    }
    found = find_overlaps(
        {f"{n}, {how}": pixels for (n, how), pixels in changed.items()}, PHOTOGRAPHS
    )
    assert [(o.first, o.second) for o in found] == [(f"{n}, {how}", n) for n, how in changed]


def test_shares_say_which_is_the_cut() -> None:
    (found,) = find_overlaps({"part": cut(coffee(), 0.5)}, {"all": coffee()})
    assert found.share_of_first > 0.95
    assert found.share_of_second == pytest.approx(0.25, abs=0.02)


def test_images_without_corners_are_no_overlap() -> None:
    flat = {
        "flat": np.full((90, 90), 80, np.uint8),
        "ramp": np.tile(np.arange(99, dtype=np.uint8), (99, 1)),
    }
    assert find_overlaps(flat, flat | {"cat": cat()}) == list[Overlap]()
