"""Packed LR images: what the stage `degrade` makes."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from pipeline.degrade import degrade
from pipeline.imaging.packed import PackedImages, pack_images
from pipeline.support.errors import UserError

RNG = np.random.default_rng(0)
IMAGES = {
    "colour": RNG.integers(0, 256, (31, 26, 3), dtype=np.uint8),
    "gray": RNG.integers(0, 256, (24, 25), dtype=np.uint8),
}


def test_lr_images_of_every_hr_image(tmp_path: Path) -> None:
    pack_images(IMAGES.items(), tmp_path / "hr.h5")
    degrade(tmp_path / "hr.h5", tmp_path / "lr.h5", 3)
    lr = PackedImages(tmp_path / "lr.h5")
    assert {name: lr.shape(name) for name in lr} == {"colour": (10, 8, 3), "gray": (8, 8, 3)}
    # torch's antialiased bicubic agrees away from the border, which it treats differently.
    x = torch.from_numpy(IMAGES["gray"][:24, :24].astype(float))[None, None]
    expected = F.interpolate(x, scale_factor=1 / 3, mode="bicubic", antialias=True)
    expected = expected.clamp(0, 255).add(0.5).floor()[0, 0, 2:-2, 2:-2].numpy()
    for channel in range(3):
        np.testing.assert_array_equal(lr["gray"][2:-2, 2:-2, channel], expected)


def test_an_image_that_is_too_small_leaves_the_old_output(tmp_path: Path) -> None:
    hr, lr = tmp_path / "toy.h5", tmp_path / "lr.h5"
    pack_images(IMAGES.items(), hr)
    degrade(hr, lr, 2)
    before = lr.read_bytes()
    pack_images([("a", IMAGES["gray"]), ("tiny", IMAGES["gray"][:3])], hr)
    with pytest.raises(UserError, match=r"toy\.h5: tiny: is 25x3 pixels, too small for scale 4"):
        degrade(hr, lr, 4)
    assert lr.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lr.h5", "toy.h5"]
