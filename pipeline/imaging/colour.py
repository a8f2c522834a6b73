"""Colour: BT.601 in studio range as MATLAB has it, NTSC's luma, gray as three channels."""

import numpy as np

from pipeline.imaging.tensors import Image, resize_image

# ITU-R BT.601 in studio range as MATLAB's rgb2ycbcr has it, for RGB in 0..1 (rows Y, Cb, Cr).
YCBCR = np.array([[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]])

YCBCR_OFFSET = np.array([16.0, 128.0, 128.0])

# Luma of NTSC's YIQ, full range; MATLAB's rgb2gray rounded to three digits. pyiqa's default.
YIQ_LUMA = np.array([0.299, 0.587, 0.114])


def rgb_to_ycbcr(image: Image) -> Image:
    """Convert RGB to BT.601 studio-range YCbCr, as MATLAB's `rgb2ycbcr` does for doubles.

    Parameters
    ----------
    image : ndarray
        (..., 3), RGB in 0..255.

    Returns
    -------
    ndarray
        (..., 3) float64: Y in 16..235, Cb and Cr in 16..240. Not rounded.
    """
    return np.asarray(image, dtype=np.float64) @ (YCBCR.T / 255) + YCBCR_OFFSET


def ycbcr_to_rgb(image: Image) -> Image:
    """Convert BT.601 studio-range YCbCr back to RGB, the inverse of `rgb_to_ycbcr`.

    Parameters
    ----------
    image : ndarray
        (..., 3), Y in 16..235, Cb and Cr in 16..240.

    Returns
    -------
    ndarray
        (..., 3) float64, nominal range 0..255. Neither rounded nor clipped.
    """
    return (np.asarray(image, dtype=np.float64) - YCBCR_OFFSET) @ np.linalg.inv(YCBCR.T / 255)


def rgb_to_y(image: Image) -> Image:
    """Return the BT.601 studio-range luma of an RGB image: (..., 3) in 0..255 -> (...) float64."""
    return np.asarray(image, dtype=np.float64) @ (YCBCR[0] / 255) + YCBCR_OFFSET[0]


def rgb_to_gray(image: Image) -> Image:
    """Return the full-range BT.601 luma of an RGB image: (H, W, 3) in 0..255 -> (H, W) float64."""
    return np.asarray(image, dtype=np.float64) @ YIQ_LUMA


def stack_gray(image: Image) -> Image:
    """Turn a gray image (H, W) into RGB (H, W, 3) with three equal channels."""
    return np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image


def merge_luma(luma: Image, lr: Image) -> Image:
    """Colour a super-resolved luma with the chroma of the LR image, enlarged by bicubic.

    Parameters
    ----------
    luma : ndarray
        (H, W), in 16..235.
    lr : ndarray
        (h, w, 3) RGB in 0..255.

    Returns
    -------
    ndarray
        (H, W, 3) RGB float64, neither rounded nor clipped.
    """
    height, width = luma.shape
    chroma = resize_image(rgb_to_ycbcr(lr)[..., 1:], size=(height, width))
    return ycbcr_to_rgb(np.dstack([luma, chroma]))
