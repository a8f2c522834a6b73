"""Drawing the figures: PNG for screens, PDF with vectors for LaTeX, the same bytes every time."""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator

from reports.crops import Comparison, Refinement, marked
from reports.results import TRAININGS, Results, known, ordered

WIDTH = 7.16  # inches: the full width of a two-column page
DPI = 200
SMALLEST, LARGER = 30, 900  # area of a mark in the scatter plot, and what Multi-Adds add to it


@dataclass(frozen=True)
class Theme:
    """Colours of one appearance; the series are Okabe and Ito's, told apart by marks as well."""

    name: str
    ground: str
    text: str
    muted: str
    grid: str
    series: tuple[str, ...]


LIGHT = Theme(
    *("light", "#ffffff", "#1c2127", "#5c6670", "#dfe3e7"),
    series=("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#b98900"),
)
DARK = Theme(
    *("dark", "#171b20", "#e8eaed", "#a3acb5", "#323941"),
    series=("#56b4e9", "#ff9a4d", "#2fc59b", "#e59ac4", "#9ccfee", "#f0e442"),
)
STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P")


@dataclass(frozen=True)
class Figure:
    """A figure as it stands in both documents."""

    key: str
    title: str
    caption: str
    alt: str
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
    }


def save(
    draw: Callable[[Theme], Canvas], folder: Path, name: str, *, dark: bool, stamp: str = ""
) -> None:
    """Write `name`.png, `name`.pdf and, on request, `name`-dark.png.

    `stamp` is printed in the lower right corner, so that a figure that travels alone still says
    which profile it shows. Dates, versions and producers are left out of the files.
    """
    for theme in (LIGHT, DARK) if dark else (LIGHT,):
        with mpl.rc_context(), warnings.catch_warnings():
            mpl.rcParams.update(style(theme))
            # A script without glyphs in the font is shown as boxes; the tables have its text.
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            canvas = draw(theme)
            if stamp:
                offset = 0.03 / canvas.get_figheight()
                canvas.text(
                    0.995, offset, stamp, ha="right", va="bottom", size=5, color=theme.muted
                )
            FigureCanvasAgg(canvas)
            suffix = "" if theme is LIGHT else "-dark"
            canvas.savefig(folder / f"{name}{suffix}.png", dpi=DPI, metadata={"Software": None})
            if theme is LIGHT:
                nothing = {"Creator": None, "Producer": None, "CreationDate": None}
                canvas.savefig(folder / f"{name}.pdf", dpi=300, metadata=nothing)


def short(text: str, length: int = 24) -> str:
    """Shorten a label so that it stays in its place."""
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


def draw_comparison(comparison: Comparison) -> Callable[[Theme], Canvas]:
    """Draw the whole image with its region framed, and each method's view of the region."""
    tiles = marked([tile for tile in comparison.tiles if tile.printed])
    rows = max(2, math.ceil(len(tiles) / 6))
    columns = math.ceil(len(tiles) / rows)
    _, _, region_width, region_height = comparison.region
    gap, text_height, left = 0.07, 0.29, 2.25
    tile_width = (WIDTH - left - columns * gap) / columns
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
        for colour, line in (("white", 2.4), ("#d55e00", 1.2)):
            box = Rectangle((x - 0.5, y - 0.5), w, h, fill=False, edgecolor=colour, linewidth=line)
            frame.add_patch(box)
        name = f"{comparison.image} ({comparison.dataset}), ×{comparison.scale}"
        note(left / 2, shown_height + 0.05, short(name, 42), bold=True, colour=theme.text)
        for index, tile in enumerate(tiles):
            row, column = divmod(index, columns)
            tile_x = left + gap + column * (tile_width + gap)
            tile_y = row * (tile_height + text_height)
            picture(place(tile_x, tile_y, tile_width, tile_height), tile.image)
            centre, below = tile_x + tile_width / 2, tile_y + tile_height + 0.04
            width = int(tile_width / 0.052)
            note(centre, below, short(tile.label, width), bold=tile.best, colour=theme.text)
            note(centre, below + 0.105, tile.metrics, bold=tile.best, colour=theme.muted)
        return canvas

    return draw


