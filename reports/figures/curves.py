"""Training: PSNR beside loss of every network, and what the second stage does meanwhile."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure as Canvas

from pipeline.tables.results import Results
from reports.figures.style import MUTED, NARROW, SIZE, Figure, colour, dash, label_ends
from reports.names import distinct

PANELS = {"psnr_db": "Validation PSNR (dB)", "loss": "Training loss"}


def draw_curves(
    history: pd.DataFrame, labels: dict[str, str], subject: str, width: float
) -> Canvas:
    """Draw the mean over seeds of each method: the subject in its colour, few others in theirs."""
    methods = distinct(history["method"])
    narrow = width == NARROW
    height = max(2.0, 0.75 + 1.15 * SIZE / 72 * len(methods)) if narrow else 3.1
    canvas = Canvas(figsize=(width, 2 * height if narrow else height))
    panels = canvas.subplots(*((2, 1) if narrow else (1, 2)), squeeze=False).flat
    inks = {m: colour(i, m == subject) if m == subject or len(methods) < 7 else MUTED
            for i, m in enumerate(methods)}  # fmt: skip
    for axes, (column, title) in zip(panels, PANELS.items(), strict=True):
        ends = {}
        for index, method in enumerate(methods):
            own = history[history["method"] == method]
            mean = own.groupby("step")[column].mean().dropna()
            if mean.empty:
                continue
            axes.plot(
                mean.index, mean, color=inks[method], linestyle=dash(index, method == subject),
                zorder=3 if method == subject else 2, linewidth=2 if method == subject else 1.1,
            )  # fmt: skip
            ends[method] = float(mean.iloc[-1])
        # The first row would hide the rest, where there is a rest.
        values = history.loc[history["step"] > history["step"].min(), column].dropna()
        if len(values):
            low, high = values.quantile(0.02), values.max()
            axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
        if column == "loss":
            axes.set_yscale("log")
            axes.yaxis.set_minor_formatter("{x:.3g}")
            axes.yaxis.set_major_formatter("{x:.3g}")
        axes.set_title(title)
        axes.set_xlabel("Step")
        axes.set_xlim(0, history["step"].max())
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.locator_params(axis="x", nbins=5)
        canvas.draw_without_rendering()
        named = {labels.get(method, method): end for method, end in ends.items()}
        paint = {labels.get(method, method): inks[method] for method in ends}
        label_ends(axes, history["step"].max(), named, paint)
    return canvas


def curve_figures(results: Results) -> list[Figure]:
    """Return the curves of the networks at each scale, and of the subject's variants."""
    history = results["history"]
    facts = results.facts
    runs = results["runs"][["key", "network", "variant", "label", "steps"]]
    history = history.merge(runs, on="key", how="inner", suffixes=("", "_run"))
    labels = dict(zip(history["method"], history["label"], strict=True))
    found = []
    for scale in sorted(facts["scales"], reverse=True):
        own = history[(history["scale"] == scale) & (history["variant"] == "")]
        if len(own):
            words = f"Training of every network at ×{scale}"
            found.append(
                _figure(f"curves-x{scale}", "Training", f"×{scale}", words, own, labels, facts)
            )
    variants = results["variants"]
    first = variants["heading"] == variants["heading"].iloc[:1].max()
    variants = variants[(variants["base"] != "") & first]
    labels = labels | dict(zip(variants["method"], variants["label"], strict=True))
    chosen = history["method"].isin([facts["subject"], *variants["method"]])
    own = history[(history["scale"] == max(facts["scales"])) & chosen]
    if len(distinct(own["method"])) > 1:
        words = f"Training of the variants of {results.subject} at ×{max(facts['scales'])}"
        title = "Training of the variants"
        found.append(_figure("curves-variants", title, "", words, own, labels, facts))
    return found


def _figure(
    key: str,
    title: str,
    choice: str,
    words: str,
    history: pd.DataFrame,
    labels: dict[str, str],
    facts: Mapping[str, Any],
) -> Figure:
    return Figure(
        key,
        title,
        f"{words}, mean over seeds: left, PSNR on held-out validation images; right, the loss "
        "(logarithmic; networks with several outputs add up several losses). "
        "Every value is in history.csv.",
        "One rising line of PSNR and one falling line of loss for each method.",
        lambda width: draw_curves(history, labels, facts["subject"], width),
        choice,
    )


def gate_figure(results: Results) -> Figure | None:
    """Return the gate of the second stage and the gain of its output, or None without a gate."""
    history = results["history"]
    history = history[history["gate_mean"].notna()]
    if history.empty:
        return None
    runs = results["runs"].set_index("key")["label"]
    lines = history.assign(
        gain=history["psnr_db"] - history["coarse_psnr_db"],
        name=history["key"].map(runs).fillna(history["method"])
        + history["scale"].map(" ×{:.0f}".format),
    )

    def draw(width: float) -> Canvas:
        names = distinct(lines["name"])
        canvas = Canvas(figsize=(width, 5.4 if width == NARROW else 2.7))
        panels = canvas.subplots(*((2, 1) if width == NARROW else (1, 2)), squeeze=False).flat
        titles = {
            "gate_mean": "Mean of the gate (0 is shut)",
            "gain": "Refined less coarse PSNR (dB)",
        }
        for axes, (column, title) in zip(panels, titles.items(), strict=True):
            ends = {}
            for index, name in enumerate(names):
                mean = lines[lines["name"] == name].groupby("step")[column].mean()
                axes.plot(
                    mean.index,
                    mean,
                    color=colour(index - 1, index == 0),
                    linestyle=dash(index, index == 0),
                )
                ends[name] = float(mean.iloc[-1])
            axes.set_title(title)
            axes.set_xlabel("Step")
            axes.locator_params(axis="x", nbins=5)
            axes.set_xlim(0, lines["step"].max())
            paint = {name: colour(index - 1, index == 0) for index, name in enumerate(names)}
            if column == "gate_mean":
                canvas.draw_without_rendering()
                label_ends(axes, lines["step"].max(), ends, paint)
        return canvas

    return Figure(
        "gate",
        "The gate of the refinement block during training",
        "Left, the mean of the gate over the validation images: near 0 the second stage passes the "
        "coarse image through. Right, the PSNR of the refined image minus that of the coarse one.",
        "Lines of the gate's mean and of the gain of the second stage over training steps.",
        draw,
    )
