import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mesr.common.base import SRNetwork
from mesr.network import MESR
from pipeline.models import counting
from pipeline.support.errors import UserError
from tests.pipeline.tools.networks import WindowAttention


class Toy(SRNetwork):
    def __init__(self, scale: int, body: nn.Module) -> None:
        super().__init__(scale)
        self.body = body

    def forward(self, x: Tensor) -> tuple[Tensor]:
        return (self.body(x),)


def count(scale: int, body: nn.Module, *size: int) -> counting.Complexity:
    return counting.count(Toy(scale, body).to("meta"), *size)


GROUPED = nn.Conv2d(3, 6, 3, padding=1, groups=3)
TRANSPOSED = nn.ConvTranspose2d(3, 5, 4, stride=2, padding=1)  # counted on its input grid
SUB_PIXEL = nn.Sequential(nn.Conv2d(3, 27, 3, padding=1), nn.PixelShuffle(3), nn.ReLU())


@pytest.mark.parametrize(
    ("scale", "body", "size", "multi_adds"),
    [
        (2, nn.Conv2d(3, 7, 5, padding=2), (40, 60), 20 * 30 * 7 * 3 * 25),
        (3, SUB_PIXEL, (30, 60), 10 * 20 * 27 * 27),
        (2, GROUPED, (8, 8), 4 * 4 * 6 * 9),
        (2, TRANSPOSED, (8, 8), 4 * 4 * 3 * 5 * 16),
    ],
)
def test_layers_in_closed_form(
    scale: int, body: nn.Module, size: tuple[int, int], multi_adds: int
) -> None:
    assert count(scale, body, *size).multi_adds == multi_adds


def test_what_some_papers_count_besides() -> None:
    shared = nn.Conv2d(3, 3, 3, padding=1)
    body = nn.Sequential(shared, nn.PReLU(), shared, nn.Conv2d(3, 5, 1, bias=False))
    found = count(2, body, 40, 60)
    assert found.params - found.weights == 3
    assert found.biases == 2 * found.rectifiers == 2 * 20 * 30 * 3
    assert found.convolutions == 3  # a shared one counts each time
    assert found.activations == 20 * 30 * (3 + 3 + 5)
    assert found.pooling == 0
    assert count(2, nn.AdaptiveAvgPool2d(1), 40, 60).pooling == 3 * 20 * 30


def test_parts_are_the_modules_of_the_network() -> None:
    network = Toy(2, nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 3, 1)))
    network.blocks = nn.ModuleList([nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)])
    network.unused = nn.Conv2d(3, 3, 1)
    network.forward = lambda x: (network.blocks[1](network.blocks[0](network.body(x))),)
    found = counting.count(network.to("meta"), 40, 60)
    pixels = 20 * 30
    assert found.parts == {"body": pixels * (3 * 8 * 9 + 8 * 3), "blocks": 2 * pixels * 9}
    assert sum(found.parts.values()) == found.multi_adds
    assert counting.count(network, 40, 60).parts == found.parts  # nothing is left behind


def mesr_multi_adds(scale: int, blocks: int) -> int:
    """Weights of each convolution times the pixels it runs on, from the paper's equations."""
    lr = 1280 * 720 // scale**2
    unit = 64 * 24 + 2 * 24 * 24 * 9 + 72 * 24 * 9 + 24 * 24 * 9 + 48 * 64
    body = 27 * 64 + blocks * 5 * unit + blocks * 64 * 64
    if scale == 4:
        upsampler = lr * 64 * 256 * 9 + 4 * lr * 64 * 256 * 9
    else:
        upsampler = lr * 64 * 64 * scale**2 * 9
    hr = 1280 * 720 * (64 * 3 * 9 + 3 * 64 * 9 + 64 * 3)
    attention = blocks * 64 * 5  # one 1-D convolution over the channels per block
    return lr * body + upsampler + hr + attention


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_whole_of_mesr_in_closed_form(scale: int) -> None:
    with torch.device("meta"):
        network = MESR(scale, blocks=2)
    assert counting.count(network).multi_adds == mesr_multi_adds(scale, 2)


