"""Visual comparisons: every method's view of one region (Figures 5 to 8 of the paper)."""

import math
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import Rectangle
from PIL import Image

from pipeline.study.keys import Key
from pipeline.study.results import Crop
from reports.figures.pictures import Pictures, focus
from reports.figures.regions import Region, checked_region, chosen_region, crops, cut
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


@dataclass(frozen=True)
class Tile:
    """One enlarged region and the quality of the whole image that it is cut from."""

    label: str
    image: Image.Image
    psnr_db: float | None = None
    ssim: float | None = None
    best: bool = False  # highest PSNR among the tiles of its kind
    kind: str = ""  # of weights: none, trained or published; as in quality.csv
    method: str = ""  # key of the run; empty for the original and the LR image
    printed: bool = True  # whether the static figure shows it

    @property
    def metrics(self) -> str:
        """PSNR and SSIM as the figure prints them."""
        if self.psnr_db is None or self.ssim is None:
            return ""
        return f"{number(self.psnr_db, 2)} / {number(self.ssim, 4)}"


@dataclass(frozen=True)
class Comparison:
    """One image, a region of it, and every method's view of that region."""

    slug: str
    dataset: str
    image: str
    scale: int
    region: Region
    automatic: bool
    whole: Image.Image
    tiles: Sequence[Tile]

    @property
    def before(self) -> int:
        """Index of the tile on the left of the slider: bicubic interpolation."""
        methods = [tile.method for tile in self.tiles]
        return next((i for i, key in enumerate(methods) if key.startswith("bicubic_")), 0)

    @property
    def after(self) -> int:
        """Index of the tile on the right of the slider: MESR, or the last network."""
        methods = [tile.method for tile in self.tiles]
        return next(
            (i for i, key in enumerate(methods) if key.startswith("mesr_")), len(methods) - 1
        )


def marked(tiles: Sequence[Tile]) -> list[Tile]:
    """Mark the best tiles of each kind of weights that has several; prints that agree are equal."""
    values: dict[str, list[float]] = {}
    for tile in tiles:
        if tile.psnr_db is not None:
            values.setdefault(tile.kind, []).append(round(tile.psnr_db, 2))
    top = {kind: max(found) for kind, found in values.items() if len(found) > 1}
    return [
        replace(
            tile, best=tile.psnr_db is not None and round(tile.psnr_db, 2) == top.get(tile.kind)
        )
        for tile in tiles
    ]


def compare(pictures: Pictures, crop: Crop, name: str) -> Comparison | str:
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
    shown = [m for m in pictures.methods(scale) if pictures.kept(m.key, dataset, image)]
    ablation = pictures.trained("mesr", ("ablate",), "", scale)
    if len(shown) <= 8:  # a small study has room for the ablation's variants
        shown += [method for method in ablation if pictures.kept(method.key, dataset, image)]
    size = original.size
    if crop.region is None:
        chief = focus(shown)
        best = pictures.view(chief.key, dataset, image, size) if chief else None
        base = pictures.view(bicubic, dataset, image, size)
        region = chosen_region(original, base, best, scale)
    else:
        region = checked_region(crop.region, size, where)
    tiles = [Tile("Ground truth", cut(original, region))]
    if pictures.kept(bicubic, dataset, image, "lr.png"):
        small = (size[0] // scale, size[1] // scale)
        lr = pictures.view(bicubic, dataset, image, small, "lr.png")
        tiles.append(Tile("LR input", cut(lr, region, scale)))
    trained = {(method.model, method.variant) for method in shown if method.source == "trained"}
    for method in shown:
        psnr, ssim = pictures.measured(method, scale, dataset, image) or (None, None)
        tiles.append(
            Tile(
                method.label,
                cut(pictures.view(method.key, dataset, image, size), region),
                psnr,
                ssim,
                kind=method.source,
                method=method.key,
                # On paper each network has one tile: the equal-budget one where there are two.
                printed=method.source != "published"
                or (method.model, method.variant) not in trained,
            )
        )
    automatic = crop.region is None
    return Comparison(name, dataset, image, scale, region, automatic, original, marked(tiles))


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
    gap, line_height, left = 0.07, 0.105, 2.25
    tile_width = (WIDTH - left - columns * gap) / columns
    labels = [label_lines(tile.label, int(tile_width / 0.052)) for tile in tiles]
    text_height = 0.08 + line_height * (1 + max(map(len, labels)))
    tile_height = tile_width * region_height / region_width
    height = rows * (tile_height + text_height) + 0.14
    whole_width, whole_height = comparison.whole.size
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
        picture(frame, comparison.whole)
        x, y, w, h = comparison.region
        for colour, line in (("white", 2.4), (LIGHT.text, 1.2)):
            box = Rectangle((x - 0.5, y - 0.5), w, h, fill=False, edgecolor=colour, linewidth=line)
            frame.add_patch(box)
        name = f"{comparison.image} ({comparison.dataset}), ×{comparison.scale}"
        note(left / 2, shown_height + 0.05, short(name, 42), bold=True, colour=theme.text)
        for index, (tile, lines) in enumerate(zip(tiles, labels, strict=True)):
            row, column = divmod(index, columns)
            tile_x = left + gap + column * (tile_width + gap)
            tile_y = row * (tile_height + text_height)
            picture(place(tile_x, tile_y, tile_width, tile_height), tile.image)
            centre, below = tile_x + tile_width / 2, tile_y + tile_height + 0.04
            own = tile.method.startswith("mesr_")
            colour = theme.mesr if own else theme.text
            for part in lines:
                note(centre, below, part, bold=tile.best, colour=colour)
                below += line_height
            note(centre, below, tile.metrics, bold=tile.best, colour=theme.muted)
        return canvas

    return draw


def comparison_figure(comparison: Comparison) -> Figure:
    """Return the figure of a visual comparison."""
    x, y, width, height = comparison.region
    how = "chosen where MESR gains most over bicubic" if comparison.automatic else "chosen by hand"
    return Figure(
        comparison.slug,
        f"{comparison.image} ({comparison.dataset}), ×{comparison.scale}",
        f"Visual comparison on {comparison.image} of {comparison.dataset} at ×{comparison.scale}. "
        f"The region is {width}×{height} pixels at ({x}, {y}), {how}; PSNR (dB) and SSIM are of "
        "the whole image, of the first seed where there are several. Bold: highest PSNR among "
        "views with the same kind of weights.",
        f"The region as seen by {', '.join(tile.label for tile in comparison.tiles)}.",
        draw_comparison(comparison),
        dark=False,
    )