def draw_refinement(data: Refinement) -> Callable[[Theme], Canvas]:
    """Draw coarse, refined and original, and below them the errors and their change."""
    ratio = data.original.height / data.original.width
    side, gap, text = 2.08, 0.09, 0.2
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
            if column:
                x = (3 * side + 2 * gap + (0.1 if column == 1 else 0.44)) / WIDTH
                y = 1 - (tile + text + tile) / height
                bar = canvas.add_axes((x, y, 0.07 / WIDTH, tile / height))
                canvas.colorbar(shown, cax=bar)
                bar.tick_params(labelsize=5, pad=1.5)
                bar.grid(False)
                for spine in bar.spines.values():
                    spine.set_visible(False)
        return canvas

    return draw


def scatter_points(results: Results) -> pd.DataFrame:
    """Return one point per row of Table 4 that has parameters and a PSNR.

    Table 4 counts full-size networks. A narrowed network stands at the parameters of the run that
    gave the PSNR; its Multi-Adds are not counted, and its mark is as small as any.
    """
    frame = results["tables/table4"].copy()
    frame["x"] = frame["params"].fillna(frame["published_params"])
    frame["y"] = frame["psnr_db"].fillna(frame["published_psnr_db"])
    frame["area"] = frame["multi_adds"].fillna(frame["published_multi_adds"])
    narrowed = results.study.facts.get("narrowed") or {}
    runs = results["runs"][results["runs"]["stage"] == "train"]
    for index, row in frame[frame["provenance"] == "trained"].iterrows():
        if row["model"] in narrowed:
            own = runs["model"].eq(row["model"]) & runs["scale"].eq(f"{row['scale']:.0f}")
            sizes = pd.to_numeric(runs.loc[own, "params"], errors="coerce").dropna()
            frame.loc[index, ["x", "area"]] = [sizes.median(), math.nan]
    frame = frame[(frame["x"] > 0) & frame["y"].notna()].reset_index(drop=True)
    frame["size"] = SMALLEST + LARGER * (frame["area"] / frame["area"].max()).fillna(0)
    return frame


def draw_scatter(results: Results) -> Callable[[Theme], Canvas]:
    """Draw PSNR against parameters with Multi-Adds as area."""
    points = scatter_points(results)
    largest = points["area"].max()

    def draw(theme: Theme) -> Canvas:
        canvas = Canvas(figsize=(WIDTH, 3.7))
        axes = canvas.add_axes((0.07, 0.13, 0.9, 0.78))
        axes.set_xscale("log")
        kinds = (
            ("trained", "trained here"),
            ("published", "published weights"),
            ("quoted", "quoted"),
        )
        handles = []
        for index, (kind, words) in enumerate(kinds):
            own = points[points["provenance"] == kind]
            if own.empty:
                continue
            colour = theme.series[index]
            hollow = kind == "quoted"
            axes.scatter(
                own["x"], own["y"], s=own["size"], marker=MARKERS[index], linewidths=1.2,
                facecolors="none" if hollow else f"{colour}66", edgecolors=colour,
            )  # fmt: skip
            handles.append(
                Line2D([], [], linestyle="", marker=MARKERS[index], markersize=5, color=colour,
                       markerfacecolor="none" if hollow else f"{colour}66", label=words)
            )  # fmt: skip
        low, high = points["x"].min(), points["x"].max()
        axes.set_xlim(low / 1.6, high * 2.2)
        bottom, top = points["y"].min(), points["y"].max()
        room = max(0.1, 0.12 * (top - bottom))
        axes.set_ylim(bottom - room, top + room)
        place_labels(canvas, axes, points, theme)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value / 1e6:g}")
        axes.xaxis.set_minor_formatter(lambda *_: "")
        axes.set_xlabel("Parameters (millions, logarithmic)")
        axes.set_ylabel("PSNR (dB)")
        axes.legend(
            handles=handles,
            loc="lower left",
            bbox_to_anchor=(-0.01, 1.0),
            ncols=3,
            handletextpad=0.2,
        )
        if known(largest):  # not where all networks are narrowed
            axes.text(
                *(1.0, 1.03, f"area: Multi-Adds, largest {largest / 1e9:,.0f} G"),
                transform=axes.transAxes, ha="right", va="bottom", size=6.5, color=theme.muted,
            )  # fmt: skip
        return canvas

    return draw


