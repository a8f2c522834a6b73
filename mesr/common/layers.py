"""Layers that MESR shares with the baselines."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

SCALES = (2, 3, 4)

# Mean RGB of the DIV2K training images in [0, 1], as the EDSR line of work uses it.
DIV2K_MEAN = (0.4488, 0.4371, 0.4040)


def check_scale(scale: int) -> int:
    """Return `scale`, or raise ValueError when no network of this benchmark has it."""
    if scale not in SCALES:
        raise ValueError(f"scale is {scale!r}; expected one of {', '.join(map(str, SCALES))}")
    return scale


class SubPixelUpsampler(nn.Sequential):
    """Enlarge feature maps with 3x3 convolutions and pixel shuffles (Shi et al., CVPR 2016).

    x2 and x3 take one stage; x4 takes two x2 stages, as in EDSR.

    Parameters
    ----------
    scale : {2, 3, 4}
        Upscaling factor.
    features : int
        Channels of the input and of the output.
    bias : bool
        Whether the convolutions have a bias.
    """

    def __init__(self, scale: int, features: int, *, bias: bool = True) -> None:
        stages = (2, 2) if check_scale(scale) == 4 else (scale,)
        layers: list[nn.Module] = []
        for factor in stages:
            layers += [
                nn.Conv2d(features, features * factor**2, 3, padding=1, bias=bias),
                nn.PixelShuffle(factor),
            ]
        super().__init__(*layers)


class ChannelShift(nn.Module):
    """Add a constant to each channel; `sign` -1 subtracts. Holds no trainable parameter.

    Parameters
    ----------
    values : sequence of float
        One value per channel, in the units of the input.
    sign : {1, -1}
        Whether the values are added or subtracted.
    """

    values: Tensor

    def __init__(self, values: Sequence[float], sign: int = 1) -> None:
        super().__init__()
        shift = sign * torch.tensor(tuple(values)).view(1, -1, 1, 1)
        self.register_buffer("values", shift, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Shift `x` of shape (B, C, H, W)."""
        return x + self.values
