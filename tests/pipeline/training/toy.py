"""A tiny network and tiny data: trainings of milliseconds a step, real in every other respect.

``python -m tests.pipeline.training.toy FOLDER OUTPUT SETTINGS_JSON`` trains it, for tests with
processes.
"""

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mesr.common.base import SRNetwork
from pipeline.imaging.degradation import degrade
from pipeline.imaging.packed import pack_images
from pipeline.imaging.protocol import RGB
from pipeline.support.console import run
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
IDENTITY = {"model": "toy", "variant": "", "scale": SCALE, "settings": {}}


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


class PlainToy(Toy):
    """Without what differs between processes: batch statistics and dropout."""

    def __init__(self, scale: int = SCALE) -> None:
        super().__init__(scale)
        self.norm = nn.Identity()  # type: ignore[assignment]
        self.dropout = nn.Identity()  # type: ignore[assignment]


def make_data(folder: Path, scale: int = SCALE, count: int = 4) -> None:
    """Write hr.h5 and lr.h5 with smooth colour images of different sizes, one of them gray."""
    rng = np.random.default_rng(7)
    images = []
    for i in range(count):
        height, width = 24 + 6 * i, 36 - 3 * i
        y, x = np.mgrid[:height, :width][..., None]
        waves = np.sin(rng.uniform(0.2, 1.2, 3) * y + rng.uniform(0.2, 1.2, 3) * x)
        image = (127 + 100 * waves).astype(np.uint8)
        images.append((f"image{i}", image[..., 0] if i == 1 else image))
    pack_images(images, folder / "hr.h5")
    reference = [
        (
            name,
            np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image,
        )
        for name, image in images
    ]
    lr = []
    for name, image in reference:
        height, width = (side - side % scale for side in image.shape[:2])
        lr.append((name, degrade(image[:height, :width], scale, RGB)))
    pack_images(lr, folder / "lr.h5")


def settings(**changes: Any) -> TrainSettings:
    return TrainSettings.model_validate(SETTINGS | changes)


def train_toy(
    folder: Path,
    output: str,
    network: type[SRNetwork] = Toy,
    seed: int = 0,
    checkpoints: str = "checkpoints",
    **changes: Any,
) -> SRNetwork:
    """Train on the data in `folder` into ``folder/output``; the log is in ``folder/logs``."""
    built: list[SRNetwork] = []

    def build() -> SRNetwork:
        built.append(network())
        return built[0]

    with contextlib.chdir(folder):
        train(
            build,
            hr=folder / "hr.h5",
            lr=folder / "lr.h5",
            settings=settings(**changes),
            seed=seed,
            output=folder / output,
            identity=IDENTITY,
            checkpoints=folder / checkpoints,
        )
    return built[0]


def files(folder: Path) -> dict[str, bytes]:
    """Return the files of a finished training."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def log_of(folder: Path, output: str) -> dict[str, Any]:
    """Return what was measured of the training ``folder/output``."""
    log: dict[str, Any] = json.loads((folder / "logs" / "runs" / f"{output}.json").read_text())
    return log


def log_to(path: Path) -> None:
    """Send this process's standard error to a new file."""
    os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), sys.stderr.fileno())


if __name__ == "__main__":
    folder, output, changes = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])

    def main() -> None:
        train_toy(folder, output, PlainToy, **changes)

    raise SystemExit(run(main))
