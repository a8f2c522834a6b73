"""Visual comparisons: every method's view of one region (Figures 5 to 8 of the paper)."""

import math
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure as Canvas
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Rectangle
from PIL import Image

from reports.figures.pictures import (
    NEUTRAL,
    Crop,
    Pictures,
    Region,
    bicubic,
    cut,
    highest,
    scores,
)
from reports.figures.style import SUBJECT, TEXT, Figure, bare, picture
from reports.names import slug
from reports.view import number

OVERVIEW_SIDE = 256  # pixels of the longer side of the small whole image
PRINTED = 12  # tiles of a figure: the truth, the LR image and ten methods


@dataclass(frozen=True)
class Comparison:
    """One image, a region of it, and every method's view of that region.

    Attributes
    ----------
    crop : Crop
    region : tuple of int
        x, y, width, height in HR pixels.
    size : tuple of int
        Width and height of the whole image.
    overview : Image
        The whole image, small.
    tiles : list of Image
        The truth, the LR image where it was kept, then one per method.
    facts : DataFrame
        One row a tile: label, kind ("" for the truth and the LR image), is_subject, variant,
        psnr_db and ssim of the whole image, region_psnr_db and region_ssim.
    """

    crop: Crop
    region: Region
    size: tuple[int, int]
    overview: Image.Image
    tiles: list[Image.Image]
    facts: pd.DataFrame

    @property
    def name(self) -> str:
        """Image, dataset and scale in words."""
        return f"{self.crop.image} ({self.crop.dataset}), ×{self.crop.scale}"

    @property
    def slug(self) -> str:
        """The same for files."""
        return slug(self.crop.dataset, self.crop.image, f"x{self.crop.scale}")


def pair(psnr_db: float, ssim: float) -> str:
    """Print PSNR and SSIM of a view; nothing without a score."""
    return "" if math.isnan(psnr_db) else f"{number(psnr_db, 2)} / {number(ssim, 4)}"


def compare(pictures: Pictures, crop: Crop) -> Comparison | None:
    """Cut every method's view of one region; None where no pictures of the image are kept."""
    original = pictures.original(crop.scale, crop.dataset, crop.image)
    if original is None:
        return None
    place, size = (crop.dataset, crop.image), original.size
    region = pictures.region(crop, original)
    truth = cut(original, region)
    tiles = [truth]
    nothing = {
        "kind": "",
        "is_subject": False,
        "variant": "",
        "psnr_db": math.nan,
        "ssim": math.nan,
    }
    rows: list[dict[str, object]] = [{"label": "Ground truth", **nothing}]
    small = (size[0] // crop.scale, size[1] // crop.scale)
    lr = pictures.view(bicubic(crop.scale), *place, small, "lr.png")
    if lr is not None:
        tiles.append(cut(lr, region, crop.scale))
        rows.append({"label": "LR input", **nothing})
    for source in pictures.sources(crop.scale, *place):
        found = pictures.view(source.key, *place, size)
        assert found is not None, "the sources are those with a picture"
        view = cut(found, region)
        psnr_db, ssim = pictures.quality.get((source.key, *place), (math.nan, math.nan))
        region_psnr_db, region_ssim = scores(view, truth)
        tiles.append(view)
        rows.append(
            {
                **{"label": source.label, "kind": source.kind, "psnr_db": psnr_db, "ssim": ssim},
                **{"region_psnr_db": region_psnr_db, "region_ssim": region_ssim},
                "is_subject": source.method == pictures.results.facts["subject"],
                "variant": source.variant,
            }
        )
    overview = original.copy()
    overview.thumbnail((OVERVIEW_SIDE, OVERVIEW_SIDE), Image.Resampling.LANCZOS)
    return Comparison(crop, region, size, overview, tiles, pd.DataFrame(rows))


def printed(comparison: Comparison) -> pd.DataFrame:
    """Return the tiles that a figure has room for: the references, the subject, the best others.

    The others are chosen by the PSNR of the whole image and stand in the order of the tables.
    """
    facts = comparison.facts
    keep = (facts["kind"].isin(["", "interpolation"])) | facts["is_subject"]
    room = PRINTED - int(keep.sum())
    others = ~keep & ((facts["variant"] == "") | (facts["kind"] != "trained"))
    keep |= facts["psnr_db"].where(others).rank(ascending=False) <= room
    shown = facts[keep]
    return shown.assign(best=highest(shown))


def draw_comparison(comparison: Comparison) -> Callable[[float], Canvas]:
    """Draw the whole image with its region framed, and each method's view of the region."""
    shown = printed(comparison)
    rows = 2 if len(shown) > 3 else 1
    columns = math.ceil(len(shown) / rows)
    _, _, region_width, region_height = comparison.region

    def draw(width: float) -> Canvas:
        left = 0.26 * width
        tile = (width - left) / columns
        height = rows * (tile * region_height / region_width + 0.52)
        engine = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.03, wspace=0, hspace=0)
        canvas = Canvas(figsize=(width, height), layout=engine)
        grid = canvas.add_gridspec(rows, columns + 1, width_ratios=[left, *[tile] * columns])
        whole = canvas.add_subplot(grid[:, 0])
        whole.imshow(
            comparison.overview,
            interpolation="none",
            extent=(0, comparison.size[0], comparison.size[1], 0),
        )
        whole.set_anchor("N")
        bare(whole)
        x, y, w, h = comparison.region
        for ink, thickness in (("white", 2.4), (TEXT, 1.2)):
            whole.add_patch(Rectangle((x, y), w, h, fill=False, edgecolor=ink, linewidth=thickness))
        whole.set_xlabel(textwrap.fill(comparison.name, 26), size=7)
        for place, (index, facts) in enumerate(shown.iterrows()):
            axes = canvas.add_subplot(grid[place // columns, place % columns + 1])
            picture(axes, comparison.tiles[int(str(index))])
            label = textwrap.shorten(facts["label"], int(tile * 19), placeholder="…")
            values = [pair(facts["region_psnr_db"], facts["region_ssim"])]
            values.append(pair(facts["psnr_db"], facts["ssim"]))
            axes.set_xlabel(
                "\n".join([label, *values]), size=6, labelpad=2, linespacing=1.15,
                weight="bold" if facts["best"] else "normal",
                color=SUBJECT if facts["is_subject"] else TEXT,
            )  # fmt: skip
        return canvas

    return draw


def comparison_figure(comparison: Comparison) -> Figure:
    """Return the figure of a visual comparison."""
    x, y, width, height = comparison.region
    how = "chosen by hand" if comparison.crop.region else f"chosen {NEUTRAL}"
    return Figure(
        f"crop-{comparison.slug}",
        "Visual comparison",
        f"Visual comparison on {comparison.crop.image} of {comparison.crop.dataset} at "
        f"×{comparison.crop.scale}. The region is {width}×{height} pixels at ({x}, {y}), {how}. "
        "Below each view PSNR (dB) and SSIM: first of the region, on the luma that is shown; then "
        "of the whole image, as in the tables; of the first seed where there are several. Bold: "
        "highest PSNR among views with the same kind of weights.",
        f"The region as seen by {', '.join(comparison.facts['label'])}.",
        draw_comparison(comparison),
        choice=comparison.name,
        is_picture=True,
    )


def comparison_figures(pictures: Pictures) -> list[Figure]:
    """Return the visual comparisons of those images whose pictures are kept."""
    found = (compare(pictures, crop) for crop in pictures.crops())
    return [comparison_figure(comparison) for comparison in found if comparison]
