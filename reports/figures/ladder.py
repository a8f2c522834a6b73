"""PSNR against the cost of training: does its length change the order of the networks."""

import math
from collections.abc import Callable, Mapping

import pandas as pd
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator

from reports.figures.style import MARKERS, STYLES, WIDTH, Figure, Theme, short
from reports.results import Results, ordered

UNIT = 1e12


def study_steps(results: Results) -> float:
    """Return the length of the study's own trainings; NaN where it trained nothing."""
    runs = results["runs"]
    steps = pd.to_numeric(runs.loc[runs["stage"] == "train", "steps"], errors="coerce").dropna()
    return float(steps.iloc[0]) if len(steps) else math.nan


def bicubic_psnr(results: Results) -> dict[str, float]:
    """Return the PSNR of bicubic interpolation at the ladder's scale, by dataset."""
    frame = results["tables/table3"]
    scales = results["ladder"]["scale"].unique()
    own = frame[(frame["provenance"] == "interpolation") & frame["scale"].isin(scales)]
    return dict(zip(own["dataset"], own["psnr_db"], strict=True))


def draw_ladder(
    frame: pd.DataFrame, names: Mapping[tuple[str, str], str], own: float, bicubic: dict[str, float]
) -> Callable[[Theme], Canvas]:
    """Draw one panel per dataset, one line per network; the study's own rung is filled."""
    datasets = ordered(frame["dataset"])
    networks = ordered(zip(frame["model"], frame["variant"], strict=True))
    networks.sort(key=lambda network: network[0] != "mesr")  # MESR first

    def draw(theme: Theme) -> Canvas:
        canvas = Canvas(figsize=(WIDTH, 2.75))
        panels = canvas.subplots(1, len(datasets), squeeze=False)[0]
        canvas.subplots_adjust(left=0.065, right=0.985, bottom=0.15, top=0.855, wspace=0.17)
        handles = []
        for index, (model, variant) in enumerate(networks):
            colour = theme.colour(model, index - 1)
            look = {
                "color": colour, "linestyle": STYLES[index % len(STYLES)],
                "marker": MARKERS[index % len(MARKERS)], "markersize": 4,
                "zorder": 3 if model == "mesr" else 2,
            }  # fmt: skip
            of = frame[(frame["model"] == model) & (frame["variant"] == variant)]
            for axes, dataset in zip(panels, datasets, strict=True):
                rows = of[of["dataset"] == dataset].sort_values("training_multi_adds")
                x, y = rows["training_multi_adds"] / UNIT, rows["psnr_db"]
                axes.plot(x, y, markerfacecolor=theme.ground, **look)
                here = rows["steps"] == own
                axes.plot(x[here], y[here], **(look | {"linestyle": ""}))
            label = short(names[model, variant])
            handles.append(Line2D([], [], markerfacecolor=theme.ground, label=label, **look))
        for axes, dataset in zip(panels, datasets, strict=True):
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.12g}")
            axes.xaxis.set_minor_formatter(lambda *_: "")
            if dataset in bicubic:
                axes.axhline(bicubic[dataset], color=theme.muted, linewidth=0.9, linestyle=":")
            axes.set_title(short(dataset), pad=3, weight="bold")
        panels[0].set_ylabel("PSNR (dB)")
        if bicubic:
            handles.append(
                Line2D([], [], color=theme.muted, linewidth=0.9, linestyle=":", label="bicubic")
            )
        if (frame["steps"] == own).any():
            handles.append(
                Line2D([], [], linestyle="", marker="o", markersize=4, color=theme.text,
                       label=f"this study, {own:,.0f} steps")
            )  # fmt: skip
        canvas.legend(
            handles=handles, loc="upper left", bbox_to_anchor=(0.055, 1.01), ncols=len(handles),
            handlelength=2.6, columnspacing=1.4,
        )  # fmt: skip
        canvas.supxlabel(
            "Multi-Adds of the training (T), logarithmic", size=7, y=0.025, color=theme.muted
        )
        return canvas

    return draw


def ladder_figure(results: Results) -> Figure | None:
    """Return the figure, or None without a training of another length."""
    frame = results["ladder"]
    if frame.empty:
        return None
    pairs = ordered(zip(frame["model"], frame["variant"], strict=True))
    names = {pair: results.network(*pair) for pair in pairs}
    steps = ", ".join(f"{count:,.0f}" for count in sorted(frame["steps"].unique()))
    return Figure(
        "ladder",
        "PSNR against the length of the training",
        f"PSNR at ×{frame['scale'].iloc[0]:.0f} after trainings of {steps} steps, the schedule "
        "stretched to each length, against the Multi-Adds of all forward passes of the training. "
        f"Seeds: {', '.join(ordered(frame['seeds']))}. Where lines cross, the order of the "
        "networks depends on how long they were trained.",
        "One panel per test set with a rising line per network; the values stand in the table.",
        draw_ladder(frame, names, study_steps(results), bicubic_psnr(results)),
    )
