"""Which images the figures show, and where they are cut."""

import numpy as np
from PIL import Image
from scipy.ndimage import uniform_filter

from pipeline.study.keys import Key
from pipeline.study.results import Crop
from pipeline.support.errors import UserError
from reports.figures.pictures import Pictures, focus, luma
from reports.results import Results

Region = tuple[int, int, int, int]  # x, y, width, height in HR pixels
AUTOMATIC_CROPS = 3


def crops(pictures: Pictures) -> list[Crop]:
    """Return what params `figures.crops` names, or else images on which MESR gains most."""
    named = pictures.results.study.figures.crops
    return named or automatic_crops(pictures, largest_scale(pictures.results))


def largest_scale(results: Results) -> int:
    """Return the largest scale of Table 3."""
    return int(results["tables/table3"]["scale"].max())


def automatic_crops(pictures: Pictures, scale: int) -> list[Crop]:
    """Return the kept images on which MESR gains most over bicubic, best first."""
    method = focus(pictures.methods(scale))
    folder = pictures.evaluations / Key.bicubic(scale).name / "images"
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
        Crop(dataset=dataset, image=image, scale=scale)
        for _, dataset, image in sorted(ranked)[:AUTOMATIC_CROPS]
    ]


def checked_region(region: Region, size: tuple[int, int], where: str) -> Region:
    """Return a region that lies inside an image of `size` (width, height)."""
    x, y, width, height = region
    if x < 0 or y < 0 or width < 1 or height < 1 or x + width > size[0] or y + height > size[1]:
        raise UserError(
            f"params figures: region {list(region)} of {where} leaves the image, which is "
            f"{size[0]} wide and {size[1]} high. Give x, y, width, height in HR pixels."
        )
    return region


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
