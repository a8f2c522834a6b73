"""Variants against their base, and the length of the training."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import NullLocator

from pipeline.tables.results import Results
from reports.figures.style import (
    GROUND,
    MARKERS,
    MUTED,
    NARROW,
    SERIES,
    SIZE,
    SUBJECT,
    TEXT,
    Figure,
    colour,
    dash,
    label_ends,
    short,
)
from reports.names import distinct, slug

# A difference beyond so many times the median would make the others unreadable.
FAR = 6.0
FEW = 5  # variants that the table shows well enough
DECIDED = ("higher", "lower", "better", "worse")


def draw_differences(frame: pd.DataFrame, width: float) -> Canvas:
    """Draw one panel per dataset, one row per variant, the best mean difference at the top."""
    names = (
        frame.groupby("label", sort=False)["minus_base_db"].mean().sort_values(kind="stable").index
    )
    datasets = distinct(frame["dataset"])
    columns = min(2 if width == NARROW else 4, len(datasets))
    rows = -(-len(datasets) // columns)
    sizes = frame["minus_base_db"].abs()
    limit = 2.2 * float(sizes[sizes <= FAR * sizes.median()].max()) or 0.01
    canvas = Canvas(figsize=(width, rows * (0.45 + 1.45 * SIZE / 72 * len(names)) + 0.3))
    grid = canvas.subplots(rows, columns, sharey=True, squeeze=False).flat
    for dataset, axes in zip(datasets, grid, strict=False):
        axes.axvline(0, color=SUBJECT, linewidth=1.4)
        for row in frame[frame["dataset"] == dataset].itertuples():
            y, value = names.get_loc(row.label), row.minus_base_db
            decided = row.verdict in DECIDED
            ink = SERIES[0] if decided else MUTED
            if abs(value) > limit:
                axes.annotate(
                    f"{value:+.2f}".replace("-", "−") + (" ▸" if value > 0 else ""),
                    (np.copysign(limit, value), y), color=ink, va="center",
                    ha="right" if value > 0 else "left",
                )  # fmt: skip
                continue
            if pd.notna(row.low_db):
                axes.plot([row.low_db, row.high_db], [y, y], color=ink, linewidth=1.2)
            axes.plot(
                value, y, "o", color=ink, markersize=5, markerfacecolor=ink if decided else GROUND
            )
        axes.set_xlim(-limit, limit)
        axes.set_title(short(dataset, 14))
        axes.grid(axis="y", visible=False)
        axes.locator_params(axis="x", nbins=3)
        axes.set_yticks(range(len(names)), [short(n, 18 if width == NARROW else 26) for n in names])
        axes.tick_params(axis="y", labelcolor=TEXT)
        axes.set_ylim(-0.7, len(names) - 0.3)
    for axes in grid:
        axes.set_visible(False)
    canvas.supxlabel("PSNR minus that of the base (dB)", size=SIZE, color=MUTED)
    return canvas


def difference_figures(results: Results) -> list[Figure]:
    """Return one figure for each heading whose variants were compared with a base."""
    frame = results["variants"]
    frame = frame[frame["minus_base_db"].notna()]
    found = []
    for heading, rows in frame.groupby("heading", sort=False):
        if len(distinct(rows["label"])) > FEW and rows["low_db"].notna().any():
            found.append(_differences(str(heading), rows, results.facts["labels"]))
    return found


def _differences(heading: str, rows: pd.DataFrame, labels: dict[str, str]) -> Figure:
    bases = ", ".join(labels.get(base, base) for base in distinct(rows["base"]))
    return Figure(
        f"variants-{slug(heading)}",
        f"{heading}: difference to the base",
        f"PSNR of each variant minus that of its base ({bases}), the same images and seeds. "
        "Lines: the interval that the verdict belongs to, which may go on beyond the axis; filled "
        "and coloured: significant. A number stands for a difference beyond the axis.",
        "One panel per test set with an interval for each variant; the values stand in the table.",
        lambda width: draw_differences(rows, width),
    )


def lengths(results: Results) -> pd.DataFrame:
    """Return PSNR by training length of the networks that were trained at several lengths.

    Returns
    -------
    DataFrame
        network, label, scale, dataset, steps, psnr_db. A variant counts that differs from its
        network in the length alone.
    """
    runs = results["runs"]
    runs = runs[(runs["kind"] == "trained") & ((runs["variant"] == "") | (runs["train"] != ""))]
    alone = runs["train"].str.fullmatch(r"(steps[=:] ?\d+)?") & (
        (runs["variant"] == "") | runs["variant"].str.contains("steps")
    )
    runs = runs[alone].drop_duplicates(["method", "scale"])[["method", "network", "scale", "steps"]]
    columns = ["method", "scale", "dataset", "psnr_db"]
    scored = pd.concat([results[name][columns] for name in ("methods", "variants")])
    scored = scored.drop_duplicates(columns[:3])
    frame = scored.merge(runs, on=["method", "scale"])
    counts = frame.groupby(["network", "scale"])["steps"].transform("nunique")
    frame = frame[(counts > 1) & frame["psnr_db"].notna()]
    names = frame["network"].map(results.facts["labels"]).fillna(frame["network"])
    return frame.assign(label=names, steps=frame["steps"].astype(float)).sort_values(
        ["scale", "steps"], kind="stable"
    )


def draw_lengths(frame: pd.DataFrame, subject: str, width: float) -> Canvas:
    """Draw one panel per dataset, one line per network."""
    datasets = distinct(frame["dataset"])
    networks = sorted(distinct(frame["network"]), key=lambda network: network != subject)
    columns = min(1 if width == NARROW else 2, len(datasets))
    rows = -(-len(datasets) // columns)
    height = 1.2 if width == NARROW else 1.7
    canvas = Canvas(figsize=(width, rows * height + 0.2))
    grid = canvas.subplots(rows, columns, sharex=True, squeeze=False).flat
    labels = dict(zip(frame["network"], frame["label"], strict=True))
    inks = {n: colour(index - 1, n == subject) for index, n in enumerate(networks)}
    for dataset, axes in zip(datasets, grid, strict=False):
        ends = {}
        for index, network in enumerate(networks):
            own = frame[(frame["network"] == network) & (frame["dataset"] == dataset)]
            if own.empty:
                continue
            axes.plot(
                own["steps"], own["psnr_db"], color=inks[network],
                linestyle=dash(index, index == 0), marker=MARKERS[index % len(MARKERS)],
                markersize=4, zorder=3 if index == 0 else 2,
            )  # fmt: skip
            ends[network] = (float(own["steps"].iloc[-1]), float(own["psnr_db"].iloc[-1]))
        axes.set_xscale("log")
        steps = sorted(distinct(frame["steps"]))
        axes.set_xticks(steps, [f"{count:,.0f}" for count in steps])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_title(short(dataset))
        longest = frame["steps"].max()
        canvas.draw_without_rendering()
        label_ends(
            axes, longest, {labels[n]: end for n, (_, end) in ends.items()},
            {labels[n]: inks[n] for n in ends},
        )  # fmt: skip
    for axes in grid:
        axes.set_visible(False)
    canvas.supxlabel("Training length (steps, logarithmic)", size=SIZE, color=MUTED)
    return canvas


def lengths_figure(results: Results) -> Figure | None:
    """Return PSNR against the training length, or None where all trainings are equally long."""
    frame = lengths(results)
    if frame.empty:
        return None
    scale = frame["scale"].max()
    frame = frame[(frame["scale"] == scale) & frame["dataset"].isin(results.facts["datasets"])]
    return Figure(
        "lengths",
        "PSNR against the training length",
        f"PSNR in dB at ×{scale}, mean over seeds, the learning rate's schedule stretched to each "
        "length. Where lines cross, the order depends on how long the networks were trained.",
        "One panel per test set with a rising line per network; the values stand in the table.",
        lambda width: draw_lengths(frame, results.facts["subject"], width),
    )
