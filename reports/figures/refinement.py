"""Coarse against refined image of a network with two stages (Figure 4 of the paper)."""

from functools import partial

import numpy as np
from matplotlib.figure import Figure as Canvas
from PIL import Image

from reports.figures.pictures import NEUTRAL, Pictures, as_crop, cut, luma
from reports.figures.style import Figure, bare, picture


def draw_refinement(views: list[Image.Image], size: float) -> Canvas:
    """Draw coarse and refined image and the truth, and below them the errors and their change."""
    low, high, truth = map(luma, views)
    errors = [np.abs(low - truth), np.abs(high - truth)]
    top = float(np.percentile(errors, 99.5)) or 1.0
    change = errors[0] - errors[1]
    limit = float(np.percentile(np.abs(change), 99.5)) or 1.0
    canvas = Canvas(figsize=(size, 0.62 * size * views[0].height / views[0].width + 0.7))
    grid = canvas.subplots(2, 3)
    names = ("(a) Coarse image", "(b) Refined image", "(c) Ground truth")
    for axes, view, name in zip(grid[0], views, names, strict=True):
        picture(axes, view)
        axes.set_xlabel(name, size=7)
    means = [f"{error.mean():.2f}" for error in errors]
    maps = (
        (errors[0], "cividis", 0.0, top, f"(d) |error| of (a), mean {means[0]}"),
        (errors[1], "cividis", 0.0, top, f"(e) |error| of (b), mean {means[1]}"),
        (change, "PuOr", -limit, limit, "(f) (d) − (e): purple where (b) is better"),
    )
    for axes, (values, colours, start, end, name) in zip(grid[1], maps, strict=True):
        shown = axes.imshow(
            values, cmap=colours, vmin=start, vmax=end, interpolation="none", aspect="auto"
        )
        bare(axes)
        axes.set_xlabel(name, size=7)
        if axes is not grid[1][0]:
            bar = canvas.colorbar(shown, ax=axes, fraction=0.04, pad=0.02)
            bar.ax.tick_params(labelsize=6)
            bar.outline.set_visible(False)
    return canvas


def refinement_figure(pictures: Pictures) -> Figure | None:
    """Return the figure of the first crop that has a coarse image, or None."""
    given = pictures.results.facts["figures"]["refinement"]
    for crop in [as_crop(given)] if given else pictures.crops():
        place = (crop.dataset, crop.image)
        original = pictures.original(crop.scale, *place)
        if original is None:
            continue
        for source in pictures.sources(crop.scale, *place):
            coarse = pictures.view(source.key, *place, original.size, "coarse.png")
            refined = pictures.view(source.key, *place, original.size)
            if source.method != pictures.results.facts["subject"] or not coarse or not refined:
                continue
            region = pictures.region(crop, original)
            x, y, width, height = region
            how = "chosen by hand" if crop.region else f"chosen {NEUTRAL}"
            return Figure(
                "refinement",
                "Coarse against refined",
                f"Effect of the second stage of {source.label} on {crop.image} of {crop.dataset} "
                f"at ×{crop.scale}, as in Figure 4 of the paper: region of {width}×{height} pixels "
                f"at ({x}, {y}), {how}; below, the absolute error of luma in grey levels (of 255).",
                "Coarse image, refined image, ground truth, and maps of their errors.",
                partial(draw_refinement, [cut(i, region) for i in (coarse, refined, original)]),
                is_picture=True,
            )
    return None
