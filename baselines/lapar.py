"""LAPAR: linearly-assembled pixel-adaptive regression network (Li et al., NeurIPS 2020).

https://arxiv.org/abs/2105.10422; official code https://github.com/dvlab-research/Simple-SR, commit
08c71e9. Each HR pixel gets its own 5x5 filter, a linear combination of 72 fixed atoms whose
coefficients a small network predicts; the filter is applied to the bicubic enlargement. The
authors' weights sit on a file host that asks for interaction; none are used here.

Details the paper leaves open, from the official code
-----------------------------------------------------
- The bicubic enlargement is torch's (a = -0.75), not MATLAB's (a = -0.5).
- The paper describes the dictionary in words (Gaussians and differences of Gaussians);
  `filter_dictionary` gives it in closed form. It agrees to 1e-15 with the file that the official
  code ships, a pickle, which therefore need not be opened.
- Initialisation is torch's default; weight normalisation on every convolution; learnt scalars
  start at 1, in the tail at 0.5.
- Filters are assembled before they are applied, as the paper writes it. The official code filters
  the image with all atoms first; that is the same sum in another order, with three times the
  multiplications and several times the memory. The published Multi-Adds count neither.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from mesr.common.base import SRNetwork
from mesr.common.layers import DIV2K_MEAN

FILTER_SIZE = 5

# Channels and number of local fusion blocks of each variant of the paper.
VARIANTS: dict[str, tuple[int, int]] = {"A": (32, 4), "B": (24, 3), "C": (16, 2)}


def _gaussian(along: float, across: float, degrees: float) -> Tensor:
    """Return a 5x5 Gaussian of sum 1, turned by `degrees`, float64."""
    angle = math.radians(degrees)
    offset = torch.arange(FILTER_SIZE, dtype=torch.float64) - FILTER_SIZE // 2
    y, x = torch.meshgrid(offset, offset, indexing="ij")
    u = x * math.cos(angle) + y * math.sin(angle)
    v = y * math.cos(angle) - x * math.sin(angle)
    kernel = torch.exp(-((u / along) ** 2 + (v / across) ** 2) / 2)
    return kernel / kernel.sum()


def _difference(wide: Tensor, narrow: Tensor) -> Tensor:
    """Return a difference of Gaussians whose positive part sums to 1.4, the negative to -0.4."""
    positive = (wide - narrow).clamp(min=0)
    negative = (narrow - wide).clamp(min=0)
    return 1.4 * positive / positive.sum() - 0.4 * negative / negative.sum()


def filter_dictionary() -> Tensor:
    """Return the 72 atoms: 51 Gaussians and 21 differences of them.

    Returns
    -------
    Tensor
        Shape (72, 5, 5), float64, each atom of sum 1.
    """
    atoms = [_gaussian(2, 2, 0)]
    for across, directions in ((1.6, 6), (1.2, 6), (0.8, 6), (0.4, 12)):
        atoms += [_gaussian(2, across, -180 / directions * j) for j in range(directions)]
    atoms.append(_gaussian(1.2, 1.2, 0))
    for across in (0.96, 0.72, 0.48):
        atoms += [_gaussian(1.2, across, -30 * j) for j in range(6)]
    atoms.append(_gaussian(0.4, 0.4, 0))
    pairs = [(0, 31), (0, 50), (31, 50), *((i, i + 31) for i in range(1, 19))]
    atoms += [_difference(atoms[a], atoms[b]) for a, b in pairs]
    return torch.stack(atoms)


def _convolution(in_channels: int, out_channels: int, size: int = 3) -> nn.Module:
    return weight_norm(nn.Conv2d(in_channels, out_channels, size, padding=size // 2))


class ResidualUnit(nn.Module):
    """Adaptive weighted residual unit: a * (conv-ReLU-conv)(x) + b * x, scalars a, b learnt.

    Parameters
    ----------
    features : int
        Channels of the input and of the output.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.residual_scale = nn.Parameter(torch.ones(1))
        self.input_scale = nn.Parameter(torch.ones(1))
        self.body = nn.Sequential(
            _convolution(features, features), nn.ReLU(), _convolution(features, features)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` of shape (B, features, H, W) to the same shape."""
        return self.residual_scale * self.body(x) + self.input_scale * x


class FusionBlock(nn.Module):
    """Local fusion block: four residual units in a row, fused by a 3x3 convolution.

    Parameters
    ----------
    features : int
        Channels of the input and of the output.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.units = nn.ModuleList(ResidualUnit(features) for _ in range(4))
        self.fuse = _convolution(4 * features, features)
        self.residual_scale = nn.Parameter(torch.ones(1))
        self.input_scale = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` of shape (B, features, H, W) to the same shape."""
        states = [x]
        for unit in self.units:
            states.append(unit(states[-1]))
        fused = self.fuse(torch.cat(states[1:], dim=1))
        return self.residual_scale * fused + self.input_scale * x


class MultiScaleTail(nn.Module):
    """Weighted sum of a 3x3 and a 5x5 convolution, then two 3x3 convolutions.

    Parameters
    ----------
    features : int
        Channels of the input.
    out_channels : int
        Channels of the output.
    """

    def __init__(self, features: int, out_channels: int) -> None:
        super().__init__()
        self.conv3 = _convolution(features, features, 3)
        self.conv5 = _convolution(features, features, 5)
        self.scale3 = nn.Parameter(torch.full((1,), 0.5))
        self.scale5 = nn.Parameter(torch.full((1,), 0.5))
        self.fuse = _convolution(features, features)
        self.out = _convolution(features, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` of shape (B, features, H, W) to (B, out_channels, H, W)."""
        x = self.scale3 * self.conv3(x) + self.scale5 * self.conv5(x)
        return self.out(F.relu(self.fuse(x)))


class LAPAR(SRNetwork):
    """Enlargement by bicubic interpolation, filtered pixel by pixel.

    Parameters
    ----------
    scale : {2, 3, 4}
        Upscaling factor.
    variant : {"A", "B", "C"}
        Variant of the paper; sets `features` and `depth` where they are not given.
    features : int, optional
        Channels of the coefficient network.
    depth : int, optional
        Number of local fusion blocks.

    Raises
    ------
    ValueError
        For an unknown variant.
    """

    dictionary: Tensor
    mean: Tensor

    def __init__(
        self,
        scale: int,
        *,
        variant: str = "A",
        features: int | None = None,
        depth: int | None = None,
    ) -> None:
        super().__init__(scale)
        if variant not in VARIANTS:
            raise ValueError(f"variant is {variant!r}; expected one of {', '.join(VARIANTS)}")
        variant_features, variant_depth = VARIANTS[variant]
        features = variant_features if features is None else features
        depth = variant_depth if depth is None else depth
        atoms = filter_dictionary().flatten(1)
        # As the weight of a 1x1 convolution from coefficients to filter taps.
        self.register_buffer("dictionary", atoms.T[:, :, None, None].float(), persistent=False)
        mean = torch.tensor(DIV2K_MEAN).view(1, 3, 1, 1)
        self.register_buffer("mean", mean, persistent=False)
        self.head = nn.Sequential(_convolution(3, features), nn.ReLU())
        self.body = nn.Sequential(*(FusionBlock(features) for _ in range(depth)))
        # One step also for x4.
        self.upsampler = nn.Sequential(
            _convolution(features, features * scale**2), nn.ReLU(), nn.PixelShuffle(scale)
        )
        self.tail = MultiScaleTail(features, len(atoms))

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Super-resolve RGB `x` (B, 3, h, w) into one image (B, 3, scale * h, scale * w).

        Filters reach two pixels over the border: scale * h and scale * w are at least 3.
        """
        features = self.upsampler(self.body(self.head(x - self.mean)))
        coefficients = self.tail(features)
        filters = F.conv2d(coefficients, self.dictionary)
        enlarged = F.interpolate(x, scale_factor=self.scale, mode="bicubic", align_corners=False)
        return (apply_filters(enlarged, filters),)


def apply_filters(image: Tensor, filters: Tensor) -> Tensor:
    """Filter each pixel of `image` with its own 5x5 filter; borders are reflected.

    Parameters
    ----------
    image : Tensor
        Shape (B, C, H, W), H and W at least 3.
    filters : Tensor
        Shape (B, 25, H, W), taps row by row; the same filter serves all channels.

    Returns
    -------
    Tensor
        Shape (B, C, H, W).
    """
    height, width = image.shape[-2:]
    padded = F.pad(image, [FILTER_SIZE // 2] * 4, mode="reflect")
    result = torch.zeros_like(image)
    # A loop over taps needs no (B, C, 25, H, W) copy of the image, as unfolding it would.
    for tap in range(FILTER_SIZE**2):
        row, column = divmod(tap, FILTER_SIZE)
        window = padded[:, :, row : row + height, column : column + width]
        result = result + filters[:, tap : tap + 1] * window
    return result
