"""Small networks of the kinds that people bring."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mesr.common.base import SRNetwork


class Convolutions(SRNetwork):
    """Plain convolutions; with `pooled`, each layer is weighted by the mean of the whole image."""

    def __init__(
        self, scale=2, domain="rgb", *, preupsampled=False, depth=2, kernel=3, pooled=False
    ):
        super().__init__(scale)
        torch.manual_seed(0)
        self.domain, self.preupsampled, self.pooled = domain, preupsampled, pooled
        factor = 1 if preupsampled else scale
        channels = 3 if domain == "rgb" else 1
        widths = [channels, *[6] * (depth - 1), channels * factor**2]
        self.layers = nn.ModuleList(
            nn.Conv2d(a, b, kernel, padding=kernel // 2)
            for a, b in zip(widths[:-1], widths[1:], strict=True)
        )
        self.shuffle = nn.PixelShuffle(factor)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        big = F.interpolate(x, scale_factor=1 if self.preupsampled else self.scale, mode="nearest")
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
            if self.pooled:
                x = x * torch.sigmoid(4 * x.mean((2, 3), keepdim=True))
        return big[..., ::2, ::2], big + self.shuffle(self.layers[-1](x))


class WindowAttention(SRNetwork):
    """A small Swin transformer: attention in windows, every second layer shifted by half of one.

    Images are padded to multiples of the window by reflection, as SwinIR does. With `wraps`, windows
    over the border hold pixels of the opposite one, as without Swin's masks.
    """

    def __init__(self, scale=2, *, window=8, width=8, depth=2, wraps=False):
        super().__init__(scale)
        torch.manual_seed(0)
        self.window, self.wraps = window, wraps
        self.first = nn.Conv2d(3, width, 3, padding=1)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2 * depth))
        self.qkv = nn.ModuleList(nn.Linear(width, 3 * width) for _ in range(depth))
        self.feed = nn.ModuleList(
            nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
            for _ in range(depth)
        )
        self.last = nn.Sequential(nn.Conv2d(width, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale))

    def attend(self, x: Tensor, layer: int) -> Tensor:
        n, height, width, channels = x.shape
        w = self.window
        windows = x.view(n, height // w, w, width // w, w, channels).permute(0, 1, 3, 2, 4, 5)
        q, k, v = self.qkv[layer](windows.reshape(-1, w * w, channels)).chunk(3, dim=-1)
        found = F.scaled_dot_product_attention(4 * q, k, v)
        found = found.view(n, height // w, width // w, w, w, channels).permute(0, 1, 3, 2, 4, 5)
        return found.reshape(n, height, width, channels)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        height, width = x.shape[-2:]
        w = self.window
        x = F.pad(x, (0, -width % w, 0, -height % w), mode="reflect")
        features = self.first(x)
        y = features.permute(0, 2, 3, 1)
        for layer in range(len(self.qkv)):
            shift = w // 2 if layer % 2 else 0
            normed = self.norms[2 * layer](y)
            if self.wraps:
                rolled = torch.roll(normed, (-shift, -shift), (1, 2))
                y = y + torch.roll(self.attend(rolled, layer), (shift, shift), (1, 2))
            else:
                before, after = shift, -shift % w
                padded = F.pad(normed, (0, 0, before, after, before, after))
                inside = slice(before, None if after == 0 else -after)
                y = y + self.attend(padded, layer)[:, inside, inside]
            y = y + self.feed[layer](self.norms[2 * layer + 1](y))
        y = self.last(features + y.permute(0, 3, 1, 2))
        big = F.interpolate(x, scale_factor=self.scale, mode="nearest")
        return ((big + y)[..., : height * self.scale, : width * self.scale],)


class Unshuffled(SRNetwork):
    """Works at a quarter of the size, as Real-ESRGAN's x2 networks do; pads to multiples of 4."""

    def __init__(self, scale=2, step=4):
        super().__init__(scale)
        torch.manual_seed(0)
        self.step = step
        self.body = nn.Sequential(
            nn.PixelUnshuffle(step),
            nn.Conv2d(3 * step**2, 32, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 3 * (step * scale) ** 2, 3, padding=1),
            nn.PixelShuffle(step * scale),
        )

    def forward(self, x: Tensor) -> tuple[Tensor]:
        height, width = x.shape[-2:]
        x = F.pad(x, (0, -width % self.step, 0, -height % self.step), mode="replicate")
        return (self.body(x)[..., : height * self.scale, : width * self.scale],)
