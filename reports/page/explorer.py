"""Excerpts of all kept images for the page's explorer: every scale and every network.

A page from disk may show a picture and may not read its pixels, which the scores of what is in view
need. The pictures of one image at one scale therefore stand below each other in one lossless WebP,
as text in a script that the page loads when it is asked for.
"""

import base64
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from pipeline.study.keys import Key
from pipeline.study.results import Crop
from reports.figures.pictures import Pictures
from reports.figures.regions import NEUTRAL, Region, kept_images, worst_region
from reports.figures.visual_comparison import Comparison, Tile, compare, shown_methods
from reports.results import ordered, slug

# Pixels of all excerpts together: some 1.3 MB of the report. Excerpts are no larger than this
# either.
BUDGET = 1_000_000
LARGEST = (480, 360)
GRID = 12  # excerpts begin and end there, at whole LR pixels of every scale


def write_excerpts(pictures: Pictures, folder: Path) -> int:
    """Write the excerpts and their list, list.js.

    Parameters
    ----------
    pictures : Pictures
        What stage `evaluate` kept.
    folder : Path
        Folder to write; it must not exist.

    Returns
    -------
    int
        Number of images at a scale; 0 where no pictures were kept.
    """
    folder.mkdir(parents=True)
    found = [
        (image, scale)
        for scale in sorted(pictures.results.study.scales)
        for image in kept_images(pictures, scale)
    ]
    pixels = BUDGET / max(1, sum(count(pictures, *place) for place in found))
    shown = []
    for image in ordered(image for image, _ in found):
        scales = [scale for other, scale in found if other == image]
        region = excerpt(pictures, image, scales, pixels)
        for scale in scales:
            crop = Crop(dataset=image[0], image=image[1], scale=scale, region=region)
            name = slug(*image, f"x{scale}")
            comparison = compare(pictures, crop, name, everything=True)
            if not isinstance(comparison, str):
                shown.append(facts(comparison))
                write_pictures(comparison, folder)
    content = json.dumps(shown, indent=1)
    (folder / "list.js").write_text(f"window.reportExcerpts = {content};\n", encoding="utf-8")
    return len(shown)


def count(pictures: Pictures, image: tuple[str, str], scale: int) -> int:
    """Return how many views there are of an image at a scale: truth, LR and each method's."""
    crop = Crop(dataset=image[0], image=image[1], scale=scale)
    return 2 + len(shown_methods(pictures, crop, everything=True))


def excerpt(
    pictures: Pictures, image: tuple[str, str], scales: Sequence[int], pixels: float
) -> Region:
    """Return the region of an image that the page has: where bicubic is worst at the largest scale.

    It is 4 to 3 and at most half as wide and half as high as the image.
    """
    bases = {scale: pictures.original(scale, *image) for scale in scales}
    sizes = [base.size for base in bases.values() if base]
    width, height = (min(size[side] for size in sizes) for side in (0, 1))
    sides = (math.sqrt(pixels * 4 / 3), math.sqrt(pixels * 3 / 4))
    size = [
        max(GRID, int(min(side, most, whole / 2)) // GRID * GRID)
        for side, most, whole in zip(sides, LARGEST, (width, height), strict=True)
    ]
    scale = max(scales)
    original = bases[scale]
    assert original is not None
    bicubic = pictures.view(Key.bicubic(scale).name, *image, original.size)
    box = (0, 0, width, height)
    return worst_region(original.crop(box), bicubic.crop(box), (size[0], size[1]), GRID)


def write_pictures(comparison: Comparison, folder: Path) -> None:
    """Write the views of one image at one scale, and the small whole image."""
    _, _, width, height = comparison.region
    sprite = Image.new("RGB", (width, height * len(comparison.tiles)))
    for index, tile in enumerate(comparison.tiles):
        view = tile.image.resize((width, height), Image.Resampling.NEAREST)
        sprite.paste(view, (0, index * height))
    content = io.BytesIO()
    sprite.save(content, "WEBP", lossless=True, quality=80, method=4)
    text = base64.b64encode(content.getvalue()).decode()
    name = json.dumps(comparison.slug)
    (folder / f"{comparison.slug}.js").write_text(
        f'window.showExcerpt({name}, "data:image/webp;base64,{text}");\n', encoding="utf-8"
    )
    comparison.overview.save(folder / overview(comparison), "WEBP", quality=80, method=4)


def overview(comparison: Comparison) -> str:
    """Return the file of the small whole image."""
    return f"{slug(comparison.dataset, comparison.image)}.webp"


def facts(comparison: Comparison) -> dict[str, Any]:
    """Return what the page has to know of an image at a scale."""
    return {
        "key": comparison.slug,
        "image": f"{comparison.image} ({comparison.dataset})",
        "scale": comparison.scale,
        "region": comparison.region,
        "whole": comparison.size,
        "overview": f"assets/excerpts/{overview(comparison)}",
        "chosen": NEUTRAL,
        "views": [view(tile) for tile in comparison.tiles],
    }


def view(tile: Tile) -> dict[str, Any]:
    """Return the name of a view and what the whole image scores."""
    return {"label": tile.label, "mesr": tile.method.startswith("mesr_"), "metrics": tile.metrics}
