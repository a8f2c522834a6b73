"""DPSR: SRResNet+, the super-resolver of DPSR (Zhang et al., CVPR 2019).

"Deep Plug-and-Play Super-Resolution for Arbitrary Blur Kernels",
https://arxiv.org/abs/1903.12529; official code https://github.com/cszn/DPSR, commit a5aa272,
training code https://github.com/cszn/KAIR.

DPSR proper alternates 15 times between a deblurring step, which needs the blur kernel, and this
network as the prior. Under bicubic degradation without blur or noise the deblurring has nothing to
do, so the benchmark evaluates the network alone. The network takes RGB and a map of the noise
level; the map is built inside from `noise_level`, 0 for noiseless input. The paper trains on
Gaussian noise of 0..50 with the level told to the network; here LR images are noiseless, so
training sees one level only.

Details the paper leaves open, from the official code
-----------------------------------------------------
- No batch normalisation; a ReLU after each pixel shuffle; the last convolution has no bias; no
  image skip.
- Orthogonal initialisation of gain 0.2 with zero biases (KAIR).
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from baselines.weights import Published
from baselines.weights.state_dict import read_state_dict
from mesr.common.base import SRNetwork


class ResidualBlock(nn.Module):
    """x + conv(ReLU(conv(x))), without batch normalisation.

    Parameters
    ----------
    features : int
        Channels of the input and of the output.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(features, features, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(features, features, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` of shape (B, features, H, W) to the same shape."""
        return x + self.residual(x)


class DPSR(SRNetwork):
    """SRResNet without batch normalisation, told the level of the noise.

    Parameters
    ----------
    scale : {2, 3, 4}
        Upscaling factor.
    features : int
        Channels of the body.
    depth : int
        Number of residual blocks.
    noise_level : float
        Standard deviation of the noise in the LR image, in units of 0..255; 0 to 50 in the paper.

    Raises
    ------
    ValueError
        For a negative noise level.
    """

    def __init__(
        self, scale: int, *, features: int = 96, depth: int = 16, noise_level: float = 0.0
    ) -> None:
        super().__init__(scale)
        if noise_level < 0:
            raise ValueError(f"noise_level is {noise_level}; expected 0 or more (of 255)")
        self.noise_level = noise_level
        self.head = nn.Conv2d(4, features, 3, padding=1)
        self.body = nn.Sequential(
            *(ResidualBlock(features) for _ in range(depth)),
            nn.Conv2d(features, features, 3, padding=1),
        )
        stages: list[nn.Module] = []
        for factor in (2, 2) if scale == 4 else (scale,):
            stages += [
                nn.Conv2d(features, features * factor**2, 3, padding=1),
                nn.PixelShuffle(factor),
                nn.ReLU(),
            ]
        self.upsampler = nn.Sequential(*stages)
        self.tail = nn.Sequential(
            nn.Conv2d(features, features, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(features, 3, 3, padding=1, bias=False),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.orthogonal_(module.weight, gain=0.2)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Super-resolve RGB `x` (B, 3, h, w) into one image (B, 3, scale * h, scale * w)."""
        noise_map = torch.full_like(x[:, :1], self.noise_level / 255)
        features = self.head(torch.cat([x, noise_map], dim=1))
        features = features + self.body(features)
        return (self.tail(self.upsampler(features)),)


PUBLISHED = tuple(
    Published(
        scale, (f"DPSR/DPSRx{scale}.pth",), note="authors' super-resolver, without DPSR's loop"
    )
    for scale in (2, 3, 4)
)


def published_state_dict(paths: Sequence[Path], scale: int) -> dict[str, Tensor]:
    """Rename the authors' state dict."""
    # The official network is one sequence; enlargement and tail follow head (0) and body (1).
    stages = 2 if scale == 4 else 1
    tail = 2 + 3 * stages
    renamed = [
        (r"^model\.0\.", "head."),
        (r"^model\.1\.sub\.(\d+)\.res\.", r"body.\1.residual."),
        (r"^model\.1\.sub\.", "body."),
        *((rf"^model\.{2 + 3 * i}\.", f"upsampler.{3 * i}.") for i in range(stages)),
        (rf"^model\.{tail}\.", "tail.0."),
        (rf"^model\.{tail + 2}\.", "tail.2."),
    ]
    return read_state_dict(paths[0], renamed)
