"""PSNR against what it costs, with the Pareto front, one figure a scale."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import LogLocator
from numpy.typing import ArrayLike, NDArray

from pipeline.tables.results import Results
from reports.figures.style import (
    GROUND,
    MARKERS,
    MUTED,
    NARROW,
    SERIES,
    SIZE,
    SUBJECT,
    TEXT,
    Figure,
    short,
)
from reports.names import records

KINDS = {"trained": "trained here", "published": "published weights", "quoted": "quoted"}
COSTS = {
    "multi_adds": ("Multi-Adds (G)", 1e9),
    "params": ("Parameters (K)", 1e3),
    "latency_ms": ("Latency (ms)", 1.0),
    "peak_memory_mib": ("Peak memory (MiB)", 1.0),
}


def points_of(results: Results, scale: int) -> pd.DataFrame:
    """Return the methods at one scale on the dataset of Table 4 whose PSNR is known."""
    frame = results["methods"]
    facts = results.facts
    rows = frame[(frame["scale"] == scale) & (frame["dataset"] == facts["complexity_dataset"])]
    rows = rows[rows["kind"].isin(list(KINDS)) & np.isfinite(rows["psnr_db"])]
    return rows.assign(is_subject=rows["method"] == facts["subject"])


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


def draw_tradeoff(points: pd.DataFrame, costs: list[str], width: float) -> Canvas:
    """Draw one panel per cost: PSNR over the logarithm of the cost."""
    rows, columns = (len(costs), 1) if width == NARROW else (1, len(costs))
    canvas = Canvas(figsize=(width, 2.1 * rows if width == NARROW else 3.1))
    for place, cost in enumerate(costs):
        axes = canvas.add_subplot(rows, columns, place + 1)
        name, unit = COSTS[cost]
        own = points[points[cost] > 0]
        own = own.assign(x=own[cost].astype(float) / unit)
        axes.set_xscale("log")
        decade = own["x"].max() > 4 * own["x"].min()
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decade else range(1, 10)))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.12g}")
        axes.xaxis.set_minor_formatter(lambda *_: "")
        axes.set_xlabel(name)
        if place == 0 or rows > 1:
            axes.set_title("PSNR (dB)", weight="normal", color=MUTED)
        reach = (own["psnr_db"].max() - own["psnr_db"].min()) or 1.0
        axes.set_xlim(own["x"].min() / 1.4, own["x"].max() * 1.4)
        axes.set_ylim(own["psnr_db"].min() - 0.1 * reach, own["psnr_db"].max() + 0.1 * reach)
        for index, kind in enumerate(KINDS):
            draw_kind(axes, own[own["kind"] == kind].reset_index(drop=True), kind, MARKERS[index])
        canvas.draw_without_rendering()
        place_labels(axes, own)
    return canvas


def draw_kind(axes: Axes, points: pd.DataFrame, kind: str, marker: str) -> None:
    """Draw the marks of one kind, with the standard deviation over seeds and the Pareto front."""
    if points.empty:
        return
    if kind != "quoted":
        front = points.loc[pareto(points["x"], points["psnr_db"])]
        # To the right a network of the front stays the best until the next.
        axes.step(
            [*front["x"], axes.get_xlim()[1]], [*front["psnr_db"], front["psnr_db"].iloc[-1]],
            where="post", color=MUTED, linewidth=0.9, linestyle="-" if kind == "trained" else "--",
        )  # fmt: skip
    for row in records(points):
        ink = SUBJECT if row["is_subject"] else MUTED if kind == "quoted" else SERIES[0]
        axes.errorbar(
            row["x"], row["psnr_db"], yerr=row["psnr_sd_db"] if row["psnr_sd_db"] > 0 else None,
            color=ink, elinewidth=1, capsize=2, marker=marker, markersize=5, zorder=3,
            markerfacecolor=GROUND if kind == "quoted" else ink,
        )  # fmt: skip


def place_labels(axes: Axes, points: pd.DataFrame) -> None:
    """Write each name at the first free place beside its point, the subject's first.

    Places are to the right, the left, above and below, then further away with a line.
    """
    figure = axes.figure
    assert figure is not None
    unit = figure.dpi / 72
    height = 1.05 * SIZE * unit
    centres = axes.transData.transform(points[["x", "psnr_db"]].to_numpy(dtype=float))
    taken = [(x - 3 * unit, y - 3 * unit, x + 3 * unit, y + 3 * unit) for x, y in centres]
    frame = axes.get_window_extent()
    rows = records(points)
    for index in sorted(range(len(rows)), key=lambda index: not rows[index]["is_subject"]):
        row = rows[index]
        text = short(str(row["label"]), 16)
        width = 0.6 * SIZE * unit * len(text)
        x, y = centres[index]
        near, far = 5 * unit, 15 * unit
        corners = [(near, -height / 2), (-near - width, -height / 2)]
        corners += [(-width / 2, near), (-width / 2, -near - height)]
        corners += [
            (side, (rows - 0.5) * height)
            for rows in sorted(range(-8, 9), key=abs)
            for side in (far, -far - width)
        ]
        boxes = [(x + dx, y + dy, x + dx + width, y + dy + height) for dx, dy in corners]
        lost = [
            sum(overlap(box, other) for other in taken)
            + width * (max(0, frame.x0 - box[0]) + max(0, box[2] - frame.x1)
                       + max(0, frame.y0 - box[1]) + max(0, box[3] - frame.y1))
            for box in boxes
        ]  # fmt: skip
        chosen = int(np.argmin(lost))
        taken.append(boxes[chosen])
        dx, dy = corners[chosen]
        line = {"arrowstyle": "-", "color": MUTED, "linewidth": 0.5}
        label = axes.annotate(
            text, (row["x"], row["psnr_db"]),
            xytext=((dx + width / 2) / unit, (dy + height / 2) / unit),
            textcoords="offset points", ha="center", va="center",
            color=SUBJECT if row["is_subject"] else MUTED if row["kind"] == "quoted" else TEXT,
            weight="bold" if row["is_subject"] else "normal",
            arrowprops=line if chosen > 3 else None,
        )  # fmt: skip
        label.set_in_layout(False)


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Area that two boxes (left, bottom, right, top) share."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0.0) * max(height, 0.0)


def tradeoff_figure(results: Results, scale: int) -> Figure | None:
    """Return PSNR against what is counted, or None where no method has both."""
    points = points_of(results, scale)
    measured = points[points["kind"] != "quoted"]
    # Quoted networks of full size would press the others together.
    return tradeoff(measured, ["multi_adds", "params"], f"tradeoff-x{scale}", results, scale)


def tradeoff(
    points: pd.DataFrame, costs: list[str], key: str, results: Results, scale: int
) -> Figure | None:
    """Return PSNR against some costs, or None where no point has any of them."""
    costs = [cost for cost in costs if (points[cost] > 0).any()]
    if not costs:
        return None
    spread = " Bars: standard deviation over seeds." if points["psnr_sd_db"].notna().any() else ""
    return Figure(
        key,
        "PSNR against cost",
        f"PSNR on {results.facts['complexity_dataset']} at ×{scale} against cost, which is "
        "logarithmic. Line: Pareto front, the networks that none is both better and cheaper than, "
        f"for each kind of weights apart.{spread}",
        f"Scatter plots of PSNR against costs at ×{scale}; the values stand in the tables.",
        lambda width: draw_tradeoff(points, costs, width),
        f"×{scale}",
    )
