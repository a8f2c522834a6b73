"""DeFiAN: interpretable detail-fidelity attention network (Huang et al., TIP 2021).

https://arxiv.org/abs/2009.13134; official code https://github.com/YuanfeiHuang/DeFiAN, commit
fb64caf. The authors' weights sit on file hosts that ask for interaction; none are used here.

Details the paper leaves open
-----------------------------
- Variant S is the default: the MESR paper lists "DeFiAN" without a variant, calls its images
  blurred and reports MESR best or second best everywhere, which DeFiAN-L (Set14 x4: 28.99 dB,
  15 million parameters) would not allow.
- The depthwise convolutions of the Hessian filters are frozen, their biases too. The official code
  sets the taps and leaves torch's random biases in place, so every trained network has its own;
  they are parameters without gradient here, saved with the others and counted as the published
  counts do (14,400 in S, 57,600 in L).
- The eigenvalue's square root gets 1e-12 under it. The random biases keep it off zero in practice,
  but where both terms vanish the gradient would be NaN; outputs change by less than 1e-6.
- The official training compares a network output in normalised units with an HR image in [0, 1],
  while its validation undoes the normalisation. Both cannot be meant; here the output is always in
  [0, 1] and so is the target.
- Initialisation is torch's default.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from mesr.common.base import SRNetwork
from mesr.common.layers import SubPixelUpsampler

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

# Channels, residual blocks per module and modules of each variant of the paper.
VARIANTS: dict[str, tuple[int, int, int]] = {"S": (32, 10, 5), "L": (64, 20, 10)}


class HessianFilter(nn.Module):
    """Largest eigenvalue of the Hessian of each feature map, at one scale (MSHF).

    Parameters
    ----------
    features : int
        Channels of the input and of the output.
    dilation : int
        Distance in pixels at which the second differences are taken.
    """

    TAPS: ClassVar[dict[str, tuple[tuple[float, ...], ...]]] = {
        "xx": ((0.0, 0.0, 0.0), (1.0, -2.0, 1.0), (0.0, 0.0, 0.0)),
        "yy": ((0.0, 1.0, 0.0), (0.0, -2.0, 0.0), (0.0, 1.0, 0.0)),
        "xy": ((1.0, 0.0, -1.0), (0.0, 0.0, 0.0), (-1.0, 0.0, 1.0)),
    }

    def __init__(self, features: int, dilation: int) -> None:
        super().__init__()
        self.derivatives = nn.ModuleDict()
        for name, taps in self.TAPS.items():
            conv = nn.Conv2d(
                features, features, 3, padding=dilation, dilation=dilation, groups=features
            )
            with torch.no_grad():
                conv.weight.copy_(torch.tensor(taps).expand_as(conv.weight))
            self.derivatives[name] = conv.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` of shape (B, features, H, W) to the same shape."""
        xx, yy, xy = (self.derivatives[name](x) for name in ("xx", "yy", "xy"))
        return (xx + yy + _root((xx - yy) ** 2 + 4 * xy**2 + 1e-12)) / 2


class DilatedEncoderDecoder(nn.Module):
    """Three dilated convolutions, three transposed ones, and a 1x1 gate (DiEnDec).

    Parameters
    ----------
    channels : int
        Channels of the input; the output has one.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        widths = [channels * 2**level for level in range(4)]
        layers: list[nn.Module] = []
        for level, dilation in enumerate((1, 2, 4)):
            layers += [
                nn.Conv2d(widths[level], widths[level + 1], 3, padding=dilation, dilation=dilation),
                nn.ReLU(),
            ]
        for level, dilation in ((2, 4), (1, 2), (0, 1)):
            layers += [
                nn.ConvTranspose2d(
                    widths[level + 1], widths[level], 3, padding=dilation, dilation=dilation
                ),
                nn.ReLU(),
            ]
        self.layers = nn.Sequential(*layers)
        self.gate = nn.Conv2d(channels, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` of shape (B, channels, H, W) to (B, 1, H, W)."""
        return self.gate(self.layers(x))


