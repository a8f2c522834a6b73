"""How charts look and are saved: SVG for the page, PDF for print, the same bytes every time.

A chart is drawn twice, for wide places (a page, a screen) and for narrow ones (a phone), with type
of the same size. The SVG stands in the page itself: its text is text, its colours are the page's.
"""

import io
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

# Inches: the full width of a two-column page, and a phone's 330 CSS pixels.
WIDE, NARROW = 7.16, 3.44
SIZE = 8.6  # points of type: 11.4 CSS pixels at the natural size
DPI = 200

GROUND, TEXT, MUTED, GRID = "#fffffe", "#1c2127", "#59636e", "#d9dee3"
# The subject has a colour that nothing else has. Then Okabe and Ito's, which colour-blind readers
# tell apart; marks and dashes differ as well.
SUBJECT = "#b84a00"
SERIES = ("#0072b2", "#00805d", "#a8487c", "#6b5bb5", "#8a6d00")
DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P")
# The page's variables of these colours.
VARIABLES = {
    **{GROUND: "ground", TEXT: "text", MUTED: "muted", GRID: "line", SUBJECT: "mesr"},
    **{colour: f"series-{index}" for index, colour in enumerate(SERIES)},
}
NOTHING = {"Creator": None, "Producer": None, "CreationDate": None}
STYLE: Any = {
    **dict.fromkeys(["figure.facecolor", "axes.facecolor"], GROUND),
    **dict.fromkeys(["axes.edgecolor", "grid.color", "xtick.color", "ytick.color"], GRID),
    **dict.fromkeys(["axes.labelcolor", "text.color"], TEXT),
    **dict.fromkeys(["xtick.labelcolor", "ytick.labelcolor"], MUTED),
    **dict.fromkeys(
        ["font.size", "axes.labelsize", "axes.titlesize", "xtick.labelsize", "ytick.labelsize"],
        SIZE,
    ),
    **dict.fromkeys(
        ["xtick.major.size", "ytick.major.size", "xtick.minor.size", "ytick.minor.size"], 0
    ),
    **dict.fromkeys(["axes.spines.right", "axes.spines.top"], False),
    **{"axes.axisbelow": True, "axes.grid": True, "axes.titlelocation": "left"},
    **{"axes.titleweight": "bold", "figure.constrained_layout.use": True},
    **{"font.family": "DejaVu Sans", "grid.linewidth": 0.6, "lines.linewidth": 1.4},
    **{"legend.frameon": False, "legend.fontsize": SIZE, "pdf.fonttype": 42, "pdf.compression": 9},
    **{"svg.fonttype": "none", "svg.hashsalt": "report", "text.parse_math": False},
}


@dataclass(frozen=True)
class Figure:
    """A figure of the page and of a paper.

    Attributes
    ----------
    key : str
        Of its files and anchors.
    title, caption, alt : str
    draw : callable
        Takes the width in inches.
    choice : str
        Name among the figures of the same title, of which the page shows one: a scale, an image.
    is_picture : bool
        Whether it shows photographs, which stand in the page as a PNG.
    """

    key: str
    title: str
    caption: str
    alt: str
    draw: Callable[[float], Canvas]
    choice: str = ""
    is_picture: bool = False


def dash(index: int, is_subject: bool) -> Any:
    """Return the subject's solid line, or the dashes of a series, which come round again."""
    return "-" if is_subject else DASHES[index % len(DASHES)]


def colour(index: int, is_subject: bool) -> str:
    """Return the subject's own colour, or that of a series, which come round again."""
    return SUBJECT if is_subject else SERIES[index % len(SERIES)]


def save(figure: Figure, folder: Path) -> str:
    """Write `key`.pdf, and `key`.png of photographs; return the SVGs of a chart.

    Dates, versions and producers are left out of the files.
    """
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        # A script without glyphs in the font is boxes in the PDF; the tables have its text.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        canvas = figure.draw(WIDE)
        canvas.savefig(folder / f"{figure.key}.pdf", dpi=300, metadata=NOTHING)
        if figure.is_picture:
            canvas.savefig(folder / f"{figure.key}.png", dpi=DPI, metadata={"Software": None})
            return ""
        return inline(canvas, f"{figure.key}-wide") + inline(
            figure.draw(NARROW), f"{figure.key}-narrow"
        )


