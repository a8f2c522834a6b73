import math

import numpy as np
import pytest
import torch
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio

from mesr.common.base import SRNetwork
from pipeline.imaging.degradation import degrade
from pipeline.imaging.protocol import RGB, scored_planes
from pipeline.imaging.tensors import crop_border
from pipeline.scoring.metrics import psnr
from pipeline.training.patches import open_images
from pipeline.training.processes import Processes
from pipeline.training.stopping import StopRequest
from pipeline.training.validation import central_pair, psnr_y, validate
from tests.pipeline.training.toy import make_data, settings

ALONE = Processes(torch.device("cpu"))


def test_psnr_y_equals_scikit_image():
    rng = np.random.default_rng(2)
    hr = rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)
    sr = np.clip(hr + rng.normal(0, 9, hr.shape), 0, 255).astype(np.uint8)
    x, y = (rgb2ycbcr(image)[..., 0][3:-3, 3:-3] for image in (sr, hr))
    expected = peak_signal_noise_ratio(y, x, data_range=255)
    assert psnr_y(sr, hr, 3) == pytest.approx(expected, abs=1e-9)
    assert psnr_y(hr, hr, 3) == math.inf


def test_psnr_y_equals_the_evaluation():
    rng = np.random.default_rng(3)
    hr = rng.integers(0, 256, (24, 31, 3), dtype=np.uint8)
    sr = np.clip(hr + rng.normal(0, 4, hr.shape), 0, 255).astype(np.uint8)
    x, y = (crop_border(scored_planes(image, RGB), 2) for image in (sr, hr))
    assert psnr_y(sr, hr, 2) == pytest.approx(psnr(x, y), abs=1e-9)


@pytest.fixture
def images(tmp_path):
    make_data(tmp_path)
    return open_images(tmp_path / "hr.h5", tmp_path / "lr.h5", 2, settings(validation_images=2))


@pytest.mark.parametrize("crop", [0, 7, 10, 500])
def test_the_central_square_of_both_images(images, crop):
    lr, hr = central_pair(images, "image2", 2, crop)
    whole = images.lr["image2"]
    expected = [min(crop, side) if crop else side for side in whole.shape[:2]]
    assert list(lr.shape) == [*expected, 3]
    assert list(hr.shape) == [2 * expected[0], 2 * expected[1], 3]
    top, left = ((side - part) // 2 for side, part in zip(whole.shape, expected, strict=False))
    np.testing.assert_array_equal(lr, whole[top : top + expected[0], left : left + expected[1]])
    # Degrading the HR square gives the LR square, away from its border.
    inside = np.s_[3:-3, 3:-3]
    if crop != 7:
        np.testing.assert_array_equal(degrade(hr, 2, RGB)[inside], lr[inside])


class Repeat(SRNetwork):
    """Nearest-neighbour interpolation; records when it was called."""

    def __init__(self, on_call=lambda: None):
        super().__init__(2)
        self.on_call = on_call

    def forward(self, x):
        self.on_call()
        return (x.repeat_interleave(2, -1).repeat_interleave(2, -2),)


def test_mean_over_the_held_out_images(images):
    expected = []
    for name in images.validation:
        lr, hr = central_pair(images, name, 2, 0)
        sr = lr.repeat(2, axis=0).repeat(2, axis=1)
        x, y = (rgb2ycbcr(image)[..., 0][2:-2, 2:-2] for image in (sr, hr))
        expected.append(peak_signal_noise_ratio(y, x, data_range=255))
    with StopRequest() as stop:
        found = validate(Repeat(), images, 0, ALONE, stop)
    assert found == (pytest.approx(np.mean(expected), abs=1e-9), False)


def test_a_request_to_stop_is_followed_between_two_images(images):
    calls = []
    stop = StopRequest()

    def on_call():
        calls.append(1)
        stop.number = 15

    assert validate(Repeat(on_call), images, 0, ALONE, stop)[1]
    assert len(calls) == 1
