"""Rows of results/quality.csv: one network on one dataset, image by image."""

from collections.abc import Callable, Iterable, Mapping

import pandas as pd
from tqdm import tqdm

from pipeline.imaging.backend import choose_device
from pipeline.imaging.protocol import Protocol
from pipeline.scoring.evaluation import Evaluation, Reader, evaluate_images
from pipeline.scoring.further import FurtherMetrics
from pipeline.study.results import QUALITY
from pipeline.study.subjects import Subject


def quality_table(
    subject: Subject,
    images: Iterable[tuple[str, Reader]],
    dataset: str,
    protocol: Protocol,
    on_image: Callable[[str, Evaluation], None] | None = None,
    lr: Mapping[str, Reader] | None = None,
    further: FurtherMetrics | None = None,
) -> pd.DataFrame:
    """Evaluate a network image by image, with a progress bar on a terminal.

    Parameters
    ----------
    subject : Subject
        The network.
    images : iterable of (name, reader)
        Each reader returns an HR image as uint8.
    dataset : str
        For the rows.
    protocol : Protocol
        Everything that decides the figures.
    on_image : callable, optional
        Called with the name and the evaluation of each image.
    lr : mapping, optional
        Reader of the LR image of each HR image, where they are given.
    further : FurtherMetrics, optional
        Metrics beside PSNR and SSIM.

    Returns
    -------
    DataFrame
        One row per image with the columns of quality.csv and one for each further metric.
    """
    title = f"{subject.model} x{subject.network.scale} on {dataset}"
    bar = tqdm(images, desc=title, disable=None, unit="image")
    rows = []
    device, scale = choose_device(), subject.network.scale
    further = further or FurtherMetrics({})
    for name, found in evaluate_images(subject.network, bar, dataset, protocol, device, lr):
        if on_image is not None:
            on_image(name, found)
        values = further.score(found.sr, found.hr, scale, protocol, name=f"{dataset}/{name}")
        rows.append(
            (
                subject.model, subject.variant, subject.source, scale, dataset,
                name, protocol.name, subject.seed, f"{found.psnr_db:.6f}", f"{found.ssim:.6f}",
                *(f"{value:.6f}" for value in values.values()),
            )
        )  # fmt: skip
    columns = QUALITY.with_numbers(further.names).names
    return pd.DataFrame(rows, columns=columns).astype({"seed": "Int64"})


def summary(table: pd.DataFrame) -> str:
    """One line with the means of a table of qualities."""
    if table.empty:
        return "nothing was evaluated"
    psnr, ssim = table.psnr_db.astype(float).mean(), table.ssim.astype(float).mean()
    first = table.iloc[0]
    return (
        f"{first.model} x{first['scale']} on {first.dataset} ({len(table)} images, protocol "
        f"{first.protocol}): PSNR {psnr:.2f} dB, SSIM {ssim:.4f}"
    )
