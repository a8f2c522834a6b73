"""Bicubic interpolation, the baseline of SR without parameters."""

from torch import Tensor, nn

from mesr.common.imresize import imresize
from mesr.common.layers import check_scale


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
