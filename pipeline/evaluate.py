"""Stages `evaluate*`: run one trained, published or parameter-free network on one dataset."""

import argparse
import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from pathlib import Path

import pandas as pd
import torch
from tqdm import tqdm

from pipeline.imaging.backend import choose_device, device_name
from pipeline.imaging.packed import PackedImages
from pipeline.imaging.protocol import Protocol, get_protocol
from pipeline.models.networks import network_class
from pipeline.scoring.evaluation import Evaluation, Reader, evaluate_images, save_images
from pipeline.study.keys import Key
from pipeline.study.params import load_params
from pipeline.study.paths import hr_file, pictures_folder, quality_file, record_file
from pipeline.study.results import QUALITY, write_json
from pipeline.study.subjects import Subject, published_entry, subject_of
from pipeline.support.console import run
from pipeline.support.files import atomic_path
from pipeline.support.provenance import code_digest, network_code, write_log

SHARED_CODE = ("pipeline/imaging", "pipeline/scoring")


def quality_table(
    subject: Subject,
    images: Iterable[tuple[str, Reader]],
    dataset: str,
    protocol: Protocol,
    on_image: Callable[[str, Evaluation], None] | None = None,
    lr: Mapping[str, Reader] | None = None,
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

    Returns
    -------
    DataFrame
        One row per image with the columns of quality.csv.
    """
    title = f"{subject.model} x{subject.network.scale} on {dataset}"
    bar = tqdm(images, desc=title, disable=None, unit="image")
    rows = []
    device = choose_device()
    for name, found in evaluate_images(subject.network, bar, dataset, protocol, device, lr):
        if on_image is not None:
            on_image(name, found)
        rows.append(
            (
                subject.model, subject.variant, subject.source, subject.network.scale, dataset,
                name, protocol.name, subject.seed, f"{found.psnr_db:.6f}", f"{found.ssim:.6f}",
            )
        )  # fmt: skip
    return pd.DataFrame(rows, columns=QUALITY.names).astype({"seed": "Int64"})


def evaluate(
    key: Key, dataset: str, protocol: Protocol, keep_images: Collection[str] | None
) -> pd.DataFrame:
    """Evaluate ``key`` on a packed dataset into ``evaluations/<key>``.

    Parameters
    ----------
    key : Key
        Of the evaluation, see `subject_of`.
    dataset : str
        ``data/hr/<dataset>.h5`` holds its images.
    protocol : Protocol
        How to degrade and score.
    keep_images : collection of str or None
        ``dataset/image`` of the SR images to keep as PNG; None keeps all.

    Returns
    -------
    DataFrame
        The rows written to ``quality/<dataset>.csv``; none for published weights that were not
        among those that could be downloaded. ``record/<dataset>.json`` says what determines them.
    """
    began = time.perf_counter()
    images = PackedImages(hr_file(dataset))
    missing = published_entry(key).missing() if key.kind == "published" else []
    params = None
    print(f"evaluate {key} on {len(images)} images of {dataset}", flush=True)
    with atomic_path(pictures_folder(key, dataset)) as folder:
        folder.mkdir(parents=True)
        if missing:
            print(f"{key}: no rows, {missing[0]} was not downloaded", file=sys.stderr)
            table = pd.DataFrame(columns=QUALITY.names)
        else:
            subject = subject_of(key)
            params = sum(parameter.numel() for parameter in subject.network.parameters())

            def keep(name: str, found: Evaluation) -> None:
                if keep_images is None or f"{dataset}/{name}" in keep_images:
                    save_images(folder / name, found, with_inputs=subject.model == "bicubic")

            readers = [(name, partial(images.__getitem__, name)) for name in images.names]
            table = quality_table(subject, readers, dataset, protocol, keep)

    device = choose_device()
    code = [*network_code(network_class(key.model)), *map(Path, SHARED_CODE)]
    record = {
        "key": str(key),
        "dataset": dataset,
        "protocol": protocol.name,
        "images": len(table),
        "params": params,
        "device": device.type,
        "machine": device_name(device),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "code_digest": code_digest(code),
        "data_digest": f"hr {images.digest}",
    }
    QUALITY.write(table, quality_file(key, dataset))
    write_json(record_file(key, dataset), record)
    write_log(f"evaluations/{key}/{dataset}", began)
    return table


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


def main() -> None:
    """Evaluate KEY (a folder of runs/, bicubic_x4, published_vdsr_x4 ...) on DATASET."""
    parser = argparse.ArgumentParser(prog="pipeline.evaluate", description=main.__doc__)
    parser.add_argument("key", type=Key.parse)
    parser.add_argument("dataset", help="a name in params.yaml, data.images")
    args = parser.parse_args()
    params = load_params().evaluate
    keep = None if params.keep_images == "all" else params.keep_images
    print(summary(evaluate(args.key, args.dataset, get_protocol(params.protocol), keep)))


if __name__ == "__main__":
    raise SystemExit(run(main))
