"""PSNR and SSIM against closed forms and scikit-image."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import correlate1d
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from pipeline.imaging.tensors import to_tensor
from pipeline.scoring.metrics import psnr, ssim

TOLERANCE = 1e-9


def skimage_ssim(x, y):
    """Wang et al. (2004): the valid region alone."""
    _, values = structural_similarity(
        x.astype(float),
        y.astype(float),
        win_size=11,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=255,
        full=True,
    )
    return values[5:-5, 5:-5].mean()


@st.composite
def pairs(draw):
    """An image and a damaged, an inverted or an unrelated one; 8-bit or not."""
    shape = draw(st.integers(11, 40)), draw(st.integers(11, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = rng.integers(0, 256, shape).astype(float)
    kind = draw(st.sampled_from(["noisy", "inverted", "unrelated"]))
    if kind == "noisy":
        y = np.clip(x + rng.normal(0, draw(st.floats(0.1, 60)), shape), 0, 255)
    elif kind == "inverted":  # negative covariance, negative SSIM
        y = 255 - x
    else:
        y = rng.integers(0, 256, shape).astype(float)
    if draw(st.booleans()):
        return np.round(x).astype(np.uint8), np.round(y).astype(np.uint8)
    return x, y


@settings(max_examples=30, deadline=None)
@given(pairs())
def test_equal_to_scikit_image_and_to_matlab(pair):
    x, y = pair
    assert abs(ssim(x, y) - skimage_ssim(x, y)) < TOLERANCE
    assert abs(ssim(x, y, border="replicate") - matlab_ssim(x, y)) < TOLERANCE
    if not np.array_equal(x, y):
        expected = peak_signal_noise_ratio(x.astype(float), y.astype(float), data_range=255)
        assert abs(psnr(x, y) - expected) < TOLERANCE


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 200), st.floats(0.01, 55), st.integers(11, 20))
def test_shift_of_a_constant_image_has_a_closed_form(level, shift, side):
    x = np.full((side, side + 3), level)
    y = x + shift
    assert abs(psnr(y, x) - 20 * math.log10(255 / shift)) < 1e-6
    c1 = (0.01 * 255) ** 2
    expected = (2 * level * (level + shift) + c1) / (level**2 + (level + shift) ** 2 + c1)
    assert abs(ssim(y, x) - expected) < TOLERANCE


@pytest.mark.parametrize("x", [np.zeros((12, 12)), np.full((12, 12), 255), np.eye(12) * 99])
def test_identical_images_and_the_smallest_error(x):
    assert psnr(x, x) == math.inf
    assert ssim(x, x) == pytest.approx(1, abs=1e-12)
    # One grey level in a million pixels is 108 dB; pyiqa's own constant would say 79.99 dB.
    y = np.zeros((1000, 1000), np.uint8)
    y[0, 0] = 1
    assert psnr(y, 0 * y) == pytest.approx(10 * math.log10(255**2 * 1e6), abs=1e-9)


def matlab_ssim(x, y):
    """SSIM over the whole image, by SciPy's correlation with the border replicated."""
    weights = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    weights /= weights.sum()

    def mean(plane):
        rows = correlate1d(plane, weights, axis=0, mode="nearest")
        return correlate1d(rows, weights, axis=1, mode="nearest")

    x, y = x.astype(float), y.astype(float)
    c1, c2 = 2.55**2, 7.65**2
    covariance = mean(x * y) - mean(x) * mean(y)
    variances = mean(x**2) - mean(x) ** 2 + mean(y**2) - mean(y) ** 2
    similarity = (2 * mean(x) * mean(y) + c1) / (mean(x) ** 2 + mean(y) ** 2 + c1)
    return (similarity * (2 * covariance + c2) / (variances + c2)).mean()


@pytest.mark.parametrize("border", ["valid", "replicate"])
def test_large_images_are_compared_in_strips_that_join(border):
    x = np.random.default_rng(0).integers(0, 256, (230, 350), dtype=np.uint8)
    y = np.clip(x + np.linspace(0, 90, 230)[:, None], 0, 255)
    expected = skimage_ssim(x, y) if border == "valid" else matlab_ssim(x, y)
    assert ssim(x, y, border) == pytest.approx(expected, abs=TOLERANCE)


@pytest.mark.parametrize("shape", [(1, 1), (10, 30), (30, 10), (11, 11)])
def test_images_smaller_than_the_window(shape):
    x = np.full(shape, 10, np.uint8)
    assert psnr(x + 245, x) == pytest.approx(20 * math.log10(255 / 245), abs=1e-9)
    assert math.isnan(ssim(x + 245, x)) == (min(shape) < 11)


def test_colour_is_the_mean_over_channels():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (2, 20, 24, 3), dtype=np.uint8)
    error = np.mean((x.astype(float) - y) ** 2)
    assert psnr(x, y) == pytest.approx(10 * math.log10(255**2 / error), abs=1e-9)
    expected = np.mean([skimage_ssim(x[..., c], y[..., c]) for c in range(3)])
    assert ssim(x, y) == pytest.approx(expected, abs=TOLERANCE)
    pair = to_tensor(x), to_tensor(y)
    assert (psnr(*pair), ssim(*pair)) == (psnr(x, y), ssim(x, y))


def test_shapes_must_agree():
    for metric in (psnr, ssim):
        with pytest.raises(ValueError, match=r"\(20, 20\) and HR \(20, 21\)"):
            metric(np.zeros((20, 20)), np.zeros((20, 21)))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (2, 60, 70), dtype=np.uint8)
    pair = to_tensor(x).cuda(), to_tensor(y).cuda()
    assert psnr(*pair) == pytest.approx(psnr(x, y), abs=1e-9)
    assert ssim(*pair) == pytest.approx(ssim(x, y), abs=1e-9)
