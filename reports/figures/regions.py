"""Which images the figures show, and where they are cut."""

from typing import Any

import numpy as np
from PIL import Image
from scipy.ndimage import uniform_filter

from pipeline.support.errors import UserError
from reports.figures.pictures import Pictures, focus, luma
from reports.results import Results

Region = tuple[int, int, int, int]  # x, y, width, height in HR pixels
AUTOMATIC_CROPS = 3


def requested(results: Results) -> list[dict[str, Any]]:
    """Return the crops that params `figures.crops` names."""
    crops = results.study.figures.get("crops") or []
    for crop in crops:
        if not isinstance(crop, dict) or not {"dataset", "image"} <= set(crop):
            raise UserError(
                f"params figures.crops: {crop!r} is not a mapping with dataset and image. "
                "Correct params.yaml and run `dvc repro` again."
            )
    return list(crops)


def scale_of(crop: dict[str, Any], default: int) -> int:
    """Return the scale of a crop, given as 4 or x4."""
    text = str(crop.get("scale") or default).removeprefix("x")
    if not text.isdigit():
        raise UserError(f"params figures.crops: scale {crop['scale']!r} is none; write 2, 3 or 4.")
    return int(text)


def automatic_crops(pictures: Pictures, scale: int) -> list[dict[str, Any]]:
    """Return the kept images on which MESR gains most over bicubic, best first."""
    method = focus(pictures.methods(scale))
    bicubic = f"bicubic_x{scale}"
    folder = pictures.evaluations / bicubic / "images"
    ranked = []
    for path in sorted(folder.glob("*/*/hr.png")):
        dataset, image = path.parent.parent.name, path.parent.name
        if method is None or not pictures.kept(method.key, dataset, image):
            continue
        before = pictures.quality.get(("bicubic", "", "none", float(scale), dataset, image, ""))
        after = pictures.measured(method, scale, dataset, image)
        if before and after:
            ranked.append((before[0] - after[0], dataset, image))
    return [
        {"dataset": dataset, "image": image, "scale": scale}
        for _, dataset, image in sorted(ranked)[:AUTOMATIC_CROPS]
    ]


def checked_region(region: Any, size: tuple[int, int], where: str) -> Region:
    """Return a region that lies inside an image of `size` (width, height)."""
    if not (isinstance(region, list | tuple) and len(region) == 4):
        raise UserError(
            f"params figures: region {region!r} of {where} is not [x, y, width, height]."
        )
    x, y, width, height = (int(number) for number in region)
    if x < 0 or y < 0 or width < 1 or height < 1 or x + width > size[0] or y + height > size[1]:
        raise UserError(
            f"params figures: region {list(region)} of {where} leaves the image, which is "
            f"{size[0]} wide and {size[1]} high. Give x, y, width, height in HR pixels."
        )
    return x, y, width, height


def chosen_region(
    original: Image.Image, bicubic: Image.Image, best: Image.Image | None, scale: int
) -> Region:
    """Return the region where `best` gains most over bicubic, on the LR grid.

    Without `best` it is the region that bicubic interpolation restores worst.
    """
    hr = luma(original)
    gain = (luma(bicubic) - hr) ** 2
    if best is not None:
        gain -= (luma(best) - hr) ** 2
    height, width = hr.shape
    side = max(8 * scale, min(height, width) // 5 // (4 * scale) * (4 * scale))
    w, h = min(width, side * 4 // 3 // scale * scale), min(height, side)
    mean = uniform_filter(gain, (h, w), mode="constant")[h // 2 :: scale, w // 2 :: scale]
    mean = mean[: (height - h) // scale + 1, : (width - w) // scale + 1]
    row, column = np.unravel_index(int(mean.argmax()), mean.shape)
    return int(column) * scale, int(row) * scale, w, h


def cut(image: Image.Image, region: Region, shrink: int = 1) -> Image.Image:
    """Cut a region out of an image `shrink` times smaller than the HR image."""
    x, y, width, height = region
    left, top = x // shrink, y // shrink
    right, bottom = -(-(x + width) // shrink), -(-(y + height) // shrink)
    return image.crop((left, top, right, bottom))
