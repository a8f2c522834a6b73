import pytest
import torch
from torch import Tensor

from baselines.msrn import MSRB, MSRN
from tests.baselines.formulas import authors_state, conv


def _shuffle(x: Tensor, scale: int) -> Tensor:
    batch, channels, height, width = x.shape
    y = x.reshape(batch, channels // scale**2, scale, scale, height, width)
    return y.permute(0, 1, 4, 2, 5, 3).reshape(batch, -1, height * scale, width * scale)


def _block(x: Tensor, p: dict[str, Tensor], names: list[str]) -> Tensor:
    """Equations 2-6 with the layers given in the order S1, P1, S2, P2, fusion."""
    s1, p1, s2, p2, fusion = ((p[f"{n}.weight"], p[f"{n}.bias"]) for n in names)
    first = torch.cat([conv(x, *s1).clamp(min=0), conv(x, *p1).clamp(min=0)], 1)
    second = torch.cat([conv(first, *s2).clamp(min=0), conv(first, *p2).clamp(min=0)], 1)
    return x + conv(second, *fusion)


def test_block_is_the_papers_formula() -> None:
    torch.manual_seed(0)
    block, x = MSRB(6), torch.randn(2, 6, 5, 4)
    expected = _block(x, block.state_dict(), ["conv3_1", "conv5_1", "conv3_2", "conv5_2", "fuse"])
    torch.testing.assert_close(block(x), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_eccv_network_is_the_papers(scale: int) -> None:
    torch.manual_seed(0)
    net, x = MSRN(scale, features=4, blocks=2, version="eccv"), torch.rand(1, 1, 5, 4)
    p = net.state_dict()
    features = [conv(x, p["head.weight"], p["head.bias"])]
    for n in range(2):
        layers = ("conv3_1", "conv5_1", "conv3_2", "conv5_2", "fuse")
        features.append(_block(features[-1], p, [f"body.{n}.{layer}" for layer in layers]))
    fused = conv(torch.cat(features, 1), p["bottleneck.weight"], p["bottleneck.bias"])
    enlarged = _shuffle(conv(fused, p["upsample.0.weight"], p["upsample.0.bias"]), scale)
    expected = conv(enlarged, p["tail.weight"], p["tail.bias"])
    torch.testing.assert_close(net(x)[-1], expected, atol=1e-5, rtol=1e-5)


def test_mean_shifts_cancel_at_first() -> None:
    net, x = MSRN(2, features=2, blocks=1), torch.rand(1, 3, 4, 4)
    torch.testing.assert_close(net.add_mean(net.subtract_mean(255 * x)), 255 * x)
    mean = torch.tensor([0.4488, 0.4371, 0.4040])[:, None, None].expand(1, 3, 4, 4)
    torch.testing.assert_close(net.subtract_mean(255 * mean), torch.zeros(1, 3, 4, 4))


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_rgb_network_is_that_of_the_authors_code(scale: int) -> None:
    torch.manual_seed(0)
    net, x = MSRN(scale, features=4, blocks=3), torch.rand(1, 3, 4, 3)
    p = authors_state("msrn", scale, net.state_dict())

    def layer(value: Tensor, name: str) -> Tensor:
        return conv(value, p[f"{name}.weight"], p[f"{name}.bias"])

    head = layer(layer(255 * x, "sub_mean"), "head.0")
    features, blocks = head, []
    for n in range(3):
        layers = ("conv_3_1", "conv_5_1", "conv_3_2", "conv_5_2", "confusion")
        features = _block(features, p, [f"body.{n}.{layer}" for layer in layers])
        blocks.append(features)
    y = layer(layer(torch.cat([*blocks, head], 1), "tail.0"), "tail.1")
    for n, factor in ((0, 2), (2, 2)) if scale == 4 else ((0, scale),):
        y = _shuffle(layer(y, f"tail.2.{n}"), factor)
    expected = layer(layer(y, "tail.3"), "add_mean") / 255
    with torch.no_grad():
        torch.testing.assert_close(net(x)[-1], expected, atol=1e-4, rtol=1e-4)
