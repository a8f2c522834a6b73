"""Validation PSNR during training, by network and by variant of the ablation."""

import math
from collections.abc import Callable
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from reports.figures.style import STYLES, WIDTH, Figure, Theme, short
from reports.results import OF_ABLATION, Results, ordered


def band(axes: Axes, runs: pd.DataFrame, colour: str, line: Any, name: str) -> None:
    """Draw the mean over seeds and the band between the lowest and the highest seed."""
    seeds = runs.groupby("step")["psnr_db"].agg(["mean", "min", "max"]).dropna()
    axes.plot(seeds.index, seeds["mean"], color=colour, linestyle=line, label=name)
    axes.fill_between(seeds.index, seeds["min"], seeds["max"], color=colour, alpha=0.2, linewidth=0)


def curves_data(results: Results, *, ablation: bool) -> pd.DataFrame:
    """Return the training histories with each run's stage and label."""
    runs = results["runs"]
    facts = runs[runs["stage"].isin(OF_ABLATION)][["key", "stage", "label"]]
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
                band(axes, runs, theme.colour(network[0]), STYLES[index], f"×{scale:.0f}")
            axes.set_title(short(own["label"].iloc[0]), pad=3, weight="bold")
        for axes in list(grid.flat)[len(networks) :]:
            axes.set_visible(False)
        names = [f"×{scale:.0f}" for scale in scales]
        handles = [
            Line2D([], [], color=theme.text, linestyle=STYLES[index]) for index in range(len(names))
        ]
        canvas.legend(
            handles,
            names,
            loc="upper left",
            bbox_to_anchor=(0.05, 1.0),
            ncols=len(names),
            handlelength=3,
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
            model = "mesr" if variant == "full" else variant
            band(axes, own, theme.colour(model, index), STYLES[index % len(STYLES)], name)
        axes.set_xlabel("Training step")
        axes.set_ylabel("Validation PSNR (dB)")
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), handlelength=3)
        return canvas

    return draw


def network_curves(results: Results) -> Figure | None:
    """Return the figure of the networks' curves, or None without a training."""
    if curves_data(results, ablation=False).empty:
        return None
    return Figure(
        "curves",
        "Training curves",
        "PSNR on the validation images during training: mean over seeds, and the band between the "
        "lowest and the highest seed. The loss and every step are in history.csv.",
        "One panel per network with a rising curve per scale.",
        draw_curves(results),
    )


def ablation_curves(results: Results) -> Figure | None:
    """Return the figure of the variants' curves, or None unless there are two variants."""
    if curves_data(results, ablation=True)["variant"].nunique() < 2:
        return None
    return Figure(
        "curves-ablation",
        "Training curves of the ablation",
        "PSNR on the validation images during training of the variants of Tables 1 and 2 at ×4: "
        "mean over seeds, and the band between the lowest and the highest seed.",
        "One rising curve per variant of the ablation.",
        draw_ablation_curves(results),
    )
