"""VDSR: very deep super-resolution network (Kim et al., CVPR 2016).

"Accurate Image Super-Resolution Using Very Deep Convolutional Networks",
https://arxiv.org/abs/1511.04587. Twenty 3x3 convolutions estimate the residual between the
bicubically enlarged luma and the HR luma.

Details the paper leaves open
-----------------------------
- Biases: the authors' released model has them (665,921 parameters); the "665K" of later tables are
  without (664,704).
- The paper's objective is 1/2 ||r - f(x)||^2 without saying whether pixels are summed or averaged;
  here they are averaged, which keeps the loss independent of the patch size.
- Gradients are clipped to [-theta/lr, theta/lr] in the paper; theta is not given. Clipping is the
  trainer's affair.
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import torch.nn.functional as F
from torch import Tensor, nn

from baselines.weights import Published
from baselines.weights.mat import as_tensor, read_mat
from mesr.common.base import SRNetwork

_DEPTH = 20
_FEATURES = 64


class VDSR(SRNetwork):
    """Residual network on the enlarged luma (Section 3.1, figure 2).

    Parameters
    ----------
    scale : {2, 3, 4}
        Upscaling factor. The architecture does not depend on it: the input is already enlarged.
    features : int
        Channels of the hidden layers.
    depth : int
        Number of convolutions, at least 2.
    """

    domain = "y"
    preupsampled = True

    def __init__(self, scale: int, *, features: int = _FEATURES, depth: int = _DEPTH) -> None:
        super().__init__(scale)
        if depth < 2:
            raise ValueError(f"depth is {depth}; VDSR needs at least 2 convolutions")
        widths = [1, *[features] * (depth - 1), 1]
        convs = [nn.Conv2d(inputs, outputs, 3, padding=1) for inputs, outputs in pairwise(widths)]
        for conv in convs:
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")  # He et al., as Section 4.2
            nn.init.zeros_(conv.get_parameter("bias"))
        self.convs = nn.ModuleList(convs)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Restore the details of enlarged luma `x` (B, 1, H, W); one image of that size."""
        residual = x
        for conv in self.convs[:-1]:
            residual = F.relu(conv(residual))
        return (x + self.convs[-1](residual),)


PUBLISHED = tuple(
    Published(
        scale,
        ("VDSR/VDSR_Official.mat",),
        note="the authors' model for all scales, converted from their MatConvNet file by "
        "huangzehao/caffe-vdsr",
    )
    for scale in (2, 3, 4)
)


def published_state_dict(paths: Sequence[Path], scale: int) -> dict[str, Tensor]:
    """Convert the authors' model, one MATLAB file for all scales."""
    (path,) = paths
    model = read_mat(path, ["model"])["model"]
    widths = (1, *[_FEATURES] * (_DEPTH - 1), 1)
    state = {}
    for layer in range(_DEPTH):
        inputs, outputs = widths[layer : layer + 2]
        kernel = as_tensor(
            model["weight"][layer], (3, 3, inputs, outputs), f"{path}: model.weight{{{layer + 1}}}"
        )
        state[f"convs.{layer}.weight"] = kernel.permute(3, 2, 0, 1).contiguous()
        state[f"convs.{layer}.bias"] = as_tensor(
            model["bias"][layer], (outputs,), f"{path}: model.bias{{{layer + 1}}}"
        )
    return state