def place_labels(canvas: Canvas, axes: Axes, points: pd.DataFrame, theme: Theme) -> None:
    """Write each point's name beside it, at the first of some places that is still free."""
    FigureCanvasAgg(canvas)
    scale = canvas.dpi / 72
    centres = axes.transData.transform(points[["x", "y"]].to_numpy())
    radius = np.sqrt(points["size"].to_numpy()) / 2 * scale
    half = np.maximum(2.5 * scale, 0.6 * radius)[:, None]
    taken = [(*low, *high) for low, high in zip(centres - half, centres + half, strict=True)]
    order = np.argsort(-points["y"].to_numpy(), kind="stable")
    for index in order:
        text = short(str(points["label"][index]), 18)
        width, height = 4.2 * scale * len(text), 7.5 * scale
        x, y = centres[index]
        reach = radius[index] + 2.5 * scale
        offsets = [(reach, -height / 2), (-reach - width, -height / 2), (-width / 2, reach)]
        offsets += [(-width / 2, -reach - height), (0.7 * reach, 0.7 * reach)]
        offsets += [(0.7 * reach, -0.7 * reach - height), (-0.7 * reach - width, 0.7 * reach)]
        offsets += [(reach, k * height) for k in (1, -2, 2, -3)]
        boxes = [(x + dx, y + dy, x + dx + width, y + dy + height) for dx, dy in offsets]
        costs = [sum(overlap(box, other) for other in taken) for box in boxes]
        best = boxes[int(np.argmin(costs))]
        taken.append(best)
        place = axes.transData.inverted().transform(
            ((best[0] + best[2]) / 2, (best[1] + best[3]) / 2)
        )
        weight = "bold" if points["model"][index] == "mesr" else "normal"
        axes.text(
            *(place[0], place[1], text),
            ha="center", va="center", size=6, weight=weight, color=theme.text,
        )  # fmt: skip


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Area that two boxes (left, bottom, right, top) share."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0.0) * max(height, 0.0)


def band(axes: Axes, runs: pd.DataFrame, colour: str, line: Any, name: str) -> None:
    """Draw the mean over seeds and the band between the lowest and the highest seed."""
    seeds = runs.groupby("step")["psnr_db"].agg(["mean", "min", "max"]).dropna()
    axes.plot(seeds.index, seeds["mean"], color=colour, linestyle=line, label=name)
    axes.fill_between(seeds.index, seeds["min"], seeds["max"], color=colour, alpha=0.2, linewidth=0)


def curves_data(results: Results, *, ablation: bool) -> pd.DataFrame:
    """Return the training histories with each run's stage and label."""
    runs = results["runs"]
    facts = runs[runs["stage"].isin(TRAININGS)][["key", "stage", "label"]]
    history = results["history"].merge(facts, on="key", how="inner", validate="many_to_one")
    history = history[history["psnr_db"].notna()]
    if ablation:
        return history[(history["model"] == "mesr") & (history["scale"] == 4)]
    return history[history["stage"] == "train"]


def draw_curves(results: Results) -> Callable[[Theme], Canvas]:
    """Draw one panel per network, one curve per scale."""
    history = curves_data(results, ablation=False)
    networks = ordered(zip(history["model"], history["variant"], strict=True))
    scales = sorted(history["scale"].unique())
    columns = min(4, len(networks))
    rows = math.ceil(len(networks) / columns)

    def draw(theme: Theme) -> Canvas:
        height = 0.55 + 1.35 * rows
        canvas = Canvas(figsize=(WIDTH, height))
        grid = canvas.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        canvas.subplots_adjust(
            left=0.065,
            right=0.99,
            bottom=0.36 / height,
            top=1 - 0.42 / height,
            wspace=0.08,
            hspace=0.28,
        )
        for axes, network in zip(grid.flat, networks, strict=False):
            own = history[(history["model"] == network[0]) & (history["variant"] == network[1])]
            for index, scale in enumerate(scales):
                runs = own[own["scale"] == scale]
                band(axes, runs, theme.series[index], STYLES[index], f"×{scale:.0f}")
            axes.set_title(short(own["label"].iloc[0]), pad=3, weight="bold")
        for axes in list(grid.flat)[len(networks) :]:
            axes.set_visible(False)
        handles, names = grid.flat[0].get_legend_handles_labels()
        canvas.legend(
            handles, names, loc="upper left", bbox_to_anchor=(0.05, 1.0), ncols=len(names)
        )
        canvas.supxlabel("Training step", size=7, y=0.07 / height, color=theme.muted)
        canvas.supylabel("Validation PSNR (dB)", size=7, x=0.008, color=theme.muted)
        return canvas

    return draw


