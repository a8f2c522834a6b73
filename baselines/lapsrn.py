"""LapSRN: Laplacian pyramid super-resolution network (Lai et al., CVPR 2017).

"Deep Laplacian Pyramid Networks for Fast and Accurate Super-Resolution",
https://arxiv.org/abs/1704.03915; official code https://github.com/phoenix104104/LapSRN. Each level
of the pyramid doubles the size: a feature branch predicts the residual that is added to the image,
which a learned transposed convolution enlarges. x2 has one level, x4 two.

Details on which paper and official code differ: the code is followed
---------------------------------------------------------------------
- The feature branch is enlarged by a 3x3 transposed convolution, of whose 2h+1 rows the LAST one is
  cropped (likewise columns), not by a 4x4 one. 3x3 gives the published 812-813K parameters
  (814,242); 4x4 would give about 872K. Cropping the other side costs the released x4 model 6 dB.
- A leaky ReLU follows that transposed convolution (layers ``level*_uprelu`` of the released files).
- The Charbonnier loss adds 1e-6 under the root and is summed over the pixels.

x3 follows the authors' evaluation: the x4 pyramid, then MATLAB's antialiased bicubic reduction by
3/4. When it is trained, the x4 level has no target of its own size, so it is supervised through its
reduction to x3; supervising it with an enlarged x3 target would teach it to blur.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.weights import Published, check_names
from baselines.weights.mat import as_tensor, read_mat
from mesr.common.base import SRNetwork
from mesr.common.imresize import imresize

_SLOPE = 0.2
_FEATURES = 64
_DEPTH = 10


class PyramidLevel(nn.Module):
    """One doubling: returns the enlarged features and the enlarged image (Section 3.1, figure 1).

    Parameters
    ----------
    features : int
        Channels of the feature branch.
    depth : int
        Number of 3x3 convolutions before the features are enlarged.
    """

    def __init__(self, features: int, depth: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(features, features, 3, padding=1) for _ in range(depth)
        )
        self.upsample = nn.ConvTranspose2d(features, features, 3, stride=2)
        self.residual = nn.Conv2d(features, 1, 3, padding=1)
        self.upsample_image = nn.ConvTranspose2d(1, 1, 4, stride=2, padding=1, bias=False)
        deviation = (2 / (9 * features)) ** 0.5
        for layer in (*self.convs, self.upsample, self.residual):
            nn.init.normal_(layer.weight, std=deviation)
            nn.init.zeros_(layer.get_parameter("bias"))
        # Bilinear interpolation to begin with: 1 - |i - 1.5| / 2 for i = 0..3.
        taps = torch.tensor([0.25, 0.75, 0.75, 0.25])
        with torch.no_grad():
            self.upsample_image.weight.copy_(torch.outer(taps, taps))

    def forward(self, features: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
        """Double features (B, C, h, w) and image (B, 1, h, w)."""
        for conv in self.convs:
            features = F.leaky_relu(conv(features), _SLOPE)
        features = F.leaky_relu(self.upsample(features)[..., :-1, :-1], _SLOPE)
        return features, self.upsample_image(image) + self.residual(features)


class LapSRN(SRNetwork):
    """Laplacian pyramid of luma images.

    Parameters
    ----------
    scale : {2, 3, 4}
        Upscaling factor; 3 is the x4 pyramid reduced to x3.
    features : int
        Channels of the feature branch.
    depth : int
        3x3 convolutions per level.
    """

    domain = "y"

    def __init__(self, scale: int, *, features: int = _FEATURES, depth: int = _DEPTH) -> None:
        super().__init__(scale)
        self.embed = nn.Conv2d(1, features, 3, padding=1)
        nn.init.normal_(self.embed.weight, std=1e-3)
        nn.init.zeros_(self.embed.get_parameter("bias"))
        levels = 1 if scale == 2 else 2
        self.levels = nn.ModuleList(PyramidLevel(features, depth) for _ in range(levels))
        self.output_weights = (1.0,) * levels

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Super-resolve luma `x` (B, 1, h, w).

        Returns the x2 image; at x4 the x4 image after it, at x3 the x4 image reduced to x3.
        """
        features, image = F.leaky_relu(self.embed(x), _SLOPE), x
        outputs = []
        for level in self.levels:
            features, image = level(features, image)
            outputs.append(image)
        if self.scale == 3:
            outputs[-1] = imresize(image, size=(3 * x.shape[-2], 3 * x.shape[-1]))
        return tuple(outputs)


PUBLISHED = (
    Published(2, ("LapSRN/LapSRN_x2.mat",)),
    Published(3, ("LapSRN/LapSRN_x4.mat",), note="the x4 model, its output reduced by bicubic"),
    Published(4, ("LapSRN/LapSRN_x4.mat",)),
)


def published_state_dict(paths: Sequence[Path], scale: int) -> dict[str, Tensor]:
    """Convert the authors' MatConvNet model."""
    (path,) = paths
    values = _named_values(path)
    levels = 1 if scale == 2 else 2
    width = _FEATURES
    # Torch layer, its name in the file, channels of its input and output.
    layers = [("embed", "input_conv", (1, width))]
    for level in range(levels):
        ours, theirs = f"levels.{level}", f"level{levels - level}"  # the file counts downwards
        layers += [
            (f"{ours}.convs.{depth}", f"{theirs}_conv{depth + 1}", (width, width))
            for depth in range(_DEPTH)
        ]
        layers += [
            (f"{ours}.upsample", f"{theirs}_upconv", (width, width)),
            (f"{ours}.residual", f"{theirs}_residual_conv", (width, 1)),
            (f"{ours}.upsample_image", f"{theirs}_img_up", (1, 1)),
        ]

    expected = {f"{theirs}_f" for _, theirs, _ in layers}
    expected |= {f"{theirs}_b" for _, theirs, _ in layers if not theirs.endswith("img_up")}
    check_names(path, values, expected, f"LapSRN x{2**levels}")
    state = {}
    for ours, theirs, channels in layers:
        size = 4 if theirs.endswith("img_up") else 3
        # MatConvNet stores (h, w, in, out) where torch has (out, in, h, w), and (h, w, out, in)
        # where torch has (in, out, h, w) when transposed: the same permutation.
        kernel = as_tensor(values[f"{theirs}_f"], (size, size, *channels), f"{path}: {theirs}_f")
        state[f"{ours}.weight"] = kernel.permute(3, 2, 0, 1).contiguous()
        if size == 3:
            bias = as_tensor(values[f"{theirs}_b"], channels[1:], f"{path}: {theirs}_b")
            state[f"{ours}.bias"] = bias
    return state


def _named_values(path: Path) -> dict[str, Any]:
    net = read_mat(path, ["net"])["net"]
    params = net.get("params") if isinstance(net, dict) else None
    if not isinstance(params, list) or not all(
        isinstance(param, dict) and isinstance(param.get("name"), str) and "value" in param
        for param in params
    ):
        raise ValueError(
            f"{path}: variable 'net' is not a MatConvNet model with params of name and value"
        )
    return {param["name"]: param["value"] for param in params}
