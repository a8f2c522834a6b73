"""How the learning rate of each network was chosen: PSNR on held-out images by learning rate."""

import math

import pandas as pd
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import NullLocator

from pipeline.tables.results import Results
from reports.figures import style
from reports.figures.style import Figure
from reports.names import distinct


def draw_tuning(frame: pd.DataFrame, results: Results, width: float) -> Canvas:
    """Draw one panel per network; all panels span equally many dB."""
    networks = distinct(frame["network"])
    spread = frame.groupby("network")["psnr_db"].agg(lambda values: values.max() - values.min())
    # A network that all but failed with one value must not flatten the others.
    span = min(float(spread.max()), 3 * max(float(spread.median()), 0.02)) * 1.3
    rates = sorted(frame["lr"].unique())
    power = math.floor(math.log10(max(rates)))
    columns = 3 if width == style.NARROW else 5
    canvas, grid = style.panels(
        width, list(map(results.label, networks)), columns, 1.1, sharex=True
    )
    for network, axes in zip(networks, grid, strict=True):
        own = frame[frame["network"] == network].sort_values("lr")
        low = own["psnr_db"].max() - span * 0.88
        chosen = own["chosen"] == "yes"
        below = own["psnr_db"] < low
        failed = own["psnr_db"].isna()
        ink = style.SUBJECT if network == results.facts["subject"] else style.SERIES[0]
        axes.plot(
            own["lr"], own["psnr_db"], "o-", color=ink, markersize=4, markerfacecolor=style.GROUND
        )
        for rows, mark, shade, size in (
            (chosen, "o", ink, 6),
            (below, "v", ink, 5),
            (failed, "x", style.TEXT, 5),
        ):
            values = own["psnr_db"].mask(below | failed, low + 0.09 * span)[rows]
            axes.plot(own["lr"][rows], values, mark, color=shade, markersize=size, zorder=3)
        axes.set_ylim(low, low + span)
        axes.set_xscale("log")
        axes.set_xticks(rates, [f"{value / 10.0**power:.2g}" for value in rates])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlim(rates[0] / 1.5, rates[-1] * 1.5)
        axes.locator_params(axis="y", nbins=3)
    unit = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    canvas.supxlabel(f"Learning rate (×10{unit}), logarithmic", size=style.SIZE, color=style.MUTED)
    canvas.supylabel("PSNR (dB)", size=style.SIZE, color=style.MUTED)
    return canvas


def tuning_figure(results: Results) -> Figure | None:
    """Return the figure, or None where each network had a single learning rate."""
    frame = results["tuning"]
    frame = frame[frame.groupby("network")["lr"].transform("nunique") > 1]
    if frame["psnr_db"].isna().all():
        return None
    steps = ", ".join(f"{count:,.0f}" for count in distinct(frame["steps"]))
    diverged = " Crosses: the training diverged." if frame["psnr_db"].isna().any() else ""
    return Figure(
        "tuning",
        "Choice of the learning rates",
        f"PSNR on held-out training images at ×{frame['scale'].iloc[0]:.0f} after {steps} steps "
        "with each learning rate, the same values and the same steps for every network; filled: "
        "chosen. All panels span equally many dB; a triangle lies below its panel."
        f"{diverged}",
        "One panel per network: PSNR by learning rate; the values stand in the table.",
        lambda width: draw_tuning(frame, results, width),
    )
