"""Random training patches, each a pure function of (seed, step, index in the global batch).

Nothing here has a state: any process can draw any patch at any time, so neither the number of
processes nor an interruption changes what a training sees.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.imaging.packed import PackedImages
from pipeline.imaging.tensors import Pixels
from pipeline.support.errors import UserError
from pipeline.training.settings import TrainSettings


class Draw(NamedTuple):
    """Where a patch comes from and how it is turned."""

    image: str
    top: int  # LR pixels
    left: int  # LR pixels
    flip: bool  # mirrored left to right, before the rotation
    turns: int  # counterclockwise quarter turns


class Batch(NamedTuple):
    """Corresponding LR and HR patches, uint8 RGB."""

    lr: Pixels  # (B, patch, patch, 3)
    hr: Pixels  # (B, scale * patch, scale * patch, 3)


def hold_out(names: Sequence[str], count: int) -> tuple[list[str], list[str]]:
    """Split image names into training and validation images.

    The held-out images are spread evenly over the sorted names and depend on nothing else: every
    network and every seed of a study is validated on the same images.

    Parameters
    ----------
    names : sequence of str
        All images.
    count : int
        How many to hold out.

    Returns
    -------
    training, validation : list of str
        Sorted, disjoint, together all of `names`.

    Raises
    ------
    UserError
        When no image would be left to train on.
    """
    names = sorted(names)
    if count >= len(names):
        raise UserError(
            f"train.validation_images is {count}, but there are only {len(names)} images and at "
            "least one must be left to train on. Lower it, or train on more images."
        )
    chosen = {names[(2 * i + 1) * len(names) // (2 * count)] for i in range(count)}
    return [name for name in names if name not in chosen], sorted(chosen)


@dataclass(frozen=True)
class TrainingImages:
    """The images of a training, and which of them are for what.

    Parameters
    ----------
    hr, lr : PackedImages
        Under the same names.
    training, validation, skipped, excluded : list of str
        Names of the images that are trained on, held out, left out as too small, and left out on
        request.
    """

    hr: PackedImages
    lr: PackedImages
    training: list[str]
    validation: list[str]
    skipped: list[str]
    excluded: list[str]


def open_images(
    hr: Path, lr: Path, scale: int, settings: TrainSettings, exclude: Collection[str] = ()
) -> TrainingImages:
    """Open packed images and split them as the settings say.

    Raises
    ------
    UserError
        When the files do not belong together, or leave nothing to train on.
    """
    packed_hr, packed_lr = PackedImages(hr), PackedImages(lr)
    if odd := sorted(set(packed_hr) ^ set(packed_lr)):
        raise UserError(
            f"{hr} and {lr} hold different images (only in one of them: "
            f"{', '.join(odd[:5])}). Run `dvc repro` to degrade the images again."
        )
    if unknown := sorted(set(exclude) - set(packed_hr)):
        raise UserError(
            f"data.exclude names {', '.join(unknown)}, which {hr} does not hold. Take it out, or "
            f"correct it; the images are: {packed_hr.listing}."
        )
    kept = [name for name in packed_hr if name not in exclude]
    training, validation = hold_out(kept, settings.validation_images)
    for name in validation:
        size = check_pair(name, packed_hr[name], packed_lr[name], scale)
        if min(*size, settings.validation_crop or size[0]) <= 2:
            raise UserError(
                f"nothing of validation image {name!r} is left to score once a border of {scale} "
                "pixels is cut. Use a larger train.validation_crop, or larger images."
            )
    skipped = [
        name
        for name in training
        if settings.skip_small_images and min(packed_lr.shape(name)[:2]) < settings.patch
    ]
    training = [name for name in training if name not in skipped]
    return TrainingImages(packed_hr, packed_lr, training, validation, skipped, sorted(exclude))


class PatchSampler:
    """Cuts random patches out of pairs of LR and HR images.

    Images are drawn uniformly, then positions uniformly within an image, both with replacement.

    Parameters
    ----------
    hr, lr : mapping of str to ndarray
        uint8 images by name; HR (H, W, 3) or gray (H, W), LR (H // scale, W // scale, 3).
        Memory-mapped arrays are fine: only the pages of a patch are read.
    names : sequence of str
        The images to draw from.
    scale : int
        HR pixels per LR pixel.
    settings : TrainSettings
        `patch`, `flips` and `rotations`.
    seed : int
        Non-negative.

    Raises
    ------
    UserError
        When there is no image, one is smaller than a patch, or an LR image does not belong to
        its HR image.
    """

    def __init__(
        self,
        hr: Mapping[str, Pixels],
        lr: Mapping[str, Pixels],
        names: Sequence[str],
        scale: int,
        settings: TrainSettings,
        seed: int,
    ) -> None:
        self.names = sorted(names)
        # Plain views of memory-mapped arrays: NumPy slices them faster than `np.memmap`.
        self.hr = {name: np.asarray(hr[name]) for name in names}
        self.lr = {name: np.asarray(lr[name]) for name in names}
        self.scale, self.seed, self.patch = scale, seed, settings.patch
        self.flips, self.rotations = settings.flips, settings.rotations
        patch = self.patch
        if not self.names:
            raise UserError(
                f"no training image is as large as a patch of {patch}x{patch} LR pixels. "
                "Lower train.patch, or train on larger images."
            )
        for name in self.names:
            height, width = check_pair(name, self.hr[name], self.lr[name], scale)
            if min(height, width) < patch:
                raise UserError(
                    f"training image {name!r} is {width}x{height} LR pixels at x{scale}, smaller "
                    f"than a patch of {patch}x{patch}. Lower train.patch to at most "
                    f"{min(height, width)}, or set train.skip_small_images to leave it out."
                )

    def draw(self, step: int, index: int) -> Draw:
        """Draw the patch at `index` of the global batch of `step`."""
        # Philox is a counter-based generator (Salmon et al., SC 2011): (step, index) are its
        # counter, so there is no stream to advance. Its raw words are used because NumPy
        # guarantees them across versions, which it does not for random integers.
        words = np.random.Philox(key=self.seed, counter=[0, index, step, 0]).random_raw(5).tolist()
        name = self.names[words[0] % len(self.names)]
        height, width = self.lr[name].shape[:2]
        return Draw(
            name,
            top=words[1] % (height - self.patch + 1),
            left=words[2] % (width - self.patch + 1),
            flip=self.flips and words[3] % 2 == 1,
            turns=words[4] % 4 if self.rotations else 0,
        )

    def cut(self, draw: Draw, image: Pixels, scale: int) -> Pixels:
        """Return the patch of `draw` from `image` as RGB; `scale` is 1 for the LR image."""
        size = self.patch * scale
        top, left = draw.top * scale, draw.left * scale
        patch = image[top : top + size, left : left + size]
        if patch.ndim == 2:
            patch = np.repeat(patch[..., None], 3, axis=2)
        # Moving whole pixels, not single bytes, makes turned copies four times as fast.
        pixels = patch.view("V3")[..., 0]
        turned = np.rot90(pixels[:, ::-1] if draw.flip else pixels, draw.turns)
        return np.ascontiguousarray(turned)[..., None].view(np.uint8)

    def batch(self, step: int, indices: Iterable[int]) -> Batch:
        """Read the patches at `indices` of the global batch of `step`."""
        draws = [self.draw(step, index) for index in indices]
        return Batch(
            lr=np.stack([self.cut(draw, self.lr[draw.image], 1) for draw in draws]),
            hr=np.stack([self.cut(draw, self.hr[draw.image], self.scale) for draw in draws]),
        )


def check_pair(name: str, hr: Pixels, lr: Pixels, scale: int) -> tuple[int, int]:
    """Return height and width of an LR image after checking that it belongs to its HR image.

    Raises
    ------
    UserError
        When the sizes do not fit the scale.
    """
    height, width = lr.shape[:2]
    if (hr.shape[0] // scale, hr.shape[1] // scale) != (height, width):
        raise UserError(
            f"image {name!r}: the LR image is {width}x{height} and the HR image "
            f"{hr.shape[1]}x{hr.shape[0]}, which do not belong together at x{scale}. "
            "The degraded images are stale: run `dvc repro` to make them again."
        )
    return height, width
