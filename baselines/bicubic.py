"""Bicubic interpolation, the baseline of SR without parameters."""

from torch import Tensor

from mesr.common.base import SRNetwork
from mesr.common.imresize import imresize


class Bicubic(SRNetwork):
    """Enlarge by MATLAB's bicubic interpolation; the baseline without parameters.

    Parameters
    ----------
    scale : {2, 3, 4}
        Upscaling factor.
    """

    def __init__(self, scale: int) -> None:
        super().__init__(scale)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Enlarge `x` of shape (B, C, h, w) to (B, C, scale*h, scale*w)."""
        return (imresize(x, scale=self.scale),)
