"""How the learning rate of each network was chosen: PSNR on held-out images by learning rate."""

import math

import pandas as pd
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import NullLocator

from pipeline.tables.results import Results
from reports.figures.style import GROUND, MUTED, NARROW, SIZE, TEXT, Figure, colour, short
from reports.names import distinct


def draw_tuning(frame: pd.DataFrame, labels: dict[str, str], subject: str, width: float) -> Canvas:
    """Draw one panel per network; all panels span equally many dB."""
    networks = distinct(frame["network"])
    spread = frame.groupby("network")["psnr_db"].agg(lambda values: values.max() - values.min())
    # A network that all but failed with one value must not flatten the others.
    span = min(float(spread.max()), 3 * max(float(spread.median()), 0.02)) * 1.3
    rates = sorted(frame["lr"].unique())
    power = math.floor(math.log10(max(rates)))
    columns = min(3 if width == NARROW else 5, len(networks))
    rows = -(-len(networks) // columns)
    canvas = Canvas(figsize=(width, 0.3 + 1.1 * rows))
    grid = canvas.subplots(rows, columns, sharex=True, squeeze=False).flat
    for network, axes in zip(networks, grid, strict=False):
        own = frame[frame["network"] == network].sort_values("lr")
        ink = colour(0, network == subject)
        low = own["psnr_db"].max() - span * 0.88
        axes.set_ylim(low, low + span)
        axes.plot(
            own["lr"], own["psnr_db"], color=ink, marker="o", markersize=4, markerfacecolor=GROUND
        )
        chosen = own[own["chosen"] == "yes"]
        axes.plot(chosen["lr"], chosen["psnr_db"], color=ink, marker="o", markersize=6, zorder=3)
        failed = own.loc[own["psnr_db"].isna(), "lr"]
        axes.plot(failed, [low + 0.1 * span] * len(failed), "x", color=TEXT, markersize=5)
        below = own.loc[own["psnr_db"] < low, "lr"]
        axes.plot(below, [low + 0.08 * span] * len(below), "v", color=ink, markersize=5)
        axes.set_title(short(labels.get(network, network), 11))
        axes.set_xscale("log")
        axes.set_xticks(rates, [f"{value / 10.0**power:.2g}" for value in rates])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlim(rates[0] / 1.5, rates[-1] * 1.5)
        axes.locator_params(axis="y", nbins=3)
    for axes in grid:
        axes.set_visible(False)
    unit = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    canvas.supxlabel(f"Learning rate (×10{unit}), logarithmic", size=SIZE, color=MUTED)
    canvas.supylabel("PSNR (dB)", size=SIZE, color=MUTED)
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
        lambda width: draw_tuning(frame, results.facts["labels"], results.facts["subject"], width),
    )
