"""SRCNN: super-resolution convolutional neural network (Dong et al., TPAMI 2016).

"Image Super-Resolution Using Deep Convolutional Networks", https://arxiv.org/abs/1501.00092. Three
convolutions on the enlarged luma: patch extraction, non-linear mapping, reconstruction.

Two sizes are in use. ``variant="9-5-5"`` (57,281 parameters) is the one of the paper's final
figures and of later complexity tables ("57K, 52.7G"), and the default; ``"9-1-5"`` (8,129
parameters) is the ECCV 2014 network, whose weights are the ones available.

Details the paper leaves open
-----------------------------
- Borders: the paper trains without padding, its demo pads by replication. Here every convolution
  pads by replication, as in the demo.

The paper trains the last layer with a tenth of the learning rate (Section 3.3); a trainer that has
one rate for all layers departs from it.
"""

from collections.abc import Sequence
from pathlib import Path

import torch.nn.functional as F
from torch import Tensor, nn

from baselines.weights import Published
from baselines.weights.mat import as_tensor, read_mat
from mesr.common.base import SRNetwork

_KERNELS = {"9-1-5": (9, 1, 5), "9-5-5": (9, 5, 5)}


class SRCNN(SRNetwork):
    """Three-layer network on the enlarged luma (Section 3.1, figure 2).

    Parameters
    ----------
    scale : {2, 3, 4}
        Upscaling factor. The architecture does not depend on it: the input is already enlarged.
    variant : {"9-5-5", "9-1-5"}
        Kernel sizes of the three convolutions.
    features : tuple of int
        Channels after the first and the second convolution.
    """

    domain = "y"
    preupsampled = True

    def __init__(
        self, scale: int, *, variant: str = "9-5-5", features: tuple[int, int] = (64, 32)
    ) -> None:
        super().__init__(scale)
        if variant not in _KERNELS:
            raise ValueError(f"variant is {variant!r}; SRCNN has {', '.join(sorted(_KERNELS))}")
        kernels = _KERNELS[variant]
        first, second = features
        widths = [(1, first), (first, second), (second, 1)]
        convs = [
            nn.Conv2d(inputs, outputs, kernel, padding="same", padding_mode="replicate")
            for (inputs, outputs), kernel in zip(widths, kernels, strict=True)
        ]
        for conv in convs:
            nn.init.normal_(conv.weight, std=1e-3)  # Section 3.3
            nn.init.zeros_(conv.get_parameter("bias"))
        self.convs = nn.ModuleList(convs)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Restore the details of enlarged luma `x` (B, 1, H, W); one image of that size."""
        extract, mapping, reconstruct = self.convs
        return (reconstruct(F.relu(mapping(F.relu(extract(x))))),)


PUBLISHED = tuple(
    Published(
        scale,
        (f"SRCNN/SRCNN_915_x{scale}.mat",),
        {"variant": "9-1-5"},
        note="the authors' ECCV 2014 model, mirrored by Guominyingxiongququ/superResolution",
    )
    for scale in (2, 3, 4)
)


def published_state_dict(paths: Sequence[Path], scale: int) -> dict[str, Tensor]:
    """Convert the authors' 9-1-5 model, a MATLAB file of six matrices."""
    (path,) = paths
    # Shapes in the file; kernels are flattened column by column, so w comes before h here.
    layouts = {
        "weights_conv1": (81, 64),  # (w h, out)
        "biases_conv1": (64,),
        "weights_conv2": (64, 32),  # (in, out)
        "biases_conv2": (32,),
        "weights_conv3": (32, 25),  # (in, w h)
        "biases_conv3": (1,),
    }
    values = read_mat(path, list(layouts))
    matrices = {k: as_tensor(values[k], shape, f"{path}: {k}") for k, shape in layouts.items()}
    conv1 = matrices["weights_conv1"].reshape(9, 9, 1, 64).permute(3, 2, 1, 0)
    conv2 = matrices["weights_conv2"].reshape(1, 1, 64, 32).permute(3, 2, 1, 0)
    conv3 = matrices["weights_conv3"].reshape(1, 32, 5, 5).permute(0, 1, 3, 2)
    state = {f"convs.{n}.weight": w.contiguous() for n, w in enumerate((conv1, conv2, conv3))}
    return state | {f"convs.{n}.bias": matrices[f"biases_conv{n + 1}"] for n in range(3)}
