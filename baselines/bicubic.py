"""Bicubic interpolation, the baseline of SR without parameters."""

from torch import Tensor

from mesr.common.base import SRNetwork


class Bicubic(SRNetwork):
    """MATLAB's bicubic interpolation, the baseline without parameters.

    It is a pre-upsampled network that adds nothing to its input, so that what a protocol does to
    enlarged images (``input_range``) is done to it as well.

    Parameters
    ----------
    scale : {2, 3, 4}
        Upscaling factor.
    """

    preupsampled = True

    def __init__(self, scale: int) -> None:
        super().__init__(scale)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return `x`, the enlarged image (B, C, scale*h, scale*w), as it is."""
        return (x,)
