"""A tiny network and tiny data: trainings of milliseconds a step, real in every other respect."""

import contextlib
import csv
import json
import multiprocessing
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mesr.common.base import SRNetwork
from pipeline.imaging.packed import pack_images
from pipeline.imaging.tensors import resize_image, round_to_uint8
from pipeline.training.settings import TrainSettings
from pipeline.training.trainer import train

SCALE = 2
SETTINGS = {
    "patch": 8,
    "batch": 4,
    "steps": 24,
    "steps_per_epoch": 8,
    "lr": 3e-3,
    "schedule": "cosine",
    "validation_images": 1,
    "validate_every": 8,
    "precision": "fp32",
    "threads": 1,
    "checkpoint_every_seconds": 0,
}


# Forked from a server that has imported everything: a process that trains within milliseconds.
context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["torch._dynamo", "tests.pipeline.training.toy"])  # as Adam does


class Toy(SRNetwork):
    """Two outputs, a scalar parameter, a buffer and dropout: what a checkpoint can get wrong."""

    output_weights = (0.5, 1.0)

    def __init__(self, scale: int = SCALE) -> None:
        super().__init__(scale)
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.weight = nn.Parameter(torch.ones(()))
        self.second = nn.Conv2d(8, 3 * scale**2, 3, padding=1)
        self.refine = nn.Conv2d(3, 3, 3, padding=1)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        features = self.dropout(torch.relu(self.norm(self.first(x)))) * self.weight
        coarse = nn.functional.pixel_shuffle(self.second(features), self.scale)
        return coarse, coarse + self.refine(coarse)

    def gate(self, coarse: Tensor) -> Tensor:
        return torch.full_like(coarse, 0.25)


class PlainToy(Toy):
    """Without what differs between processes: batch statistics and dropout."""

    def __init__(self, scale: int = SCALE) -> None:
        super().__init__(scale)
        self.norm = nn.Identity()  # type: ignore[assignment]
        self.dropout = nn.Identity()  # type: ignore[assignment]


class Luma(SRNetwork):
    """The identity on enlarged luma, with outputs of half and of full size."""

    domain = "y"
    preupsampled = True
    output_weights = (1.0, 1.0)

    def __init__(self, scale: int = SCALE) -> None:
        super().__init__(scale)
        self.conv = nn.Conv2d(1, 1, 3, padding=1)
        nn.init.dirac_(self.conv.weight)
        nn.init.zeros_(self.conv.get_parameter("bias"))
        self.shapes: list[tuple[int, ...]] = []

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        self.shapes.append(tuple(x.shape))
        y = self.conv(x)
        return nn.functional.avg_pool2d(y, 2), y


def make_data(folder: Path) -> None:
    """Write hr.h5 and lr.h5 with smooth colour images of different sizes, one of them gray."""
    rng = np.random.default_rng(7)
    pairs: list[list[tuple[str, Any]]] = [[], []]
    for i in range(4):
        height, width = 24 + 6 * i, 36 - 3 * i
        y, x = np.mgrid[:height, :width][..., None]
        waves = np.sin(rng.uniform(0.2, 1.2, 3) * y + rng.uniform(0.2, 1.2, 3) * x)
        hr = (127 + 100 * waves).astype(np.uint8)
        hr = hr[..., 0] if i == 1 else hr
        colour = hr if hr.ndim == 3 else np.repeat(hr[..., None], 3, axis=2)
        whole = colour[: height - height % SCALE, : width - width % SCALE]
        pairs[0].append((f"image{i}", hr))
        pairs[1].append((f"image{i}", round_to_uint8(resize_image(whole, scale=1 / SCALE))))
    pack_images(pairs[0], folder / "hr.h5")
    pack_images(pairs[1], folder / "lr.h5")


def settings(**changes: Any) -> TrainSettings:
    return TrainSettings(**(SETTINGS | changes))


def train_toy(
    folder: Path,
    output: str,
    build: Callable[[], SRNetwork] = Toy,
    seed: int = 0,
    exclude: tuple[str, ...] = (),
    **changes: Any,
) -> SRNetwork:
    """Train on the data in `folder` into ``folder/output``; the log is in ``folder/logs``."""
    built: list[SRNetwork] = []
    with contextlib.chdir(folder):
        train(
            lambda: built.append(build()) or built[0],  # type: ignore[func-returns-value]
            hr=folder / "hr.h5",
            lr=folder / "lr.h5",
            settings=settings(**changes),
            seed=seed,
            output=folder / output,
            identity={"network": "toy", "scale": SCALE},
            exclude=exclude,
        )
    return built[0]


def files(folder: Path) -> dict[str, bytes]:
    """Return the files of a finished training."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def history(folder: Path) -> list[dict[str, str]]:
    """Return the rows of the history of a finished training."""
    with (folder / "history.csv").open() as file:
        return list(csv.DictReader(file))


def log_of(folder: Path, output: str) -> dict[str, Any]:
    """Return what was measured of the training ``folder/output``."""
    log: dict[str, Any] = json.loads((folder / "logs" / "runs" / f"{output}.json").read_text())
    return log


def log_to(path: Path) -> None:
    """Send this process's standard error to a new file."""
    os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), sys.stderr.fileno())