def draw_ablation_curves(results: Results) -> Callable[[Theme], Canvas]:
    """Draw one curve per variant of the ablation."""
    history = curves_data(results, ablation=True)
    variants = ordered(history["variant"])

    def draw(theme: Theme) -> Canvas:
        canvas = Canvas(figsize=(WIDTH, 2.9))
        axes = canvas.add_axes((0.07, 0.14, 0.62, 0.82))
        for index, variant in enumerate(variants):
            own = history[history["variant"] == variant]
            name = short(own["label"].iloc[0], 32)
            band(axes, own, theme.series[index % 6], STYLES[index % 6], name)
        axes.set_xlabel("Training step")
        axes.set_ylabel("Validation PSNR (dB)")
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), handlelength=3)
        return canvas

    return draw


def gains(results: Results) -> pd.DataFrame:
    """Return per-image PSNR gains over bicubic, averaged over seeds, of Table 3's networks."""
    keys = ["scale", "dataset", "image"]
    frame = results["quality"]
    frame = frame[frame["protocol"] == results.study.protocol]
    bicubic = frame[frame["model"] == "bicubic"][[*keys, "psnr_db"]]
    networks = frame[frame["model"] != "bicubic"]
    rows = results["tables/table3"][["model", "variant", "provenance", "label"]].drop_duplicates()
    networks = networks.merge(
        rows, left_on=["model", "variant", "source"], right_on=["model", "variant", "provenance"]
    )
    mean = networks.groupby(["label", "provenance", *keys], sort=False)["psnr_db"].mean()
    joined = mean.reset_index().merge(bicubic, on=keys, suffixes=("", "_bicubic"))
    joined["gain"] = joined["psnr_db"] - joined["psnr_db_bicubic"]
    return joined


def draw_gains(results: Results) -> Callable[[Theme], Canvas]:
    """Draw one dot per image: its gain over bicubic, by network and scale."""
    data = gains(results)
    scales = sorted(data["scale"].unique())
    rows = ordered(zip(data["label"], data["provenance"], strict=True))
    means = data.groupby(["label", "provenance"])["gain"].mean()
    rows.sort(key=lambda row: means[row])
    positions = {row: index for index, row in enumerate(rows)}
    size = 2.2 if data[["dataset", "image"]].drop_duplicates().shape[0] > 40 else 4.0

    def draw(theme: Theme) -> Canvas:
        height = 0.62 + 0.19 * len(rows)
        canvas = Canvas(figsize=(WIDTH, height))
        grid = canvas.subplots(1, len(scales), sharey=True, squeeze=False)[0]
        canvas.subplots_adjust(
            left=0.165, right=0.99, bottom=0.34 / height, top=1 - 0.2 / height, wspace=0.05
        )
        for axes, scale in zip(grid, scales, strict=True):
            own = data[data["scale"] == scale]
            for index, kind in enumerate(("trained", "published")):
                part = own[own["provenance"] == kind]
                where = np.array(
                    [positions[r] for r in zip(part["label"], part["provenance"], strict=True)]
                )
                # A fixed spread keeps the dots apart without a random number.
                spread = ((np.arange(len(part)) * 0.618034) % 1 - 0.5) * 0.56
                axes.plot(
                    *(part["gain"], where + spread),
                    linestyle="", marker=MARKERS[index], markersize=size, markeredgewidth=0,
                    color=theme.series[index], alpha=0.6,
                )  # fmt: skip
            average = own.groupby(["label", "provenance"])["gain"].mean()
            for row, value in average.items():
                y = positions[row]
                axes.plot([value, value], [y - 0.38, y + 0.38], color=theme.text, linewidth=1.4)
            axes.axvline(0, color=theme.muted, linewidth=0.8)
            axes.set_title(f"×{scale:.0f}", pad=3, weight="bold")
            axes.grid(axis="y", visible=False)
        names = [short(f"{name}{' *' if kind == 'published' else ''}", 20) for name, kind in rows]
        grid[0].set_yticks(range(len(rows)), names)
        grid[0].tick_params(axis="y", labelcolor=theme.text)
        grid[0].set_ylim(-0.6, len(rows) - 0.4)
        canvas.supxlabel("PSNR gain over bicubic (dB)", size=7, y=0.07 / height, color=theme.muted)
        return canvas

    return draw


