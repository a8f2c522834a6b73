"""How often stage `overlap` misses a photograph that was cut, resized or re-encoded, and errs.

Usage: python -m benchmarks.overlap_misses [--dataset BSD100] [--images 30]

Takes the first photographs of a packed dataset (`mesr fetch BSD100`), cuts a window at a random
place out of each, changes it, and looks for it among the photographs. Prints the table of
docs/data.md: the share that is found, and how many pairs of different photographs were called the
same.
"""

import argparse
import io
from collections.abc import Callable

import numpy as np
from PIL import Image

from pipeline.imaging.overlap import find_overlaps
from pipeline.imaging.packed import PackedImages
from pipeline.imaging.tensors import Pixels
from pipeline.study.paths import hr_file

SIDES = (1.0, 0.7, 0.5, 0.4, 0.3, 0.2)


def resized(image: Pixels, factor: float) -> Pixels:
    size = round(image.shape[1] * factor), round(image.shape[0] * factor)
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))


def encoded(image: Pixels, quality: int) -> Pixels:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "jpeg", quality=quality)
    return np.asarray(Image.open(buffer))


CHANGES: dict[str, Callable[[Pixels], Pixels]] = {
    "as it is": lambda image: image,
    "JPEG, quality 50": lambda image: encoded(image, 50),
    "half the size": lambda image: resized(image, 0.5),
    "half the size, then JPEG": lambda image: encoded(resized(image, 0.5), 50),
}


def cut(image: Pixels, side: float, rng: np.random.Generator) -> Pixels:
    """Cut a window of `side` of the height and of the width, at a random place."""
    height, width = (round(length * side) for length in image.shape[:2])
    top, left = (
        rng.integers(whole - part + 1)
        for whole, part in zip(image.shape[:2], (height, width), strict=True)
    )
    return image[top : top + height, left : left + width]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="BSD100")
    parser.add_argument("--images", type=int, default=30)
    arguments = parser.parse_args()
    packed = PackedImages(hr_file(arguments.dataset))
    photographs = {name: packed[name] for name in list(packed)[: arguments.images]}
    sides = " | ".join(f"{100 * side:.0f} %" for side in SIDES)
    print(f"| side of the window | {sides} |\n|---|{'---|' * len(SIDES)}")
    wrong = 0
    for label, change in CHANGES.items():
        shares = []
        for side in SIDES:
            rng = np.random.default_rng(0)
            cuts = {name: change(cut(image, side, rng)) for name, image in photographs.items()}
            found = find_overlaps(cuts, photographs)
            right = sum(overlap.first == overlap.second for overlap in found)
            wrong += len(found) - right
            shares.append(f"{100 * right / len(photographs):.0f} %")
        print(f"| {label} | {' | '.join(shares)} |", flush=True)
    pairs = len(CHANGES) * len(SIDES) * len(photographs) * (len(photographs) - 1)
    print(f"\n{wrong} of {pairs} pairs of different photographs were called the same.")


if __name__ == "__main__":
    main()
