"""How charts look and are saved: SVG for the page, PDF for print, the same bytes every time.

A figure is drawn twice, for wide places (a page, a screen) and for narrow ones (a phone), with type
of the same size. The SVG stands in the page itself: its text is text, its colours are the page's.
Photographs are WebP: lossless where it is wide, smaller and not lossless on a phone.
"""

import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.image import AxesImage
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from reports.names import distinct

# Inches: the full width of a two-column page, and a phone's 330 CSS pixels.
WIDE, NARROW = 7.16, 3.44
SIZE = 8.6  # points of type: 11.4 CSS pixels at the natural size
DPI = 200
PHONE = "(max-width: 40rem)"  # as in report.css

GROUND, TEXT, MUTED, GRID = "#fffffe", "#1c2127", "#59636e", "#d9dee3"
# The subject has a colour that nothing else has. Then Okabe and Ito's, which colour-blind readers
# tell apart; marks and dashes differ as well.
SUBJECT = "#b84a00"
SERIES = ("#0072b2", "#00805d", "#a8487c", "#6b5bb5", "#8a6d00")
DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P")
# The page's variables of these colours.
VARIABLES = {
    GROUND: "ground",
    TEXT: "text",
    MUTED: "muted",
    GRID: "line",
    SUBJECT: "mesr",
    **{colour: f"series-{index}" for index, colour in enumerate(SERIES)},
}
# What the page's SVG does not need, and what the page's style says.
CLEANING = (
    (r"(?s)<metadata>.*?</metadata>|<style .*?</style>|<!--.*?-->|<defs>\s*</defs>", ""),
    (r' ((width|height)="[\d.]+pt"|xmlns(:\w+)?="[^"]*"|version="1.1")', ""),
    (r'<g id="[\w.]+"', "<g"),
    (r"<g/>|(?<=\n)\s+| transform=\"rotate\(-0 [^\"]*\"|; stroke-linecap: square", ""),
    (rf"font: (\w+) {SIZE}px 'DejaVu Sans'; ", r"font-weight: \1; "),
    (rf"font-size: {SIZE}px; font-family: 'DejaVu Sans'; ", ""),
    ("xlink:href", "href"),
    (r" ?\n(?=[LMQCz\"])|(?<=[MLQC]) ", ""),  # of paths
    (r"(?<=\.\d\d)\d+(?=[^<>]*>)", ""),  # two digits after the point are a hundredth of a pixel
    (r"(?<=>)\s+(?=<)", ""),
)
NOTHING = {"Creator": None, "Producer": None, "CreationDate": None}
STYLE: Any = {
    **dict.fromkeys(["figure.facecolor", "axes.facecolor"], GROUND),
    **dict.fromkeys(["axes.edgecolor", "grid.color", "xtick.color", "ytick.color"], GRID),
    **dict.fromkeys(["axes.labelcolor", "text.color"], TEXT),
    **dict.fromkeys(["xtick.labelcolor", "ytick.labelcolor"], MUTED),
    **{f"{axis}tick.{kind}.size": 0 for axis in "xy" for kind in ("major", "minor")},
    **dict.fromkeys(["axes.spines.right", "axes.spines.top", "text.parse_math"], False),
    **dict.fromkeys(["axes.axisbelow", "axes.grid", "figure.constrained_layout.use"], True),
    "font.family": "DejaVu Sans",
    "font.size": SIZE,
    "axes.titlesize": SIZE,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "grid.linewidth": 0.6,
    "pdf.fonttype": 42,
    "pdf.compression": 9,
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
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
        Whether it shows photographs, which stand in the page as WebP.
    """

    key: str
    title: str
    caption: str
    alt: str
    draw: Callable[[float], Canvas]
    choice: str = ""
    is_picture: bool = False


def save(figure: Figure, folder: Path) -> str:
    """Write `key`.pdf and, of photographs, two WebP; return what stands in the page.

    Dates, versions and producers are left out of the files.
    """
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        # A script without glyphs in the font is boxes in the PDF; the tables have its text.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        canvas = figure.draw(WIDE)
        canvas.savefig(folder / f"{figure.key}.pdf", dpi=300, metadata=NOTHING)
        narrow = figure.draw(NARROW)
        if not figure.is_picture:
            return inline(canvas, f"{figure.key}-wide") + inline(narrow, f"{figure.key}-narrow")
        wide = save_picture(canvas, folder / f"{figure.key}.webp", lossless=True, method=6)
        phone = save_picture(narrow, folder / f"{figure.key}-narrow.webp", quality=75, method=6)
    source = f'<source media="{PHONE}" srcset="{phone}>'
    return f'<picture>{source}<img src="{wide} alt="" loading="lazy"></picture>'


def save_picture(canvas: Canvas, path: Path, **options: Any) -> str:
    """Write a WebP; return its address and size, so that nothing moves when the picture comes."""
    canvas.savefig(path, dpi=DPI, pil_kwargs=options)
    width, height = np.floor(canvas.get_size_inches() * DPI).astype(int)
    return f'{path.parent.name}/{path.name}" width="{width}" height="{height}"'


def inline(canvas: Canvas, key: str) -> str:
    """Return a chart as SVG for the page: no size, the page's colours and type, ids of its own."""
    file = io.StringIO()
    canvas.savefig(file, format="svg", metadata={"Date": None})
    svg = "<svg" + file.getvalue().partition("<svg")[2]
    for pattern, by in CLEANING:
        svg = re.sub(pattern, by, svg)
    svg = re.sub(r'(<[^>]* id="|url\(#|href="#)', rf"\g<1>{key}-", svg)
    for value, name in VARIABLES.items():
        svg = re.sub(rf"(: ?){value}\b", rf"\1var(--{name})", svg)
    kind = key.rpartition("-")[2]
    return svg.replace("<svg", f'<svg class="{kind}" aria-hidden="true"', 1)


def short(text: str, length: int = 24) -> str:
    """Shorten a label so that it fits its place."""
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[: length - 1]}…"


