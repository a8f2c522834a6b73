"""Colour conversion, LR images and scored planes of the protocols."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.color import rgb2ycbcr, rgb2yiq, ycbcr2rgb

from pipeline.imaging.colour import rgb_to_y, rgb_to_ycbcr, ycbcr_to_rgb
from pipeline.imaging.degradation import make_lr, make_reference
from pipeline.imaging.protocol import (
    LAPSRN,
    RGB,
    Protocol,
    Y,
    get_protocol,
    scored_planes,
)
from pipeline.imaging.tensors import (
    crop_to_multiple,
    round_to_uint8,
)
from pipeline.support.errors import UserError

COLOURS = hnp.arrays(np.uint8, st.tuples(st.integers(1, 6), st.integers(1, 6), st.just(3)))


@pytest.fixture
def colour():
    return np.random.default_rng(0).integers(0, 256, (26, 35, 3), dtype=np.uint8)


@pytest.fixture
def gray():
    return np.random.default_rng(1).integers(0, 256, (26, 35), dtype=np.uint8)


@settings(max_examples=30, deadline=None)
@given(COLOURS)
def test_colour_conversion_equals_scikit_image(image):
    np.testing.assert_allclose(rgb_to_ycbcr(image), rgb2ycbcr(image), rtol=0, atol=1e-9)
    np.testing.assert_allclose(rgb_to_y(image), rgb2ycbcr(image)[..., 0], rtol=0, atol=1e-9)
    ycbcr = rgb_to_ycbcr(image)
    np.testing.assert_allclose(ycbcr_to_rgb(ycbcr), ycbcr2rgb(ycbcr) * 255, rtol=0, atol=1e-9)
    np.testing.assert_allclose(ycbcr_to_rgb(ycbcr), image, rtol=0, atol=1e-9)


def test_luma_of_known_colours():
    # MATLAB's documentation: black is 16, white 235; the primaries follow from BT.601.
    colours = np.array([[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]])
    np.testing.assert_allclose(rgb_to_y(colours), [16, 235, 81.481, 144.553, 40.966], atol=1e-9)


@pytest.mark.parametrize(("scale", "size"), [(2, (26, 34)), (3, (24, 33)), (4, (24, 32))])
def test_crop_to_multiple(colour, gray, scale, size):
    for image in (colour, gray):
        cut = crop_to_multiple(image, scale)
        np.testing.assert_array_equal(cut, image[: size[0], : size[1]])
    with pytest.raises(UserError, match=r"x.png: is 35x1 pixels, too small"):
        crop_to_multiple(colour[:1], scale, "x.png")


@given(st.integers(-300, 600), st.floats(-0.49, 0.49))
def test_rounding(whole, rest):
    assert round_to_uint8(np.array([whole + rest])) == min(max(whole, 0), 255)


def test_rounding_of_halves_and_of_values_that_are_not_numbers():
    values = np.array([0.5, 1.5, 126.5, 127.5 - 1e-13, 254.5, -0.5, np.inf, -np.inf, np.nan])
    assert round_to_uint8(values).tolist() == [1, 2, 127, 128, 255, 0, 255, 0, 0]


def torch_bicubic(image, scale, mode="symmetric"):
    """Shrink by torch's antialiased bicubic interpolation after padding."""
    pad = 4 * scale
    planes = image[..., None] if image.ndim == 2 else image
    padded = np.pad(planes.astype(float), [(pad, pad), (pad, pad), (0, 0)], mode=mode)
    x = torch.from_numpy(padded.transpose(2, 0, 1))[None]
    y = F.interpolate(x, scale_factor=1 / scale, mode="bicubic", antialias=True)[0, :, 4:-4, 4:-4]
    return y.numpy().transpose(1, 2, 0).squeeze()


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_rgb_protocol(colour, gray, scale):
    height, width = 26 // scale * scale, 35 // scale * scale
    lr = make_lr(colour, scale, RGB)
    assert lr.dtype == np.uint8
    expected = np.clip(torch_bicubic(colour[:height, :width], scale), 0, 255)
    np.testing.assert_array_equal(lr, np.floor(np.round(expected, 9) + 0.5))
    # Gray images are three equal channels, and scored on their studio-range luma.
    lr = make_lr(gray, scale, RGB)
    assert lr.shape == (height // scale, width // scale, 3)
    assert (lr == lr[..., :1]).all()
    reference = make_reference(gray, scale, RGB)
    np.testing.assert_allclose(
        scored_planes(reference, RGB), gray[:height, :width] * (219 / 255) + 16, atol=1e-9
    )


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_rounding_between_passes(gray, scale):
    # Vertical pass, rounding, horizontal pass, rounding; each pass by torch.
    plane = gray[: 26 // scale * scale, : 35 // scale * scale].astype(float)
    for _ in range(2):
        padded = torch.from_numpy(np.pad(plane, [(4 * scale,) * 2, (0, 0)], mode="symmetric"))
        shrunk = F.interpolate(
            padded[None, None], scale_factor=(1 / scale, 1), mode="bicubic", antialias=True
        )[0, 0, 4:-4].numpy()
        plane = np.clip(np.floor(np.round(shrunk, 9) + 0.5), 0, 255).T
    lr = make_lr(gray, scale, replace(RGB, gray="keep", lr_pass_rounding=True))
    np.testing.assert_array_equal(lr, plane)
    assert (lr != make_lr(gray, scale, replace(RGB, gray="keep"))).any()


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_border_of_downscaling_without_rounding(colour, scale):
    clamped = make_lr(colour, scale, replace(LAPSRN, lr_border="clamp"))
    cut = colour[: 26 // scale * scale, : 35 // scale * scale]
    np.testing.assert_allclose(clamped, torch_bicubic(cut, scale, "edge"), rtol=0, atol=1e-9)
    mirrored = make_lr(colour, scale, LAPSRN)
    np.testing.assert_allclose(mirrored, torch_bicubic(cut, scale), rtol=0, atol=1e-9)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_y_protocol(colour, gray, scale):
    height, width = 26 // scale * scale, 35 // scale * scale
    luma = np.floor(np.round(rgb2ycbcr(colour[:height, :width])[..., 0], 9) + 0.5)
    reference = make_reference(colour, scale, Y)
    assert reference.dtype == np.uint8
    np.testing.assert_array_equal(reference, luma)
    lr = make_lr(colour, scale, Y)
    assert lr.dtype == np.float64  # in floating point, neither rounded nor clipped
    np.testing.assert_allclose(lr, torch_bicubic(luma, scale), rtol=0, atol=1e-9)
    # Gray images are used as they are.
    np.testing.assert_array_equal(make_reference(gray, scale, Y), gray[:height, :width])
    np.testing.assert_array_equal(scored_planes(gray, Y), gray)


def test_scored_planes(colour):
    def protocol(**options):
        return Protocol("x", space="rgb", lr_rounding=True, **options)

    yiq = rgb2yiq(colour)[..., 0] * 255
    np.testing.assert_allclose(scored_planes(colour, protocol(metric="yiq")), yiq, atol=0.2)
    np.testing.assert_array_equal(scored_planes(colour, protocol(metric="rgb")), colour)
    rounded = scored_planes(colour, protocol(luma_rounding=True))
    assert rounded.dtype == np.uint8
    assert np.abs(rounded - rgb2ycbcr(colour)[..., 0]).max() <= 0.5


@pytest.mark.parametrize(
    ("border", "widths"),
    [("scale", (2, 4)), ("scale^2", (4, 16)), ("scale+6", (8, 10)), ("none", (0, 0))],
)
def test_border_width(border, widths):
    protocol = Protocol("x", space="rgb", lr_rounding=True, border=border)
    assert (protocol.border_width(2), protocol.border_width(4)) == widths


def test_unknown_protocols_are_refused():
    with pytest.raises(UserError, match=r"'yuv' is unknown\. Choose one of: rgb, y"):
        get_protocol("yuv")
