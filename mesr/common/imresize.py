"""Resizing as MATLAB's `imresize` does it, the degradation of SR."""

import math
from functools import lru_cache
from typing import Literal, get_args

import torch
from torch import Tensor

Border = Literal["mirror", "clamp"]


def cubic(x: Tensor) -> Tensor:
    """Evaluate the cubic convolution kernel with a = -0.5 (Keys, 1981, equation 15)."""
    x = x.abs()
    inner = (1.5 * x - 2.5) * x**2 + 1
    outer = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x <= 1, inner, torch.where(x < 2, outer, torch.zeros_like(x)))


@lru_cache(maxsize=128)
@torch.inference_mode(mode=False)  # what is cached during inference must serve training too
def resizing_matrix(
    length: int, new_length: int, scale: float, antialias: bool, border: Border = "mirror"
) -> Tensor:
    """Build the matrix that resizes one axis.

    Parameters
    ----------
    length, new_length : int
        Number of samples of the input and of the output.
    scale : float
        Output samples per input sample (not always `new_length / length`: sizes are rounded up).
    antialias : bool
        Whether the kernel is widened by `1 / scale` when shrinking.
    border : {"mirror", "clamp"}
        Which samples replace those outside.

    Returns
    -------
    Tensor
        (new_length, length), float64, sparse, on the CPU; each row sums to 1.
    """
    shrink = min(scale, 1.0) if antialias else 1.0
    width = 4 / shrink
    centre = (torch.arange(new_length, dtype=torch.float64) + 0.5) / scale - 0.5
    column = torch.floor(centre - width / 2)[:, None] + torch.arange(math.ceil(width) + 2)
    weight = cubic(shrink * (centre[:, None] - column))
    weight = weight / weight.sum(dim=1, keepdim=True)
    column = column.long()
    if border == "mirror":  # as often as needed: 2 1 0 | 0 1 2 | 2 1 0
        column = column % (2 * length)
        column = torch.minimum(column, 2 * length - 1 - column)
    else:  # 0 0 0 | 0 1 2 | 2 2 2
        column = column.clamp(0, length - 1)
    row = torch.arange(new_length)[:, None].expand_as(column)
    used = weight != 0
    return torch.sparse_coo_tensor(
        torch.stack([row[used], column[used]]),
        weight[used],
        (new_length, length),
        check_invariants=True,
    ).coalesce()


@lru_cache(maxsize=128)
@torch.inference_mode(mode=False)
def gpu_matrix(
    length: int, new_length: int, scale: float, antialias: bool, border: Border, gpu: torch.device
) -> Tensor:
    """Return `resizing_matrix` dense and on a GPU, where it stays for the next call."""
    return resizing_matrix(length, new_length, scale, antialias, border).to_dense().to(gpu)


def imresize(
    x: Tensor,
    *,
    scale: float | None = None,
    size: tuple[int, int] | None = None,
    antialias: bool = True,
    border: Border = "mirror",
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
    border : {"mirror", "clamp"}
        What the image continues as beyond its borders: its mirror image, as in newer versions of
        MATLAB, or its outermost pixels, as in older ones.

    Returns
    -------
    Tensor
        (B, C, H', W') of the type and on the device of `x`.

    Raises
    ------
    ValueError
        When not exactly one of `scale` and `size` is given, either is not positive, `border` is
        neither of the two, or `x` is not a floating-point tensor of four dimensions with at least
        one pixel.

    Notes
    -----
    Both passes are products with a matrix. On CPUs it is sparse: on a 2040x1356 image that takes
    a quarter to a seventh of the time of symmetric padding followed by torch's own antialiased
    bicubic interpolation, which gives the same values, because it needs no padded copy
    (`benchmarks/bench_imresize.py`). On GPUs it is dense: one product does all planes of a batch,
    where sparse ones would need a launch for each, and the matrices stay on the GPU.
    """
    if x.ndim != 4 or not x.is_floating_point() or 0 in x.shape[-2:]:
        raise ValueError(
            f"x is a {x.dtype} tensor of shape {tuple(x.shape)}; "
            "expected a floating-point tensor (B, C, H, W) with at least one pixel"
        )
    if border not in get_args(Border):
        raise ValueError(f"border is {border!r}; expected one of {', '.join(get_args(Border))}")
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
    if x.is_meta:  # there is no sparse product for it
        return x.new_empty(*x.shape[:2], *size)
    axes = list(zip((height, width), size, scales, strict=True))
    if x.is_cuda:
        rows, columns = (gpu_matrix(*axis, antialias, border, x.device) for axis in axes)
        return (rows @ x.double() @ columns.T).to(x.dtype)
    rows, columns = (resizing_matrix(*axis, antialias, border).to(x.device) for axis in axes)
    planes = [(columns @ (rows @ plane).T).T for plane in x.double().flatten(0, 1)]
    return torch.stack(planes).unflatten(0, x.shape[:2]).to(x.dtype)
