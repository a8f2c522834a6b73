import numpy as np
import pytest
import torch
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio

from mesr.common.base import SRNetwork
from pipeline.imaging.inference import super_resolve
from pipeline.imaging.protocol import RGB, scored_planes
from pipeline.imaging.tensors import crop_border, resize_image
from pipeline.scoring.metrics import psnr
from pipeline.training.patches import open_images
from pipeline.training.processes import StopRequest
from pipeline.training.validation import Scores, central_pair, score, validate
from tests.pipeline.training.toy import Luma, Toy, settings


def expected_psnr(sr, hr, border):
    x, y = (rgb2ycbcr(image)[..., 0][border:-border, border:-border] for image in (sr, hr))
    return peak_signal_noise_ratio(y, x, data_range=255)


@pytest.fixture
def images(folder):
    options = settings(validation_images=2)
    return open_images(folder / "hr.h5", folder / "lr.h5", 2, options)


@pytest.mark.parametrize("build", [Toy, Luma])
def test_scores_equal_those_of_the_evaluation(images, build):
    torch.manual_seed(1)
    network = build().eval()
    for name in images.validation:
        lr, hr = central_pair(images, name, 2, 0)
        found = super_resolve(network, lr)
        parts = found[::-1][: 2 if build is Toy else 1]
        planes = [crop_border(scored_planes(image, RGB), 2) for image in (hr, *parts)]
        expected = [psnr(image, planes[0]) for image in planes[1:]]
        scores = score(network, lr, hr)
        assert scores.psnr_db == pytest.approx(expected[0], abs=1e-9)
        if build is Toy:
            assert scores.coarse_psnr_db == pytest.approx(expected[1], abs=1e-9)
            assert scores.gate_mean == 0.25
        else:  # its first output is smaller than the HR image
            assert scores[1:] == (None, None)


@pytest.mark.parametrize("crop", [0, 7, 10, 500])
def test_the_central_square_of_both_images(images, crop):
    lr, hr = central_pair(images, "image2", 2, crop)
    whole = images.lr["image2"]
    expected = [min(crop, side) if crop else side for side in whole.shape[:2]]
    assert list(lr.shape) == [*expected, 3]
    assert list(hr.shape) == [2 * expected[0], 2 * expected[1], 3]
    top, left = ((side - part) // 2 for side, part in zip(whole.shape, expected, strict=False))
    np.testing.assert_array_equal(lr, whole[top : top + expected[0], left : left + expected[1]])
    if crop != 7:  # reducing the HR square gives the LR square, away from its border
        difference = resize_image(hr, scale=1 / 2) - lr
        assert np.abs(difference[3:-3, 3:-3]).max() <= 0.51


class Repeat(SRNetwork):
    """Nearest-neighbour interpolation; asks to stop when it is called."""

    def __init__(self, stop):
        super().__init__(2)
        self.stop, self.number, self.calls = stop, None, 0
        self.unused = torch.nn.Parameter(torch.zeros(1))

    def forward(self, x):
        assert not self.training
        self.calls += 1
        self.stop.number = self.number
        return (x.repeat_interleave(2, -1).repeat_interleave(2, -2),)


def test_mean_over_the_held_out_images_unless_a_request_to_stop_comes(images):
    expected = []
    for name in images.validation:
        lr, hr = central_pair(images, name, 2, 0)
        expected.append(expected_psnr(lr.repeat(2, axis=0).repeat(2, axis=1), hr, 2))
    stop = StopRequest()
    network = Repeat(stop)
    found = validate(network, images, settings(), stop)
    assert found == Scores(round(np.mean(expected), 6))
    assert network.training
    network.number, network.calls = 15, 0
    assert validate(network, images, settings(), stop) is None
    assert network.calls == 1
