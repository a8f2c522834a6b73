"""Gain over bicubic interpolation, spread over the test images."""

import pandas as pd
from matplotlib.figure import Figure as Canvas

from pipeline.tables.results import Results
from reports.figures.style import MUTED, NARROW, SERIES, SIZE, SUBJECT, TEXT, Figure, short
from reports.names import distinct

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


def gains(results: Results, scale: int) -> pd.DataFrame:
    """Return the PSNR gain of each method over bicubic on each image, averaged over seeds."""
    frame = results["quality"]
    facts = results.facts
    frame = frame[(frame["protocol"] == facts["protocol"]) & (frame["scale"] == scale)]
    images = ["dataset", "image"]
    base = frame[frame["kind"] == "interpolation"][[*images, "psnr_db"]]
    names = results["methods"][["method", "label", "kind"]].drop_duplicates("method")
    rows = frame[frame["kind"] != "interpolation"].drop(columns="kind").merge(names, on="method")
    rows = rows.groupby(["method", "label", "kind", *images], sort=False)["psnr_db"].mean()
    joined = rows.reset_index().merge(base, on=images, suffixes=("", "_bicubic"))
    return joined.assign(gain=joined["psnr_db"] - joined["psnr_db_bicubic"])


def draw_gains(data: pd.DataFrame, subject: str, width: float) -> Canvas:
    """Draw for each method the range of its gains, the middle half, and the mean."""
    means = data.groupby("method", sort=False)["gain"].mean().sort_values(kind="stable")
    labels = dict(zip(data["method"], data["label"], strict=True))
    canvas = Canvas(figsize=(width, 0.6 + 1.5 * SIZE / 72 * len(means)))
    axes = canvas.subplots()
    for y, (method, mean) in enumerate(means.items()):
        own = data.loc[data["method"] == method, "gain"]
        low, start, _, end, high = own.quantile(LEVELS)
        ink = SUBJECT if method == subject else SERIES[0]
        axes.plot([low, high], [y, y], color=ink, linewidth=1)
        axes.plot([start, end], [y, y], color=ink, linewidth=4, solid_capstyle="butt")
        axes.plot(mean, y, marker="o", markersize=5, color=TEXT, markeredgewidth=0)
    axes.axvline(0, color=MUTED, linewidth=0.9)
    axes.set_yticks(
        range(len(means)),
        [short(labels[str(m)], 14 if width == NARROW else 24) for m in means.index],
    )
    for tick, method in zip(axes.get_yticklabels(), means.index, strict=True):
        tick.set_color(SUBJECT if method == subject else TEXT)
    axes.set_ylim(-0.7, len(means) - 0.3)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("PSNR gain over bicubic (dB)")
    return canvas


def gains_figures(results: Results) -> list[Figure]:
    """Return the figure of each scale at which networks were evaluated beside bicubic."""
    found = []
    for scale in sorted(results.facts["scales"], reverse=True):
        data = gains(results, scale)
        if not data.empty:
            images = len(data[["dataset", "image"]].drop_duplicates())
            found.append(_figure(data, results.facts["subject"], scale, images))
    return found


def _figure(data: pd.DataFrame, subject: str, scale: int, images: int) -> Figure:
    methods = len(distinct(data["method"]))
    return Figure(
        f"gains-x{scale}",
        "Gain over bicubic, image by image",
        f"PSNR gain over bicubic interpolation at ×{scale} over {images} test images, averaged "
        "over seeds: dot, the mean; thick line, the middle half of the images; thin line, 5 % to "
        "95 %.",
        f"Horizontal ranges of gains of {methods} methods; every value is in quality.csv.",
        lambda width: draw_gains(data, subject, width),
        f"×{scale}",
    )
