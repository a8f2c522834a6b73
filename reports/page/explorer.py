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
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from reports.figures.comparison import Comparison, compare, pair
from reports.figures.pictures import NEUTRAL, Crop, Pictures, Region, bicubic, worst_region
from reports.names import records, slug

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
    found = [crop for scale in sorted(pictures.results.facts["scales"])
             for crop in pictures.kept(scale)]  # fmt: skip
    views = sum(2 + len(pictures.sources(crop)) for crop in found)
    images: dict[tuple[str, str], list[Crop]] = {}
    for crop in found:
        images.setdefault((crop.dataset, crop.image), []).append(crop)
    shown = []
    for crops in images.values():
        region = excerpt(pictures, crops, BUDGET / views)
        for crop in crops:
            comparison = compare(pictures, replace(crop, region=region))
            assert comparison is not None, "its pictures are kept"
            shown.append(facts(comparison))
            write_pictures(comparison, folder)
    content = json.dumps(shown, indent=1)
    (folder / "list.js").write_text(f"window.reportExcerpts = {content};\n", encoding="utf-8")
    return len(shown)


def excerpt(pictures: Pictures, crops: Sequence[Crop], pixels: float) -> Region:
    """Return the region of an image that the page has: where bicubic is worst at the largest scale.

    It is 4 to 3 and at most half as wide and half as high as the image.
    """
    originals = [pictures.view(bicubic(crop.scale), crop, "hr.png") for crop in crops]
    enlarged = pictures.view(bicubic(crops[-1].scale), crops[-1])
    # At each scale the image is cut to whole LR pixels.
    width, height = (min(one.size[side] for one in originals) for side in (0, 1))
    sides = (
        min(math.sqrt(pixels * 4 / 3), LARGEST[0], width / 2),
        min(math.sqrt(pixels * 3 / 4), LARGEST[1], height / 2),
    )
    w, h = (max(GRID, int(side) // GRID * GRID) for side in sides)
    box = (0, 0, width, height)
    return worst_region(originals[-1].crop(box), enlarged.crop(box), (w, h), GRID)


def write_pictures(comparison: Comparison, folder: Path) -> None:
    """Write the views of one image at one scale, and the small whole image."""
    _, _, width, height = comparison.region
    sprite = Image.new("RGB", (width, height * len(comparison.tiles)))
    for index, tile in enumerate(comparison.tiles["tile"]):
        view = tile.resize((width, height), Image.Resampling.NEAREST)
        sprite.paste(view, (0, index * height))
    content = io.BytesIO()
    sprite.save(content, "WEBP", lossless=True, quality=80, method=4)
    text = base64.b64encode(content.getvalue()).decode()
    key = comparison.crop.slug
    (folder / f"{key}.js").write_text(
        f'window.showExcerpt({json.dumps(key)}, "data:image/webp;base64,{text}");\n',
        encoding="utf-8",
    )
    comparison.overview().save(folder / overview(comparison.crop), "WEBP", quality=80, method=4)


def overview(crop: Crop) -> str:
    """Return the file of the small whole image."""
    return f"{slug(crop.dataset, crop.image)}.webp"


def facts(comparison: Comparison) -> dict[str, Any]:
    """Return what the page has to know of an image at a scale."""
    crop = comparison.crop
    return {
        "key": crop.slug,
        "image": f"{crop.image} ({crop.dataset})",
        "scale": crop.scale,
        "region": comparison.region,
        "whole": comparison.original.size,
        "overview": f"assets/excerpts/{overview(crop)}",
        "chosen": NEUTRAL,
        "views": [
            {
                "label": row["label"],
                "subject": bool(row["is_subject"]),
                "metrics": pair(row["psnr_db"], row["ssim"]),
            }
            for row in records(comparison.tiles)
        ],
    }
