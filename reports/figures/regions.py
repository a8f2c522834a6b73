"""Which images the figures show, and where they are cut."""

import numpy as np
from PIL import Image
from scipy.ndimage import uniform_filter

from pipeline.study.keys import Key
from pipeline.study.results import Crop
from pipeline.support.errors import UserError
from reports.figures.pictures import Pictures, luma
from reports.results import Results

Region = tuple[int, int, int, int]  # x, y, width, height in HR pixels
AUTOMATIC_CROPS = 3


# How a region was chosen, for captions.
NEUTRAL = "where bicubic interpolation has the largest error, whatever the networks do there"


def crops(pictures: Pictures) -> list[Crop]:
    """Return what params `figures.crops` names, or else the images that bicubic restores worst."""
    named = pictures.results.study.figures.crops
    return named or automatic_crops(pictures, largest_scale(pictures.results))


def largest_scale(results: Results) -> int:
    """Return the largest scale of Table 3."""
    return int(results["tables/table3"]["scale"].max())


def kept_images(pictures: Pictures, scale: int) -> list[tuple[str, str]]:
    """Return dataset and name of the images whose pictures were kept at a scale."""
    folder = pictures.evaluations / Key.bicubic(scale).name / "images"
    return [
        (path.parent.parent.name, path.parent.name) for path in sorted(folder.glob("*/*/hr.png"))
    ]


def automatic_crops(pictures: Pictures, scale: int) -> list[Crop]:
    """Return the kept images on which bicubic interpolation has the lowest PSNR, that first."""
    ranked = []
    for dataset, image in kept_images(pictures, scale):
        found = pictures.quality.get(("bicubic", "", "none", float(scale), dataset, image, ""))
        if found:
            ranked.append((found[0], dataset, image))
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


def usual_size(size: tuple[int, int], scale: int) -> tuple[int, int]:
    """Return width and height of a region of an image of `size`: 4 to 3, whole LR pixels."""
    width, height = size
    side = max(8 * scale, min(height, width) // 5 // (4 * scale) * (4 * scale))
    return min(width, side * 4 // 3 // scale * scale), min(height, side)


def worst_region(
    original: Image.Image, bicubic: Image.Image, size: tuple[int, int], step: int
) -> Region:
    """Return the region that bicubic interpolation restores worst.

    The choice is neutral: no network has a say in it.

    Parameters
    ----------
    original, bicubic : Image
        HR image and its bicubic restoration, of one size.
    size : tuple of int
        Width and height of the region.
    step : int
        The region begins at multiples of so many pixels: of the scale, so that it is one of whole
        LR pixels.

    Returns
    -------
    tuple of int
        x, y, width, height: the region with the largest mean squared error of luma.
    """
    error = (luma(bicubic) - luma(original)) ** 2
    (height, width), (w, h) = error.shape, size
    mean = uniform_filter(error, (h, w), mode="constant")[h // 2 :: step, w // 2 :: step]
    mean = mean[: (height - h) // step + 1, : (width - w) // step + 1]
    row, column = np.unravel_index(int(mean.argmax()), mean.shape)
    return int(column) * step, int(row) * step, w, h


def cut(image: Image.Image, region: Region, shrink: int = 1) -> Image.Image:
    """Cut a region out of an image `shrink` times smaller than the HR image."""
    x, y, width, height = region
    left, top = x // shrink, y // shrink
    right, bottom = -(-(x + width) // shrink), -(-(y + height) // shrink)
    return image.crop((left, top, right, bottom))
