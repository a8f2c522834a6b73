"""The blocks of MESR, named and numbered as in Section III of the paper."""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

Branches = Literal["cascade", "separate"]
Unit = Literal["multi_scale", "single_scale"]
UnitSkip = Literal["lambda", "beta", "both"]
WeightNorm = Literal["lambda", "conv", "none"]


def conv(inputs: int, outputs: int, size: int, *, normalised: bool = False) -> nn.Module:
    """Size-preserving convolution with bias, weight-normalised on request."""
    layer = nn.Conv2d(inputs, outputs, size, padding=size // 2)
    return weight_norm(layer) if normalised else layer


def channel_range(channels: int, rho: float = 2.0, b: float = 1.0) -> int:
    """Range k of channel interaction for `channels` channels, equation (11).

    The default constants are those of ECA-Net (the paper's reference [59]). They give 3 for 64
    channels, whereas Section IV-B sets k = 5.
    """
    k = int(math.log2(channels) / rho + b / rho)
    return k if k % 2 else k + 1


class ChannelAttention(nn.Module):
    """Channel attention without dimensionality reduction (Section III-B1, Figure 2).

    Parameters
    ----------
    kernel : int
        Number k of neighbouring channels that decide the weight of one channel. Odd.
    """

    def __init__(self, kernel: int = 5) -> None:
        super().__init__()
        if kernel < 1 or kernel % 2 == 0:
            raise ValueError(f"attention_kernel is {kernel}; expected a positive odd number")
        self.alpha = nn.Conv1d(1, 1, kernel, padding=kernel // 2, bias=False)

    def forward(self, y: Tensor) -> Tensor:
        """Weight the channels of `y` (B, C, H, W)."""
        pooled = y.mean((2, 3))
        w = torch.sigmoid(self.alpha(pooled.unsqueeze(1))).squeeze(1)  # (9)
        return y * w[:, :, None, None]


class FunnelUnit(nn.Module):
    """Funnel-like multi-scale feature extraction unit, equations (12)-(17), Figure 3.

    The skip of equation (18) is applied by `MSFEB`, where it meets the skip of (6)-(7).

    Parameters
    ----------
    features : int
        Channels of the input M and of the output.
    branch_features : (int, int)
        Channels of each branch f of the first level, (12)-(14), and of the second, (15)-(16).
    branches : {"cascade", "separate"}
        ``"cascade"`` reads the equations literally: a weight that appears in two of them is one
        layer, so each branch continues the one before. ``"separate"`` follows the text and
        Figure 3, where each branch has layers of its own.
    normalised : bool
        Whether the convolutions are weight-normalised.
    """

    def __init__(
        self,
        features: int,
        branch_features: tuple[int, int],
        branches: Branches,
        *,
        normalised: bool = False,
    ) -> None:
        super().__init__()
        if branches not in ("cascade", "separate"):
            raise ValueError(f"branches is {branches!r}; expected 'cascade' or 'separate'")
        self.separate = branches == "separate"
        (c, d), n = branch_features, normalised
        self.w11 = conv(features, c, 1, normalised=n)
        self.w12 = conv(c, c, 3, normalised=n)
        self.w13 = conv(c, c, 3, normalised=n)
        self.w21 = conv(3 * c, d, 3, normalised=n)
        self.w22 = conv(d, d, 3, normalised=n)
        self.w31 = conv(2 * d, features, 1, normalised=n)
        if self.separate:  # the layers that a cascade shares between branches
            self.w11_of_f12 = conv(features, c, 1, normalised=n)
            self.w11_of_f13 = conv(features, c, 1, normalised=n)
            self.w12_of_f13 = conv(c, c, 3, normalised=n)
            self.w21_of_f22 = conv(3 * c, d, 3, normalised=n)
        self.sigma = nn.ReLU()

    def forward(self, m: Tensor) -> Tensor:
        """Extract features from `m` (B, features, H, W); same shape out."""
        sigma = self.sigma
        f11 = sigma(self.w11(m))  # (12)
        if self.separate:
            f12 = sigma(self.w12(sigma(self.w11_of_f12(m))))  # (13)
            f13 = sigma(self.w13(sigma(self.w12_of_f13(sigma(self.w11_of_f13(m))))))  # (14)
        else:
            f12 = sigma(self.w12(f11))  # (13)
            f13 = sigma(self.w13(f12))  # (14)
        level1 = torch.cat((f11, f12, f13), 1)
        f21 = sigma(self.w21(level1))  # (15)
        f22 = sigma(self.w22(sigma(self.w21_of_f22(level1)) if self.separate else f21))  # (16)
        f3: Tensor = self.w31(torch.cat((f21, f22), 1))  # (17)
        return f3


class SingleScaleUnit(nn.Module):
    """One 3x3 convolution in place of the funnel: the baseline of Table 1 (Section IV-C1).

    The ReLU comes first so that the features added along the skips can be of either sign, as
    f3 of equation (17) is.
    """

    def __init__(self, features: int, *, normalised: bool = False) -> None:
        super().__init__()
        self.sigma = nn.ReLU()
        self.w = conv(features, features, 3, normalised=normalised)

    def forward(self, m: Tensor) -> Tensor:
        """Extract features from `m` (B, features, H, W); same shape out."""
        f: Tensor = self.w(self.sigma(m))
        return f


class SkipWeights(nn.Module):
    """A vector of learnable skip weights that starts at ones (Section III-C2).

    Parameters
    ----------
    count : int
        Number of weights.
    normalised : bool
        Whether length and direction of the vector are separate parameters (weight
        normalisation, Salimans & Kingma 2016).
    """

    weight: Tensor

    def __init__(self, count: int, *, normalised: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(count))
        if normalised:
            weight_norm(self, "weight", dim=None)  # type: ignore[arg-type]

    def forward(self) -> tuple[Tensor, ...]:
        """Return the weights as scalars."""
        return self.weight.unbind()


class MSFEB(nn.Module):
    """Multi-scale feature extraction block, equations (6)-(8).

    Parameters
    ----------
    features, branch_features, branches
        See `FunnelUnit`.
    units : int
        Number of basic feature extraction units; the paper has five.
    unit : {"multi_scale", "single_scale"}
        The funnel, or the baseline of Table 1.
    unit_skip : {"lambda", "beta", "both"}
        Which skip goes around a unit: that of (6)-(7), that of (18), or both literally.
    share_last_lambda : bool
        Whether lambda_{d,5} of (8) is the lambda_{d,5} of (7).
    attention_kernel : int
        See `ChannelAttention`.
    weight_normalisation : {"lambda", "conv", "none"}
        What weight normalisation acts on.
    """

    def __init__(
        self,
        features: int,
        branch_features: tuple[int, int],
        *,
        units: int,
        unit: Unit,
        branches: Branches,
        unit_skip: UnitSkip,
        share_last_lambda: bool,
        attention_kernel: int,
        weight_normalisation: WeightNorm,
    ) -> None:
        super().__init__()
        if unit not in ("multi_scale", "single_scale"):
            raise ValueError(f"unit is {unit!r}; expected 'multi_scale' or 'single_scale'")
        if unit_skip not in ("lambda", "beta", "both"):
            raise ValueError(f"unit_skip is {unit_skip!r}; expected 'lambda', 'beta' or 'both'")
        if weight_normalisation not in ("lambda", "conv", "none"):
            raise ValueError(
                f"weight_normalisation is {weight_normalisation!r}; "
                "expected 'lambda', 'conv' or 'none'"
            )
        conv_wn = weight_normalisation == "conv"
        lambda_wn = weight_normalisation == "lambda"
        self.units = nn.ModuleList(
            FunnelUnit(features, branch_features, branches, normalised=conv_wn)
            if unit == "multi_scale"
            else SingleScaleUnit(features, normalised=conv_wn)
            for _ in range(units)
        )
        # lambda_{d,0}, then lambda_{d,1} ... lambda_{d,units}, then that of (8) if it is another
        self.lambdas = SkipWeights(1 + units + (not share_last_lambda), normalised=lambda_wn)
        self.betas = SkipWeights(units, normalised=lambda_wn) if unit_skip != "lambda" else None
        self.lambda_skip = unit_skip != "beta"
        self.attention = ChannelAttention(attention_kernel)

    def forward(self, f_in: Tensor) -> Tensor:
        """Map F_{d-1} (B, features, H, W) to F_d of the same shape."""
        lambda_0, *lambdas = self.lambdas()
        betas = self.betas() if self.betas is not None else ()
        f = f_in
        for index, unit in enumerate(self.units):
            out = unit(f)
            if betas:
                out = betas[index] * f + out  # (18)
            if self.lambda_skip:
                out = lambdas[index] * f + out  # (6), (7)
            f = out
        result: Tensor = self.attention(lambdas[-1] * f + lambda_0 * f_in)  # (8)
        return result


class RefinementBlock(nn.Module):
    """Refine the coarse image in the HR image space, equation (19).

    Parameters
    ----------
    features : int
        Channels between the 3x3 and the 1x1 convolution.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.h3x3 = nn.Conv2d(3, features, 3, padding=1)
        self.h1x1 = nn.Conv2d(features, 3, 1)
        self.sigma = nn.ReLU()

    def gate(self, coarse: Tensor) -> Tensor:
        """Return the factor of (19), in [0, 1], for `coarse` (B, 3, H, W); same shape out."""
        return torch.sigmoid(self.h1x1(self.sigma(self.h3x3(coarse))))

    def forward(self, coarse: Tensor) -> Tensor:
        """Refine `coarse` (B, 3, H, W) in [0, 1]; same shape out."""
        return coarse * self.gate(coarse) + coarse
