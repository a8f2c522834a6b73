"""Gain over bicubic, image by image."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas

from reports.figures.style import MARKERS, WIDTH, Figure, Theme, short
from reports.results import Results, ordered


def gains(results: Results) -> pd.DataFrame:
    """Return per-image PSNR gains over bicubic, averaged over seeds, of Table 3's networks."""
    keys = ["scale", "dataset", "image"]
    frame = results["quality"]
    frame = frame[frame["protocol"] == results.study.protocol]
    bicubic = frame[frame["model"] == "bicubic"][[*keys, "psnr_db"]]
    networks = frame[frame["model"] != "bicubic"]
    rows = results["tables/table3"][["model", "variant", "provenance", "label"]].drop_duplicates()
    networks = networks.merge(
        rows, left_on=["model", "variant", "source"], right_on=["model", "variant", "provenance"]
    )
    mean = networks.groupby(["model", "label", "provenance", *keys], sort=False)["psnr_db"].mean()
    joined = mean.reset_index().merge(bicubic, on=keys, suffixes=("", "_bicubic"))
    joined["gain"] = joined["psnr_db"] - joined["psnr_db_bicubic"]
    return joined


def draw_gains(results: Results) -> Callable[[Theme], Canvas]:
    """Draw one dot per image: its gain over bicubic, by network and scale."""
    data = gains(results)
    scales = sorted(data["scale"].unique())
    rows = ordered(zip(data["label"], data["provenance"], strict=True))
    means = data.groupby(["label", "provenance"])["gain"].mean()
    rows.sort(key=lambda row: means[row])
    positions = {row: index for index, row in enumerate(rows)}
    size = 2.2 if data[["dataset", "image"]].drop_duplicates().shape[0] > 40 else 4.0

    def draw(theme: Theme) -> Canvas:
        height = 0.62 + 0.19 * len(rows)
        canvas = Canvas(figsize=(WIDTH, height))
        grid = canvas.subplots(1, len(scales), sharey=True, squeeze=False)[0]
        canvas.subplots_adjust(
            left=0.165, right=0.99, bottom=0.34 / height, top=1 - 0.2 / height, wspace=0.05
        )
        for axes, scale in zip(grid, scales, strict=True):
            own = data[data["scale"] == scale]
            for index, kind in enumerate(("trained", "published")):
                part = own[own["provenance"] == kind]
                where = np.array(
                    [positions[r] for r in zip(part["label"], part["provenance"], strict=True)]
                )
                # A fixed spread keeps the dots apart without a random number.
                spread = ((np.arange(len(part)) * 0.618034) % 1 - 0.5) * 0.56
                for model in ("", "mesr"):
                    own_colour = part["model"].eq("mesr").to_numpy() == (model == "mesr")
                    axes.plot(
                        *(part["gain"][own_colour], (where + spread)[own_colour]),
                        linestyle="", marker=MARKERS[index], markersize=size, markeredgewidth=0,
                        color=theme.colour(model, index), alpha=0.6,
                    )  # fmt: skip
            average = own.groupby(["label", "provenance"])["gain"].mean()
            for row, value in average.items():
                y = positions[row]
                axes.plot([value, value], [y - 0.38, y + 0.38], color=theme.text, linewidth=1.4)
            axes.axvline(0, color=theme.muted, linewidth=0.8)
            axes.set_title(f"×{scale:.0f}", pad=3, weight="bold")
            axes.grid(axis="y", visible=False)
        names = [short(f"{name}{' *' if kind == 'published' else ''}", 20) for name, kind in rows]
        grid[0].set_yticks(range(len(rows)), names)
        grid[0].tick_params(axis="y", labelcolor=theme.text)
        grid[0].set_ylim(-0.6, len(rows) - 0.4)
        canvas.supxlabel("PSNR gain over bicubic (dB)", size=7, y=0.07 / height, color=theme.muted)
        return canvas

    return draw


def gains_figure(results: Results) -> Figure | None:
    """Return the figure, or None when no network was evaluated beside bicubic interpolation."""
    if gains(results).empty:
        return None
    return Figure(
        "gains",
        "Gain over bicubic, image by image",
        "PSNR gain over bicubic interpolation: one dot per test image, averaged over seeds; the "
        "bar is the mean over all images. Circles: trained here; squares and *: published weights.",
        "Strips of dots, one per network, of per-image gains; values are in quality.csv.",
        draw_gains(results),
    )
