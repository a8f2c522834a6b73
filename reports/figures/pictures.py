"""The pictures that stage `evaluate` kept, whose they are, and where figures cut them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import uniform_filter
from skimage.metrics import structural_similarity

from pipeline.support.errors import UserError
from pipeline.tables.results import Results
from reports.names import records, slug

Region = tuple[int, int, int, int]  # x, y, width, height in HR pixels
WINDOW = 11  # side of SSIM's window in pixels
AUTOMATIC_CROPS = 3
# How a region was chosen, for captions.
NEUTRAL = "where bicubic interpolation has the largest error, whatever the networks do there"


@dataclass(frozen=True)
class Crop:
    """A region of a test image; without a region, the one that bicubic restores worst."""

    dataset: str
    image: str
    scale: int
    region: Region | None = None

    @property
    def slug(self) -> str:
        """Dataset, image and scale as a name for files."""
        return slug(self.dataset, self.image, f"x{self.scale}")


class Pictures:
    """The pictures below `evaluations/` and the quality of each."""

    def __init__(self, results: Results, evaluations: Path) -> None:
        self.results = results
        self.evaluations = evaluations
        frame = results["quality"]
        frame = frame[frame["protocol"] == results.facts["protocol"]]
        self.quality = frame.set_index(["key", "dataset", "image"])[["psnr_db", "ssim"]]

    def path(self, key: str, crop: Crop, name: str = "sr.png") -> Path:
        """Return where a picture of a crop's image is kept."""
        return self.evaluations / key / crop.dataset / "images" / crop.image / name

    def view(self, key: str, crop: Crop, name: str = "sr.png") -> Image.Image:
        """Read a picture of a crop's image as RGB."""
        with Image.open(self.path(key, crop, name)) as found:
            return found.convert("RGB")

    def kept(self, scale: int) -> list[Crop]:
        """Return the images whose pictures were kept at a scale."""
        found = sorted((self.evaluations / bicubic(scale)).glob("*/images/*/hr.png"))
        return [Crop(path.parts[-4], path.parts[-2], scale) for path in found]

    def sources(self, crop: Crop) -> list[dict[str, Any]]:
        """Return the rows of runs.csv with a picture of an image.

        Of several seeds the first is shown: one picture cannot be a mean.
        """
        runs = self.results["runs"]
        runs = runs[runs["scale"] == crop.scale].drop_duplicates("method")
        return [row for row in records(runs) if self.path(row["key"], crop).is_file()]

    def crops(self) -> list[Crop]:
        """Return what params `figures.crops` names, or the images that bicubic restores worst."""
        named = self.results.facts["figures"]["crops"]
        if named:
            return [as_crop(crop) for crop in named]
        scale = max(self.results.facts["scales"])
        own = self.quality.query(f"key == '{bicubic(scale)}'")
        own = own.sort_values("psnr_db", kind="stable").reset_index()
        kept = self.kept(scale)
        ranked = [Crop(d, i, scale) for d, i in zip(own["dataset"], own["image"], strict=True)]
        return [crop for crop in ranked if crop in kept][:AUTOMATIC_CROPS]

    def region(self, crop: Crop) -> Region:
        """Return the region of a crop: the given one, or the one that bicubic restores worst."""
        original = self.view(bicubic(crop.scale), crop, "hr.png")
        if crop.region:
            return checked_region(crop.region, original.size, f"{crop.dataset}/{crop.image}")
        enlarged = self.view(bicubic(crop.scale), crop)
        return worst_region(original, enlarged, usual_size(original.size, crop.scale), crop.scale)


def bicubic(scale: int) -> str:
    """Return the key of bicubic interpolation, whose folder has HR and LR images as well."""
    return f"bicubic_x{scale}"


def as_crop(crop: Mapping[str, Any]) -> Crop:
    """Return an entry of params `figures` as a crop."""
    region = crop["region"]
    scale = int(str(crop["scale"]).removeprefix("x"))
    return Crop(crop["dataset"], crop["image"], scale, tuple(region) if region else None)


def how_chosen(crop: Crop, region: Region) -> str:
    """Say of which size a region is, where, and who chose it."""
    x, y, width, height = region
    how = "chosen by hand" if crop.region else f"chosen {NEUTRAL}"
    return f"{width}×{height} pixels at ({x}, {y}), {how}"


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
    original: Image.Image, enlarged: Image.Image, size: tuple[int, int], step: int
) -> Region:
    """Return the region that bicubic interpolation restores worst: no network has a say in it.

    Parameters
    ----------
    original, enlarged : Image
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
    error = (luma(enlarged) - luma(original)) ** 2
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


def luma(image: Image.Image) -> NDArray[np.float64]:
    """BT.601 studio-range luma of an RGB image, as `docs/protocols.md` defines it."""
    rgb = np.asarray(image, dtype=np.float64)
    return np.asarray(16.0 + rgb @ np.array([65.481, 128.553, 24.966]) / 255.0)


def scores(view: Image.Image, original: Image.Image) -> tuple[float, float]:
    """Return PSNR in dB and SSIM of a view on the luma of what is shown, without a border.

    PSNR is infinite for equal views, SSIM NaN where a side is shorter than its window.
    """
    a, b = luma(view), luma(original)
    error = float(np.mean((a - b) ** 2))
    psnr = 10 * math.log10(255**2 / error) if error else math.inf
    if min(a.shape) < WINDOW:
        return psnr, math.nan
    ssim = structural_similarity(
        a, b, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    return psnr, float(ssim)


def highest(frame: pd.DataFrame) -> pd.Series:
    """Tell which rows have, as printed, the highest PSNR of several of their kind."""
    printed = frame["psnr_db"].round(2)
    groups = printed.groupby(frame["kind"])
    return (printed == groups.transform("max")) & (groups.transform("count") > 1)
