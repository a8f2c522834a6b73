"""VDSR: Kim et al., Accurate Image SR Using Very Deep Convolutional Networks, CVPR 2016.

Twenty 3x3 convolutions estimate the residual between the bicubically enlarged luma and the HR luma.

Details the paper leaves open
-----------------------------
- Biases: the authors' released model has them (665,921 parameters); a widely used PyTorch
  retraining does not (664,704, the "665K" of later tables). ``bias`` selects.
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
from baselines.weights.pickled import read_pickled_module
from mesr.common.base import SRNetwork

# The classes that pytorch-vdsr's pickled network consists of.
_PYTORCH_VDSR_CLASSES = (
    "vdsr.Net",
    "vdsr.Conv_ReLU_Block",
    "torch.nn.modules.container.Sequential",
    "torch.nn.modules.conv.Conv2d",
    "torch.nn.modules.activation.ReLU",
)

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
    bias : bool
        Whether the convolutions have a bias.
    """

    domain = "y"
    preupsampled = True

    def __init__(
        self, scale: int, features: int = _FEATURES, depth: int = _DEPTH, bias: bool = True
    ) -> None:
        super().__init__(scale)
        if depth < 2:
            raise ValueError(f"depth is {depth}; VDSR needs at least 2 convolutions")
        widths = [1, *[features] * (depth - 1), 1]
        convs = [
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=bias)
            for inputs, outputs in pairwise(widths)
        ]
        for conv in convs:
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")  # He et al., as Section 4.2
            if conv.bias is not None:
                nn.init.zeros_(conv.bias)
        self.convs = nn.ModuleList(convs)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Restore the details of an enlarged luma image.

        Parameters
        ----------
        x : Tensor
            (B, 1, H, W) luma in [0, 1], enlarged with bicubic interpolation.

        Returns
        -------
        tuple of one Tensor
            (B, 1, H, W), nominally in [0, 1].
        """
        residual = x
        for conv in self.convs[:-1]:
            residual = F.relu(conv(residual))
        return (x + self.convs[-1](residual),)

    def paper_objective(self, outputs: Sequence[Tensor], target: Tensor, progress: float) -> Tensor:
        """Half the mean squared error (Section 3.2); `progress` is not used."""
        return 0.5 * F.mse_loss(outputs[-1], target)


PUBLISHED = (
    *(
        Published(
            scale,
            ("VDSR/VDSR_Official.mat",),
            note="the authors' model for all scales, converted from their MatConvNet file by "
            "huangzehao/caffe-vdsr",
        )
        for scale in (2, 3, 4)
    ),
    *(
        Published(
            scale,
            ("VDSR_pytorch/vdsr.pth",),
            {"bias": False},
            note="retrained without biases by twtygqyy/pytorch-vdsr, not by the authors",
        )
        for scale in (2, 3, 4)
    ),
)


def published_state_dict(paths: Sequence[Path], scale: int) -> dict[str, Tensor]:
    """Read released weights: the authors' ``.mat`` or pytorch-vdsr's ``.pth``.

    Parameters
    ----------
    paths : sequence of Path
        The one file of a `PUBLISHED` entry.
    scale : int
        Not used: one model serves all scales.

    Returns
    -------
    dict of str to Tensor
        Loads strictly into `VDSR` with the entry's settings.

    Raises
    ------
    ValueError
        When the file is not what it should be.
    """
    (path,) = paths
    return _from_pytorch_vdsr(path) if Path(path).suffix == ".pth" else _from_authors(path)


def _layer_widths(layer: int) -> tuple[int, int]:
    return (1 if layer == 0 else _FEATURES), (1 if layer == _DEPTH - 1 else _FEATURES)


def _from_authors(path: Path) -> dict[str, Tensor]:
    model = read_mat(path, ["model"])["model"]
    if not isinstance(model, dict) or not {"weight", "bias"} <= model.keys():
        raise ValueError(
            f"{path}: variable 'model' is not a struct with fields 'weight' and 'bias'"
        )
    for field in ("weight", "bias"):
        found = len(model[field]) if hasattr(model[field], "__len__") else 1
        if found != _DEPTH:
            raise ValueError(f"{path}: model.{field} has {found} cells; expected {_DEPTH}")
    state = {}
    for layer in range(_DEPTH):
        inputs, outputs = _layer_widths(layer)
        kernel = as_tensor(
            model["weight"][layer], (3, 3, inputs, outputs), f"{path}: model.weight{{{layer + 1}}}"
        )
        state[f"convs.{layer}.weight"] = kernel.permute(3, 2, 0, 1).contiguous()
        state[f"convs.{layer}.bias"] = as_tensor(
            model["bias"][layer], (outputs,), f"{path}: model.bias{{{layer + 1}}}"
        )
    return state


def _from_pytorch_vdsr(path: Path) -> dict[str, Tensor]:
    tensors = read_pickled_module(path, "model", _PYTORCH_VDSR_CLASSES)
    names = ["input", *(f"residual_layer.{block}.conv" for block in range(_DEPTH - 2)), "output"]
    expected = {f"{name}.weight" for name in names}
    if tensors.keys() != expected:
        raise ValueError(
            f"{path}: the pickled module does not have the layers of pytorch-vdsr; missing "
            f"{sorted(expected - tensors.keys())[:3]}, unexpected "
            f"{sorted(tensors.keys() - expected)[:3]}"
        )
    return {f"convs.{layer}.weight": tensors[f"{name}.weight"] for layer, name in enumerate(names)}
