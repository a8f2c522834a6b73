"""PSNR against what it costs, with the Pareto front, one figure a scale."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogLocator
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from reports.figures.style import MARKERS, STYLES, WIDTH, Figure, Theme, short
from reports.results import Results

KINDS = {
    "trained": "trained here",
    "published": "published weights",
    "quoted": "quoted",
}


@dataclass(frozen=True)
class Cost:
    """One panel: a column of the points, its name in captions and on the axis, its unit's size."""

    column: str
    name: str
    axis: str
    unit: float = 1.0


MULTI_ADDS = Cost("multi_adds", "Multi-Adds", "Multi-Adds (G)", 1e9)
PARAMS = Cost("params", "parameters", "Parameters (M)", 1e6)


def quality_points(results: Results, scale: int) -> pd.DataFrame:
    """Return the networks of Table 3 at one scale on the dataset of Table 4.

    Returns
    -------
    DataFrame
        model, variant, label, provenance, psnr (dB; the published one of quoted rows), reach (half
        of Student's interval over seeds in dB, NaN with fewer than two), params and multi_adds of
        the size that has this PSNR. Multi-Adds of narrowed networks are counted on a patch of
        the training (results/sizes.csv) and scaled by area to the HR output of Table 4.
    """
    frame = results["tables/table3"]
    study = results.study
    chosen = (frame["scale"] == scale) & (frame["dataset"] == study.complexity_dataset)
    frame = frame[chosen & frame["provenance"].isin(list(KINDS))].copy()
    quoted = frame["provenance"] == "quoted"
    frame["psnr"] = frame["psnr_db"].where(~quoted, frame["published_psnr_db"])
    frame = frame[np.isfinite(frame["psnr"])]
    seeds = pd.to_numeric(frame["seeds"], errors="coerce")
    level = (1 + study.bootstrap.confidence) / 2
    frame["reach"] = stats.t.ppf(level, seeds - 1) * frame["psnr_sd_db"] / np.sqrt(seeds)
    costs = results["complexity"][["model", "variant", "scale", "params", "multi_adds"]]
    frame = frame.merge(
        costs.drop_duplicates(["model", "variant", "scale"]),
        on=["model", "variant", "scale"], how="left",
    )  # fmt: skip
    for index, row in frame[frame["provenance"] == "trained"].iterrows():
        if row["model"] in study.narrowed:
            frame.loc[index, ["params", "multi_adds"]] = results.trained_size(row["model"], scale)
    columns = ["model", "variant", "label", "provenance", "psnr", "reach", "params", "multi_adds"]
    return frame[columns].reset_index(drop=True)


def bicubic_psnr(results: Results, scale: int) -> float:
    """Return the PSNR of bicubic interpolation; NaN where it was not evaluated."""
    frame = results["tables/table3"]
    own = (frame["scale"] == scale) & (frame["dataset"] == results.study.complexity_dataset)
    return float(frame.loc[own & (frame["provenance"] == "interpolation"), "psnr_db"].mean())


def pareto(costs: ArrayLike, quality: ArrayLike) -> NDArray[np.intp]:
    """Return the points that no other beats, by rising cost.

    Parameters
    ----------
    costs, quality : array_like, shape (points,)
        Finite; a point beats another that costs as much or more and is not better, unless both
        are equal in both.

    Returns
    -------
    ndarray of int
        Indices.
    """
    x, y = np.asarray(costs, dtype=float), np.asarray(quality, dtype=float)
    order = np.lexsort((-y, x))
    best = np.maximum.accumulate(np.concatenate([[-np.inf], y[order]]))[:-1]
    front = order[y[order] > best]
    kept = set(map(tuple, np.column_stack([x, y])[front]))
    return np.array([i for i in order if (x[i], y[i]) in kept], dtype=np.intp)


def drawable(points: pd.DataFrame, costs: Sequence[Cost]) -> list[tuple[Cost, pd.DataFrame]]:
    """Return the panels that have a point, each with its points."""
    panels = []
    for cost in costs:
        own = points[np.isfinite(points[cost.column]) & (points[cost.column] > 0)]
        if not own.empty:
            panels.append((cost, own.assign(x=own[cost.column] / cost.unit)))
    return panels