def scatter_caption(results: Results, where: str) -> str:
    """Say which size the points of the scatter plot have: the papers', the one trained, or both."""
    sized = scatter_points(results)["area"].notna().any()
    words = [
        f"PSNR on {where} against parameters.",
        "The area of a mark is the network's Multi-Adds." if sized else "",
        "Narrowed networks stand at the size that was trained; their Multi-Adds are not counted, "
        "and their marks are all as small as can be."
        if results.study.facts.get("narrowed")
        else "",
        "Filled: measured here; hollow: quoted.",
    ]
    return " ".join(filter(None, words))


def charts(results: Results) -> list[tuple[Figure, Callable[[Theme], Canvas]]]:
    """Return the charts that the results have data for."""
    found: list[tuple[Figure, Callable[[Theme], Canvas]]] = []
    table = results["tables/table4"]
    where = ", ".join(ordered(table["dataset"]))
    factors = ", ".join(f"×{scale:.0f}" for scale in ordered(table["scale"]) if known(scale))
    if not scatter_points(results).empty:
        found.append((
            Figure(
                "complexity",
                "PSNR against parameters",
                scatter_caption(results, f"{where} at {factors}"),
                "Scatter plot of PSNR against parameters; its values stand in Table 4, sizes of "
                "narrowed networks in the table of runs.",
            ),
            draw_scatter(results),
        ))  # fmt: skip
    if not curves_data(results, ablation=False).empty:
        found.append((
            Figure(
                "curves",
                "Training curves",
                "PSNR on the validation images during training: mean over seeds, and the band "
                "between "
                "the lowest and the highest seed. The loss and every step stand in history.csv.",
                "One panel per network with a rising curve per scale.",
            ),
            draw_curves(results),
        ))  # fmt: skip
    if curves_data(results, ablation=True)["variant"].drop_duplicates().size > 1:
        found.append((
            Figure(
                "curves-ablation",
                "Training curves of the ablation",
                "PSNR on the validation images during training of the variants of Tables 1 and "
                "2 at "
                "×4: mean over seeds, and the band between the lowest and the highest seed.",
                "One rising curve per variant of the ablation.",
            ),
            draw_ablation_curves(results),
        ))  # fmt: skip
    if not gains(results).empty:
        found.append((
            Figure(
                "gains",
                "Gain over bicubic, image by image",
                "PSNR gain over bicubic interpolation: one dot per test image, averaged over "
                "seeds; the "
                "bar is the mean over all images. Circles: trained here; squares and *: published "
                "weights.",
                "Strips of dots, one per network, of per-image gains; values stand in quality.csv.",
            ),
            draw_gains(results),
        ))  # fmt: skip
    return found


def comparison_figure(comparison: Comparison, methods: Sequence[str]) -> Figure:
    """Return title and caption of a visual comparison."""
    x, y, width, height = comparison.region
    how = "chosen where MESR gains most over bicubic" if comparison.automatic else "chosen by hand"
    return Figure(
        comparison.slug,
        f"{comparison.image} ({comparison.dataset}), ×{comparison.scale}",
        f"Visual comparison on {comparison.image} of {comparison.dataset} at ×{comparison.scale}. "
        f"The region is {width}×{height} pixels at ({x}, {y}), {how}; PSNR (dB) and SSIM are of "
        "the "
        "whole image, of the first seed where there are several. Bold: highest PSNR among views "
        "with the same kind of weights.",
        f"The region as seen by {', '.join(methods)}.",
        dark=False,
    )


def refinement_figure(data: Refinement) -> Figure:
    """Return title and caption of the comparison of the two stages."""
    x, y, width, height = data.region
    return Figure(
        "refinement",
        "Coarse against refined",
        f"Effect of the refinement block on {data.image} of {data.dataset} at ×{data.scale}, as in "
        f"Figure 4 of the paper: region of {width}×{height} pixels at ({x}, {y}); below, the "
        "absolute "
        "error of luma in grey levels (0 to 255).",
        "Coarse image, refined image, ground truth, and maps of their errors.",
    )
