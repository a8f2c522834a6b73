"""What a network is given, and what becomes of its output."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from skimage.color import rgb2ycbcr, rgb2yiq, ycbcr2rgb
from torch import nn

from baselines.bicubic import Bicubic
from mesr.common.base import SRNetwork
from mesr.common.imresize import imresize
from pipeline.imaging.inference import super_resolve
from pipeline.imaging.protocol import RGB, SRCNN, VDSR, Y
from pipeline.imaging.tensors import round_to_uint8


class Toy(SRNetwork):
    """Two convolutions on an enlarged luma, with dropout."""

    domain, preupsampled = "y", True

    def __init__(self):
        super().__init__(2)
        torch.manual_seed(0)
        self.layers = nn.Sequential(
            nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 1, 3, padding=1), nn.Dropout()
        )

    def forward(self, x):
        return (0.5 + self.layers(x),)


class Identity(SRNetwork):
    """Copies LR pixels; keeps what it was given."""

    def __init__(self, domain="rgb", *, preupsampled=False):
        super().__init__(2)
        self.domain, self.preupsampled = domain, preupsampled

    def forward(self, x):
        self.seen = x
        return (x if self.preupsampled else F.interpolate(x, scale_factor=2, mode="nearest"),)


@pytest.fixture
def colour():
    rng = np.random.default_rng(0)
    rough = torch.from_numpy(rng.uniform(0, 255, (1, 3, 5, 6)))
    return round_to_uint8(imresize(rough, size=(29, 34))[0].permute(1, 2, 0).numpy())


@pytest.fixture
def gray(colour):
    return np.ascontiguousarray(colour[..., 1])


def test_rgb_network_gets_the_image_in_0_to_1(colour):
    network = Identity()
    image = super_resolve(network, colour)[-1]
    np.testing.assert_allclose(network.seen[0].permute(1, 2, 0) * 255, colour, atol=1e-9)
    np.testing.assert_array_equal(image, colour.repeat(2, axis=0).repeat(2, axis=1))


def test_y_network_gets_studio_luma_and_chroma_is_bicubic(colour):
    network = Identity("y")
    (found,) = super_resolve(network, colour, replace(RGB, sr_rounding=False))
    ycbcr = rgb2ycbcr(colour)
    np.testing.assert_allclose(network.seen[0, 0] * 255, ycbcr[..., 0], atol=1e-9)
    chroma = imresize(torch.from_numpy(ycbcr[..., 1:].transpose(2, 0, 1))[None], scale=2)
    luma = ycbcr[..., :1].repeat(2, axis=0).repeat(2, axis=1)
    expected = ycbcr2rgb(np.dstack([luma, chroma[0].permute(1, 2, 0)])) * 255
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_preupsampled_network_gets_the_enlarged_luma(colour):
    network = Identity("y", preupsampled=True)
    super_resolve(network, colour)
    expected = imresize(torch.from_numpy(rgb2ycbcr(colour)[..., 0])[None, None], scale=2)
    torch.testing.assert_close(network.seen * 255, expected, rtol=0, atol=1e-9)


def test_gray_stays_gray_when_kept(gray):
    expected = imresize(torch.from_numpy(gray.astype(float))[None, None], scale=2)[0, 0].numpy()
    found = super_resolve(Bicubic(2), gray, replace(RGB, gray="keep"))[-1]
    np.testing.assert_array_equal(found, round_to_uint8(expected))
    stacked = super_resolve(Bicubic(2), gray, RGB)[-1]
    np.testing.assert_array_equal(stacked, np.dstack([found] * 3))


def test_an_rgb_network_makes_luma_of_luma(gray):
    class Tinted(Identity):
        def forward(self, x):
            return (super().forward(x)[0] * torch.tensor([1.0, 0.5, 0.25]).view(1, 3, 1, 1),)

    (found,) = super_resolve(Tinted(), gray, replace(Y, sr_rounding=False))
    tinted = np.dstack([gray, gray * 0.5, gray * 0.25]).repeat(2, axis=0).repeat(2, axis=1)
    np.testing.assert_allclose(found, rgb2yiq(tinted)[..., 0], atol=0.2)


def test_transposed_networks_see_height_and_width_exchanged(gray):
    network = Identity("y")
    found = super_resolve(network, gray, replace(Y, transposed=True))[-1]
    assert network.seen.shape[-2:] == gray.T.shape
    np.testing.assert_array_equal(found, gray.repeat(2, axis=0).repeat(2, axis=1))


def test_enlarged_images_are_clipped_to_the_range_of_luma_where_the_protocol_says_so():
    ramp = np.tile(np.linspace(0, 255, 12), (9, 1))
    network = Identity("y", preupsampled=True)
    free, clipped = (
        super_resolve(network, ramp, replace(protocol, sr_rounding=False))[-1]
        for protocol in (Y, VDSR)
    )
    assert free.min() < 16
    assert free.max() > 235
    np.testing.assert_allclose(clipped, free.clip(16, 235), rtol=0, atol=1e-9)


def test_padding_is_overridden_for_the_call_alone(gray):
    network = Toy()
    inner, own = (super_resolve(network, gray, protocol)[-1].astype(int) for protocol in (SRCNN, Y))
    assert (inner[3:-3, 3:-3] == own[3:-3, 3:-3]).all()
    assert (inner != own).any()
    assert {layer.padding_mode for layer in network.layers[::2]} == {"zeros"}
    # As if the image continued: a constant image stays constant up to its border.
    unrounded = replace(SRCNN, sr_rounding=False)
    flat = super_resolve(network, np.full((8, 9), 90, np.uint8), unrounded)[-1]
    assert np.ptp(flat) < 1e-4


def test_network_is_left_as_it_was(colour):
    network = Toy().train()
    first, second = (super_resolve(network, colour)[-1] for _ in range(2))
    np.testing.assert_array_equal(first, second)  # no dropout
    assert network.training
    assert all(parameter.grad is None for parameter in network.parameters())


def test_wrong_output_size_is_refused(colour):
    network = Identity()
    network.scale = 3
    with pytest.raises(ValueError, match=r"Identity: the last output is \(58, 68\) pixels"):
        super_resolve(network, colour)
