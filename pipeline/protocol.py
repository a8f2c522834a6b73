"""Evaluation protocols: what is degraded, what is rounded, and where quality is measured.

Every choice that moves a published figure is one field of `Protocol`. `RGB` and `Y` are the two
protocols of the study; `docs/protocols.md` measures what each choice is worth.
"""

from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from baselines.bicubic import imresize
from pipeline.errors import UserError
from pipeline.images import Pixels, round_to_uint8

Image = NDArray[Any]  # (H, W, 3) RGB or (H, W); uint8, or float64 in 0..255 where not rounded

# ITU-R BT.601 in studio range as MATLAB's rgb2ycbcr has it, for RGB in 0..1 (rows Y, Cb, Cr).
YCBCR = np.array([[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]])
YCBCR_OFFSET = np.array([16.0, 128.0, 128.0])

# Luma of NTSC's YIQ, full range; MATLAB's rgb2gray rounded to three digits. pyiqa's default.
YIQ_LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Protocol:
    """How one image is degraded, super-resolved and scored.

    Parameters
    ----------
    name : str
        Name in result files.
    space : {"rgb", "y"}
        What is degraded and super-resolved: the colour image, or its luma alone.
    lr_rounding : bool
        Whether the LR image is rounded to 8 bits, as a file on disk is.
    sr_rounding : bool
        Whether the SR image is rounded to 8 bits before it is scored.
    luma_rounding : bool
        Whether luma computed from RGB is rounded to 8 bits: the HR luma that space "y" starts
        from, or the luma of HR and SR that space "rgb" is scored on.
    gray : {"replicate", "keep"}
        Whether gray files are stacked to RGB, so that their luma is squeezed into 16..235, or
        taken for luma as they are.
    border : {"scale", "scale^2", "scale+6", "none"}
        Width in HR pixels of the border that is not scored.
    metric : {"y", "yiq", "rgb"}
        Plane(s) that are scored: BT.601 studio luma, full-range YIQ luma, or all three channels.
    transposed : bool
        Whether the network sees height and width exchanged, as Caffe does when MATLAB hands it
        an array without permuting the axes.
    padding : {"own", "zeros", "replicate"}
        How the network's convolutions extend the image at its borders: in the network's own way,
        or overridden.
    lr_pass_rounding : bool
        Whether the image is rounded to 8 bits between the vertical and the horizontal pass of
        downscaling as well. LR files that MATLAB's `imresize` made of 8-bit images carry that
        rounding; doubles are not rounded in between.
    input_range : {"full", "studio"}
        Whether the enlarged image that pre-upsampled networks get is used as it is, or clipped to
        16..235, the range of luma made from RGB. Gray files exceed it.
    ssim_border : {"valid", "replicate"}
        Which pixels have an SSIM: those whose window lies inside the image, as in the code of
        Wang et al. (2004), or all, the image extended by replication, as in MATLAB's `ssim`.
    """

    name: str
    space: Literal["rgb", "y"]
    lr_rounding: bool
    sr_rounding: bool = True
    luma_rounding: bool = False
    gray: Literal["replicate", "keep"] = "replicate"
    border: Literal["scale", "scale^2", "scale+6", "none"] = "scale"
    metric: Literal["y", "yiq", "rgb"] = "y"
    transposed: bool = False
    padding: Literal["own", "zeros", "replicate"] = "own"
    lr_pass_rounding: bool = False
    input_range: Literal["full", "studio"] = "full"
    ssim_border: Literal["valid", "replicate"] = "valid"

    def border_width(self, scale: int) -> int:
        """Return the width in HR pixels of the border that is not scored."""
        return {"scale": scale, "scale^2": scale**2, "scale+6": scale + 6, "none": 0}[self.border]

    def differences(self, other: "Protocol") -> str:
        """Name the options that differ from `other`, as `option=value; ...` for result files."""
        return "; ".join(
            f"{field.name}={_plain(getattr(self, field.name))}"
            for field in fields(self)
            if field.name != "name" and getattr(self, field.name) != getattr(other, field.name)
        )


def _plain(value: bool | str) -> str:
    return value if isinstance(value, str) else ("yes" if value else "no")


# The EDSR line of work: 8-bit colour files in, 8-bit colour files out.
RGB = Protocol("rgb", space="rgb", lr_rounding=True)

# The SRCNN line of work: 8-bit luma, downscaled without rounding.
Y = Protocol("y", space="y", lr_rounding=False, luma_rounding=True, gray="keep")

