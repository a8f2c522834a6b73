"""How the learning rate of each network was chosen: PSNR on held-out images by learning rate."""

import math
from collections.abc import Callable, Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import NullLocator

from reports.figures.style import WIDTH, Figure, Theme, short
from reports.results import Results, ordered
from reports.tables.tuning import candidates

COLUMNS = 5


def exponent(rates: Sequence[float]) -> int:
    """Return the power of ten that learning rates are written in, e.g. -3 for 0.0005 to 0.004."""
    return math.floor(math.log10(max(rates)))


def draw_tuning(frame: pd.DataFrame, names: Mapping[str, str]) -> Callable[[Theme], Canvas]:
    """Draw one panel per network; all panels span equally many dB."""
    models = ordered(frame["model"])
    spread = frame.groupby("model")["psnr_db"].agg(lambda values: values.max() - values.min())
    # A network that all but failed with one value must not flatten the others.
    span = min(float(spread.max()), 3 * max(float(spread.median()), 0.02)) * 1.3
    rates = sorted(frame["lr"].unique())
    power = exponent(rates)
    ticks = [f"{value / 10.0**power:.4g}" for value in rates]
    columns = min(COLUMNS, len(models))
    count = math.ceil(len(models) / columns)

    def draw(theme: Theme) -> Canvas:
        height = 0.55 + 1.12 * count
        canvas = Canvas(figsize=(WIDTH, height))
        grid = canvas.subplots(count, columns, sharex=True, squeeze=False)
        canvas.subplots_adjust(
            left=0.075, right=0.985, bottom=0.42 / height, top=1 - 0.2 / height,
            wspace=0.32, hspace=0.32,
        )  # fmt: skip
        for axes, model in zip(grid.flat, models, strict=False):
            own = frame[frame["model"] == model].sort_values("lr")
            colour = theme.colour(model)
            best = own["psnr_db"].max()
            low = best - span * 0.88
            axes.set_ylim(low, low + span)
            known = own[own["psnr_db"].notna()]
            axes.plot(known["lr"], known["psnr_db"], color=colour, marker="o", markersize=3.6,
                      markerfacecolor=theme.ground)  # fmt: skip
            chosen = own[own["chosen"] == "yes"]
            axes.plot(chosen["lr"], chosen["psnr_db"], color=colour, marker="o", markersize=6,
                      linestyle="", zorder=3)  # fmt: skip
            failed = own[own["psnr_db"].isna()]
            axes.plot(failed["lr"], [low + 0.08 * span] * len(failed), color=theme.text,
                      marker="x", markersize=4.5, linestyle="")  # fmt: skip
            for row in known[known["psnr_db"] < low].to_dict("records"):
                axes.plot(row["lr"], low + 0.06 * span, color=colour, marker="v", markersize=4)
            axes.set_title(short(names[model]), pad=3, weight="bold")
            axes.set_xscale("log")
            axes.set_xticks(rates, ticks)
            axes.xaxis.set_minor_locator(NullLocator())
            axes.set_xlim(rates[0] / 1.5, rates[-1] * 1.5)
        used = list(grid.flat)[: len(models)]
        for axes in list(grid.flat)[len(models) :]:
            axes.set_visible(False)
        for axes in used[-columns:]:
            axes.tick_params(labelbottom=True)
        unit = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        canvas.supxlabel(
            f"Learning rate (×10{unit}), logarithmic", size=7, y=0.07 / height, color=theme.muted
        )
        canvas.supylabel("PSNR on held-out images (dB)", size=7, x=0.008, color=theme.muted)
        return canvas

    return draw


def tuning_figure(results: Results) -> Figure | None:
    """Return the figure, or None where each network had a single learning rate."""
    frame = candidates(results)
    if frame.empty:
        return None
    pairs = ordered(zip(frame["model"], frame["variant"], strict=True))
    names = {model: results.network(model, variant) for model, variant in pairs}
    steps = ", ".join(f"{count:,.0f}" for count in ordered(frame["steps"]))
    diverged = " Crosses: the training diverged." if frame["psnr_db"].isna().any() else ""
    return Figure(
        "tuning",
        "Choice of the learning rates",
        f"PSNR on held-out training images at ×{frame['scale'].iloc[0]:.0f} after {steps} steps "
        "with each learning rate, the same values and the same steps for every network; filled: "
        "chosen. All panels span equally many dB; a triangle lies below its panel."
        f"{diverged}",
        "One panel per network: PSNR by learning rate; the values stand in the table.",
        draw_tuning(frame, names),
    )