def test_window_attention_in_closed_form() -> None:
    """A small Swin transformer; attention costs twice window times width a pixel and layer."""
    width, window, depth, height = 8, 8, 2, 16
    network = counting.weightless(lambda: WindowAttention(4, window=window, width=width))
    found = counting.count(network, 4 * height, 4 * 24)
    pixels = height * 24
    # Layers between windows attend on an image that is extended by half a window on each side.
    shifted = (height + window) * (24 + window)
    attention = sum(n * (3 * width**2 + 2 * window**2 * width) for n in (pixels, shifted))
    feed = depth * pixels * 4 * width**2
    convolutions = pixels * 9 * (3 * width + width * 3 * 16)
    assert found.multi_adds == attention + feed + convolutions
    assert found.convolutions == 2
    assert found.params == sum(p.numel() for p in WindowAttention(4).parameters())


def test_networks_whose_constructor_needs_values_count() -> None:
    def build() -> Toy:
        rates = [float(x) for x in torch.linspace(0, 0.1, 3)]  # as drop path rates are made
        return Toy(2, nn.Sequential(nn.Conv2d(3, 3, 1), nn.Dropout(rates[1])))

    assert counting.count(counting.weightless(build), 8, 8).multi_adds == 16 * 9


class Everything(nn.Module):
    """Operations of Transformers and of their neighbours."""

    def forward(self, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        y = torch.einsum("bchw,bdhw->bcd", x, x).softmax(-1) @ x.flatten(2)  # 2 * 9 * h * w
        y = y.view(b, c, h, w)
        y = F.group_norm(y, 1) + F.silu(y) + F.gelu(y) + F.mish(y) + F.hardswish(y) + F.elu(y)
        y = F.layer_norm(torch.roll(y, (1, 1), (2, 3)), (w,)) + F.instance_norm(y)
        y = F.interpolate(F.adaptive_avg_pool2d(F.normalize(y, dim=1), (4, 4)), size=(h, w))
        y = F.fold(F.unfold(y, 3, padding=1), (h, w), 3, padding=1)
        mask = torch.zeros(h, w, device=x.device)
        mask[:4] = 1
        y = torch.where(y > 0, y.masked_fill(mask > 0, -100.0), -y)
        y = F.pixel_shuffle(F.pixel_unshuffle(torch.flip(F.rms_norm(y, (w,)), (2,)), 2), 2)
        y = torch.topk(y, 2, dim=1)[0].sum(1, keepdim=True).expand(b, 3, h, w).contiguous()
        index = torch.arange(h, device=x.device)
        return F.softplus(y)[:, :, index].clamp_(0, 1) * torch.rsqrt(y.pow(2).mean() + 1e-6)


def test_operations_of_transformers_count() -> None:
    assert count(2, Everything(), 32, 32).multi_adds == 2 * 9 * 16 * 16


def test_all_operations_of_unknown_cost_are_named_at_once() -> None:
    class Unknown(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.cumsum(x, 2) + torch.fft.rfft2(x).real.sum()

    with pytest.raises(UserError, match=r"known for aten\._fft_r2c, aten\.cumsum\. Give torch"):
        count(2, Unknown(), 8, 8)


def test_networks_that_need_values_to_run_are_refused_with_a_reason() -> None:
    class Picky(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x * float(x.mean())

    with pytest.raises(UserError, match="does not run on a 4x4 image without values"):
        count(2, Picky(), 8, 8)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_lr_size_has_exactly_the_right_number_of_pixels(scale: int) -> None:
    height, width = counting.lr_size(720, 1280, scale)
    assert height * width * scale**2 == 720 * 1280
    assert abs(math.log(width / height * 720 / 1280)) < 0.15
    with pytest.raises(UserError, match=r"complexity\.hr: 101x101.*scale"):
        counting.lr_size(101, 101, scale)