def inline(canvas: Canvas, key: str) -> str:
    """Return a chart as SVG for the page: no size, the page's colours, ids of its own."""
    file = io.StringIO()
    canvas.savefig(
        file, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
    )
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(
        r"<metadata>.*?</metadata>|<style .*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL
    )
    svg = re.sub(
        r' (?:width|height)="[\d.]+pt"| xmlns(?::xlink)?="[^"]*"| version="1.1"', "", svg, count=5
    )
    svg = re.sub(r'<g id="[\w.]+"', "<g", svg).replace("<g/>", "")
    # Two digits after the point are a hundredth of a pixel.
    svg = re.sub(r"<[^>]+>", lambda tag: re.sub(r"(\.\d\d)\d+", r"\1", tag[0]), svg)
    svg = re.sub(r'(<[^>]* id="|url\(#|xlink:href="#)', rf"\g<1>{key}-", svg)
    svg = svg.replace("xlink:href", "href")
    for value, name in VARIABLES.items():
        svg = re.sub(rf"(: ?){value}\b", rf"\1var(--{name})", svg)
    svg = re.sub(r"\n\s*", "\n", svg).strip()
    kind = key.rpartition("-")[2]
    return svg.replace("<svg", f'<svg class="{kind}" aria-hidden="true"', 1)


def short(text: str, length: int = 24) -> str:
    """Shorten a label so that it fits its place."""
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[: length - 1]}…"


def picture(axes: Axes, image: Any) -> None:
    """Show an image pixel by pixel without axes."""
    axes.imshow(np.asarray(image), interpolation="none", aspect="auto")
    bare(axes)


def bare(axes: Axes) -> None:
    """Take off ticks, grid and frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    axes.spines[:].set_visible(False)


def apart(values: list[float], distance: float) -> list[float]:
    """Move positions so that neighbours are at least `distance` apart, each as little as possible.

    Blocks of labels that touch share the shift: pool-adjacent-violators on position less rank.
    """
    order = np.argsort(values, kind="stable")
    blocks: list[list[float]] = []  # mean, count
    for rank, index in enumerate(order):
        blocks.append([values[index] - rank * distance, 1.0])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, count = blocks.pop()
            total = blocks[-1][1] + count
            blocks[-1] = [(blocks[-1][0] * blocks[-1][1] + mean * count) / total, total]
    moved = [mean for mean, count in blocks for _ in range(int(count))]
    placed = [0.0] * len(values)
    for rank, index in enumerate(order):
        placed[index] = moved[rank] + rank * distance
    return placed


def label_ends(axes: Axes, x: float, ends: dict[str, float], colours: dict[str, str]) -> None:
    """Write names beside the right ends of lines, in their colours, none on top of another.

    Parameters
    ----------
    axes : Axes
        With its final limits; the figure was drawn once, so that its layout is known.
    x : float
        Where the lines end.
    ends : dict
        Where each line ends, by name.
    colours : dict
        Colour of each name.
    """
    figure = axes.figure
    assert figure is not None
    ends = {name: y for name, y in ends.items() if np.isfinite(y)}
    heights = [axes.transData.transform((x, y))[1] * 72 / figure.dpi for y in ends.values()]
    places = apart(heights, 1.15 * SIZE)
    bottom = axes.get_window_extent().y0 * 72 / figure.dpi
    lift = max(0.0, bottom - min(places, default=bottom))
    for (name, end), height, place in zip(ends.items(), heights, places, strict=True):
        axes.annotate(
            short(name, 16), (x, end), (6, place + lift - height), textcoords="offset points",
            va="center", color=colours[name], annotation_clip=False,
            weight="bold" if colours[name] == SUBJECT else "normal",
        )  # fmt: skip
