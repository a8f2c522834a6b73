"""`imresize` against MATLAB's algorithm written down as dense matrices in float64 NumPy."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mesr.common.imresize import imresize
from pipeline.imaging.tensors import round_to_uint8

BORDERS = st.sampled_from(["mirror", "clamp"])


def keys(t):
    """Cubic convolution kernel, a = -0.5, by its powers."""
    t = np.abs(t)
    inner = 1.5 * t**3 - 2.5 * t**2 + 1
    outer = -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2
    return inner * (t <= 1) + outer * ((t > 1) & (t <= 2))


def matrix(length, new_length, scale, antialias=True, border="mirror"):
    """Resizing matrix of MATLAB's `contributions`, with its 1-based coordinates."""
    narrow = scale if antialias and scale < 1 else 1.0
    mirrored = np.r_[:length, length - 1 : -1 : -1]
    # What both versions index the image with: aux(mod(indices - 1, length(aux)) + 1), and
    # min(max(1, indices), in_length).
    inside = {
        "mirror": lambda taps: mirrored[(taps - 1) % (2 * length)],
        "clamp": lambda taps: np.minimum(np.maximum(1, taps), length) - 1,
    }[border]
    result = np.zeros((new_length, length))
    for x in range(1, new_length + 1):
        u = x / scale + 0.5 * (1 - 1 / scale)
        taps = math.floor(u - 2 / narrow) + np.arange(math.ceil(4 / narrow) + 2)
        weights = narrow * keys(narrow * (u - taps))
        np.add.at(result[x - 1], inside(taps), weights / weights.sum())
    return result


def reference(plane, scales, size, antialias=True, border="mirror"):
    rows = matrix(plane.shape[0], size[0], scales[0], antialias, border)
    columns = matrix(plane.shape[1], size[1], scales[1], antialias, border)
    return rows @ plane @ columns.T


def resized(plane, **options):
    x = torch.from_numpy(np.stack([255.0 - plane, plane]))[:, None]  # images stay apart
    return imresize(x, **options)[1, 0].numpy()


def matlab_uint8(values):
    """Halves away from zero. Values off a half by float64 rounding errors alone are halves."""
    return np.clip(np.floor(np.round(values, 9) + 0.5), 0, 255).astype(np.uint8)


@st.composite
def planes(draw):
    """Noise, black and white (full of ties and overshoot), or an edge; sizes from one pixel on."""
    shape = draw(st.integers(1, 41)), draw(st.integers(1, 41))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["noise", "binary", "edge"]))
    if kind == "noise":
        return rng.integers(0, 256, shape, dtype=np.uint8)
    if kind == "binary":
        return (rng.integers(0, 2, shape) * 255).astype(np.uint8)
    return (np.broadcast_to(np.arange(shape[1]) * 2 >= shape[1], shape) * 255).astype(np.uint8)


@settings(max_examples=60, deadline=None)
@given(planes(), st.sampled_from([1 / 4, 1 / 3, 1 / 2, 2, 3, 4]), BORDERS)
def test_benchmark_scales_are_bit_exact(plane, scale, border):
    # At these scales no exact value is a half that float64 misses: weights are dyadic fractions
    # (2, 4) or have an odd denominator (3), so plain rounding of the reference is well defined.
    size = math.ceil(scale * plane.shape[0]), math.ceil(scale * plane.shape[1])
    expected = reference(plane, (scale, scale), size, border=border)
    expected = np.clip(np.floor(expected + 0.5), 0, 255).astype(np.uint8)
    found = resized(plane, scale=scale, border=border)
    np.testing.assert_array_equal(round_to_uint8(found), expected)


@settings(max_examples=40, deadline=None)
@given(planes(), st.one_of(st.just(3 / 4), st.floats(0.1, 3.5)), st.booleans(), BORDERS)
def test_any_scale_is_bit_exact(plane, scale, antialias, border):
    size = math.ceil(scale * plane.shape[0]), math.ceil(scale * plane.shape[1])
    found = resized(plane, scale=scale, antialias=antialias, border=border)
    expected = reference(plane, (scale, scale), size, antialias, border)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
    np.testing.assert_array_equal(round_to_uint8(found), matlab_uint8(expected))


@settings(max_examples=25, deadline=None)
@given(planes(), st.tuples(st.integers(1, 60), st.integers(1, 60)))
def test_any_size_is_bit_exact(plane, size):
    scales = size[0] / plane.shape[0], size[1] / plane.shape[1]
    found = resized(plane, size=size)
    expected = reference(plane, scales, size)
    assert found.shape == size
    np.testing.assert_array_equal(round_to_uint8(found), matlab_uint8(expected))


def test_gradient():
    x = torch.rand(2, 2, 5, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda t: imresize(t, scale=1 / 2), x)
    assert torch.autograd.gradcheck(lambda t: imresize(t, size=(7, 9)), x)


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float16, 1e-3), (torch.bfloat16, 8e-3)]
)
def test_keeps_the_type_of_its_input(dtype, tolerance):
    x = torch.rand(1, 3, 24, 30).to(dtype)
    y = imresize(x, scale=1 / 2)
    assert y.dtype == dtype
    exact = imresize(x.double(), scale=1 / 2)
    assert (y.double() - exact).abs().max() <= tolerance
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(imresize(x, scale=1 / 2), y)


def test_first_use_in_inference_mode_does_not_spoil_training():
    x = torch.rand(1, 1, 23, 29)
    with torch.inference_mode():
        expected = imresize(x, scale=1 / 2)
    y = imresize(x.requires_grad_(), scale=1 / 2)
    y.sum().backward()
    assert torch.equal(y, expected)
    # Each output pixel is an average, so all weights together sum to the number of output pixels.
    assert x.grad.sum().item() == pytest.approx(y.numel(), rel=1e-6)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_equals_cpu():
    x = torch.randint(0, 256, (1, 3, 67, 91)).double()
    for scale in (1 / 3, 1 / 4, 3):
        on_gpu = imresize(x.cuda(), scale=scale).cpu()
        torch.testing.assert_close(on_gpu, imresize(x, scale=scale), rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (torch.rand(1, 1, 4, 4), {}, "exactly one"),
        (torch.rand(1, 1, 4, 4), {"scale": 2, "size": (2, 2)}, "exactly one"),
        (torch.rand(1, 1, 4, 4), {"scale": 0}, "positive"),
        (torch.rand(1, 1, 4, 4), {"scale": float("nan")}, "positive"),
        (torch.rand(1, 1, 4, 4), {"size": (0, 3)}, "at least 1"),
        (torch.rand(1, 1, 4, 4), {"scale": 2, "border": "wrap"}, "expected one of mirror, clamp"),
        (torch.rand(1, 4, 4), {"scale": 2}, r"\(1, 4, 4\)"),
        (torch.zeros(1, 1, 4, 4, dtype=torch.uint8), {"scale": 2}, "uint8"),
        (torch.rand(1, 1, 0, 4), {"scale": 2}, "at least one pixel"),
    ],
)
def test_refuses(x, options, message):
    with pytest.raises(ValueError, match=message):
        imresize(x, **options)
