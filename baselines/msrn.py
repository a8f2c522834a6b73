"""MSRN: multi-scale residual network (Li et al., ECCV 2018).

"Multi-scale Residual Network for Image Super-Resolution"; official code
https://github.com/MIVRC/MSRN-PyTorch. Two networks go by this name. ``version="2019"`` is the
authors' RGB retraining, whose weights are released and which later papers count;
``version="eccv"`` is the paper's luma network (directory OLD of the same repository).

Differences between the two, from the official code
---------------------------------------------------
==================  =================================  =========================
part                2019                               eccv
==================  =================================  =========================
image               RGB in 0..255, mean subtracted     luma in 0..1
fusion              [blocks, head], 1x1, 3x3           [head, blocks], 1x1
upsampling at x4    two x2 pixel shuffles              one x4 pixel shuffle
==================  =================================  =========================

The mean shifts of 2019 are 1x1 convolutions that were meant to be frozen, but the flag was set on
the module instead of on its parameters: all 24 values were trained, and are trainable here.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.weights import Published
from baselines.weights.state_dict import read_state_dict
from mesr.common.base import SRNetwork
from mesr.common.layers import DIV2K_MEAN, SubPixelUpsampler


class MSRB(nn.Module):
    """Multi-scale residual block (Section 3.1, equations 2-6).

    Parameters
    ----------
    features : int
        Channels of input and output.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.conv3_1 = nn.Conv2d(features, features, 3, padding=1)
        self.conv5_1 = nn.Conv2d(features, features, 5, padding=2)
        self.conv3_2 = nn.Conv2d(2 * features, 2 * features, 3, padding=1)
        self.conv5_2 = nn.Conv2d(2 * features, 2 * features, 5, padding=2)
        self.fuse = nn.Conv2d(4 * features, features, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Transform features of shape (B, C, h, w)."""
        first = torch.cat([F.relu(self.conv3_1(x)), F.relu(self.conv5_1(x))], 1)
        second = torch.cat([F.relu(self.conv3_2(first)), F.relu(self.conv5_2(first))], 1)
        return x + self.fuse(second)


class MeanShift(nn.Conv2d):
    """Trainable 1x1 convolution that begins as the addition of a constant per channel.

    Parameters
    ----------
    shift : Tensor
        (C,) constants.
    """

    def __init__(self, shift: Tensor) -> None:
        channels = len(shift)
        super().__init__(channels, channels, 1)
        nn.init.dirac_(self.weight)
        self.bias = nn.Parameter(shift.clone())


class MSRN(SRNetwork):
    """Multi-scale residual network with hierarchical feature fusion (Section 3).

    Parameters
    ----------
    scale : {2, 3, 4}
        Upscaling factor.
    features : int
        Channels of the hidden layers.
    blocks : int
        Number of multi-scale residual blocks.
    version : {"2019", "eccv"}
        The authors' RGB retraining or the luma network of the paper.
    """

    def __init__(
        self, scale: int, *, features: int = 64, blocks: int = 8, version: str = "2019"
    ) -> None:
        super().__init__(scale)
        if version not in ("2019", "eccv"):
            raise ValueError(f"version is {version!r}; MSRN has '2019' (RGB) and 'eccv' (luma)")
        self.version = version
        self.domain = "rgb" if version == "2019" else "y"
        channels = 3 if version == "2019" else 1
        self.head = nn.Conv2d(channels, features, 3, padding=1)
        self.body = nn.ModuleList(MSRB(features) for _ in range(blocks))
        self.bottleneck = nn.Conv2d(features * (blocks + 1), features, 1)
        self.upsample: nn.Module
        if version == "2019":
            mean = 255 * torch.tensor(DIV2K_MEAN)
            self.subtract_mean = MeanShift(-mean)
            self.add_mean = MeanShift(mean)
            self.fuse = nn.Conv2d(features, features, 3, padding=1)
            self.upsample = SubPixelUpsampler(scale, features)
        else:
            self.upsample = nn.Sequential(
                nn.Conv2d(features, features * scale**2, 3, padding=1), nn.PixelShuffle(scale)
            )
        self.tail = nn.Conv2d(features, channels, 3, padding=1)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Super-resolve `x` (B, C, h, w) into one image (B, C, scale * h, scale * w).

        C is 3 (RGB), or 1 (luma) for ``version="eccv"``.
        """
        rgb = self.version == "2019"
        head = self.head(self.subtract_mean(255 * x) if rgb else x)
        features, blocks = head, []
        for block in self.body:
            features = block(features)
            blocks.append(features)
        fused = self.bottleneck(torch.cat([*blocks, head] if rgb else [head, *blocks], 1))
        if not rgb:
            return (self.tail(self.upsample(fused)),)
        return (self.add_mean(self.tail(self.upsample(self.fuse(fused)))) / 255,)


PUBLISHED = tuple(
    Published(scale, (f"MSRN/MSRN_x{scale}.pt",), note="the 2019 RGB retraining")
    for scale in (2, 3, 4)
)


# Names of the official state dict and ours.
_RENAMED = (
    (r"^sub_mean\.", "subtract_mean."),
    (r"^head\.0\.", "head."),
    (r"\.conv_(\d)_(\d)\.", r".conv\1_\2."),
    (r"\.confusion\.", ".fuse."),
    (r"^tail\.0\.", "bottleneck."),
    (r"^tail\.1\.", "fuse."),
    (r"^tail\.2\.", "upsample."),
    (r"^tail\.3\.", "tail."),
)


def published_state_dict(paths: Sequence[Path], scale: int) -> dict[str, Tensor]:
    """Rename a state dict of the authors' 2019 network."""
    return read_state_dict(paths[0], _RENAMED)
