"""Bicubic interpolation as MATLAB's `imresize` does it, the degradation and the baseline of SR."""

import math
from functools import lru_cache

import torch
from torch import Tensor, nn

from baselines.layers import check_scale

# Rows of the resizing matrix that are multiplied at once. The matrix is banded: short blocks skip
# its zeros, long ones keep the matrix products efficient. 16 to 64 are within 20 % of each other.
BLOCK = 32


def cubic(x: Tensor) -> Tensor:
    """Evaluate the cubic convolution kernel with a = -0.5 (Keys, 1981, equation 15)."""
    x = x.abs()
    inner = (1.5 * x - 2.5) * x**2 + 1
    outer = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x <= 1, inner, torch.where(x < 2, outer, torch.zeros_like(x)))


@lru_cache(maxsize=128)
def contributions(
    length: int, new_length: int, scale: float, antialias: bool
) -> tuple[Tensor, Tensor]:
    """Say which input samples make up each output sample, and with what weights.

    Parameters
    ----------
    length, new_length : int
        Number of samples of the input and of the output.
    scale : float
        Output samples per input sample (not always `new_length / length`: sizes are rounded up).
    antialias : bool
        Whether the kernel is widened by `1 / scale` when shrinking.

    Returns
    -------
    first : Tensor
        (new_length,) int64, index of the first input sample; negative before the border.
    weights : Tensor
        (new_length, taps) float64, weights of the samples from `first` on; each row sums to 1.
    """
    shrink = min(scale, 1.0) if antialias else 1.0
    width = 4 / shrink
    taps = math.ceil(width) + 1
    centre = (torch.arange(new_length, dtype=torch.float64) + 0.5) / scale - 0.5
    first = torch.floor(centre - width / 2).long()
    weights = cubic(shrink * (centre[:, None] - (first[:, None] + torch.arange(taps))))
    return first, weights / weights.sum(dim=1, keepdim=True)


def resize_axis(x: Tensor, axis: int, new_length: int, scale: float, *, antialias: bool) -> Tensor:
    """Resize float64 `x` along `axis`, -2 or -1; see `imresize`."""
    length = x.shape[axis]
    first, weights = contributions(length, new_length, scale, antialias)
    taps = weights.shape[1]

    # MATLAB extends the image by half-sample symmetry, as often as needed: 2 1 0 | 0 1 2 | 2 1 0.
    start, stop = int(first[0]), int(first[-1]) + taps
    index = torch.arange(start, stop) % (2 * length)
    index = torch.minimum(index, 2 * length - 1 - index)
    x = x.index_select(axis, index.to(x.device))
    first = first - start

    blocks = []
    for row in range(0, new_length, BLOCK):
        begin = int(first[row])
        column = first[row : row + BLOCK, None] - begin + torch.arange(taps)
        band = weights.new_zeros(column.shape[0], int(column[-1, -1]) + 1)
        band = band.scatter_(1, column, weights[row : row + BLOCK]).to(x.device)
        part = x.narrow(axis, begin, band.shape[1])
        blocks.append(band @ part if axis == -2 else part @ band.T)
    return torch.cat(blocks, dim=axis)


def imresize(
    x: Tensor,
    *,
    scale: float | None = None,
    size: tuple[int, int] | None = None,
    antialias: bool = True,
) -> Tensor:
    """Resize images by bicubic interpolation, equal to MATLAB's `imresize(x, ..., 'bicubic')`.

    Differentiable. The arithmetic is done in float64 whatever the type of `x`, which also keeps
    autocast and TF32 away from it; pass float64 to keep that precision in the result.

    Parameters
    ----------
    x : Tensor
        (B, C, H, W), any floating type, device and range. Values are neither clamped nor rounded.
    scale : float, optional
        Output pixels per input pixel; the output size is `ceil(scale * H), ceil(scale * W)`.
    size : tuple of int, optional
        Output height and width; each axis then has its own scale. Give either `scale` or `size`.
    antialias : bool
        Whether the kernel is widened when shrinking, MATLAB's default.

    Returns
    -------
    Tensor
        (B, C, H', W') of the type and on the device of `x`.

    Raises
    ------
    ValueError
        When not exactly one of `scale` and `size` is given, either is not positive, or `x` is not
        a floating-point tensor of four dimensions with at least one pixel.

    Notes
    -----
    Both passes multiply by the non-zero blocks of the banded resizing matrix. On 2040x1356 this
    takes less time than padding followed by torch's own antialiased bicubic interpolation, which
    gives the same values (`benchmarks/bench_imresize.py`).
    """
    if x.ndim != 4 or not x.is_floating_point() or 0 in x.shape[-2:]:
        raise ValueError(
            f"x is a {x.dtype} tensor of shape {tuple(x.shape)}; "
            "expected a floating-point tensor (B, C, H, W) with at least one pixel"
        )
    height, width = x.shape[-2:]
    if scale is not None and size is None:
        if not 0 < scale < math.inf:
            raise ValueError(f"scale is {scale}; expected a positive number")
        size = math.ceil(scale * height), math.ceil(scale * width)
        scales = float(scale), float(scale)
    elif size is not None and scale is None:
        if min(size) < 1:
            raise ValueError(f"size is {size}; expected a height and a width of at least 1")
        scales = size[0] / height, size[1] / width
    else:
        raise ValueError(f"scale is {scale} and size is {size}; expected exactly one of the two")
    y = resize_axis(x.double(), -2, size[0], scales[0], antialias=antialias)
    return resize_axis(y, -1, size[1], scales[1], antialias=antialias).to(x.dtype)


class Bicubic(nn.Module):
    """Enlarge by MATLAB's bicubic interpolation; the baseline without parameters.

    Parameters
    ----------
    scale : {2, 3, 4}
        Upscaling factor.
    """

    domain = "rgb"
    preupsampled = False
    output_weights = (1.0,)

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = check_scale(scale)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Enlarge `x` of shape (B, C, h, w) to (B, C, scale*h, scale*w)."""
        return (imresize(x, scale=self.scale),)