def short_names(names: Sequence[str], length: int) -> list[str]:
    """Shorten names at their end or, where two would become alike, at their beginning."""
    cut = [short(name, length) for name in names]
    ends = [f"…{name[1 - length :].partition(' ')[2] or name[1 - length :]}" for name in names]
    return [
        end if text.endswith("…") and cut.count(text) > 1 else text
        for text, end in zip(cut, ends, strict=True)
    ]


def picture(axes: Axes, image: Any, **options: Any) -> AxesImage:
    """Show an image pixel by pixel without axes: ticks, grid and frame."""
    shown = axes.imshow(np.asarray(image), interpolation="none", **{"aspect": "auto"} | options)
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(False)
    return shown


def apart(values: Sequence[float], distance: float) -> NDArray[np.float64]:
    """Move positions so that neighbours are at least `distance` apart, each as little as possible.

    Labels that touch share the shift: the regression of position less rank that never falls.
    """
    order = np.argsort(values, kind="stable")
    steps = distance * np.arange(len(order))
    placed = np.empty(len(order))
    if len(order):
        placed[order] = isotonic_regression(np.asarray(values)[order] - steps).x + steps
    return placed


def label_ends(axes: Axes, x: float, ends: Mapping[str, float], colours: Mapping[str, str]) -> None:
    """Write names beside the right ends of lines, in their colours, none on top of another.

    Parameters
    ----------
    axes : Axes
        With its final limits; the figure was drawn once, so that its layout is known.
    x : float
        Where the lines end.
    ends, colours : mapping
        Where each line ends, and its colour, by name.
    """
    unit = axes.get_figure(root=True).dpi / 72  # type: ignore[union-attr]
    heights = [axes.transData.transform((x, y))[1] / unit for y in ends.values()]
    places = apart(heights, 1.15 * SIZE)
    lift = max(0.0, axes.get_window_extent().y0 / unit - min(places, default=0.0))
    texts = short_names(list(ends), 16)
    for (name, end), text, height, place in zip(ends.items(), texts, heights, places, strict=True):
        axes.annotate(
            text, (x, end), (6, place + lift - height), textcoords="offset points",
            va="center", color=colours[name], annotation_clip=False,
            weight="bold" if colours[name] == SUBJECT else "normal",
        )  # fmt: skip


