"""Visual comparisons: every method's view of one region (Figures 5 to 8 of the paper)."""

import math
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import Rectangle
from PIL import Image

from pipeline.study.keys import Key
from pipeline.study.results import Crop
from reports.figures.pictures import Method, Pictures, scores
from reports.figures.regions import (
    NEUTRAL,
    Region,
    checked_region,
    crops,
    cut,
    usual_size,
    worst_region,
)
from reports.figures.style import (
    LIGHT,
    WIDTH,
    Figure,
    Theme,
    picture,
    short,
)
from reports.results import slug
from reports.tables.cells import number

OVERVIEW_SIDE = 256  # pixels of the longer side of the small whole image


@dataclass(frozen=True)
class Tile:
    """One enlarged region, its quality and that of the whole image that it is cut from."""

    label: str
    image: Image.Image
    psnr_db: float | None = None
    ssim: float | None = None
    region_psnr_db: float | None = None
    region_ssim: float | None = None
    best: bool = False  # highest PSNR of the whole image among the tiles of its kind
    best_region: bool = False  # highest PSNR of the region among them
    kind: str = ""  # of weights: none, trained or published; as in quality.csv
    method: str = ""  # key of the run; empty for the original and the LR image
    printed: bool = True  # whether the static figure shows it

    @property
    def metrics(self) -> str:
        """PSNR and SSIM of the whole image as the figure prints them."""
        return _metrics(self.psnr_db, self.ssim)

    @property
    def region_metrics(self) -> str:
        """PSNR and SSIM of the region as the figure prints them."""
        return _metrics(self.region_psnr_db, self.region_ssim)


def _metrics(psnr_db: float | None, ssim: float | None) -> str:
    if psnr_db is None or ssim is None:
        return ""
    return f"{number(psnr_db, 2)} / {number(ssim, 4)}"


@dataclass(frozen=True)
class Comparison:
    """One image, a region of it, and every method's view of that region."""

    slug: str
    dataset: str
    image: str
    scale: int
    region: Region
    automatic: bool
    size: tuple[int, int]  # of the whole image
    overview: Image.Image  # the whole image, small
    tiles: Sequence[Tile]


def marked(tiles: Sequence[Tile]) -> list[Tile]:
    """Mark the best tiles of each kind of weights that has several; prints that agree are equal."""
    kinds = [tile.kind for tile in tiles]
    whole = _best([tile.psnr_db for tile in tiles], kinds)
    region = _best([tile.region_psnr_db for tile in tiles], kinds)
    return [
        replace(tile, best=best, best_region=best_region)
        for tile, best, best_region in zip(tiles, whole, region, strict=True)
    ]


def _best(values: Sequence[float | None], kinds: Sequence[str]) -> list[bool]:
    """Tell which values are, as they are printed, the highest of several of their kind."""
    printed = [None if value is None else round(value, 2) for value in values]
    of_kind: dict[str, list[float]] = {}
    for value, kind in zip(printed, kinds, strict=True):
        if value is not None:
            of_kind.setdefault(kind, []).append(value)
    top = {kind: max(found) for kind, found in of_kind.items() if len(found) > 1}
    return [
        value is not None and value == top.get(kind)
        for value, kind in zip(printed, kinds, strict=True)
    ]


def shown_methods(pictures: Pictures, crop: Crop, *, everything: bool) -> list[Method]:
    """Return the methods whose picture of an image was kept.

    The variants of the ablation are among them where a figure has room, or with `everything`.
    """
    scale, dataset, image = crop.scale, crop.dataset, crop.image
    shown = [m for m in pictures.methods(scale) if pictures.kept(m.key, dataset, image)]
    if everything or len(shown) <= 8:
        ablation = pictures.trained("mesr", ("ablate",), "", scale)
        shown += [method for method in ablation if pictures.kept(method.key, dataset, image)]
    return shown


