"""DRSAN: dynamic residual self-attention network (Park et al., TMM 2021).

https://arxiv.org/abs/2112.04488; official code https://github.com/saturnian77/DRSAN, commit
8841874 (TensorFlow 1, for testing only). The defaults are DRSAN-48m.

Details the paper leaves open, from the official code
-----------------------------------------------------
- The weights of the dynamic residual connections are averaged over the image with no squashing,
  and no residual goes round a group.
- PReLU slopes start at 0; Glorot-uniform weights and zero biases (TensorFlow's defaults).
- Zero padding; no mean shift and no image skip.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from baselines.weights import Published
from baselines.weights.tensorflow import read_checkpoint
from mesr.common.base import SRNetwork
from mesr.common.layers import SubPixelUpsampler


class DynamicResidualModule(nn.Module):
    """Predict from the features how much of each earlier state a residual unit adds (DRM).

    Parameters
    ----------
    features : int
        Channels of the input.
    squeezed : int
        Channels between the two 1x1 convolutions.
    connections : int
        Number of weights per image.
    """

    def __init__(self, features: int, squeezed: int, connections: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(features, squeezed, 1)
        self.activation = nn.PReLU(squeezed, init=0.0)
        self.expand = nn.Conv2d(squeezed, connections, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` of shape (B, features, H, W) to (B, connections)."""
        return self.expand(self.activation(self.squeeze(x))).mean(dim=(2, 3))


class ResidualAttentionGroup(nn.Module):
    """Dynamic residual attention group (DRAG).

    With t_n two pre-activated convolutions of f_{n-1} and a the dynamic weights,
    f_n = (t_n + sum over m < n of a_{n,m} f_m) * sigmoid(t_n); the gate is the residual
    self-attention and has no parameters. A 1x1 convolution fuses f_0 ... f_N.

    Parameters
    ----------
    features : int
        Channels of the input and of the output.
    units : int
        Number N of residual units.
    squeezed : int
        Channels inside the dynamic residual module.
    """

    def __init__(self, features: int, units: int, squeezed: int) -> None:
        super().__init__()
        self.dynamic = DynamicResidualModule(features, squeezed, units * (units + 1) // 2)
        self.units = nn.ModuleList(
            nn.Sequential(
                nn.PReLU(features, init=0.0),
                nn.Conv2d(features, features, 3, padding=1),
                nn.PReLU(features, init=0.0),
                nn.Conv2d(features, features, 3, padding=1),
            )
            for _ in range(units)
        )
        self.fuse = nn.Conv2d(features * (units + 1), features, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` of shape (B, features, H, W) to the same shape."""
        # Ordered (1,0); (2,0), (2,1); (3,0), (3,1), (3,2); ...
        weights = iter(self.dynamic(x)[:, :, None, None, None].unbind(dim=1))
        states = [x]
        for unit in self.units:
            residual = unit(states[-1])
            added = sum(next(weights) * state for state in states)
            states.append((residual + added) * torch.sigmoid(residual))
        return self.fuse(torch.cat(states, dim=1))


class DRSAN(SRNetwork):
    """Groups of residual units that weigh their connections image by image.

    Parameters
    ----------
    scale : {2, 3, 4}
        Upscaling factor.
    features : int
        Channels of the body. 48 for the paper's 48s and 48m, 32 for 32s, 32m and 32l.
    depth : int
        Number of residual attention groups: 8 for 48m, 4 for 48s; 4, 8, 10 for 32s, 32m, 32l.
    units : int
        Residual units per group: 3 for the networks of 48 channels, 4 for those of 32.
    squeezed : int
        Channels inside the dynamic residual modules.

    """

    def __init__(
        self,
        scale: int,
        *,
        features: int = 48,
        depth: int = 8,
        units: int = 3,
        squeezed: int = 16,
    ) -> None:
        super().__init__(scale)
        self.head = nn.Conv2d(3, features, 3, padding=1)
        self.body = nn.Sequential(
            *(ResidualAttentionGroup(features, units, squeezed) for _ in range(depth))
        )
        self.body_end = nn.Conv2d(features, features, 3, padding=1)
        self.upsampler = SubPixelUpsampler(scale, features)
        self.tail = nn.Conv2d(features, 3, 3, padding=1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d) and module.bias is not None:
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Super-resolve RGB `x` (B, 3, h, w) into one image (B, 3, scale * h, scale * w)."""
        features = self.head(x)
        features = features + self.body_end(self.body(features))
        return (self.tail(self.upsampler(features)),)


PUBLISHED = tuple(
    Published(
        scale,
        (f"DRSAN/DRSAN48mx{scale}.index", f"DRSAN/DRSAN48mx{scale}.data-00000-of-00001"),
        note="authors' weights, converted from TensorFlow",
    )
    for scale in (2, 3, 4)
)


def published_state_dict(paths: Sequence[Path], scale: int) -> dict[str, Tensor]:
    """Convert the authors' TensorFlow checkpoint of 48m, an ``.index`` and a ``.data`` file."""
    names = checkpoint_names(scale)
    index, data = paths
    variables = read_checkpoint(index, data, names.values())
    state = {}
    for ours, official in names.items():
        value = variables[official]
        if value.dim() == 4:  # TensorFlow keeps kernels as height, width, input, output.
            value = value.permute(3, 2, 0, 1)
        if ours.startswith("upsampler."):
            value = _pixel_shuffle_order(value, 3 if scale == 3 else 2)
        state[ours] = value.contiguous()
    return state


def checkpoint_names(scale: int, depth: int = 8, units: int = 3) -> dict[str, str]:
    """Return the variable of the official checkpoint for each name of the state dict.

    Parameters
    ----------
    scale : {2, 3, 4}
        Upscaling factor.
    depth, units : int
        Those of `DRSAN`.
    """
    convolutions = ["head"]
    names = {}
    for group in range(depth):
        ours, theirs = f"body.{group}", f"DRAN/conv_block{group + 1}"
        convolutions += [f"{ours}.dynamic.squeeze", f"{ours}.dynamic.expand"]
        convolutions += [f"{ours}.units.{unit}.{part}" for unit in range(units) for part in (1, 3)]
        convolutions.append(f"{ours}.fuse")
        names[f"{ours}.dynamic.activation.weight"] = f"{theirs}prelualpha"
        for unit in range(units):
            for part in (0, 1):
                slope = f"{theirs}_pReLU_{2 * unit + part + 1}alpha"
                names[f"{ours}.units.{unit}.{2 * part}.weight"] = slope
    convolutions.append("body_end")
    convolutions += [f"upsampler.{2 * stage}" for stage in range(2 if scale == 4 else 1)]
    convolutions.append("tail")
    # TensorFlow numbered the convolutions in the order in which the code made them.
    for number, ours in enumerate(convolutions):
        theirs = f"DRAN/conv2d_{number}" if number else "DRAN/conv2d"
        names[f"{ours}.weight"] = f"{theirs}/kernel"
        names[f"{ours}.bias"] = f"{theirs}/bias"
    return names


def _pixel_shuffle_order(value: Tensor, factor: int) -> Tensor:
    """Reorder output channels from (dy, dx, channel) to (channel, dy, dx).

    TensorFlow's depth_to_space has the former order, torch's pixel shuffle the latter.
    """
    return value.unflatten(0, (factor**2, -1)).transpose(0, 1).flatten(0, 1)
