"""Layers that MESR shares with the baselines."""

from torch import nn

from mesr.common.base import check_scale

# Mean RGB of the DIV2K training images in [0, 1], as the EDSR line of work uses it.
DIV2K_MEAN = (0.4488, 0.4371, 0.4040)


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
