"""MESR as a whole: equations (1)-(5)."""

from typing import Literal

import torch
from torch import Tensor, nn

from mesr.blocks import MSFEB, Branches, RefinementBlock, Unit, UnitSkip, WeightNorm
from mesr.common.base import SRNetwork, enlarge
from mesr.common.layers import DIV2K_MEAN, SubPixelUpsampler


class MESR(SRNetwork):
    """Multistage enhancement network (Huang & Chen, IEEE Access 2022).

    The defaults are the paper's settings; where the paper is silent or contradicts itself, they
    are the choices argued for in ``docs/paper-reading.md``.

    Parameters
    ----------
    scale : {2, 3, 4}
        Upscaling factor.
    features : int
        Channels of F_0 ... F_N.
    branch_features : int or (int, int)
        Channels of each branch of the multi-scale unit; two numbers are those of the branches of
        the first level, (12)-(14), and of the second, (15)-(16).
    blocks : int
        N, the number of MSFEBs.
    units : int
        Basic feature extraction units per MSFEB.
    unit : {"multi_scale", "single_scale"}
        Feature extraction unit; ``"single_scale"`` is the baseline of Table 1.
    branches : {"cascade", "separate"}
        Reading of equations (12)-(16).
    unit_skip : {"lambda", "beta", "both"}
        Reading of equations (6)-(7) against (18).
    share_last_lambda : bool
        Whether (7) and (8) share lambda_{d,5}.
    attention_kernel : int
        k of the channel attention.
    weight_normalisation : {"lambda", "conv", "none"}
        What weight normalisation acts on.
    fusion : bool
        Whether the residual feature fusion block (GFFB and GRL) is there; without it the last
        MSFEB feeds the upsampler.
    weighted_global_skip : bool
        Whether F_0 enters (4) with a learnable weight.
    upsampler : {"staged", "one_step"}
        Sub-pixel convolutions in stages of 2 or 3 at full width followed by a 3x3 convolution to
        RGB, or ESPCN's single convolution to 3 * scale^2 channels.
    refinement : bool
        Whether the second stage is there.
    refinement_features : int
        Hidden width of the refinement block.
    gate_bias : float or None
        Where the gate of (19) starts: initial bias of the layer before its sigmoid, so that the
        refinement first adds about sigmoid(`gate_bias`) times the coarse image. None leaves it
        to `initialisation`.
    omega : (float, float)
        omega_1 and omega_2 of equation (20).
    input_mean : {"none", "div2k", "outside"}
        Whether the DIV2K mean is taken off the input, and put back on the coarse image
        (``"div2k"``) or on both images after the refinement (``"outside"``): what (19) multiplies
        is then of either sign, so that it can darken as well as brighten.
    image_skip : {"none", "bilinear"}
        ``"bilinear"`` adds the enlarged input to the coarse image. Not in the paper: a diagnostic,
        because many of the compared networks have such a skip.
    initialisation : {"default", "he"}
        PyTorch's default, or He normal weights with zero biases.
    """

    mean: Tensor

    def __init__(
        self,
        scale: int = 4,
        *,
        features: int = 64,
        branch_features: int | tuple[int, int] = 24,
        blocks: int = 24,
        units: int = 5,
        unit: Unit = "multi_scale",
        branches: Branches = "cascade",
        unit_skip: UnitSkip = "lambda",
        share_last_lambda: bool = True,
        attention_kernel: int = 5,
        weight_normalisation: WeightNorm = "lambda",
        fusion: bool = True,
        weighted_global_skip: bool = False,
        upsampler: Literal["staged", "one_step"] = "staged",
        refinement: bool = True,
        refinement_features: int = 64,
        gate_bias: float | None = None,
        omega: tuple[float, float] = (1.0, 1.0),
        input_mean: Literal["none", "div2k", "outside"] = "none",
        image_skip: Literal["none", "bilinear"] = "none",
        initialisation: Literal["default", "he"] = "default",
    ) -> None:
        super().__init__(scale)
        self.output_weights = tuple(omega) if refinement else (1.0,)

        if input_mean not in ("none", "div2k", "outside"):
            raise ValueError(f"input_mean is {input_mean!r}; expected 'none', 'div2k' or 'outside'")
        if image_skip not in ("none", "bilinear"):
            raise ValueError(f"image_skip is {image_skip!r}; expected 'none' or 'bilinear'")
        mean = (0.0, 0.0, 0.0) if input_mean == "none" else DIV2K_MEAN
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.mean_outside = input_mean == "outside"
        self.image_skip = image_skip == "bilinear"
        widths = (
            (branch_features, branch_features)
            if isinstance(branch_features, int)
            else tuple(branch_features)
        )
        if len(widths) != 2 or not all(isinstance(width, int) and width > 0 for width in widths):
            raise ValueError(
                f"branch_features is {branch_features!r}; expected a positive number or a pair"
            )

        self.extract = nn.Conv2d(3, features, 3, padding=1)
        self.blocks = nn.ModuleList(
            MSFEB(
                features,
                widths,
                units=units,
                unit=unit,
                branches=branches,
                unit_skip=unit_skip,
                share_last_lambda=share_last_lambda,
                attention_kernel=attention_kernel,
                weight_normalisation=weight_normalisation,
            )
            for _ in range(blocks)
        )
        self.fuse = nn.Conv2d(blocks * features, features, 1) if fusion else None
        self.global_weight = nn.Parameter(torch.ones(())) if weighted_global_skip else 1.0
        self.upsample: nn.Module
        if upsampler == "staged":
            self.upsample = nn.Sequential(
                SubPixelUpsampler(scale, features), nn.Conv2d(features, 3, 3, padding=1)
            )
        elif upsampler == "one_step":
            self.upsample = nn.Sequential(
                nn.Conv2d(features, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale)
            )
        else:
            raise ValueError(f"upsampler is {upsampler!r}; expected 'staged' or 'one_step'")
        self.refine = RefinementBlock(refinement_features) if refinement else None

        if initialisation == "he":
            self.apply(_he_initialisation)
        elif initialisation != "default":
            raise ValueError(f"initialisation is {initialisation!r}; expected 'default' or 'he'")
        if gate_bias is not None and self.refine is not None:
            assert self.refine.h1x1.bias is not None
            nn.init.constant_(self.refine.h1x1.bias, gate_bias)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Super-resolve.

        Parameters
        ----------
        x : Tensor
            LR images (B, 3, h, w) in [0, 1].

        Returns
        -------
        tuple of Tensor
            Coarse and refined image, (B, 3, scale * h, scale * w), not clamped; the coarse image
            alone when the network has no refinement block.
        """
        f_0 = torch.relu(self.extract(x - self.mean))  # (1)
        f, levels = f_0, []
        for block in self.blocks:  # (2)
            f = block(f)
            levels.append(f)
        if self.fuse is not None:
            f = self.fuse(torch.cat(levels, 1)) + self.global_weight * f_0  # (3), (4)
        # The enlarged input brings its mean along.
        base = enlarge(x, self.scale) if self.image_skip else self.mean
        coarse = self.upsample(f) + base  # (4)
        if self.refine is None:
            return (coarse,)
        if self.mean_outside:
            return coarse, self.refine(coarse - self.mean) + self.mean  # (5)
        return coarse, self.refine(coarse)  # (5)

    def gate(self, coarse: Tensor) -> Tensor | None:
        """Return the gate of (19) for a coarse image; None without a refinement block."""
        if self.refine is None:
            return None
        return self.refine.gate(coarse - self.mean if self.mean_outside else coarse)


def _he_initialisation(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
