"""DASR: degradation-aware super-resolution (Wang et al., CVPR 2021).

"Unsupervised Degradation Representation Learning for Blind Super-Resolution",
https://arxiv.org/abs/2104.00416; official code
https://github.com/The-Learning-And-Vision-Atelier-LAVA/DASR, commit 51524af.

Blind setting: the network is not told how the LR image was made. An encoder E turns the LR image
into a vector that represents the degradation, and the generator G adapts its convolutions to that
vector. The authors train on Gaussian blurs of random width (x4: sigma 0.2 to 4) followed by
bicubic downsampling, and learn the representation by contrast: two patches of one image agree, the
8192 patches of a queue do not. This benchmark evaluates plain bicubic degradation, which is the
paper's blur of width 0.

Left out
--------
- The contrastive branch (momentum encoder, queue, cross-entropy) and the 100 epochs that train the
  encoder alone. Trained here, all patches share one degradation, so there is nothing to contrast;
  E and G are trained together by the reconstruction loss, and the encoder's projection, which only
  the contrastive loss uses, keeps its initial values. The projection and the two frozen mean
  shifts are kept as parameters because the published counts include them.

Batch normalisation makes the encoder behave differently in training and in evaluation mode, and
the representation is a mean over the whole image: tiles of an image need not agree with the whole.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.weights import Published
from baselines.weights.state_dict import read_state_dict
from mesr.common.base import SRNetwork
from mesr.common.layers import DIV2K_MEAN, SubPixelUpsampler

_SLOPE = 0.1


class MeanShift(nn.Conv2d):
    """Add or subtract the DIV2K mean in units of 0..255, as a frozen 1x1 convolution.

    Parameters
    ----------
    sign : {1, -1}
        Whether the mean is added or subtracted.
    """

    def __init__(self, sign: int) -> None:
        super().__init__(3, 3, 1)
        bias = torch.tensor(DIV2K_MEAN) * (255 * sign)
        with torch.no_grad():
            self.weight.copy_(torch.eye(3)[:, :, None, None])
            self.get_parameter("bias").copy_(bias)
        self.requires_grad_(False)


class DegradationEncoder(nn.Module):
    """Six convolutions and a global mean: the degradation representation of an LR image (E).

    Parameters
    ----------
    features : int
        Channels of the first convolution; the representation has four times as many.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = 3
        for out_width, stride in ((1, 1), (1, 1), (2, 2), (2, 1), (4, 2), (4, 1)):
            layers += [
                nn.Conv2d(width, features * out_width, 3, stride=stride, padding=1),
                nn.BatchNorm2d(features * out_width),
                nn.LeakyReLU(_SLOPE),
            ]
            width = features * out_width
        self.layers = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.projection = nn.Sequential(
            nn.Linear(width, width), nn.LeakyReLU(_SLOPE), nn.Linear(width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map RGB in 0..255, (B, 3, h, w), to the representation, (B, 4 * features)."""
        return self.layers(x)


class DegradationAwareConv(nn.Module):
    """Depthwise convolution and channel attention, both predicted from the representation.

    Parameters
    ----------
    features : int
        Channels of the input, of the output and of the compressed representation.
    reduction : int
        Reduction of the channel attention.
    """

    def __init__(self, features: int, reduction: int) -> None:
        super().__init__()
        squeezed = max(features // reduction, 1)
        self.kernel = nn.Sequential(
            nn.Linear(features, features, bias=False),
            nn.LeakyReLU(_SLOPE),
            nn.Linear(features, features * 9, bias=False),
        )
        self.mix = nn.Conv2d(features, features, 1)
        self.attention = nn.Sequential(
            nn.Conv2d(features, squeezed, 1, bias=False),
            nn.LeakyReLU(_SLOPE),
            nn.Conv2d(squeezed, features, 1, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor, representation: Tensor) -> Tensor:
        """Map `x` (B, features, H, W) to the same shape, given (B, features)."""
        batch, features, height, width = x.shape
        kernels = self.kernel(representation).view(batch * features, 1, 3, 3)
        # Images become groups, so that one grouped convolution applies each image's own kernels.
        grouped = x.reshape(1, batch * features, height, width)
        adapted = F.conv2d(grouped, kernels, padding=1, groups=batch * features)
        adapted = self.mix(F.leaky_relu(adapted.view(x.shape), _SLOPE))
        return adapted + x * self.attention(representation[:, :, None, None])


class DegradationAwareBlock(nn.Module):
    """Two degradation-aware convolutions, each followed by a plain one, and a skip (DAB).

    Parameters
    ----------
    features : int
        Channels of the input and of the output.
    reduction : int
        Reduction of the channel attention.
    """

    def __init__(self, features: int, reduction: int) -> None:
        super().__init__()
        self.adapt1 = DegradationAwareConv(features, reduction)
        self.conv1 = nn.Conv2d(features, features, 3, padding=1)
        self.adapt2 = DegradationAwareConv(features, reduction)
        self.conv2 = nn.Conv2d(features, features, 3, padding=1)

    def forward(self, x: Tensor, representation: Tensor) -> Tensor:
        """Map `x` (B, features, H, W) to the same shape, given (B, features)."""
        y = F.leaky_relu(self.adapt1(x, representation), _SLOPE)
        y = F.leaky_relu(self.conv1(y), _SLOPE)
        y = F.leaky_relu(self.adapt2(y, representation), _SLOPE)
        return x + self.conv2(y)


class DegradationAwareGroup(nn.Module):
    """Degradation-aware blocks, a convolution, and a skip (DAG).

    Parameters
    ----------
    features : int
        Channels of the input and of the output.
    blocks : int
        Number of blocks.
    reduction : int
        Reduction of the channel attention.
    """

    def __init__(self, features: int, blocks: int, reduction: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            DegradationAwareBlock(features, reduction) for _ in range(blocks)
        )
        self.end = nn.Conv2d(features, features, 3, padding=1)

    def forward(self, x: Tensor, representation: Tensor) -> Tensor:
        """Map `x` (B, features, H, W) to the same shape, given (B, features)."""
        y = x
        for block in self.blocks:
            y = block(y, representation)
        return x + self.end(y)


class Generator(nn.Module):
    """Super-resolver that adapts to a degradation representation (G).

    Parameters
    ----------
    scale : {2, 3, 4}
        Upscaling factor.
    features : int
        Channels of the body.
    depth : int
        Number of groups.
    blocks : int
        Blocks per group.
    reduction : int
        Reduction of the channel attention.
    """

    def __init__(self, scale: int, features: int, depth: int, blocks: int, reduction: int) -> None:
        super().__init__()
        self.subtract_mean = MeanShift(-1)
        self.add_mean = MeanShift(1)
        self.head = nn.Conv2d(3, features, 3, padding=1)
        self.compress = nn.Sequential(
            nn.Linear(4 * features, features, bias=False), nn.LeakyReLU(_SLOPE)
        )
        self.groups = nn.ModuleList(
            DegradationAwareGroup(features, blocks, reduction) for _ in range(depth)
        )
        self.body_end = nn.Conv2d(features, features, 3, padding=1)
        self.upsampler = SubPixelUpsampler(scale, features)
        self.tail = nn.Conv2d(features, 3, 3, padding=1)

    def forward(self, x: Tensor, representation: Tensor) -> Tensor:
        """Upscale RGB in 0..255, (B, 3, h, w), given (B, 4 * features)."""
        representation = self.compress(representation)
        head = self.head(self.subtract_mean(x))
        features = head
        for group in self.groups:
            features = group(features, representation)
        features = head + self.body_end(features)
        return self.add_mean(self.tail(self.upsampler(features)))


class DASR(SRNetwork):
    """DASR at inference: encoder and generator.

    Parameters
    ----------
    scale : {2, 3, 4}
        Upscaling factor.
    features : int
        Channels of the generator; the representation has four times as many.
    depth : int
        Number of degradation-aware groups.
    blocks : int
        Degradation-aware blocks per group.
    reduction : int
        Reduction of the channel attention.

    """

    def __init__(
        self,
        scale: int,
        *,
        features: int = 64,
        depth: int = 5,
        blocks: int = 5,
        reduction: int = 8,
    ) -> None:
        super().__init__(scale)
        self.generator = Generator(scale, features, depth, blocks, reduction)
        self.encoder = DegradationEncoder(features)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Super-resolve RGB `x` (B, 3, h, w) into one image (B, 3, scale * h, scale * w)."""
        x = 255 * x
        return (self.generator(x, self.encoder(x)) / 255,)


PUBLISHED = tuple(
    Published(
        scale,
        (f"DASR/DASR_x{scale}_bicubic_iso.pt",),
        note="authors' blind weights for isotropic Gaussian blur and bicubic downsampling",
    )
    for scale in (2, 3, 4)
)

# Names of the official state dict and ours.
_RENAMED = (
    (r"^E\.encoder_q\.E\.", "encoder.layers."),
    (r"^E\.encoder_q\.mlp\.", "encoder.projection."),
    (r"^G\.sub_mean\.", "generator.subtract_mean."),
    (r"^G\.head\.0\.", "generator.head."),
    (r"^G\.body\.(\d+)\.body\.(\d+)\.(weight|bias)$", r"generator.groups.\1.end.\3"),
    (r"^G\.body\.(\d+)\.body\.(\d+)\.", r"generator.groups.\1.blocks.\2."),
    (r"^G\.body\.\d+\.(weight|bias)$", r"generator.body_end.\1"),
    (r"^G\.tail\.0\.", "generator.upsampler."),
    (r"^G\.tail\.1\.", "generator.tail."),
    (r"^G\.", "generator."),
    (r"\.da_conv(\d)\.", r".adapt\1."),
    (r"\.adapt(\d)\.conv\.", r".adapt\1.mix."),
    (r"\.ca\.conv_du\.", ".attention."),
)


def published_state_dict(paths: Sequence[Path], scale: int) -> dict[str, Tensor]:
    """Rename the authors' state dict without the encoder's momentum copy and queue."""
    return read_state_dict(paths[0], _RENAMED, drop=r"E\.(encoder_k\.|queue)")
