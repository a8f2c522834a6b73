"""Stages `evaluate*`: run one trained, published or parameter-free network on one dataset."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn
from tqdm import tqdm

from pipeline.imaging.images import PackedImages, round_to_uint8, write_image
from pipeline.imaging.protocol import Protocol, get_protocol
from pipeline.scoring.evaluation import Evaluation, evaluate_image
from pipeline.study.networks import NETWORKS, build_network
from pipeline.study.params import load_params
from pipeline.study.published_weights import PublishedWeights, load_published, published_weights
from pipeline.support.console import run
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.support.revision import git_revision
from pipeline.training.hardware import device_name

EVALUATIONS = Path("evaluations")
RUNS = Path("runs")
HR = Path("data/hr")
COLUMNS = (
    "model", "variant", "source", "scale", "dataset",
    "image", "protocol", "seed", "psnr_db", "ssim",
)  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """A network ready to be evaluated, and what its rows in quality.csv say of it."""

    network: nn.Module
    model: str
    variant: str
    source: str
    seed: int | None = None


def default_device() -> torch.device:
    """GPU where there is one, CPU otherwise."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def load_weights(network: nn.Module, path: Path) -> None:
    """Load a safetensors file into a network.

    Raises
    ------
    UserError
        When the file is missing, damaged, or made for another network.
    """
    try:
        network.load_state_dict(load_file(path))
    except FileNotFoundError as error:
        raise UserError(f"{path}: not found; train the network first (dvc repro)") from error
    except (SafetensorError, OSError) as error:
        raise UserError(
            f"{path}: not a readable safetensors file ({error}); make it again"
        ) from error
    except RuntimeError as error:
        detail = str(error).splitlines()[-1].strip()
        raise UserError(
            f"{path}: the weights do not fit {type(network).__name__} as configured ({detail}). "
            "Give the settings that the network was trained with, or train it again."
        ) from error


def trained_subject(key: str, runs: Path = RUNS) -> Subject:
    """Load the network of run `key` from ``runs/<key>``.

    Raises
    ------
    UserError
        When the run is missing or damaged.
    """
    path = runs / key / "run.json"
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        model, scale, settings = facts["model"], facts["scale"], facts["settings"]
    except FileNotFoundError as error:
        raise UserError(f"{path}: not found; train the network first (dvc repro)") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: not the record of a training ({error}); train again") from error
    network = build_network(model, scale, **settings)
    load_weights(network, runs / key / "weights.safetensors")
    return Subject(network, model, facts["variant"], "trained", facts["seed"])


def subject_of(key: str) -> Subject:
    """Load what ``evaluations/<key>`` is about: bicubic, published weights, or a trained run.

    Raises
    ------
    UserError
        When there is no such network, run or download.
    """
    name, _, scale = key.rpartition("_x")
    if scale.isdecimal() and name == "bicubic":
        return Subject(build_network(name, int(scale)), name, "", "none")
    if entry := published_entry(key):
        network = load_published(entry.model, entry.scale, entry.variant)
        return Subject(network, entry.model, entry.variant, "published")
    return trained_subject(key)


def published_entry(key: str) -> PublishedWeights | None:
    """Find the published weights that ``evaluations/<key>`` is about; None for other keys.

    Raises
    ------
    UserError
        When the key is one of published weights that are not known.
    """
    if not key.startswith("published_"):
        return None
    name, _, scale = key.removeprefix("published_").rpartition("_x")
    for model in NETWORKS:
        for entry in published_weights(model):
            if (entry.name, str(entry.scale)) == (name, scale):
                return entry
    raise UserError(f"{key}: no such published weights are known")


def evaluate_images(
    subject: Subject,
    images: Sequence[tuple[str, Callable[[], Any]]],
    dataset: str,
    protocol: Protocol,
    on_image: Callable[[str, Evaluation], None] | None = None,
) -> pd.DataFrame:
    """Evaluate a network image by image.

    Parameters
    ----------
    subject : Subject
        The network; it is moved to the GPU where there is one.
    images : sequence of (name, reader)
        Each reader returns an HR image as uint8.
    dataset : str
        For the rows.
    protocol : Protocol
        Everything that decides the figures.
    on_image : callable, optional
        Called with the name and the evaluation of each image.

    Returns
    -------
    DataFrame
        One row per image with the columns of quality.csv.
    """
    device = default_device()
    network = subject.network.to(device)
    rows = []
    title = f"{subject.model} x{network.scale} on {dataset}"
    for name, read in tqdm(images, desc=title, disable=None, unit="image"):
        found = evaluate_image(network, read(), protocol, device=device, name=f"{dataset}/{name}")
        if on_image is not None:
            on_image(name, found)
        rows.append(
            (
                subject.model, subject.variant, subject.source, network.scale, dataset, name,
                protocol.name, subject.seed, f"{found.psnr_db:.6f}", f"{found.ssim:.6f}",
            )
        )  # fmt: skip
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"seed": "Int64"})
    return table


