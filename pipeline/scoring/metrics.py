"""PSNR and SSIM as the SR literature defines them.

Composed here and compared with scikit-image, SciPy and pyiqa by the tests. pyiqa's defaults are
others: its constant of 1e-8 under the logarithm caps PSNR at 80 dB, its SSIM rounds its input and
sets negative contrast-structure values to zero, which adds up to 3e-4 on images of Set14 and 6e-2
on unrelated noise, and its window is float32.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import pad

from pipeline.imaging.tensors import Image, to_tensor

PEAK = 255.0
WINDOW = 11
_STRIP = 1 << 14  # pixels

_OFFSETS = torch.arange(WINDOW, dtype=torch.float64) - WINDOW // 2
GAUSSIAN: list[float] = torch.softmax(-(_OFFSETS**2) / (2 * 1.5**2), dim=0).tolist()


def _pair(sr: Image | Tensor, hr: Image | Tensor) -> tuple[Tensor, Tensor]:
    x, y = (image if isinstance(image, Tensor) else to_tensor(image) for image in (sr, hr))
    if x.shape != y.shape:
        shapes = " and HR ".join(str(tuple(image.shape)) for image in (sr, hr))
        raise ValueError(f"SR has shape {shapes}; expected equal shapes")
    return x, y


def psnr(sr: Image | Tensor, hr: Image | Tensor) -> float:
    """Peak signal-to-noise ratio, 10 log10(255^2 / MSE).

    Parameters
    ----------
    sr, hr : ndarray or Tensor
        (H, W) or (H, W, C) of any number type, or (1, C, H, W) float64; in 0..255, already
        cropped.

    Returns
    -------
    float
        In dB; infinite for identical images. The MSE of colour images is taken over all channels.

    Raises
    ------
    ValueError
        When the shapes differ.
    """
    x, y = _pair(sr, hr)
    return decibels(torch.mean((x - y) ** 2))


def decibels(mse: Tensor) -> float:
    """PSNR of a mean squared error, a float64 tensor of one value."""
    return float(10 * torch.log10(PEAK**2 / mse))


def ssim(
    sr: Image | Tensor, hr: Image | Tensor, border: Literal["valid", "replicate"] = "valid"
) -> float:
    """Structural similarity of Wang et al. (2004): 11x11 Gaussian window, sigma 1.5.

    Parameters
    ----------
    sr, hr : ndarray or Tensor
        As for `psnr`.
    border : {"valid", "replicate"}
        Average over the pixels whose window lies inside the image, as Wang et al. do, or over
        all, the image extended by replication, as MATLAB's `ssim` does.

    Returns
    -------
    float
        In [-1, 1], 1 for identical images; the mean over the channels of colour images. NaN when
        a side is shorter than the window, where SSIM is not defined.

    Raises
    ------
    ValueError
        When the shapes differ.
    """
    x, y = _pair(sr, hr)
    if min(x.shape[-2:]) < WINDOW:
        return float("nan")
    if border == "replicate":
        x, y = (pad(plane, [WINDOW // 2] * 4, mode="replicate") for plane in (x, y))
    return float(ssim_maps(x, y, (PEAK,))[0].mean())


def ssim_maps(
    x: Tensor,
    y: Tensor,
    data_ranges: Sequence[float],
    window: Sequence[float] = GAUSSIAN,
    correction: float = 1.0,
) -> list[Tensor]:
    """Structural similarity window by window, for several values of its constants.

    Parameters
    ----------
    x, y : Tensor
        (1, C, H, W) float64, at least as large as the window.
    data_ranges : sequence of float
        L of the constants (0.01 L)^2 and (0.03 L)^2; 255 for data in 0..255.
    window : sequence of float
        Weights of the window along either axis, N of them with sum 1.
    correction : float
        What variances and covariances are multiplied by, such as n / (n - 1) for those of samples.

    Returns
    -------
    list of Tensor
        (1, C, H - N + 1, W - N + 1) for each data range: one value for each window inside the
        image.
    """
    # In strips that stay in the processor's cache: a third of the time, and the same values.
    rows, beyond = max(1, _STRIP // x.shape[-1]), len(window) - 1
    strips = []
    for top in range(0, x.shape[-2] - beyond, rows):
        lines = (..., slice(top, top + rows + beyond), slice(None))
        strips.append(_ssim_strip(x[lines], y[lines], data_ranges, window, correction))
    return [torch.cat(maps, dim=-2) for maps in zip(*strips, strict=True)]


def _ssim_strip(
    x: Tensor, y: Tensor, data_ranges: Sequence[float], window: Sequence[float], correction: float
) -> list[Tensor]:
    moments = _blur(torch.cat([x, y, x * x, y * y, x * y]), window)
    mean_x, mean_y, square_x, square_y, product = moments.chunk(5)
    variance_x = correction * (square_x - mean_x**2)
    variance_y = correction * (square_y - mean_y**2)
    covariance = correction * (product - mean_x * mean_y)
    maps = []
    for data_range in data_ranges:
        c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
        luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
        contrast_structure = (2 * covariance + c2) / (variance_x + variance_y + c2)
        maps.append(luminance * contrast_structure)
    return maps


def _blur(planes: Tensor, window: Sequence[float]) -> Tensor:
    """Average (..., H, W) float64 planes over the windows that lie inside the image."""
    # The window is separable, and sums of shifted planes need no copies: a tenth of the time of a
    # two-dimensional convolution.
    for axis in (-2, -1):
        length = planes.shape[axis] - len(window) + 1
        blurred = planes.narrow(axis, 0, length) * window[0]
        for shift in range(1, len(window)):
            blurred.add_(planes.narrow(axis, shift, length), alpha=window[shift])
        planes = blurred
    return planes
