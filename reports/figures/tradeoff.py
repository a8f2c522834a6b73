"""PSNR against what it costs, with the Pareto front, one figure a scale."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import LogLocator
from matplotlib.transforms import Bbox, BboxBase
from numpy.typing import ArrayLike, NDArray

from pipeline.tables.results import Results
from reports.figures import style
from reports.figures.style import Figure
from reports.names import records

# Quoted networks of full size would press the others together.
KINDS = ("trained", "published")
LEADER = {"arrowstyle": "-", "color": style.MUTED, "linewidth": 0.5}  # from a name to its point
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
    rows = rows[rows["kind"].isin(KINDS) & np.isfinite(rows["psnr_db"])]
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
    narrow = width == style.NARROW
    canvas, grid = style.panels(
        width, [""] * len(costs), 1 if narrow else 2, 2.1 if narrow else 3.1
    )
    for axes, cost in zip(grid, costs, strict=True):
        own = points[points[cost] > 0]
        name, unit = COSTS[cost]
        own = own.assign(x=own[cost].astype(float) / unit)
        axes.set_xlabel(name)
        low, high = own["psnr_db"].min(), own["psnr_db"].max()
        reach = 0.1 * ((high - low) or 1.0)
        axes.set_xscale("log")
        wide = own["x"].max() > 4 * own["x"].min()
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if wide else range(1, 10)))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.12g}")
        axes.xaxis.set_minor_formatter(lambda *_: "")
        axes.set_xlim(own["x"].min() / 1.4, own["x"].max() * 1.4)
        axes.set_ylim(low - reach, high + reach)
        for kind, marker in zip(KINDS, style.MARKERS, strict=False):
            draw_kind(axes, own[own["kind"] == kind].reset_index(drop=True), marker)
        canvas.draw_without_rendering()
        place_labels(axes, own.sort_values("is_subject", ascending=False, kind="stable"))
    canvas.supylabel("PSNR (dB)", size=style.SIZE, color=style.MUTED)
    return canvas


def draw_kind(axes: Axes, points: pd.DataFrame, marker: str) -> None:
    """Draw the marks of one kind, with the standard deviation over seeds and the Pareto front."""
    if points.empty:
        return
    front = points.loc[pareto(points["x"], points["psnr_db"])]
    # To the right a network of the front stays the best until the next.
    x, y = [*front["x"], axes.get_xlim()[1]], [*front["psnr_db"], front["psnr_db"].iloc[-1]]
    line = "-" if marker == style.MARKERS[0] else "--"
    axes.step(x, y, where="post", color=style.MUTED, linewidth=0.9, linestyle=line)
    for row in records(points):
        axes.errorbar(
            row["x"], row["psnr_db"], yerr=row["psnr_sd_db"] if row["psnr_sd_db"] > 0 else None,
            color=style.SUBJECT if row["is_subject"] else style.SERIES[0], elinewidth=1, capsize=2,
            marker=marker, markersize=5, zorder=3,
        )  # fmt: skip


def place_labels(axes: Axes, points: pd.DataFrame) -> None:
    """Write each name at the place beside its point that is free, or covers the least.

    Places are to the right, the left, above and below, then further away with a line.
    """
    unit = axes.get_figure(root=True).dpi / 72  # type: ignore[union-attr]
    height, near, far = 1.05 * style.SIZE * unit, 5 * unit, 15 * unit
    centres = axes.transData.transform(points[["x", "psnr_db"]].to_numpy(dtype=float))
    taken = [Bbox.from_bounds(x - 3 * unit, y - 3 * unit, 6 * unit, 6 * unit) for x, y in centres]
    for row, (x, y) in zip(records(points), centres, strict=True):
        text = style.short(str(row["label"]), 16)
        width = 0.6 * style.SIZE * unit * len(text)
        corners = [(near, -height / 2), (-near - width, -height / 2)]
        corners += [(-width / 2, near), (-width / 2, -near - height)]
        for lines in sorted(range(-8, 9), key=abs):
            corners += [(side, (lines - 0.5) * height) for side in (far, -far - width)]
        boxes = [Bbox.from_bounds(x + dx, y + dy, width, height) for dx, dy in corners]
        chosen = int(np.argmin([lost(box, axes.get_window_extent(), taken) for box in boxes]))
        taken.append(boxes[chosen])
        dx, dy = corners[chosen]
        label = axes.annotate(
            text, (row["x"], row["psnr_db"]),
            xytext=((dx + width / 2) / unit, (dy + height / 2) / unit),
            textcoords="offset points", ha="center", va="center",
            color=style.SUBJECT if row["is_subject"] else style.TEXT,
            weight="bold" if row["is_subject"] else "normal",
            arrowprops=LEADER if chosen > 3 else None,
        )  # fmt: skip
        label.set_in_layout(False)


def lost(box: Bbox, frame: BboxBase, taken: list[Bbox]) -> float:
    """Return the area of a label that lies outside the frame or on what is there already."""
    covered = [Bbox.intersection(box, other) for other in taken]
    inside = Bbox.intersection(box, frame)
    area = box.width * box.height - (inside.width * inside.height if inside else 0.0)
    return area + sum(part.width * part.height for part in covered if part)


def tradeoff(points: pd.DataFrame, costs: list[str], key: str, results: Results) -> Figure | None:
    """Return PSNR against some costs at one scale, or None where there are not two points."""
    costs = [cost for cost in costs if (points[cost] > 0).any()]
    if not costs or len(points) < 2:
        return None
    scale = points["scale"].iloc[0]
    spread = " Bars: standard deviation over seeds." if points["psnr_sd_db"].notna().any() else ""
    return Figure(
        key,
        "PSNR against cost",
        f"PSNR on {results.facts['complexity_dataset']} at ×{scale} against cost, which is "
        "logarithmic. Line: Pareto front, the networks that no other beats in both PSNR and cost, "
        f"separately for each kind of weights.{spread}",
        f"Scatter plots of PSNR against costs at ×{scale}; the values stand in the tables.",
        lambda width: draw_tradeoff(points, costs, width),
        f"×{scale}",
    )
