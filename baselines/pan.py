"""PAN: pixel attention network (Zhao et al., ECCV Workshops 2020).

"Efficient Image Super-Resolution Using Pixel Attention", https://arxiv.org/abs/2010.01073;
official code https://github.com/zhaohengyuan1/PAN, commit 4d045d1.

Details the paper leaves open, from the official code
-----------------------------------------------------
- Slope 0.2 of every leaky ReLU; no bias in the SCPA blocks except in the attention.
- Nearest-neighbour enlargement (one step for x3); bilinear image skip without aligned corners.
- Initialisation is torch's default.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.weights import Published
from baselines.weights.state_dict import read_state_dict
from mesr.common.base import SRNetwork


class PixelAttention(nn.Module):
    """Multiply each value by its own gate, a sigmoid of a 1x1 convolution (Section 3.2).

    Parameters
    ----------
    features : int
        Channels of the input and of the output.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.gate = nn.Conv2d(features, features, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Attend to `x` of shape (B, features, H, W)."""
        return x * torch.sigmoid(self.gate(x))


class SCPA(nn.Module):
    """Self-calibrated block with pixel attention (Section 3.3).

    Two branches of half the channels, one of them gated, are merged and added to the input.

    Parameters
    ----------
    features : int
        Channels of the input and of the output; even.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        half = features // 2
        self.reduce_gated = nn.Conv2d(features, half, 1, bias=False)
        self.reduce_plain = nn.Conv2d(features, half, 1, bias=False)
        self.gate = nn.Conv2d(half, half, 1)
        self.gated = nn.Conv2d(half, half, 3, padding=1, bias=False)
        self.after_gate = nn.Conv2d(half, half, 3, padding=1, bias=False)
        self.plain = nn.Conv2d(half, half, 3, padding=1, bias=False)
        self.merge = nn.Conv2d(features, features, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` of shape (B, features, H, W) to the same shape."""
        plain = _activate(self.plain(_activate(self.reduce_plain(x))))
        gated = _activate(self.reduce_gated(x))
        # The gate is computed from the branch's input, not from the convolution that it scales.
        gated = self.gated(gated) * torch.sigmoid(self.gate(gated))
        gated = _activate(self.after_gate(gated))
        return self.merge(torch.cat([plain, gated], dim=1)) + x


class PixelAttentionUpsampler(nn.Module):
    """Nearest-neighbour enlargement, convolution, pixel attention, convolution (U-PA, Section 3.4).

    Parameters
    ----------
    in_features, out_features : int
        Channels of the input and of the output.
    factor : int
        Enlargement.
    """

    def __init__(self, in_features: int, out_features: int, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.enlarged = nn.Conv2d(in_features, out_features, 3, padding=1)
        self.attention = PixelAttention(out_features)
        self.refine = nn.Conv2d(out_features, out_features, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge `x` of shape (B, in_features, H, W) by `factor`."""
        x = F.interpolate(x, scale_factor=self.factor, mode="nearest")
        x = _activate(self.attention(self.enlarged(x)))
        return _activate(self.refine(x))


class PAN(SRNetwork):
    """Pixel attention network (Section 3.1).

    Parameters
    ----------
    scale : {2, 3, 4}
        Upscaling factor.
    features : int
        Channels of the body, `nf` of the official code; even.
    upsampler_features : int
        Channels after the first enlargement, `unf` of the official code.
    depth : int
        Number of SCPA blocks.

    Raises
    ------
    ValueError
        For an odd number of features.
    """

    def __init__(
        self, scale: int, *, features: int = 40, upsampler_features: int = 24, depth: int = 16
    ) -> None:
        super().__init__(scale)
        if features % 2:
            raise ValueError(f"features is {features}; PAN halves it, so it must be even")
        self.head = nn.Conv2d(3, features, 3, padding=1)
        self.body = nn.Sequential(*(SCPA(features) for _ in range(depth)))
        self.body_end = nn.Conv2d(features, features, 3, padding=1)
        factors = (2, 2) if scale == 4 else (scale,)
        widths = (features, *(upsampler_features for _ in factors))
        self.upsampler = nn.Sequential(
            *(
                PixelAttentionUpsampler(widths[i], widths[i + 1], factor)
                for i, factor in enumerate(factors)
            )
        )
        self.tail = nn.Conv2d(upsampler_features, 3, 3, padding=1)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Super-resolve RGB `x` (B, 3, h, w) into one image (B, 3, scale * h, scale * w)."""
        features = self.head(x)
        features = features + self.body_end(self.body(features))
        residual = self.tail(self.upsampler(features))
        # The image skip is bilinear, not bicubic.
        skip = F.interpolate(x, scale_factor=self.scale, mode="bilinear", align_corners=False)
        return (residual + skip,)


PUBLISHED = tuple(
    Published(scale, (f"PAN/PANx{scale}_DF2K.pth",), note="authors' weights, trained on DF2K")
    for scale in (2, 3, 4)
)

# Names of the official state dict and ours.
_RENAMED = (
    (r"^conv_first\.", "head."),
    (r"^SCPA_trunk\.", "body."),
    (r"\.conv1_a\.", ".reduce_plain."),
    (r"\.conv1_b\.", ".reduce_gated."),
    (r"\.k1\.0\.", ".plain."),
    (r"\.PAConv\.k2\.", ".gate."),
    (r"\.PAConv\.k3\.", ".gated."),
    (r"\.PAConv\.k4\.", ".after_gate."),
    (r"\.conv3\.", ".merge."),
    (r"^trunk_conv\.", "body_end."),
    (r"^upconv1\.", "upsampler.0.enlarged."),
    (r"^att1\.conv\.", "upsampler.0.attention.gate."),
    (r"^HRconv1\.", "upsampler.0.refine."),
    (r"^upconv2\.", "upsampler.1.enlarged."),
    (r"^att2\.conv\.", "upsampler.1.attention.gate."),
    (r"^HRconv2\.", "upsampler.1.refine."),
    (r"^conv_last\.", "tail."),
)


def published_state_dict(paths: Sequence[Path], scale: int) -> dict[str, Tensor]:
    """Rename the authors' state dict."""
    return read_state_dict(paths[0], _RENAMED)


def _activate(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2)
