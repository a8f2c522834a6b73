"""Images as arrays and as tensors: types, rounding, resizing, cropping. Reads no files."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mesr.common.imresize import Border, imresize
from pipeline.support.errors import UserError

Pixels = NDArray[np.uint8]  # (H, W, 3) RGB or (H, W)
Image = NDArray[Any]  # the same; uint8, or float64 in 0..255 where not rounded

# Values this close to a half are treated as the half itself. Summation order and processor move
# an interpolated value by about 1e-13; the tolerance keeps that from reaching an 8-bit image.
TIE = 1e-9


def round_to_uint8(values: NDArray[Any]) -> Pixels:
    """Clip to 0..255 and round halves up, as MATLAB's `uint8()` does.

    Parameters
    ----------
    values : ndarray
        Any shape, nominal range 0..255. NaN becomes 0, as in MATLAB.

    Returns
    -------
    ndarray
        uint8, same shape.
    """
    wide = np.nan_to_num(np.asarray(values, dtype=np.float64), nan=0.0)
    return np.floor(np.clip(wide, 0, 255) + (0.5 + TIE)).astype(np.uint8)


def to_tensor(image: Image) -> Tensor:
    """Turn an image (H, W[, C]) into a float64 tensor (1, C, H, W) of the same values."""
    array = np.asarray(image, dtype=np.float64)
    array = array[None] if array.ndim == 2 else array.transpose(2, 0, 1)
    return torch.from_numpy(np.ascontiguousarray(array))[None]


def from_tensor(x: Tensor) -> Image:
    """Turn a tensor (1, C, H, W) into an image (H, W) or (H, W, C) float64 of the same values."""
    array = x[0].detach().double().cpu().numpy()
    return array[0] if len(array) == 1 else np.ascontiguousarray(array.transpose(1, 2, 0))


def resize_image(
    image: Image,
    *,
    scale: float | None = None,
    size: tuple[int, int] | None = None,
    border: Border = "mirror",
) -> Image:
    """Resize an image (H, W[, C]) as MATLAB does; float64, neither rounded nor clipped."""
    return from_tensor(imresize(to_tensor(image), scale=scale, size=size, border=border))


def crop_to_multiple(image: Image, scale: int, name: str = "image") -> Image:
    """Cut rows and columns at the bottom and right until both sizes are multiples of `scale`.

    Raises
    ------
    UserError
        When nothing would be left; `name` says of what.
    """
    height, width = image.shape[:2]
    if min(height, width) < scale:
        raise UserError(
            f"{name}: is {width}x{height} pixels, too small for scale {scale}. "
            f"Remove it or use images of at least {scale}x{scale}."
        )
    return image[: height - height % scale, : width - width % scale]


def crop_border(image: Image, width: int, name: str = "image") -> Image:
    """Cut `width` pixels off all four sides.

    Raises
    ------
    UserError
        When nothing would be left; `name` says of what.
    """
    if min(image.shape[:2]) <= 2 * width:
        raise UserError(
            f"{name}: is {image.shape[1]}x{image.shape[0]} pixels; nothing is left to score after "
            f"cutting a border of {width}. Use larger images."
        )
    return image[width : image.shape[0] - width, width : image.shape[1] - width]
