"""A study that is computed in seconds: two networks, one variant, another length, a few steps."""

from pathlib import Path

import numpy as np

from pipeline.configure import compose_params
from pipeline.imaging.packed import pack_images

ROOT = Path(__file__).resolve().parents[2]
TOY = [
    "profile=quick",
    "scales=[x4]",
    "groups.main.networks=[vdsr,mesr]",
    "groups.ablation.variants=[no_rb]",
    "+groups.lengths={networks: [vdsr], variants: [steps500], scales: [x4]}",
    "variants.steps500.train.steps=2",
    "networks.mesr={features: 4, branch_features: 2, blocks: 1, refinement_features: 2}",
    "networks.vdsr={features: 4, depth: 3}",
    "train.steps=4",
    "train.schedule=cosine",
    "train.batch=2",
    "train.patch=8",
    "train.validate_every=2",
    "train.validation_crop=16",
    "tables.complexity_scale=x4",
    "statistics.resamples=100",
]


def write_params(folder: Path, *overrides: str) -> None:
    """Write params.yaml of the toy study into a folder."""
    (folder / "params.yaml").write_text(compose_params([*TOY, *overrides], ROOT / "conf"))


def write_images(folder: Path) -> None:
    """Write random images in the place of the photographs, and LR images of the training set."""
    rng = np.random.default_rng(0)
    for name in ("photos_train", "photos_test"):
        images = {n: rng.integers(0, 256, (48, 40, 3), dtype=np.uint8) for n in "abc"}
        pack_images(images.items(), folder / f"data/hr/{name}.h5")
        small = [(n, image[::4, ::4].copy()) for n, image in images.items()]
        pack_images(small, folder / f"data/lr/{name}_x4.h5")
