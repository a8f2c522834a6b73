"""DPSR's super-resolver, SRResNet+ (Zhang et al., CVPR 2019).

"Deep Plug-and-Play Super-Resolution for Arbitrary Blur Kernels",
https://arxiv.org/abs/1903.12529; official code https://github.com/cszn/DPSR, commit a5aa272,
training code https://github.com/cszn/KAIR.

DPSR proper alternates 15 times between a deblurring step, which needs the blur kernel, and this
network as the prior. Under bicubic degradation without blur or noise the deblurring has nothing to
do, so the benchmark evaluates the network alone. The network takes RGB and a map of the noise
level; the map is built inside from `noise_level`, 0 for noiseless input. The paper trains on
Gaussian noise of 0..50 with the level told to the network; here LR images are noiseless, so
training sees one level only.

From the official code: no batch normalisation, ReLU after each pixel shuffle, the last convolution
without bias, no image skip; orthogonal initialisation of gain 0.2 with zero biases (KAIR).
"""

import re
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

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
    """SRResNet+; works on RGB in [0, 1] at LR size.

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
        For a scale other than 2, 3 and 4, or a negative noise level.
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
        """Upscale `x`.

        Parameters
        ----------
        x : Tensor
            RGB of shape (B, 3, h, w), float in [0, 1].

        Returns
        -------
        tuple of Tensor
            The SR image alone, (B, 3, scale * h, scale * w), not clamped.
        """
        noise_map = torch.full_like(x[:, :1], self.noise_level / 255)
        features = self.head(torch.cat([x, noise_map], dim=1))
        features = features + self.body(features)
        return (self.tail(self.upsampler(features)),)

    def paper_objective(self, outputs: Sequence[Tensor], target: Tensor, progress: float) -> Tensor:
        """Mean absolute error on RGB in [0, 1].

        Parameters
        ----------
        outputs : sequence of Tensor
            What `forward` returned.
        target : Tensor
            HR of shape (B, 3, H, W) in [0, 1].
        progress : float
            Share of the training done; not used by this loss.
        """
        return F.l1_loss(outputs[-1], target)


PUBLISHED = tuple(
    Published(
        scale, (f"DPSR/DPSRx{scale}.pth",), note="authors' super-resolver, without DPSR's loop"
    )
    for scale in (2, 3, 4)
)


def published_state_dict(paths: Sequence[Path], scale: int) -> dict[str, Tensor]:
    """Read the authors' weights as a state dict of `DPSR`.

    Parameters
    ----------
    paths : sequence of Path
        The one file that `PUBLISHED` names for this scale.
    scale : {2, 3, 4}
        Upscaling factor of the weights.

    Returns
    -------
    dict
        Fits ``DPSR(scale).load_state_dict``.

    Raises
    ------
    ValueError
        When the file is not a plain state dict.
    """
    # The official network is one sequence; enlargement and tail follow head (0) and body (1).
    stages = 2 if scale == 4 else 1
    tail = 2 + 3 * stages
    sections = {f"model.{2 + 3 * i}.": f"upsampler.{3 * i}." for i in range(stages)}
    sections |= {"model.0.": "head.", f"model.{tail}.": "tail.0.", f"model.{tail + 2}.": "tail.2."}
    renamed = {}
    for official, value in read_state_dict(paths[0]).items():
        name = re.sub(r"^model\.1\.sub\.(\d+)\.", r"body.\1.", official)
        name = re.sub(r"^(body\.\d+)\.res\.", r"\1.residual.", name)
        name = re.sub(r"^model\.\d+\.", lambda found: sections.get(found[0], found[0]), name)
        renamed[name] = value
    return renamed