# The evaluation of VDSR and DRCN: `y` with enlarged images clipped to the range of luma.
VDSR = Protocol(
    "vdsr", space="y", lr_rounding=False, luma_rounding=True, gray="keep", input_range="studio"
)

# LapSRN's own evaluation: colour, nothing is rounded before the SR image, and MATLAB's `ssim`.
LAPSRN = Protocol("lapsrn", space="rgb", lr_rounding=False, ssim_border="replicate")

# PAN's own evaluation: `rgb` on LR files that MATLAB made of 8-bit images.
PAN = Protocol("pan", space="rgb", lr_rounding=True, lr_pass_rounding=True)

# SRCNN's own evaluation: `y` with MATLAB's imfilter(..., 'same', 'replicate') for convolutions.
SRCNN = Protocol(
    "srcnn", space="y", lr_rounding=False, luma_rounding=True, gray="keep", padding="replicate"
)

PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol for protocol in (RGB, Y, LAPSRN, PAN, SRCNN, VDSR)
}


def get_protocol(name: str) -> Protocol:
    """Return a protocol by name.

    Raises
    ------
    UserError
        When there is none of that name.
    """
    if name not in PROTOCOLS:
        raise UserError(f"protocol {name!r} is unknown. Choose one of: {', '.join(PROTOCOLS)}.")
    return PROTOCOLS[name]


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


def stack_gray(image: Image) -> Image:
    """Turn a gray image (H, W) into RGB (H, W, 3) with three equal channels."""
    return np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image


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
    image: Image, *, scale: float | None = None, size: tuple[int, int] | None = None
) -> Image:
    """Resize an image (H, W[, C]) as MATLAB does; float64, neither rounded nor clipped."""
    return from_tensor(imresize(to_tensor(image), scale=scale, size=size))


def make_reference(hr: Image, scale: int, protocol: Protocol, name: str = "image") -> Image:
    """Prepare an HR image as `protocol` wants it super-resolved and scored.

    Parameters
    ----------
    hr : ndarray
        uint8 (H, W, 3) or (H, W), as read from the file.
    scale : int
        The size becomes a multiple of it.
    protocol : Protocol
        Decides on gray images and on colour space.
    name : str
        Of the image, for messages.

    Returns
    -------
    ndarray
        (H', W', 3) or (H', W') in 0..255; uint8, or float64 luma when the protocol does not
        round it.

    Raises
    ------
    UserError
        When the image is smaller than `scale`.
    """
    image = crop_to_multiple(hr, scale, name)
    if protocol.gray == "replicate":
        image = stack_gray(image)
    return image_in_space(image, protocol)


def image_in_space(image: Image, protocol: Protocol) -> Image:
    """Reduce a colour image to luma when the protocol super-resolves luma alone."""
    if protocol.space == "rgb" or image.ndim == 2:
        return image
    luma = rgb_to_y(image)
    return round_to_uint8(luma) if protocol.luma_rounding else luma


def degrade(reference: Image, scale: int, protocol: Protocol) -> Image:
    """Shrink what `make_reference` returned to the LR image: uint8, or float64 if not rounded."""
    height, width = reference.shape[0] // scale, reference.shape[1] // scale
    if protocol.lr_pass_rounding:
        rows = resize_image(reference, size=(height, reference.shape[1]))
        reference = round_to_uint8(rows)
    lr = resize_image(reference, size=(height, width))
    return round_to_uint8(lr) if protocol.lr_rounding else lr


def make_lr(hr: Pixels, scale: int, protocol: Protocol, name: str = "image") -> Image:
    """Make the LR image of an HR image; arguments and errors of `make_reference`.

    Returns
    -------
    ndarray
        (h, w, 3) or (h, w) in 0..255; uint8, or float64 when the protocol does not round it.
    """
    return degrade(make_reference(hr, scale, protocol, name), scale, protocol)


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


def rgb_to_gray(image: Image) -> Image:
    """Return the full-range BT.601 luma of an RGB image: (H, W, 3) in 0..255 -> (H, W) float64."""
    return np.asarray(image, dtype=np.float64) @ YIQ_LUMA


def scored_planes(image: Image, protocol: Protocol) -> Image:
    """Return the plane(s) of an HR or SR image that the protocol scores.

    Returns
    -------
    ndarray
        (H, W), or (H, W, 3) when the metric is "rgb"; in 0..255. Gray images and luma are scored
        as they are.
    """
    if image.ndim == 2 or protocol.metric == "rgb":
        return image
    luma = rgb_to_y(image) if protocol.metric == "y" else rgb_to_gray(image)
    return round_to_uint8(luma) if protocol.luma_rounding else luma


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