def panels(
    width: float,
    titles: Sequence[str],
    columns: int,
    height: float,
    *,
    sharex: bool = False,
    sharey: bool = False,
) -> tuple[Canvas, list[Axes]]:
    """Return a canvas with one panel for each title, so many beside each other.

    Parameters
    ----------
    width, height : float
        Inches of the canvas, and of a row of panels.
    titles : sequence of str
    columns : int
        Panels beside each other, at most.
    sharex, sharey : bool
        Whether all panels have the same axes.
    """
    columns = min(columns, len(titles))
    rows = -(-len(titles) // columns)
    canvas = Canvas(figsize=(width, rows * height + 0.2))
    grid = canvas.subplots(rows, columns, squeeze=False, sharex=sharex, sharey=sharey).ravel()
    for axes, title in zip(grid, titles, strict=False):
        axes.set_title(short(title, round(10 * width / columns)))
    for axes in grid[len(titles) :]:
        axes.set_visible(False)
    return canvas, list(grid[: len(titles)])


def draw_lines(
    frame: pd.DataFrame,
    width: float,
    xlabel: str,
    prepare: Callable[[Axes, pd.DataFrame], None],
    *,
    marked: bool = False,
) -> Canvas:
    """Draw one panel for each of `panel`, one line for each name, which stands at its end.

    Parameters
    ----------
    frame : DataFrame
        panel, name, is_subject, x and y. Of several rows of one name with one x the mean is shown.
    width : float
        Inches; panels stand below each other where it is narrow.
    xlabel : str
    prepare : callable
        Sets scales and limits of a panel, given its rows.
    marked : bool
        Whether each value has a mark.
    """
    frame = frame[np.isfinite(frame["y"])]
    others = distinct(frame.loc[~frame["is_subject"], "name"])
    # Few lines have a colour each; of many the subject's alone.
    inks = {n: SERIES[i % len(SERIES)] if len(others) < 7 else MUTED for i, n in enumerate(others)}
    narrow = width == NARROW
    labels = 0.75 + 1.15 * SIZE / 72 * frame["name"].nunique()
    height = max(1.5, labels) if narrow else max(1.7, min(labels, 2.9))
    canvas, grid = panels(width, distinct(frame["panel"]), 1 if narrow else 2, height, sharex=True)
    ends: list[dict[str, float]] = []
    for axes, (_, rows) in zip(grid, frame.groupby("panel", sort=False), strict=True):
        prepare(axes, rows)
        ends.append({})
        for name, own in rows.groupby("name", sort=False):
            line = own.groupby("x")["y"].mean()
            is_subject = name not in inks
            order = 0 if is_subject else others.index(name) + 1
            axes.plot(
                line.index, line, color=inks.get(str(name), SUBJECT), zorder=3 - (order > 0),
                linestyle=DASHES[order % len(DASHES)], linewidth=2 if is_subject else 1.1,
                marker=MARKERS[order % len(MARKERS)] if marked else "", markersize=4,
            )  # fmt: skip
            ends[-1][str(name)] = float(line.iloc[-1])
    canvas.supxlabel(xlabel, size=SIZE, color=MUTED)
    canvas.draw_without_rendering()
    for axes, last in zip(grid, ends, strict=True):
        label_ends(axes, frame["x"].max(), last, {name: inks.get(name, SUBJECT) for name in last})
    return canvas


def name_rows(
    axes: Axes, names: Sequence[str], length: int, is_subject: Sequence[bool] = ()
) -> None:
    """Label the rows of a chart with names, from the bottom, the subject's in its colour."""
    axes.set_yticks(range(len(names)), short_names(names, length))
    axes.tick_params(axis="y", labelcolor=TEXT)
    for tick, own in zip(axes.get_yticklabels(), is_subject, strict=False):
        tick.set_color(SUBJECT if own else TEXT)
    axes.set_ylim(-0.7, len(names) - 0.3)
    axes.grid(axis="y", visible=False)
