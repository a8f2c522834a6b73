"""PSNR against parameters, with Multi-Adds as area."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator

from reports.figures.style import MARKERS, WIDTH, Figure, Theme, short
from reports.results import Results, known, ordered

SMALLEST, LARGER = 30, 900  # area of a mark in the scatter plot, and what Multi-Adds add to it


def scatter_points(results: Results) -> pd.DataFrame:
    """Return one point per row of Table 4 that has parameters and a finite PSNR.

    Table 4 counts full-size networks. A narrowed network stands at the parameters of the run that
    gave the PSNR; its Multi-Adds are not counted, and its mark is as small as any.
    """
    frame = results["tables/table4"].copy()
    frame["x"] = frame["params"].fillna(frame["published_params"])
    frame["y"] = frame["psnr_db"].fillna(frame["published_psnr_db"])
    frame["area"] = frame["multi_adds"].fillna(frame["published_multi_adds"])
    narrowed = results.study.narrowed
    runs = results["runs"][results["runs"]["stage"] == "train"]
    for index, row in frame[frame["provenance"] == "trained"].iterrows():
        if row["model"] in narrowed:
            own = runs["model"].eq(row["model"]) & runs["scale"].eq(f"{row['scale']:.0f}")
            sizes = pd.to_numeric(runs.loc[own, "params"], errors="coerce").dropna()
            frame.loc[index, ["x", "area"]] = [sizes.median(), math.nan]
    frame["area"] = frame["area"].where(np.isfinite(frame["area"]))
    drawable = (frame["x"] > 0) & np.isfinite(frame["x"]) & np.isfinite(frame["y"])
    frame = frame[drawable].reset_index(drop=True)
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


def scatter_caption(results: Results, where: str) -> str:
    """Say which size the points of the scatter plot have: the papers', the one trained, or both."""
    sized = scatter_points(results)["area"].notna().any()
    words = [
        f"PSNR on {where} against parameters.",
        "The area of a mark is the network's Multi-Adds." if sized else "",
        "Narrowed networks stand at the size that was trained; their Multi-Adds are not counted, "
        "and their marks are all as small as can be."
        if results.study.narrowed
        else "",
        "Filled: measured here; hollow: quoted.",
    ]
    return " ".join(filter(None, words))


def complexity_figure(results: Results) -> Figure | None:
    """Return the figure, or None when no row of Table 4 has parameters and a PSNR."""
    if scatter_points(results).empty:
        return None
    table = results["tables/table4"]
    where = ", ".join(ordered(table["dataset"]))
    factors = ", ".join(f"×{scale:.0f}" for scale in ordered(table["scale"]) if known(scale))
    return Figure(
        "complexity",
        "PSNR against parameters",
        scatter_caption(results, f"{where} at {factors}"),
        "Scatter plot of PSNR against parameters; its values stand in Table 4, sizes of narrowed "
        "networks in the table of runs.",
        draw_scatter(results),
    )
