"""Gain over bicubic interpolation, spread over the test images."""

import pandas as pd
from matplotlib.figure import Figure as Canvas

from pipeline.tables.results import Results
from reports.figures import style
from reports.figures.style import Figure

LEVELS = (0.05, 0.25, 0.75, 0.95)


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
    means = data.groupby(["method", "label"], sort=False)["gain"].mean().sort_values(kind="stable")
    canvas = Canvas(figsize=(width, 0.6 + 1.5 * style.SIZE / 72 * len(means)))
    axes = canvas.subplots()
    methods, labels = zip(*means.index, strict=True)
    for y, (method, mean) in enumerate(zip(methods, means, strict=True)):
        low, start, end, high = data.loc[data["method"] == method, "gain"].quantile(LEVELS)
        ink = style.SUBJECT if method == subject else style.SERIES[0]
        axes.plot([low, high], [y, y], color=ink, linewidth=1)
        axes.plot([start, end], [y, y], color=ink, linewidth=4, solid_capstyle="butt")
        axes.plot(mean, y, marker="o", markersize=5, color=style.TEXT, markeredgewidth=0)
    axes.axvline(0, color=style.MUTED, linewidth=0.9)
    style.name_rows(
        axes, labels, 14 if width == style.NARROW else 24, [method == subject for method in methods]
    )
    axes.set_xlabel("PSNR gain over bicubic (dB)")
    return canvas


def gains_figures(results: Results) -> list[Figure]:
    """Return the figure of each scale at which several networks were evaluated beside bicubic."""
    scales = sorted(results.facts["scales"], reverse=True)
    found = ((scale, gains(results, scale)) for scale in scales)
    several = (pair for pair in found if len(set(pair[1]["method"])) > 1)
    return [gains_figure(results, scale, data) for scale, data in several]


def gains_figure(results: Results, scale: int, data: pd.DataFrame) -> Figure:
    """Return the figure of one scale."""
    images = len(data[["dataset", "image"]].drop_duplicates())
    return Figure(
        f"gains-x{scale}",
        "Gain over bicubic, image by image",
        f"PSNR gain over bicubic interpolation at ×{scale} over {images} test images, averaged "
        "over seeds: dot, the mean; thick line, the middle half of the images; thin line, 5 % to "
        "95 %.",
        f"Horizontal ranges of gains of {data['method'].nunique()} methods; every value is in "
        "quality.csv.",
        lambda width: draw_gains(data, results.facts["subject"], width),
        f"×{scale}",
    )
