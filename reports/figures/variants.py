"""Variants against their base, and the length of the training."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import NullLocator

from pipeline.tables.results import Results
from reports.figures import style
from reports.figures.style import Figure
from reports.names import distinct, records, slug
from reports.view import number

# A difference beyond so many times the median would make the others unreadable.
FAR = 6.0
FEW = 5  # variants that the table shows well enough


def draw_differences(frame: pd.DataFrame, width: float) -> Canvas:
    """Draw one panel per dataset, one row per variant, the best mean difference at the top."""
    means = frame.groupby("label", sort=False)["minus_base_db"].mean()
    names = [str(name) for name in means.sort_values(kind="stable").index]
    sizes = frame["minus_base_db"].abs()
    limit = 2.2 * float(sizes[sizes <= FAR * sizes.median()].max()) or 0.01
    narrow = width == style.NARROW
    canvas, grid = style.panels(
        width, distinct(frame["dataset"]), 2 if narrow else 4,
        0.45 + 1.45 * style.SIZE / 72 * len(names), sharey=True,
    )  # fmt: skip
    for axes, (_, rows) in zip(grid, frame.groupby("dataset", sort=False), strict=True):
        axes.axvline(0, color=style.SUBJECT)
        for row in records(rows):
            y, value = names.index(row["label"]), row["minus_base_db"]
            decided = row["verdict"] in ("higher", "lower")
            ink = style.SERIES[0] if decided else style.MUTED
            if abs(value) > limit:
                axes.annotate(
                    number(value, 2, sign=True) + (" ▸" if value > 0 else ""),
                    (np.copysign(limit, value), y), color=ink, va="center",
                    ha="right" if value > 0 else "left",
                )  # fmt: skip
                continue
            axes.plot([row["low_db"], row["high_db"]], [y, y], color=ink, linewidth=1.2)
            filling = ink if decided else style.GROUND
            axes.plot(value, y, "o", color=ink, markersize=5, markerfacecolor=filling)
        axes.set_xlim(-limit, limit)
        axes.locator_params(axis="x", nbins=3)
        style.name_rows(axes, names, 18 if narrow else 26)
    canvas.supxlabel("PSNR minus that of the base (dB)", size=style.SIZE, color=style.MUTED)
    return canvas


def difference_figures(results: Results) -> list[Figure]:
    """Return one figure for each heading whose variants were compared with a base."""
    frame = results["variants"]
    frame = frame[frame["minus_base_db"].notna()]
    return [
        differences(str(heading), rows, results)
        for heading, rows in frame.groupby("heading", sort=False)
        if rows["label"].nunique() > FEW and rows["low_db"].notna().any()
    ]


def differences(heading: str, rows: pd.DataFrame, results: Results) -> Figure:
    """Return the figure of the variants of one heading."""
    bases = ", ".join(map(results.label, distinct(rows["base"])))
    return Figure(
        f"variants-{slug(heading)}",
        f"{heading}: difference to the base",
        f"PSNR of each variant minus that of its base ({bases}), the same images and seeds. "
        f"Lines: {results.confidence} intervals (Student, Holm), cut at the axis; filled and "
        "coloured: significant. A number stands for a difference beyond the axis.",
        "One panel per test set with an interval for each variant; the values stand in the table.",
        lambda width: draw_differences(rows, width),
    )


def lengths(results: Results) -> pd.DataFrame:
    """Return PSNR by training length of the networks that were trained at several lengths.

    Returns
    -------
    DataFrame
        scale and what `draw_lines` takes: a panel for each test set, x the steps, y PSNR. A
        variant counts that differs from its network in the length alone.
    """
    runs = results["runs"]
    alone = runs["train"].str.fullmatch(r"(steps[=:] ?\d+)?")
    base = runs["variant"] == ""
    longer = runs["variant"].str.contains("steps") & (runs["train"] != "")
    runs = runs[(runs["kind"] == "trained") & alone & (base | longer)]
    runs = runs.drop_duplicates(["method", "scale"])[["method", "network", "scale", "steps"]]
    key = ["method", "scale", "dataset"]
    scored = pd.concat([results[name][[*key, "psnr_db"]] for name in ("methods", "variants")])
    frame = scored.dropna(subset="psnr_db").drop_duplicates(key).merge(runs, on=["method", "scale"])
    frame = frame[frame.groupby(["network", "scale"])["steps"].transform("nunique") > 1]
    frame = frame.assign(
        name=[results.label(network) for network in frame["network"]],
        is_subject=frame["network"] == results.facts["subject"],
        steps=frame["steps"].astype(float),
    )
    return frame.rename(columns={"dataset": "panel", "steps": "x", "psnr_db": "y"})


def lengths_figure(results: Results) -> Figure | None:
    """Return PSNR against the training length, or None where all trainings are equally long."""
    frame = lengths(results)
    if frame.empty:
        return None
    scale = frame["scale"].max()
    frame = frame[(frame["scale"] == scale) & frame["panel"].isin(results.datasets)]

    def prepare(axes: Axes, rows: pd.DataFrame) -> None:
        axes.set_xscale("log")
        steps = sorted(rows["x"].unique())
        axes.set_xticks(steps, [f"{count:,.0f}" for count in steps])
        axes.xaxis.set_minor_locator(NullLocator())

    words = "Training length (steps, logarithmic)"
    return Figure(
        "lengths",
        "PSNR against the training length",
        f"PSNR in dB at ×{scale}, mean over seeds, the learning rate's schedule stretched to each "
        "length. Where lines cross, the order depends on how long the networks were trained. Names "
        "stand at the right also where a line ends before.",
        "One panel per test set with a rising line per network; the values stand in the table.",
        lambda width: style.draw_lines(frame, width, words, prepare, marked=True),
    )