def draw_tradeoff(
    panels: Sequence[tuple[Cost, pd.DataFrame]], bicubic: float
) -> Callable[[Theme], Canvas]:
    """Draw one panel per cost: PSNR over the logarithm of the cost."""
    everything = pd.concat([points for _, points in panels])
    reach = everything["reach"].fillna(0)
    ends = [(everything["psnr"] - reach).min(), (everything["psnr"] + reach).max()]
    if math.isfinite(bicubic):
        ends = [min(ends[0], bicubic), max(ends[1], bicubic)]
    room = max(0.1, 0.1 * (ends[1] - ends[0]))

    def draw(theme: Theme) -> Canvas:
        canvas = Canvas(figsize=(WIDTH, 3.3))
        grid = canvas.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        canvas.subplots_adjust(left=0.07, right=0.985, bottom=0.135, top=0.9, wspace=0.06)
        grid[0].set_ylim(ends[0] - room, ends[1] + room)
        for axes, (cost, points) in zip(grid, panels, strict=True):
            axes.set_xscale("log")
            axes.set_xlim(points["x"].min() / 1.7, points["x"].max() * 1.9)
            draw_points(axes, points, theme)
            if math.isfinite(bicubic):
                axes.axhline(bicubic, color=theme.muted, linewidth=0.9, linestyle=STYLES[3])
            decades = np.log10(points["x"].max() / points["x"].min())
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 2 else (1,)))
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.12g}")
            axes.xaxis.set_minor_formatter(lambda *_: "")
            axes.set_xlabel(f"{cost.axis}, logarithmic")
            place_labels(canvas, axes, points, theme)
        grid[0].set_ylabel("PSNR (dB)")
        shown = [kind for kind in KINDS if (everything["provenance"] == kind).any()]
        handles = [
            Line2D([], [], linestyle="", marker=MARKERS[index], markersize=5, color=theme.text,
                   markerfacecolor="none" if kind == "quoted" else theme.text, label=KINDS[kind])
            for index, kind in enumerate(KINDS) if kind in shown
        ]  # fmt: skip
        handles.append(Line2D([], [], color=theme.text, linewidth=0.9, label="Pareto front"))
        if math.isfinite(bicubic):
            handles.append(
                Line2D([], [], color=theme.muted, linewidth=0.9, linestyle=STYLES[3],
                       label=f"bicubic, {bicubic:.2f} dB")
            )  # fmt: skip
        canvas.legend(
            handles=handles, loc="upper left", bbox_to_anchor=(0.06, 1.0), ncols=len(handles)
        )
        return canvas

    return draw


def draw_points(axes: Axes, points: pd.DataFrame, theme: Theme) -> None:
    """Draw the marks with their intervals, and a front for each kind of measured weights."""
    for index, kind in enumerate(KINDS):
        own = points[points["provenance"] == kind].reset_index(drop=True)
        if own.empty:
            continue
        if kind != "quoted":
            front = own.loc[pareto(own["x"], own["psnr"])]
            # To the right a network of the front stays the best until the next.
            x = [*front["x"], axes.get_xlim()[1]]
            y = [*front["psnr"], front["psnr"].iloc[-1]]
            axes.step(
                *(x, y), where="post", color=theme.text, linewidth=0.9, alpha=0.55,
                linestyle=STYLES[index],
            )  # fmt: skip
        for row in own.to_dict("records"):
            colour = theme.colour(row["model"])
            if row["reach"] > 0:
                axes.errorbar(
                    row["x"], row["psnr"], yerr=row["reach"], color=colour, elinewidth=1, capsize=2
                )
            axes.scatter(
                row["x"], row["psnr"], s=26, marker=MARKERS[index], linewidths=1.1,
                edgecolors=colour, facecolors="none" if kind == "quoted" else colour, zorder=3,
            )  # fmt: skip


