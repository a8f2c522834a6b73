"""Coarse against refined image of MESR, and their errors (Figure 4 of the paper)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray
from PIL import Image

from pipeline.study.keys import Key
from reports.figures.pictures import Pictures, luma
from reports.figures.regions import (
    NEUTRAL,
    Region,
    checked_region,
    crops,
    cut,
    usual_size,
    worst_region,
)
from reports.figures.style import WIDTH, Figure, Theme, picture


@dataclass(frozen=True)
class Refinement:
    """Coarse and refined image of MESR over a region, with their errors (Figure 4)."""

    dataset: str
    image: str
    scale: int
    region: Region
    automatic: bool
    coarse: Image.Image
    refined: Image.Image
    original: Image.Image
    coarse_error: NDArray[np.float64]  # |error| of luma, 0..255
    refined_error: NDArray[np.float64]


def refinement(pictures: Pictures) -> Refinement | str:
    """Return MESR's coarse and refined image of one region; or why there is none."""
    given = pictures.results.study.figures.refinement
    for crop in [given] if given else crops(pictures):
        scale, dataset, image = crop.scale, crop.dataset, crop.image
        original = pictures.original(scale, dataset, image)
        if original is None:
            continue
        for method in pictures.trained("mesr", ("train",), "", scale):
            if not pictures.kept(method.key, dataset, image, "coarse.png"):
                continue
            coarse = pictures.view(method.key, dataset, image, original.size, "coarse.png")
            refined = pictures.view(method.key, dataset, image, original.size)
            bicubic = Key.bicubic(scale).name
            if crop.region is None:
                base = pictures.view(bicubic, dataset, image, original.size)
                region = worst_region(original, base, usual_size(original.size, scale), scale)
            else:
                region = checked_region(crop.region, original.size, f"{dataset}/{image}")
            hr, low, high = (cut(picture, region) for picture in (original, coarse, refined))
            return Refinement(
                *(dataset, image, scale, region, crop.region is None, low, high, hr),
                coarse_error=np.abs(luma(low) - luma(hr)),
                refined_error=np.abs(luma(high) - luma(hr)),
            )
    return (
        "Coarse against refined (Figure 4 of the paper): no run of MESR kept coarse.png for an "
        "image of the figures. Name one in evaluate.keep_images and figures.refinement."
    )


def draw_refinement(data: Refinement) -> Callable[[Theme], Canvas]:
    """Draw coarse, refined and original, and below them the errors and their change."""
    ratio = data.original.height / data.original.width
    side, gap, text = 1.92, 0.09, 0.2
    tile = side * ratio
    height = 2 * (tile + text) + 0.12
    top = float(np.percentile(np.stack([data.coarse_error, data.refined_error]), 99.5)) or 1.0
    change = data.coarse_error - data.refined_error
    limit = float(np.percentile(np.abs(change), 99.5)) or 1.0
    mean_coarse, mean_refined = data.coarse_error.mean(), data.refined_error.mean()

    def draw(theme: Theme) -> Canvas:
        canvas = Canvas(figsize=(WIDTH, height))

        def place(column: int, row: int, width: float = side) -> Axes:
            x, y = column * (side + gap), row * (tile + text)
            return canvas.add_axes(
                (x / WIDTH, 1 - (y + tile) / height, width / WIDTH, tile / height)
            )

        def title(axes: Axes, words: str) -> None:
            axes.set_xlabel(words, labelpad=3, size=6.5)

        pictures = (
            (data.coarse, "(a) Coarse image"),
            (data.refined, "(b) Refined image"),
            (data.original, "(c) Ground truth"),
        )
        for column, (image, words) in enumerate(pictures):
            axes = place(column, 0)
            picture(axes, image)
            title(axes, words)
        errors = (
            (
                data.coarse_error,
                "cividis",
                (0.0, top),
                f"(d) |error| of (a), mean {mean_coarse:.2f}",
            ),
            (
                data.refined_error,
                "cividis",
                (0.0, top),
                f"(e) |error| of (b), mean {mean_refined:.2f}",
            ),
            (change, "PuOr", (-limit, limit), "(f) (d) − (e): purple where refinement helps"),
        )
        bars = {1: (0.12, "|error| in (d) and (e)"), 2: (0.72, "(d) − (e) in (f)")}
        for column, (values, colours, (low, high), words) in enumerate(errors):
            axes = place(column, 1)
            shown = axes.imshow(
                values, cmap=colours, vmin=low, vmax=high, interpolation="none", aspect="auto"
            )
            axes.set_xticks([])
            axes.set_yticks([])
            axes.grid(False)
            title(axes, words)
            for spine in axes.spines.values():
                spine.set_visible(False)
            if column in bars:
                offset, name = bars[column]
                x = (3 * side + 2 * gap + offset) / WIDTH
                y = 1 - (tile + text + tile) / height
                bar = canvas.add_axes((x, y, 0.07 / WIDTH, tile / height))
                canvas.colorbar(shown, cax=bar)
                bar.tick_params(labelsize=5, pad=1.5)
                bar.set_ylabel(f"{name} (grey levels)", size=5.5, labelpad=2, color=theme.text)
                bar.grid(False)
                for spine in bar.spines.values():
                    spine.set_visible(False)
        return canvas

    return draw


def refinement_figure(data: Refinement) -> Figure:
    """Return the figure of the comparison of the two stages."""
    x, y, width, height = data.region
    how = f"chosen {NEUTRAL}" if data.automatic else "chosen by hand"
    return Figure(
        "refinement",
        "Coarse against refined",
        f"Effect of the refinement block on {data.image} of {data.dataset} at ×{data.scale}, as in "
        f"Figure 4 of the paper: region of {width}×{height} pixels at ({x}, {y}), {how}; "
        "below, the absolute error of luma in grey levels (0 to 255).",
        "Coarse image, refined image, ground truth, and maps of their errors.",
        draw_refinement(data),
    )
