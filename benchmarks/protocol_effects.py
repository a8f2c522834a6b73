"""Effect of each choice of an evaluation protocol, measured with bicubic interpolation.

Usage: python benchmarks/protocol_effects.py [--data data/hr] [--datasets Set5 Set14]

Changes one option of a protocol at a time and prints Markdown tables of the change in mean PSNR
(dB) and SSIM: the tables of docs/protocols.md. Get the images with `mesr fetch Set5 Set14`.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from baselines.bicubic import Bicubic
from mesr.common.imresize import imresize
from pipeline.imaging.degradation import make_reference
from pipeline.imaging.packed import PackedImages
from pipeline.imaging.protocol import RGB, Protocol, Y
from pipeline.imaging.tensors import Pixels, from_tensor, round_to_uint8, to_tensor
from pipeline.scoring.evaluation import evaluate_image
from pipeline.support.console import run

SCALES = (2, 3, 4)

OPTIONS: dict[str, tuple[Protocol, tuple[dict[str, object], ...]]] = {
    "rgb": (
        RGB,
        (
            {"lr_rounding": False},
            {"lr_pass_rounding": True},
            {"lr_border": "clamp"},
            {"sr_rounding": False},
            {"luma_rounding": True},
            {"gray": "keep"},
            {"border": "none"},
            {"border": "scale+6"},
            {"border": "scale^2"},
            {"metric": "yiq"},
            {"metric": "rgb"},
        ),
    ),
    "y": (
        Y,
        (
            {"lr_rounding": True},
            {"lr_border": "clamp"},
            {"sr_rounding": False},
            {"luma_rounding": False},
            {"gray": "replicate"},
            {"input_range": "studio"},
            {"border": "none"},
            {"border": "scale+6"},
            {"border": "scale^2"},
        ),
    ),
}


def pillow(image: Pixels, scale: int) -> Pixels:
    """Shrink with Pillow: other borders, 8-bit weights, and rounding between the passes."""
    size = image.shape[1] // scale, image.shape[0] // scale
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))


def not_antialiased(image: Pixels, scale: int) -> Pixels:
    """Shrink with the kernel of enlarging, `imresize(..., 'Antialiasing', false)`."""
    return round_to_uint8(from_tensor(imresize(to_tensor(image), scale=1 / scale, antialias=False)))


def torch_default(image: Pixels, scale: int) -> Pixels:
    """Shrink with torch's default bicubic: a = -0.75, not antialiased."""
    y = F.interpolate(to_tensor(image), scale_factor=1 / scale, mode="bicubic")
    return round_to_uint8(from_tensor(y))


KERNELS: tuple[Callable[[Pixels, int], Pixels], ...] = (
    pillow,
    not_antialiased,
    torch_default,
)


def scores(
    images: PackedImages,
    scale: int,
    protocol: Protocol,
    shrink: Callable[[Pixels, int], Pixels] | None = None,
) -> np.ndarray:
    """Mean PSNR and SSIM of bicubic, optionally with LR images from another function."""
    found = []
    for name in images:
        lr = None if shrink is None else shrink(make_reference(images[name], scale, RGB), scale)
        result = evaluate_image(Bicubic(scale), images[name], protocol, lr=lr, name=name)
        found.append((result.psnr_db, result.ssim))
    return np.mean(found, axis=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data/hr"), help="packed HR images")
    parser.add_argument("--datasets", nargs="+", default=["Set5", "Set14"])
    arguments = parser.parse_args()
    torch.set_grad_enabled(False)
    datasets = {name: PackedImages(arguments.data / f"{name}.h5") for name in arguments.datasets}
    cells = [(name, scale) for name in datasets for scale in SCALES]
    heading = " | ".join(f"{name} x{scale}" for name, scale in cells)

    for label, (base, options) in OPTIONS.items():
        start = {cell: scores(datasets[cell[0]], cell[1], base) for cell in cells}
        print(f"\n| protocol `{label}` | {heading} |\n|---|{'---|' * len(cells)}")
        absolute = " | ".join(f"{start[c][0]:.2f} / {start[c][1]:.4f}" for c in cells)
        print(f"| as defined: PSNR-Y / SSIM | {absolute} |")
        rows: list[tuple[str, Protocol, Callable[[Pixels, int], Pixels] | None]] = []
        for option in options:
            ((name, value),) = option.items()
            text = {True: "yes", False: "no"}.get(value, value)  # type: ignore[call-overload]
            changed = replace(base, **option)  # type: ignore[arg-type]
            rows.append((f"`{name}={text}`", changed, None))
        if label == "rgb":
            rows += [(f"LR: {f.__name__.replace('_', ' ')}", base, f) for f in KERNELS]
        for name, protocol, shrink in rows:
            changes = [scores(datasets[c[0]], c[1], protocol, shrink) - start[c] for c in cells]
            print(
                f"| {name} | {' | '.join(f'{d:+.3f} / {s:+.4f}' for d, s in changes)} |", flush=True
            )


if __name__ == "__main__":
    raise SystemExit(run(main))
