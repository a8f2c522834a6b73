"""What other readings of the paper are worth: difference to the chosen one, with intervals."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from reports.figures.style import WIDTH, Figure, Theme, short
from reports.results import Results, ordered

# A difference beyond so many times the median reach would make the others unreadable.
FAR = 6.0


def readings_data(results: Results) -> pd.DataFrame:
    """Return the other readings on each dataset that have a difference to the chosen one."""
    frame = results["tables/readings"]
    return frame[frame["diff_db"].notna()]


def by_worth(frame: pd.DataFrame) -> list[str]:
    """Return the readings by their mean difference over the datasets, the best first."""
    means = frame.groupby("reading", sort=False)["diff_db"].mean()
    return list(means.sort_values(ascending=False, kind="stable").index)


def reach(frame: pd.DataFrame) -> float:
    """Return how far the axis goes to either side of 0, in dB."""
    ends = frame[["diff_low_db", "diff_high_db"]].abs().max(axis=1).fillna(frame["diff_db"].abs())
    shown = ends[ends <= FAR * ends.median()]
    # Intervals of two seeds reach far: what differs must still be seen.
    differences = frame["diff_db"].abs()
    near = differences[differences <= FAR * differences.median()]
    return max(min(float(shown.max()) * 1.08, 2 * float(near.max())), 0.01)


def draw_readings(frame: pd.DataFrame) -> Callable[[Theme], Canvas]:
    """Draw one panel per dataset, one row per reading."""
    names = by_worth(frame)
    datasets = ordered(frame["dataset"])
    limit = reach(frame)
    places = {name: len(names) - 1 - index for index, name in enumerate(names)}

    def draw(theme: Theme) -> Canvas:
        height = 0.78 + 0.19 * len(names)
        canvas = Canvas(figsize=(WIDTH, height))
        panels = canvas.subplots(1, len(datasets), sharey=True, squeeze=False)[0]
        canvas.subplots_adjust(
            left=0.2, right=0.985, bottom=0.36 / height, top=1 - 0.42 / height, wspace=0.08
        )
        for axes, dataset in zip(panels, datasets, strict=True):
            axes.axvline(0, color=theme.mesr, linewidth=1.4)
            for row in frame[frame["dataset"] == dataset].to_dict("records"):
                y, value = places[row["reading"]], row["diff_db"]
                decided = row["verdict"] in ("better", "worse")
                colour = theme.series[0] if decided else theme.muted
                if abs(value) > limit:
                    edge = np.copysign(limit, value)
                    axes.plot(
                        edge * 0.94, y, marker=">" if value > 0 else "<", markersize=5,
                        color=colour, markeredgewidth=0,
                    )  # fmt: skip
                    axes.text(
                        edge * 0.86, y, f"{value:+.2f}".replace("-", "−"), size=6, va="center",
                        ha="right" if value > 0 else "left", color=theme.text,
                    )  # fmt: skip
                    continue
                if np.isfinite([row["diff_low_db"], row["diff_high_db"]]).all():
                    axes.plot(
                        [row["diff_low_db"], row["diff_high_db"]], [y, y], color=colour,
                        linewidth=1.1, solid_capstyle="butt",
                    )  # fmt: skip
                axes.plot(
                    value, y, marker="o", markersize=4.5, color=colour, markeredgewidth=1.1,
                    markerfacecolor=colour if decided else theme.ground,
                )  # fmt: skip
            axes.set_xlim(-limit, limit)
            axes.set_title(short(dataset), pad=3, weight="bold")
            axes.grid(axis="y", visible=False)
        panels[0].set_yticks(
            [places[n] for n in names], [short(n.replace("_", " ")) for n in names]
        )
        panels[0].tick_params(axis="y", labelcolor=theme.text)
        panels[0].set_ylim(-0.6, len(names) - 0.4)
        handles = [
            Line2D([], [], color=theme.mesr, linewidth=1.4, label="chosen reading"),
            Line2D([], [], linestyle="", marker="o", markersize=4.5, color=theme.series[0],
                   label="differs from it"),
            Line2D([], [], linestyle="", marker="o", markersize=4.5, color=theme.muted,
                   markerfacecolor=theme.ground, label="undecided"),
        ]  # fmt: skip
        canvas.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.19, 1.0), ncols=3)
        canvas.supxlabel(
            "PSNR less that of the chosen reading (dB)",
            size=7, y=0.07 / height, color=theme.muted,
        )  # fmt: skip
        return canvas

    return draw


def readings_figure(results: Results) -> Figure | None:
    """Return the figure, or None where no other reading was compared."""
    frame = readings_data(results)
    if frame.empty:
        return None
    seeds = ", ".join(ordered(frame["seeds"]))
    confidence = f"{results.study.bootstrap.confidence:.0%}"
    return Figure(
        "readings",
        "What the readings of the paper are worth",
        "Mean PSNR of MESR at ×4 in other readings of the paper less that in the chosen one, "
        f"sorted by the mean over test sets; {seeds} seeds. Bars: {confidence} intervals over "
        "seeds and images with Holm's correction over the readings of a test set; the longest "
        "go on beyond the axis. An arrow gives the difference of a reading that lies there.",
        "One panel per test set with an interval for each reading; the values stand in the table.",
        draw_readings(frame),
    )
