"""A2F: attentive auxiliary features (Wang et al., ACCV 2020).

"Lightweight Single-Image Super-Resolution Network with Attentive Auxiliary Feature Learning",
https://arxiv.org/abs/2011.06773; official code https://github.com/wxxxxxxh/A2F-SR, commit
91c88af.

Details the paper leaves open, from the official code
-----------------------------------------------------
- Inputs of 0..255 are shifted by the DIV2K mean and divided by 127.5.
- Weight normalisation acts on the 3x3 convolutions alone; scalars start at 1; the channel attention
  has no reduction; pixel shuffles take one step, x4 included; initialisation is torch's default.

The authors' x2 weights exist for the variant SD only.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from baselines.weights import Published
from baselines.weights.state_dict import read_state_dict
from mesr.common.base import SRNetwork
from mesr.common.layers import DIV2K_MEAN

# Channels and number of blocks of each variant of the paper.
VARIANTS: dict[str, tuple[int, int]] = {"L": (32, 16), "M": (32, 12), "S": (32, 4), "SD": (16, 8)}


class AuxiliaryBlock(nn.Module):
    """Residual block that also draws on everything computed before it.

    The output is a * x + b * B(x) + c * CA(P(all earlier states)), with scalars a, b, c learnt
    per block, B two 3x3 convolutions, P a 1x1 projection and CA channel attention.

    Parameters
    ----------
    features : int
        Channels of the input and of the output.
    block_features : int
        Channels between the two convolutions.
    states : int
        Number of earlier states, the head's output included.
    """

    def __init__(self, features: int, block_features: int, states: int) -> None:
        super().__init__()
        self.input_scale = nn.Parameter(torch.ones(1))
        self.residual_scale = nn.Parameter(torch.ones(1))
        self.auxiliary_scale = nn.Parameter(torch.ones(1))
        self.residual = nn.Sequential(
            weight_norm(nn.Conv2d(features, block_features, 3, padding=1)),
            nn.ReLU(),
            weight_norm(nn.Conv2d(block_features, features, 3, padding=1)),
        )
        self.project = nn.Conv2d(features * states, features, 1, bias=False)
        self.attention = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(features, features, 1),
            nn.ReLU(),
            nn.Conv2d(features, features, 1),
            nn.Sigmoid(),
        )

    def forward(self, states: Sequence[Tensor]) -> Tensor:
        """Compute the next state, (B, features, H, W), from all earlier ones of that shape."""
        x = states[-1]
        auxiliary = self.project(torch.cat(tuple(states), dim=1))
        return (
            self.input_scale * x
            + self.residual_scale * self.residual(x)
            + self.auxiliary_scale * auxiliary * self.attention(auxiliary)
        )


class A2F(SRNetwork):
    """Residual network whose blocks draw on everything computed before them.

    Parameters
    ----------
    scale : {2, 3, 4}
        Upscaling factor.
    variant : {"L", "M", "S", "SD"}
        Variant of the paper; sets `features` and `depth` where they are not given.
    features : int, optional
        Channels of the states.
    depth : int, optional
        Number of blocks.
    block_features : int
        Channels inside a block.

    Raises
    ------
    ValueError
        For an unknown variant.
    """

    mean: Tensor

    def __init__(
        self,
        scale: int,
        *,
        variant: str = "L",
        features: int | None = None,
        depth: int | None = None,
        block_features: int = 128,
    ) -> None:
        super().__init__(scale)
        if variant not in VARIANTS:
            raise ValueError(f"variant is {variant!r}; expected one of {', '.join(VARIANTS)}")
        variant_features, variant_depth = VARIANTS[variant]
        features = variant_features if features is None else features
        depth = variant_depth if depth is None else depth
        mean = torch.tensor(DIV2K_MEAN).view(1, 3, 1, 1)
        self.register_buffer("mean", mean, persistent=False)
        self.head = weight_norm(nn.Conv2d(3, features, 3, padding=1))
        self.body = nn.ModuleList(
            AuxiliaryBlock(features, block_features, states=i + 1) for i in range(depth)
        )
        self.tail = weight_norm(nn.Conv2d(features, 3 * scale**2, 3, padding=1))
        self.skip = weight_norm(nn.Conv2d(3, 3 * scale**2, 3, padding=1))

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Super-resolve RGB `x` (B, 3, h, w) into one image (B, 3, scale * h, scale * w)."""
        x = (x - self.mean) * 2  # (255 x - 255 mean) / 127.5
        states = [self.head(x)]
        for block in self.body:
            states.append(block(states))
        # The pixel shuffles of tail and skip are one, since both are linear.
        sr = F.pixel_shuffle(self.tail(states[-1]) + self.skip(x), self.scale)
        return (sr / 2 + self.mean,)


PUBLISHED = tuple(
    Published(
        scale,
        (f"A2F/AAF_{variant}_x{scale}.pt",),
        {"variant": variant},
        note="authors' weights, trained on DIV2K",
    )
    for variant, scales in (("L", (3, 4)), ("M", (3, 4)), ("S", (3, 4)), ("SD", (2, 3, 4)))
    for scale in scales
)

# Names of the official state dict and ours.
_RENAMED = (
    (r"^x_scale_list\.(\d+)\.scale$", r"body.\1.input_scale"),
    (r"^res_scale_list\.(\d+)\.scale$", r"body.\1.residual_scale"),
    (r"^auxilary_scale_list\.(\d+)\.scale$", r"body.\1.auxiliary_scale"),
    (r"^body\.(\d+)\.body\.", r"body.\1.residual."),
    (r"^fusion_conv_list\.(\d+)\.0\.", r"body.\1.project."),
    (r"^fusion_conv_list\.(\d+)\.1\.conv_du\.0\.", r"body.\1.attention.1."),
    (r"^fusion_conv_list\.(\d+)\.1\.conv_du\.2\.", r"body.\1.attention.3."),
    (r"^(head|tail|skip)\.0\.", r"\1."),
    (r"\.weight_g$", ".parametrizations.weight.original0"),
    (r"\.weight_v$", ".parametrizations.weight.original1"),
)


def published_state_dict(paths: Sequence[Path], scale: int) -> dict[str, Tensor]:
    """Rename the authors' state dict; the file determines the variant."""
    return read_state_dict(paths[0], _RENAMED)
