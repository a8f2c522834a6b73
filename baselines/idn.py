"""IDN: information distillation network (Hui et al., CVPR 2018).

"Fast and Accurate Single Image Super-Resolution via Information Distillation Network",
https://arxiv.org/abs/1803.09454; official code https://github.com/Zheng222/IDN-Caffe. The luma
network of the paper, as in the authors' Caffe files (552,769 parameters). Their later TensorFlow
network (RGB, sub-pixel convolution) is another one.

Details the paper leaves open, from the authors' files
------------------------------------------------------
- A leaky ReLU of slope 0.05 follows every convolution, the 1x1 ones included.
- The transposed convolution (17x17, stride s, padding 8) yields s(h-1)+1 rows, which align with
  rows s-1, s, ... of the enlarged image. Here 8-(s-1) rows are cropped at the top instead of 8
  (likewise on the left), so the same operator also fills the first s-1 rows; all others are
  unchanged, and evaluation crops at least those rows anyway.
- Arrays go from MATLAB to Caffe with height and width exchanged. The authors' test script permutes
  the axes first, which undoes that, so the network sees images upright; docs/protocols.md has the
  figures both ways.
- Initialisation: Caffe's MSRA filler with the average of fan-in and fan-out.
- The authors train with the mean squared error first and finish with the mean absolute error; when
  to change is not said.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.weights import Published, check_names
from baselines.weights.caffemodel import read_caffemodel
from mesr.common.base import SRNetwork
from mesr.common.imresize import imresize

_SLOPE = 0.05
_BLOCKS = 4
_KERNEL = 17  # of the transposed convolution


class DistillationBlock(nn.Module):
    """Enhancement unit and compression unit (Section 3.2, equations 2-7).

    Parameters
    ----------
    features : int
        Channels of input and output (64 in the paper), a multiple of 16.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        step = features // 4  # d in Section 4.2
        self.kept = step  # channels that skip the lower half of the unit
        rest = features - step
        self.enhance = nn.ModuleList(
            [
                nn.Conv2d(features, rest, 3, padding=1),
                nn.Conv2d(rest, features // 2, 3, padding=1, groups=4),
                nn.Conv2d(features // 2, features, 3, padding=1),
                nn.Conv2d(rest, features, 3, padding=1),
                nn.Conv2d(features, rest, 3, padding=1, groups=4),
                nn.Conv2d(rest, features + step, 3, padding=1),
            ]
        )
        self.compress = nn.Conv2d(features + step, features, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Transform features of shape (B, C, h, w)."""
        upper = x
        for conv in self.enhance[:3]:
            upper = F.leaky_relu(conv(upper), _SLOPE)
        kept, lower = upper[:, : self.kept], upper[:, self.kept :]
        for conv in self.enhance[3:]:
            lower = F.leaky_relu(conv(lower), _SLOPE)
        return F.leaky_relu(self.compress(lower + torch.cat([x, kept], 1)), _SLOPE)


class Upsampling(nn.ConvTranspose2d):
    """Transposed convolution of stride s, of h x w pixels to s h x s w (Section 3.1).

    Parameters
    ----------
    scale : int
        Stride.
    features : int
        Channels of the input; the output has one.
    """

    def __init__(self, scale: int, features: int) -> None:
        super().__init__(features, 1, _KERNEL, scale, padding=_KERNEL // 2 - (scale - 1))

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Enlarge features (B, C, h, w) to one channel (B, 1, s h, s w)."""
        # PyTorch has no fast kernel of it in bfloat16 on a CPU: it took half of a training step.
        if x.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
            return self.as_convolution(x)
        height, width = self.stride[0] * x.shape[-2], self.stride[1] * x.shape[-1]
        return super().forward(x)[..., :height, :width]

    def as_convolution(self, x: Tensor) -> Tensor:
        """Compute the same as a convolution to s x s channels and a pixel shuffle.

        Output s q + r takes input q + offset - t by tap s t + r of the kernel, where the kernel
        begins with so many zeros that tap 0 belongs to r = 0.
        """
        s, padding = self.stride[0], int(self.padding[0])
        before = -padding % s
        taps = -(-(before + _KERNEL) // s)
        after = s * taps - before - _KERNEL
        kernel = F.pad(self.weight, (before, after, before, after))
        # Rows 0, s, 2s, ... of the kernel are one of the s x s small kernels, from last to first.
        kernel = kernel.unflatten(3, (taps, s)).unflatten(2, (taps, s)).flip(2, 4)
        kernel = kernel.permute(3, 5, 1, 0, 2, 4).flatten(0, 2)
        offset = (padding + before) // s
        edge = (taps - 1 - offset, offset)
        bias = self.get_parameter("bias").expand(s * s)
        return F.pixel_shuffle(F.conv2d(F.pad(x, edge * 2), kernel, bias), s)


class IDN(SRNetwork):
    """Information distillation network on luma (Section 3.1, figure 1).

    Parameters
    ----------
    scale : {2, 3, 4}
        Upscaling factor.
    features : int
        Channels of the hidden layers, a multiple of 16.
    blocks : int
        Number of distillation blocks.
    """

    domain = "y"

    def __init__(self, scale: int, *, features: int = 64, blocks: int = _BLOCKS) -> None:
        super().__init__(scale)
        if features < 16 or features % 16:
            raise ValueError(f"features is {features}; IDN splits it and needs a multiple of 16")
        self.extract = nn.ModuleList(
            nn.Conv2d(inputs, features, 3, padding=1) for inputs in (1, features)
        )
        self.blocks = nn.ModuleList(DistillationBlock(features) for _ in range(blocks))
        self.upsample = Upsampling(scale, features)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                _msra_average(layer)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Super-resolve luma `x` (B, 1, h, w) into one image (B, 1, scale * h, scale * w)."""
        features = x
        for conv in self.extract:
            features = F.leaky_relu(conv(features), _SLOPE)
        for block in self.blocks:
            features = block(features)
        return (imresize(x, scale=self.scale) + self.upsample(features),)


def _msra_average(layer: nn.Conv2d | nn.ConvTranspose2d) -> None:
    """Draw weights with variance 2 / mean(fan-in, fan-out), fans counted as Caffe does."""
    fan_in = layer.weight[0].numel()
    fan_out = layer.weight.numel() // layer.weight.shape[1]
    nn.init.normal_(layer.weight, std=(4 / (fan_in + fan_out)) ** 0.5)
    nn.init.zeros_(layer.get_parameter("bias"))


PUBLISHED = tuple(
    Published(scale, (f"IDN/IDN_x{scale}.caffemodel",), note="the authors' Caffe model, 291 images")
    for scale in (2, 3, 4)
)


def published_state_dict(paths: Sequence[Path], scale: int) -> dict[str, Tensor]:
    """Rename the layers of the authors' Caffe model; their shapes are the same for all scales."""
    (path,) = paths
    blobs = read_caffemodel(path)
    names = {"conv1": "extract.0", "conv2": "extract.1", "upsample": "upsample"}
    for block in range(_BLOCKS):
        names |= {f"conv{block + 3}_{n + 1}": f"blocks.{block}.enhance.{n}" for n in range(6)}
        names[f"down{block + 1}"] = f"blocks.{block}.compress"
    check_names(path, blobs, names, "IDN")
    state = {}
    for theirs, ours in names.items():
        if len(blobs[theirs]) != 2:
            raise ValueError(f"{path}: layer {theirs!r} has no pair of weights and biases")
        state[f"{ours}.weight"], state[f"{ours}.bias"] = blobs[theirs]
    return state
