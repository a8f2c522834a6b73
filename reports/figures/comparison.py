"""Visual comparisons: every method's view of one region (Figures 5 to 8 of the paper)."""

import math
import textwrap
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure as Canvas
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Rectangle
from PIL import Image

from reports.figures import style
from reports.figures.pictures import (
    Crop,
    Pictures,
    Region,
    bicubic,
    cut,
    highest,
    how_chosen,
    scores,
)
from reports.figures.style import Figure
from reports.names import records
from reports.view import number

OVERVIEW_SIDE = 256  # pixels of the longer side of the small whole image
PRINTED = 10  # tiles of a figure: the truth, the LR image and eight methods


@dataclass(frozen=True)
class Comparison:
    """One image, a region of it, and every method's view of that region.

    Attributes
    ----------
    crop : Crop
    region : tuple of int
        x, y, width, height in HR pixels.
    original : Image
        The whole HR image.
    tiles : DataFrame
        One row a view: the truth, the LR image, then one per method. tile (a picture), label,
        kind ("" for the truth and the LR image), is_subject, variant, psnr_db and ssim of the whole
        image, region_psnr_db and region_ssim.
    """

    crop: Crop
    region: Region
    original: Image.Image
    tiles: pd.DataFrame

    @property
    def name(self) -> str:
        """Image, dataset and scale in words."""
        return f"{self.crop.image} ({self.crop.dataset}), ×{self.crop.scale}"

    def overview(self) -> Image.Image:
        """Return the whole image, small."""
        small = self.original.copy()
        small.thumbnail((OVERVIEW_SIDE, OVERVIEW_SIDE), Image.Resampling.LANCZOS)
        return small


def pair(psnr_db: float, ssim: float) -> str:
    """Print PSNR and SSIM of a view; nothing without a score."""
    return "" if math.isnan(psnr_db) else f"{number(psnr_db, 2)} / {number(ssim, 4)}"


def compare(pictures: Pictures, crop: Crop) -> Comparison | None:
    """Cut every method's view of one region; None where no pictures of the image are kept."""
    base = bicubic(crop.scale)
    if not pictures.path(base, crop, "hr.png").is_file():
        return None
    original, region = pictures.view(base, crop, "hr.png"), pictures.region(crop)
    truth = cut(original, region)
    lr = cut(pictures.view(base, crop, "lr.png"), region, crop.scale)
    none = {"kind": "", "variant": "", "is_subject": False}
    rows = [{"tile": truth, "label": "Ground truth", **none}]
    rows.append({"tile": lr, "label": "LR input", **none})
    for run in pictures.sources(crop):
        tile = cut(pictures.view(run["key"], crop), region)
        psnr_db, ssim = scores(tile, truth)
        rows.append(
            {
                **{name: run[name] for name in ("label", "kind", "variant")},
                **pictures.quality.loc[(run["key"], crop.dataset, crop.image)],
                "region_psnr_db": psnr_db,
                "region_ssim": ssim,
                "tile": tile,
                "is_subject": run["method"] == pictures.results.facts["subject"],
            }
        )
    return Comparison(crop, region, original, pd.DataFrame(rows))


def printed(comparison: Comparison) -> pd.DataFrame:
    """Return the tiles that a figure has room for: the references, the subject, the best others.

    The others are chosen by the PSNR of the whole image and stand in the order of the tables.
    """
    tiles = comparison.tiles
    keep = (tiles["kind"].isin(["", "interpolation"])) | tiles["is_subject"]
    others = ~keep & ((tiles["variant"] == "") | (tiles["kind"] != "trained"))
    ranks = tiles["psnr_db"].where(others).rank(ascending=False)
    shown = tiles[keep | (ranks <= PRINTED - int(keep.sum()))]
    return shown.assign(best=highest(shown))


def chosen_views(comparison: Comparison) -> str:
    """Say which networks are shown where there is no room for all."""
    trained = comparison.tiles[comparison.tiles["variant"] == ""]
    if len(printed(comparison)) >= len(trained):
        return ""
    return " Shown are those with the highest PSNR of the whole image; the explorer has all."


def draw_comparison(comparison: Comparison, width: float) -> Canvas:
    """Draw the whole image with its region framed, and each method's view of the region."""
    shown = printed(comparison)
    x, y, w, h = comparison.region
    # Beside the whole image all views; on a phone, three in a row, the whole image in place of two.
    narrow = width == style.NARROW
    rows = math.ceil((len(shown) + 2) / 3) if narrow else 2 if len(shown) > 3 else 1
    columns = 3 if narrow else math.ceil(len(shown) / rows)
    left = 0 if narrow else 0.24 * width
    tile = (width - left) / columns
    engine = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.03, wspace=0, hspace=0)
    canvas = Canvas(figsize=(width, rows * (tile * h / w + 0.56)), layout=engine)
    grid = canvas.add_gridspec(rows, columns + 1, width_ratios=[left or 1e-6, *[tile] * columns])
    whole = canvas.add_subplot(grid[0, 1:3] if narrow else grid[:, 0])
    right, bottom = comparison.original.size
    style.picture(whole, comparison.overview(), aspect="equal", extent=(0, right, bottom, 0))
    whole.set_anchor("N")
    for ink, thickness in (("white", 2.4), (style.TEXT, 1.2)):
        whole.add_patch(Rectangle((x, y), w, h, fill=False, edgecolor=ink, linewidth=thickness))
    whole.set_xlabel(textwrap.fill(comparison.name, 22))
    for place, row in enumerate(records(shown), start=2 if narrow else 0):
        axes = canvas.add_subplot(grid[place // columns, place % columns + 1])
        style.picture(axes, row["tile"])
        label = textwrap.shorten(row["label"], int(tile * 14), placeholder="…")
        region = pair(row["region_psnr_db"], row["region_ssim"])
        axes.set_xlabel(
            "\n".join([label, region, pair(row["psnr_db"], row["ssim"])]),
            labelpad=2, linespacing=1.15, weight="bold" if row["best"] else "normal",
            color=style.SUBJECT if row["is_subject"] else style.TEXT,
        )  # fmt: skip
    return canvas


def comparison_figure(comparison: Comparison) -> Figure:
    """Return the figure of a visual comparison."""
    crop = comparison.crop
    return Figure(
        f"crop-{crop.slug}",
        "Visual comparison",
        f"Visual comparison on {crop.image} of {crop.dataset} at ×{crop.scale}. The region is "
        f"{how_chosen(crop, comparison.region)}. "
        "Below each view PSNR (dB) and SSIM, of the region's luma and then of the whole image, as "
        "in the tables; of several seeds the first. Bold: "
        f"highest PSNR for its kind of weights.{chosen_views(comparison)}",
        f"The region as seen by {', '.join(comparison.tiles['label'])}.",
        lambda width: draw_comparison(comparison, width),
        choice=comparison.name,
        is_picture=True,
    )


def comparison_figures(pictures: Pictures) -> list[Figure]:
    """Return the visual comparisons of those images whose pictures are kept."""
    found = (compare(pictures, crop) for crop in pictures.crops())
    return [comparison_figure(comparison) for comparison in found if comparison]
