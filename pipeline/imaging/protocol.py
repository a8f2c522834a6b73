"""Evaluation protocols: what is degraded, what is rounded, and where quality is measured.

Every choice that moves a published figure is one field of `Protocol`. `RGB` and `Y` are the two
protocols of the study; `docs/protocols.md` measures what each choice is worth.
"""

from dataclasses import dataclass, replace
from typing import Literal

from mesr.common.imresize import Border
from pipeline.imaging.colour import rgb_to_gray, rgb_to_y
from pipeline.imaging.tensors import Image, round_to_uint8
from pipeline.support.errors import UserError
from pipeline.support.names import canonical, suggestion


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
    lr : {"made", "given"}
        Whether LR images are made by downscaling, or LR files are taken as they are, in the way
        of NTIRE and DIV2K; the other options about LR images then have no effect.
    lr_pass_rounding : bool
        Whether the image is rounded to 8 bits between the vertical and the horizontal pass of
        downscaling as well. LR files that MATLAB's `imresize` made of 8-bit images carry that
        rounding; doubles are not rounded in between.
    lr_border : {"mirror", "clamp"}
        What stands in for pixels outside the HR image when it is downscaled: its mirror image, as
        in newer versions of MATLAB, or its outermost pixels, as in older ones.
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
    lr: Literal["made", "given"] = "made"
    lr_pass_rounding: bool = False
    lr_border: Border = "mirror"
    input_range: Literal["full", "studio"] = "full"
    ssim_border: Literal["valid", "replicate"] = "valid"

    def border_width(self, scale: int) -> int:
        """Return the width in HR pixels of the border that is not scored."""
        return {"scale": scale, "scale^2": scale**2, "scale+6": scale + 6, "none": 0}[self.border]

    def with_given_lr(self) -> "Protocol":
        """Return this protocol on LR images that are given; its name in result files says so."""
        if self.lr == "given":
            return self
        return replace(self, name=f"{self.name} on given LR images", lr="given")


# The EDSR line of work: 8-bit colour files in, 8-bit colour files out.
RGB = Protocol("rgb", space="rgb", lr_rounding=True)

# The SRCNN line of work: 8-bit luma, downscaled without rounding.
Y = Protocol("y", space="y", lr_rounding=False, luma_rounding=True, gray="keep")

# The evaluation of VDSR and DRCN: `y` with enlarged images clipped to the range of luma.
VDSR = replace(Y, name="vdsr", input_range="studio")

# IDN's own evaluation: `y`, downscaled by an older MATLAB.
IDN = replace(Y, name="idn", lr_border="clamp")

# SRCNN's own evaluation: `y` with MATLAB's imfilter(..., 'same', 'replicate') for convolutions.
SRCNN = replace(Y, name="srcnn", padding="replicate")

# LapSRN's own evaluation: colour, nothing is rounded before the SR image, and MATLAB's `ssim`.
LAPSRN = replace(RGB, name="lapsrn", lr_rounding=False, ssim_border="replicate")

# PAN's own evaluation, and A2F's: `rgb` on LR files that MATLAB made of 8-bit images.
PAN = replace(RGB, name="pan", lr_pass_rounding=True)

# NTIRE 2017 and EDSR on DIV2K: LR files as they were handed out, scored in RGB.
NTIRE = replace(RGB, name="ntire", lr="given", metric="rgb", border="scale+6")

PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol for protocol in (RGB, Y, IDN, LAPSRN, PAN, SRCNN, VDSR, NTIRE)
}


def get_protocol(name: str) -> Protocol:
    """Return a protocol by name.

    Raises
    ------
    UserError
        When there is none of that name.
    """
    name = canonical(name, PROTOCOLS)
    if name not in PROTOCOLS:
        raise UserError(
            f"protocol {name!r} is unknown.{suggestion(name, PROTOCOLS)} "
            f"Choose one of: {', '.join(PROTOCOLS)}."
        )
    return PROTOCOLS[name]


def image_in_space(image: Image, protocol: Protocol) -> Image:
    """Reduce a colour image to luma when the protocol super-resolves luma alone."""
    if protocol.space == "rgb" or image.ndim == 2:
        return image
    luma = rgb_to_y(image)
    return round_to_uint8(luma) if protocol.luma_rounding else luma


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
