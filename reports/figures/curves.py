"""Training: PSNR beside loss of every network, and what the second stage does meanwhile."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullLocator

from pipeline.tables.results import Results
from reports.figures import style
from reports.figures.style import Figure
from reports.names import distinct

PSNR, LOSS = "Validation PSNR (dB)", "Training loss"


def history(results: Results) -> pd.DataFrame:
    """Return history.csv with what each row's run is, ready for `draw_lines`."""
    runs = results["runs"][["key", "variant", "label"]].rename(columns={"label": "name"})
    frame = results["history"].merge(runs, on="key").rename(columns={"step": "x"})
    return frame.assign(is_subject=frame["method"] == results.facts["subject"])


def melted(frame: pd.DataFrame, columns: dict[str, str]) -> pd.DataFrame:
    """Turn some columns into panels."""
    same = ["name", "is_subject", "x"]
    return frame.rename(columns=columns).melt(same, list(columns.values()), "panel", "y")


def steps_axis(axes: Axes, rows: pd.DataFrame) -> None:
    """Set the axis of training steps."""
    axes.set_xlim(0, rows["x"].max())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.locator_params(axis="x", nbins=5)


def prepare_curve(axes: Axes, rows: pd.DataFrame) -> None:
    """Set limits and scale of PSNR or loss."""
    steps_axis(axes, rows)
    # The first row would hide the rest, where there is a rest.
    values = rows.loc[rows["x"] > rows["x"].min(), "y"]
    if len(values):
        low, high = values.quantile(0.02), values.max()
        axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
    if rows["panel"].iloc[0] == LOSS:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(MaxNLocator(4, prune="lower"))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter("{x:.3g}")


def curves(key: str, words: str, frame: pd.DataFrame, title: str, choice: str = "") -> Figure:
    """Return PSNR beside loss of some trainings."""
    lines = melted(frame, {"psnr_db": PSNR, "loss": LOSS})
    return Figure(
        key,
        title,
        f"{words}, mean over seeds: left, PSNR on held-out validation images; right, the loss "
        "(logarithmic; networks with several outputs add up several losses). "
        "Every value is in history.csv.",
        "One rising line of PSNR and one falling line of loss for each method.",
        lambda width: style.draw_lines(lines, width, "Step", prepare_curve),
        choice,
    )


def curve_figures(results: Results) -> list[Figure]:
    """Return the curves of the networks at each scale, and of the subject's variants."""
    frame, variants = history(results), results["variants"]
    found = []
    for scale in sorted(results.facts["scales"], reverse=True):
        own = frame[(frame["scale"] == scale) & (frame["variant"] == "")]
        if len(own):
            words = f"Training of every network at ×{scale}"
            found.append(curves(f"curves-x{scale}", words, own, "Training", f"×{scale}"))
    first = variants["heading"] == variants["heading"].iloc[:1].max()
    named = variants[(variants["base"] != "") & first].set_index("method")["label"].to_dict()
    own = frame[frame["is_subject"] | frame["method"].isin(list(named))]
    own = own[own["scale"] == max(results.facts["scales"])]
    if len(distinct(own["method"])) > 1:
        own = own.assign(name=own["method"].map(named).fillna(own["name"]))
        words = f"Training of the variants of {results.subject} at ×{own['scale'].max()}"
        found.append(curves("curves-variants", words, own, "Training of the variants"))
    return found


def gate_figure(results: Results) -> Figure | None:
    """Return the gate of the second stage and the gain of its output, or None without a gate."""
    frame = history(results)
    frame = frame[frame["gate_mean"].notna()]
    if frame.empty:
        return None
    frame["gain"] = frame["psnr_db"] - frame["coarse_psnr_db"]
    frame["name"] += frame["scale"].map(" ×{:.0f}".format)
    frame["is_subject"] &= np.equal(frame["scale"], frame["scale"].max())
    lines = melted(
        frame,
        {"gate_mean": "Mean of the gate (0 is shut)", "gain": "Refined less coarse PSNR (dB)"},
    )
    return Figure(
        "gate",
        "The gate of the refinement block during training",
        "Left, the mean of the gate over the validation images: near 0 the second stage passes the "
        "coarse image through. Right, the PSNR of the refined image minus that of the coarse one.",
        "Lines of the gate's mean and of the gain of the second stage over training steps.",
        lambda width: style.draw_lines(lines, width, "Step", steps_axis),
    )