def place_labels(canvas: Canvas, axes: Axes, points: pd.DataFrame, theme: Theme) -> None:
    """Write each point's name beside it, at the first of some places that is still free.

    Where points crowd, names stand in columns to the left and right with a line to their point.
    """
    FigureCanvasAgg(canvas)
    scale = canvas.dpi / 72
    centres = axes.transData.transform(points[["x", "psnr"]].to_numpy())
    radius = 2.8 * scale
    taken = [(x - radius, y - radius, x + radius, y + radius) for x, y in centres]
    frame = axes.get_window_extent()
    for index in np.argsort(-points["psnr"].to_numpy(), kind="stable"):
        row = points.iloc[index]
        text = short(str(row["label"]), 18)
        width, height = 4.2 * scale * len(text), 7.5 * scale
        x, y = centres[index]
        reach = radius + 1.5 * scale
        offsets = [(reach, -height / 2), (-reach - width, -height / 2), (-width / 2, reach)]
        offsets += [(-width / 2, -reach - height), (0.7 * reach, 0.7 * reach)]
        offsets += [(0.7 * reach, -0.7 * reach - height), (-0.7 * reach - width, 0.7 * reach)]
        near = len(offsets)
        for rows in sorted(range(-9, 10), key=abs):
            offsets += [(side, (rows - 0.5) * height) for side in (4 * reach, -4 * reach - width)]
        boxes = [(x + dx, y + dy, x + dx + width, y + dy + height) for dx, dy in offsets]
        inside = [frame.x0 <= box[0] and box[2] <= frame.x1 for box in boxes]
        lost = [
            sum(overlap(box, other) for other in taken) + (0 if fits else width * height)
            for box, fits in zip(boxes, inside, strict=True)
        ]
        chosen = int(np.argmin(lost))
        best = boxes[chosen]
        taken.append(best)
        place = axes.transData.inverted().transform(
            ((best[0] + best[2]) / 2, (best[1] + best[3]) / 2)
        )
        own = row["model"] == "mesr"
        if chosen >= near:
            end = (best[0] if best[0] > x else best[2], (best[1] + best[3]) / 2)
            ends = axes.transData.inverted().transform([(x, y), end])
            axes.plot(*ends.T, color=theme.muted, linewidth=0.4, zorder=2)
        axes.text(
            *(place[0], place[1], text), ha="center", va="center", size=6, zorder=4,
            weight="bold" if own else "normal", color=theme.mesr if own else theme.text,
            path_effects=[withStroke(linewidth=2, foreground=theme.ground)],
        )  # fmt: skip


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Area that two boxes (left, bottom, right, top) share."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0.0) * max(height, 0.0)


def caption(results: Results, scale: int, points: pd.DataFrame, costs: Sequence[Cost]) -> str:
    """Say what was measured, which size a point has and what is drawn."""
    against = " and against ".join(cost.name for cost in costs)
    narrowed = bool(results.study.narrowed) and (points["provenance"] == "trained").any()
    confidence = f"{results.study.bootstrap.confidence:.0%}"
    words = [
        f"PSNR on {results.study.complexity_dataset} at ×{scale} against {against}.",
        "Line: Pareto front, the networks that none is better and cheaper than, for each kind of "
        "weights apart; dotted: bicubic interpolation.",
        f"Bars: {confidence} interval over seeds." if (points["reach"] > 0).any() else "",
        "Narrowed networks stand at the size that was trained"
        + (", their Multi-Adds scaled by area from a patch." if MULTI_ADDS in costs else ".")
        if narrowed
        else "",
    ]
    return " ".join(filter(None, words))


def tradeoff_figure(results: Results, scale: int) -> Figure | None:
    """Return PSNR against what is counted, or None where no network has both."""
    points = quality_points(results, scale)
    panels = drawable(points, (MULTI_ADDS, PARAMS))
    if not panels:
        return None
    return Figure(
        f"tradeoff-x{scale}",
        f"PSNR against its cost, ×{scale}",
        caption(results, scale, points, [cost for cost, _ in panels]),
        f"Scatter plots of PSNR against costs at ×{scale}; the values stand in Tables 3 and 4.",
        draw_tradeoff(panels, bicubic_psnr(results, scale)),
    )
