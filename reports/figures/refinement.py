"""Coarse against refined image of a network with two stages (Figure 4 of the paper)."""

import numpy as np
from matplotlib.figure import Figure as Canvas
from PIL import Image

from reports.figures.pictures import Crop, Pictures, as_crop, bicubic, cut, how_chosen, luma
from reports.figures.style import NARROW, Figure, picture


def draw_refinement(views: list[Image.Image], size: float) -> Canvas:
    """Draw coarse and refined image and the truth, and below them the errors and their change."""
    low, high, truth = map(luma, views)
    errors = [np.abs(low - truth), np.abs(high - truth)]
    change = errors[0] - errors[1]
    top, limit = (float(np.percentile(np.abs(e), 99.5)) or 1.0 for e in (errors[0], change))
    means = [f"{error.mean():.2f}" for error in errors]
    maps = (
        (errors[0], "cividis", 0.0, top, f"(d) |error| of (a),\nmean {means[0]}"),
        (errors[1], "cividis", 0.0, top, f"(e) |error| of (b),\nmean {means[1]}"),
        (change, "PuOr", -limit, limit, "(f) (d) − (e): purple\nwhere (b) is better"),
    )
    # Two rows of three, or on a phone three rows of a view and its error.
    narrow = size == NARROW
    rows, columns = (3, 2) if narrow else (2, 3)
    height = rows * (size / columns * 0.86 * views[0].height / views[0].width + 0.36)
    canvas = Canvas(figsize=(size, height))
    grid = canvas.subplots(rows, columns).T if narrow else canvas.subplots(rows, columns)
    names = ("(a) Coarse image", "(b) Refined image", "(c) Ground truth")
    for axes, view, name in zip(grid[0], views, names, strict=True):
        picture(axes, view)
        axes.set_xlabel(name)
    for axes, (values, colours, start, end, name) in zip(grid[1], maps, strict=True):
        shown = picture(axes, values, cmap=colours, vmin=start, vmax=end)
        axes.set_xlabel(name)
        bar = canvas.colorbar(shown, ax=axes, fraction=0.04, pad=0.02)
        bar.outline.set_visible(False)
    return canvas


def refinement_figure(pictures: Pictures) -> Figure | None:
    """Return the figure of the first crop that has a coarse image of the subject, or None."""
    given = pictures.results.facts["figures"]["refinement"]
    crops = [as_crop(given)] if given else pictures.crops()
    return next(filter(None, (refinement(pictures, crop) for crop in crops)), None)


def refinement(pictures: Pictures, crop: Crop) -> Figure | None:
    """Return the figure of one crop."""
    subject = pictures.results.facts["subject"]
    keys = [run["key"] for run in pictures.sources(crop) if run["method"] == subject]
    if not keys or not pictures.path(keys[0], crop, "coarse.png").is_file():
        return None
    region = pictures.region(crop)
    kept = ((keys[0], "coarse.png"), (keys[0], "sr.png"), (bicubic(crop.scale), "hr.png"))
    views = [cut(pictures.view(key, crop, name), region) for key, name in kept]
    return Figure(
        "refinement",
        "Coarse against refined",
        f"Effect of the second stage of {pictures.results.subject} on {crop.image} of "
        f"{crop.dataset} at ×{crop.scale}, as in Figure 4 of the paper: region of "
        f"{how_chosen(crop, region)}; below, the absolute error of luma in grey levels (of 255).",
        "Coarse image, refined image, ground truth, and maps of their errors.",
        lambda width: draw_refinement(views, width),
        is_picture=True,
    )
