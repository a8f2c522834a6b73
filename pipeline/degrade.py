"""Stage `degrade`: shrink the HR training images to LR images of protocol `rgb`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from pipeline.imaging.degradation import make_lr
from pipeline.imaging.packed import PackedImages, pack_images
from pipeline.imaging.protocol import RGB
from pipeline.study.paths import hr_file, lr_file
from pipeline.study.plain import read_params
from pipeline.study.runs import parse_scale
from pipeline.support.console import run


def degrade(hr: Path, lr: Path, scale: int) -> None:
    """Make packed LR images, (h, w, 3) uint8, of packed HR images, under the same names."""
    images = PackedImages(hr)
    names = tqdm(images.names, f"degrade {hr.stem} x{scale}", unit="image", disable=None)
    pack_images(((n, make_lr(images[n], scale, RGB, f"{hr}: {n}")) for n in names), lr)


def main(argv: Sequence[str] | None = None) -> None:
    """Make the LR images of data.train at a scale."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.degrade", description=main.__doc__)
    parser.add_argument("scale", type=parse_scale, help="x2, x3 or x4")
    scale = parser.parse_args(argv).scale
    dataset = read_params()["data"]["train"]
    print(f"degrade {dataset} x{scale}", flush=True)
    degrade(hr_file(dataset), lr_file(dataset, scale), scale)


if __name__ == "__main__":
    raise SystemExit(run(main))
