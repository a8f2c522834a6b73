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

from reports.figures.comparison import Comparison, compare, pair
from reports.figures.pictures import NEUTRAL, Crop, Pictures, Region, bicubic, worst_region
from reports.names import distinct, records, slug

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
    scales = sorted(pictures.results.facts["scales"])
    found = [(image, scale) for scale in scales for image in pictures.kept(scale)]
    views = sum(2 + len(pictures.sources(scale, *image)) for image, scale in found)
    shown = []
    for image in distinct(image for image, _ in found):
        own = [scale for other, scale in found if other == image]
        region = excerpt(pictures, image, own, BUDGET / max(1, views))
        for scale in own:
            comparison = compare(pictures, Crop(image[0], image[1], scale, region))
            assert comparison is not None, "its pictures are kept"
            shown.append(facts(comparison))
            write_pictures(comparison, folder)
    content = json.dumps(shown, indent=1)
    (folder / "list.js").write_text(f"window.reportExcerpts = {content};\n", encoding="utf-8")
    return len(shown)


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
    enlarged = pictures.view(bicubic(scale), *image)
    assert original is not None and enlarged is not None, "kept with hr.png"
    box = (0, 0, width, height)
    return worst_region(original.crop(box), enlarged.crop(box), (size[0], size[1]), GRID)


def write_pictures(comparison: Comparison, folder: Path) -> None:
    """Write the views of one image at one scale, and the small whole image."""
    _, _, width, height = comparison.region
    sprite = Image.new("RGB", (width, height * len(comparison.tiles)))
    for index, tile in enumerate(comparison.tiles):
        view = tile.resize((width, height), Image.Resampling.NEAREST)
        sprite.paste(view, (0, index * height))
    content = io.BytesIO()
    sprite.save(content, "WEBP", lossless=True, quality=80, method=4)
    text = base64.b64encode(content.getvalue()).decode()
    (folder / f"{comparison.slug}.js").write_text(
        f'window.showExcerpt({json.dumps(comparison.slug)}, "data:image/webp;base64,{text}");\n',
        encoding="utf-8",
    )
    comparison.overview.save(folder / overview(comparison), "WEBP", quality=80, method=4)


def overview(comparison: Comparison) -> str:
    """Return the file of the small whole image."""
    return f"{slug(comparison.crop.dataset, comparison.crop.image)}.webp"


def facts(comparison: Comparison) -> dict[str, Any]:
    """Return what the page has to know of an image at a scale."""
    crop = comparison.crop
    return {
        "key": comparison.slug,
        "image": f"{crop.image} ({crop.dataset})",
        "scale": crop.scale,
        "region": comparison.region,
        "whole": comparison.size,
        "overview": f"assets/excerpts/{overview(comparison)}",
        "chosen": NEUTRAL,
        "views": [
            {
                "label": row["label"],
                "subject": bool(row["is_subject"]),
                "metrics": pair(row["psnr_db"], row["ssim"]),
            }
            for row in records(comparison.facts)
        ],
    }