class DistributionAlignment(nn.Module):
    """Give one map the per-channel statistics of another, after a learnt correction (DAC).

    Parameters
    ----------
    features : int
        Channels of the reference and of the output.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.mean = self._correction(features)
        self.std = self._correction(features)

    @staticmethod
    def _correction(features: int) -> nn.Sequential:
        squeezed = max(features // 16, 1)
        return nn.Sequential(
            nn.Conv2d(features, squeezed, 1, bias=False),
            nn.ReLU(),
            nn.Conv2d(squeezed, features, 1, bias=False),
        )

    def forward(self, observed: Tensor, reference: Tensor) -> Tensor:
        """Align `observed` (B, 1, H, W) with `reference` (B, features, H, W)."""
        mean, std = _statistics(reference)
        observed_mean, observed_std = _statistics(observed)
        normalised = (observed - observed_mean) / observed_std
        return normalised * self.std(std) + self.mean(mean)


class ChannelAttentionBlock(nn.Module):
    """Residual channel attention block (RCAB); its 3x3 convolutions have no bias.

    Parameters
    ----------
    features : int
        Channels of the input and of the output.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        squeezed = max(features // 16, 1)
        self.residual = nn.Sequential(
            nn.Conv2d(features, features, 3, padding=1, bias=False),
            nn.ReLU(),
            nn.Conv2d(features, features, 3, padding=1, bias=False),
        )
        self.attention = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(features, squeezed, 1),
            nn.ReLU(),
            nn.Conv2d(squeezed, features, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` of shape (B, features, H, W) to the same shape."""
        residual = self.residual(x)
        return x + residual * self.attention(residual)


class DetailFidelityModule(nn.Module):
    """Residual blocks whose output is weighted by a detail-fidelity attention.

    Parameters
    ----------
    features : int
        Channels of the input and of the output.
    blocks : int
        Number of residual channel attention blocks.
    """

    def __init__(self, features: int, blocks: int) -> None:
        super().__init__()
        self.body = nn.Sequential(*(ChannelAttentionBlock(features) for _ in range(blocks)))
        self.hessians = nn.ModuleList(HessianFilter(features, d) for d in (1, 2, 3))
        self.coder = DilatedEncoderDecoder(len(self.hessians))
        self.align = DistributionAlignment(features)

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` of shape (B, features, H, W) to the same shape."""
        residual = self.body(x)
        details = [hessian(residual).mean(dim=1, keepdim=True) for hessian in self.hessians]
        attention = torch.sigmoid(self.align(self.coder(torch.cat(details, dim=1)), x))
        return residual * attention + x


class DeFiAN(SRNetwork):
    """Residual network whose modules attend to details.

    Parameters
    ----------
    scale : {2, 3, 4}
        Upscaling factor.
    variant : {"S", "L"}
        Variant of the paper; sets `features`, `blocks` and `depth` where they are not given.
    features : int, optional
        Channels of the body.
    blocks : int, optional
        Residual channel attention blocks per module.
    depth : int, optional
        Number of detail-fidelity modules.

    Raises
    ------
    ValueError
        For an unknown variant.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        scale: int,
        *,
        variant: str = "S",
        features: int | None = None,
        blocks: int | None = None,
        depth: int | None = None,
    ) -> None:
        super().__init__(scale)
        if variant not in VARIANTS:
            raise ValueError(f"variant is {variant!r}; expected one of {', '.join(VARIANTS)}")
        variant_features, variant_blocks, variant_depth = VARIANTS[variant]
        features = variant_features if features is None else features
        blocks = variant_blocks if blocks is None else blocks
        depth = variant_depth if depth is None else depth
        for name, values in (("mean", IMAGENET_MEAN), ("std", IMAGENET_STD)):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)
        self.head = nn.Conv2d(3, features, 3, padding=1)
        self.body = nn.Sequential(*(DetailFidelityModule(features, blocks) for _ in range(depth)))
        self.body_end = nn.Conv2d(features, features, 3, padding=1)
        self.upsampler = SubPixelUpsampler(scale, features, bias=False)
        self.tail = nn.Conv2d(features, 3, 3, padding=1)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Super-resolve RGB `x` (B, 3, h, w) into one image (B, 3, scale * h, scale * w).

        Its statistics need more than one pixel in all.
        """
        features = self.head((x - self.mean) / self.std)
        features = features + self.body_end(self.body(features))
        sr = self.tail(self.upsampler(features))
        return (sr * self.std + self.mean,)


def _statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation per image and channel, each (B, C, 1, 1)."""
    variance, mean = torch.var_mean(x, dim=(2, 3), keepdim=True)
    return mean, _root(variance + 1e-5)


def _root(x: Tensor) -> Tensor:
    """Square root of positive `x`; torch.sqrt's last bit depends on the processor."""
    return x * x.rsqrt()