def compare(
    pictures: Pictures, crop: Crop, name: str, *, everything: bool = False
) -> Comparison | str:
    """Cut every method's view of one region; return why not when the pictures are not kept."""
    scale, dataset, image = crop.scale, crop.dataset, crop.image
    where = f"{dataset}/{image} at ×{scale}"
    bicubic = Key.bicubic(scale).name
    original = pictures.original(scale, dataset, image)
    if original is None:
        return (
            f"{where}: evaluations/{bicubic} keeps no picture of it. Is the image among the "
            "profile's test images and in evaluate.keep_images?"
        )
    shown = shown_methods(pictures, crop, everything=everything)
    size = original.size
    if crop.region is None:
        base = pictures.view(bicubic, dataset, image, size)
        region = worst_region(original, base, usual_size(size, scale), scale)
    else:
        region = checked_region(crop.region, size, where)
    truth = cut(original, region)
    tiles = [Tile("Ground truth", truth)]
    if pictures.kept(bicubic, dataset, image, "lr.png"):
        small = (size[0] // scale, size[1] // scale)
        lr = pictures.view(bicubic, dataset, image, small, "lr.png")
        tiles.append(Tile("LR input", cut(lr, region, scale)))
    trained = {(method.model, method.variant) for method in shown if method.source == "trained"}
    for method in shown:
        psnr, ssim = pictures.measured(method, scale, dataset, image) or (None, None)
        view = cut(pictures.view(method.key, dataset, image, size), region)
        tiles.append(
            Tile(
                method.label,
                view,
                psnr,
                ssim,
                *scores(view, truth),
                kind=method.source,
                method=method.key,
                # On paper each network has one tile: the equal-budget one where there are two.
                printed=method.source != "published"
                or (method.model, method.variant) not in trained,
            )
        )
    overview = original.copy()
    overview.thumbnail((OVERVIEW_SIDE, OVERVIEW_SIDE), Image.Resampling.LANCZOS)
    automatic = crop.region is None
    return Comparison(name, dataset, image, scale, region, automatic, size, overview, marked(tiles))


def comparisons(pictures: Pictures) -> tuple[list[Comparison], list[str]]:
    """Return the visual comparisons, and for each one that is not there the reason."""
    found, absent = [], []
    for index, crop in enumerate(crops(pictures), start=1):
        name = slug("crop", f"{index:02}", crop.dataset, crop.image, f"x{crop.scale}")
        result = compare(pictures, crop, name)
        if isinstance(result, str):
            absent.append(result)
        else:
            found.append(result)
    return found, absent


def label_lines(label: str, width: int) -> list[str]:
    """Return a label as one or two lines of at most `width` characters."""
    first, *others = textwrap.wrap(label, width) or [""]
    return [first, short(" ".join(others), width)] if others else [first]


def draw_comparison(comparison: Comparison) -> Callable[[Theme], Canvas]:
    """Draw the whole image with its region framed, and each method's view of the region."""
    tiles = marked([tile for tile in comparison.tiles if tile.printed])
    rows = max(2, math.ceil(len(tiles) / 6))
    columns = math.ceil(len(tiles) / rows)
    _, _, region_width, region_height = comparison.region
    gap, line_height, left = 0.07, 0.105, 1.9
    tile_width = (WIDTH - left - columns * gap) / columns
    labels = [label_lines(tile.label, int(tile_width / 0.052)) for tile in tiles]
    text_height = 0.08 + line_height * (2 + max(map(len, labels)))
    tile_height = tile_width * region_height / region_width
    height = rows * (tile_height + text_height) + 0.14
    whole_width, whole_height = comparison.size
    shown_height = min(left * whole_height / whole_width, height - 0.14 - text_height)
    shown_width = shown_height * whole_width / whole_height

    def draw(theme: Theme) -> Canvas:
        canvas = Canvas(figsize=(WIDTH, height))

        def place(x: float, y: float, w: float, h: float) -> Axes:
            return canvas.add_axes((x / WIDTH, 1 - (y + h) / height, w / WIDTH, h / height))

        def note(x: float, y: float, text: str, *, bold: bool, colour: str) -> None:
            weight = "bold" if bold else "normal"
            canvas.text(
                *(x / WIDTH, 1 - y / height, text),
                ha="center", va="top", size=6, weight=weight, color=colour,
            )  # fmt: skip

        frame = place((left - shown_width) / 2, 0, shown_width, shown_height)
        frame.imshow(
            np.asarray(comparison.overview), extent=(0, whole_width, whole_height, 0),
            interpolation="none", aspect="auto",
        )  # fmt: skip
        frame.axis("off")
        x, y, w, h = comparison.region
        for colour, thickness in (("white", 2.4), (LIGHT.text, 1.2)):
            frame.add_patch(
                Rectangle((x, y), w, h, fill=False, edgecolor=colour, linewidth=thickness)
            )
        name = f"{comparison.image} ({comparison.dataset}), ×{comparison.scale}"
        for index, text in enumerate(label_lines(name, 34)):
            below = shown_height + 0.05 + index * line_height
            note(left / 2, below, text, bold=True, colour=theme.text)
        for index, (tile, label) in enumerate(zip(tiles, labels, strict=True)):
            row, column = divmod(index, columns)
            tile_x = left + gap + column * (tile_width + gap)
            tile_y = row * (tile_height + text_height)
            picture(place(tile_x, tile_y, tile_width, tile_height), tile.image)
            centre, below = tile_x + tile_width / 2, tile_y + tile_height + 0.04
            own = tile.method.startswith("mesr_")
            colour = theme.mesr if own else theme.text
            lines = [
                *((text, tile.best or tile.best_region, colour) for text in label),
                (tile.region_metrics, tile.best_region, theme.text),
                (tile.metrics, tile.best, theme.muted),
            ]
            for position, (text, bold, ink) in enumerate(lines):
                note(centre, below + position * line_height, text, bold=bold, colour=ink)
        return canvas

    return draw


def comparison_figure(comparison: Comparison) -> Figure:
    """Return the figure of a visual comparison."""
    x, y, width, height = comparison.region
    how = f"chosen {NEUTRAL}" if comparison.automatic else "chosen by hand"
    return Figure(
        comparison.slug,
        f"{comparison.image} ({comparison.dataset}), ×{comparison.scale}",
        f"Visual comparison on {comparison.image} of {comparison.dataset} at ×{comparison.scale}. "
        f"The region is {width}×{height} pixels at ({x}, {y}), {how}. Below each view PSNR (dB) "
        "and SSIM: first of the region, on the luma that is shown; then of the whole image, as "
        "in the tables; of the first seed where there are several. Bold: highest PSNR among "
        "views with the same kind of weights.",
        f"The region as seen by {', '.join(tile.label for tile in comparison.tiles)}.",
        draw_comparison(comparison),
        dark=False,
    )
