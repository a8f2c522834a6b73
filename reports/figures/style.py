"""How figures look and are saved: PNG for screens, PDF with vectors for LaTeX, the same bytes."""

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from PIL import Image

WIDTH = 7.16  # inches: the full width of a two-column page
DPI = 200
CHART_COLOURS = 1 << 13  # photographs have more


@dataclass(frozen=True)
class Theme:
    """Colours of one appearance: Okabe and Ito's, told apart by marks as well.

    MESR has a colour of its own in every figure, which nothing else has.
    """

    name: str
    ground: str
    text: str
    muted: str
    grid: str
    mesr: str
    series: tuple[str, ...]

    def colour(self, model: str, index: int = 0) -> str:
        """Return MESR's own colour, or that of a series, which come round again."""
        return self.mesr if model == "mesr" else self.series[index % len(self.series)]


LIGHT = Theme(
    *("light", "#ffffff", "#1c2127", "#5c6670", "#dfe3e7"),
    mesr="#d55e00",
    series=("#0072b2", "#009e73", "#cc79a7", "#56b4e9", "#b98900"),
)

DARK = Theme(
    *("dark", "#171b20", "#e8eaed", "#a3acb5", "#323941"),
    mesr="#ff9a4d",
    series=("#56b4e9", "#2fc59b", "#e59ac4", "#9ccfee", "#f0e442"),
)

STYLES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))

MARKERS = ("o", "s", "^", "D", "v", "P")


@dataclass(frozen=True)
class Figure:
    """A figure of both documents."""

    key: str  # of its files and anchors
    title: str
    caption: str
    alt: str
    draw: Callable[[Theme], Canvas]
    dark: bool = True  # whether there is a PNG for dark screens


def style(theme: Theme) -> Any:
    """Return matplotlib's settings: small sans type, no boxes, text never read as mathematics."""
    return {
        "axes.axisbelow": True,
        "axes.edgecolor": theme.grid,
        "axes.grid": True,
        "axes.labelcolor": theme.text,
        "axes.labelsize": 7,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 7.5,
        "axes.unicode_minus": True,
        "figure.facecolor": theme.ground,
        "axes.facecolor": theme.ground,
        "font.family": "DejaVu Sans",
        "font.size": 7,
        "grid.color": theme.grid,
        "grid.linewidth": 0.6,
        "legend.fontsize": 7,
        "legend.frameon": False,
        "lines.linewidth": 1.3,
        "pdf.fonttype": 42,
        "svg.hashsalt": "report",
        "text.color": theme.text,
        "text.parse_math": False,
        "xtick.color": theme.grid,
        "xtick.labelcolor": theme.muted,
        "xtick.labelsize": 6.5,
        "xtick.major.size": 0,
        "xtick.minor.size": 0,
        "ytick.color": theme.grid,
        "ytick.labelcolor": theme.muted,
        "ytick.labelsize": 6.5,
        "ytick.major.size": 0,
        "pdf.compression": 9,
    }


def save(figure: Figure, folder: Path, stamp: str = "") -> None:
    """Write `key`.png, `key`.pdf and, for charts, `key`-dark.png.

    `stamp` is printed in the lower right corner, so that a figure that travels alone still says
    which profile it shows. Dates, versions and producers are left out of the files.
    """
    for theme in (LIGHT, DARK) if figure.dark else (LIGHT,):
        with mpl.rc_context(), warnings.catch_warnings():
            mpl.rcParams.update(style(theme))
            # A script without glyphs in the font is shown as boxes; the tables have its text.
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            canvas = figure.draw(theme)
            if stamp:
                offset = 0.03 / canvas.get_figheight()
                canvas.text(
                    0.995, offset, stamp, ha="right", va="bottom", size=5, color=theme.muted
                )
            FigureCanvasAgg(canvas)
            name = figure.key if theme is LIGHT else f"{figure.key}-dark"
            pixels = io.BytesIO()
            canvas.savefig(pixels, format="png", dpi=DPI)
            write_png(Image.open(pixels).convert("RGB"), folder / f"{name}.png")
            if theme is LIGHT:
                nothing = {"Creator": None, "Producer": None, "CreationDate": None}
                canvas.savefig(folder / f"{name}.pdf", dpi=300, metadata=nothing)


def write_png(picture: Image.Image, path: Path) -> None:
    """Write a picture small: charts, which have few colours, with a palette of 256."""
    if picture.getcolors(CHART_COLOURS):
        picture = picture.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    picture.save(path, optimize=True)


def short(text: str, length: int = 24) -> str:
    """Shorten a label so that it fits its place."""
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[: length - 1]}…"


def picture(axes: Axes, image: Any, edge: str = "none") -> None:
    """Show an image pixel by pixel without axes."""
    axes.imshow(np.asarray(image), interpolation="none", aspect="auto")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(edge != "none")
        spine.set_edgecolor(edge)