def save_images(folder: Path, found: Evaluation, *, with_inputs: bool) -> None:
    """Write sr.png, coarse.png where the network has one and, on request, hr.png and lr.png."""
    write_image(folder / "sr.png", round_to_uint8(found.sr))
    if found.coarse and found.coarse[-1].shape == found.sr.shape:
        write_image(folder / "coarse.png", round_to_uint8(found.coarse[-1]))
    if with_inputs:
        write_image(folder / "hr.png", round_to_uint8(found.hr))
        write_image(folder / "lr.png", round_to_uint8(found.lr))


def evaluate(
    key: str, dataset: str, protocol: Protocol, keep_images: Collection[str] | None
) -> pd.DataFrame:
    """Evaluate ``key`` on a packed dataset into ``evaluations/<key>``.

    Parameters
    ----------
    key : str
        See `subject_of`.
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
        among those that could be downloaded. ``record/<dataset>.json`` says what made them.
    """
    began = time.perf_counter()
    output = EVALUATIONS / key
    images = PackedImages(HR / f"{dataset}.h5")
    entry = published_entry(key)
    if entry and (missing := entry.missing()):
        print(f"{key}: no rows, {missing[0]} was not downloaded", file=sys.stderr)
        with atomic_path(output / "images" / dataset) as folder:
            folder.mkdir(parents=True)
        table = pd.DataFrame(columns=list(COLUMNS))
        write_quality(output, key, images, protocol, table, began)
        return table
    subject = subject_of(key)
    with atomic_path(output / "images" / dataset) as folder:
        folder.mkdir(parents=True)

        def keep(name: str, found: Evaluation) -> None:
            if keep_images is None or f"{dataset}/{name}" in keep_images:
                save_images(folder / name, found, with_inputs=subject.model == "bicubic")

        readers = [(name, partial(images.__getitem__, name)) for name in images.names]
        table = evaluate_images(subject, readers, dataset, protocol, keep)
    params = sum(parameter.numel() for parameter in subject.network.parameters())
    write_quality(output, key, images, protocol, table, began, params=params)
    return table


def write_quality(
    output: Path,
    key: str,
    images: PackedImages,
    protocol: Protocol,
    table: pd.DataFrame,
    began: float,
    *,
    params: int | None = None,
) -> None:
    """Write the rows of an evaluation and, beside them, the record of the run that made them.

    Parameters
    ----------
    output : Path
        ``evaluations/<key>``; gets ``quality/<dataset>.csv`` and ``record/<dataset>.json``.
    key, images, protocol
        What was evaluated, on what and how.
    table : DataFrame
        The rows, one per image.
    began : float
        `time.perf_counter` when the evaluation began.
    params : int, optional
        Parameters of the network; None when no network was evaluated.
    """
    device = default_device()
    dataset = images.path.stem
    record = {
        "key": key,
        "dataset": dataset,
        "protocol": protocol.name,
        "images": len(table),
        "params": params,
        "wall_seconds": round(time.perf_counter() - began, 2),
        "device": device.type,
        "machine": device_name(device),
        "torch": torch.__version__,
        "git_revision": git_revision(),
        "data_digest": f"hr {images.digest}",
    }
    with atomic_path(output / "quality" / f"{dataset}.csv") as temporary:
        table.to_csv(temporary, index=False)
    with atomic_path(output / "record" / f"{dataset}.json") as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


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


def main(argv: Sequence[str] | None = None) -> None:
    """Evaluate KEY (a folder of runs/, bicubic_x4, published_vdsr_x4 ...) on DATASET."""
    parser = argparse.ArgumentParser(prog="pipeline.evaluate", description=main.__doc__)
    parser.add_argument("key")
    parser.add_argument("dataset", help="a name in params.yaml, data.images")
    args = parser.parse_args(argv)
    params = load_params().evaluate
    keep = None if params.keep_images == "all" else params.keep_images
    print(summary(evaluate(args.key, args.dataset, get_protocol(params.protocol), keep)))


if __name__ == "__main__":
    raise SystemExit(run(main))
