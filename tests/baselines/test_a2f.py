import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.a2f import A2F, AuxiliaryBlock


def _plain_conv(x: Tensor, conv: nn.Conv2d) -> Tensor:
    """Convolve with the weight that Salimans and Kingma's w = g v / |v| gives."""
    g, v = conv.parametrizations.weight.original0, conv.parametrizations.weight.original1
    weight = g * v / v.pow(2).sum(dim=(1, 2, 3), keepdim=True).sqrt()
    return F.conv2d(x, weight, conv.bias, padding=1)


def test_block_is_the_papers_formula() -> None:
    torch.manual_seed(0)
    block = AuxiliaryBlock(4, 8, states=3)
    a, b, c = torch.tensor([0.5, 2.0, -1.5])
    for parameter in (block.input_scale, block.residual_scale, block.auxiliary_scale):
        assert parameter.item() == 1.0
    block.input_scale.data[:], block.residual_scale.data[:], block.auxiliary_scale.data[:] = a, b, c
    states = [torch.randn(2, 4, 5, 6) for _ in range(3)]

    residual = _plain_conv(
        _plain_conv(states[2], block.residual[0]).clamp(min=0), block.residual[2]
    )
    w = block.project.weight[:, :, 0, 0]
    auxiliary = sum(
        torch.einsum("oi,bihw->bohw", w[:, 4 * i : 4 * i + 4], s) for i, s in enumerate(states)
    )
    pooled = auxiliary.mean(dim=(2, 3))
    first, second = block.attention[1], block.attention[3]
    hidden = F.linear(pooled, first.weight[:, :, 0, 0], first.bias).clamp(min=0)
    gates = torch.sigmoid(F.linear(hidden, second.weight[:, :, 0, 0], second.bias))
    expected = a * states[2] + b * residual + c * auxiliary * gates[:, :, None, None]
    torch.testing.assert_close(block(states), expected)


def test_network_works_on_shifted_and_scaled_values() -> None:
    torch.manual_seed(0)
    net = A2F(3, features=4, depth=1, block_features=8)
    x = torch.rand(1, 3, 4, 4)
    mean = 255 * torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1)
    y = (255 * x - mean) / 127.5
    head = _plain_conv(y, net.head)
    state = net.body[0]([head])
    tail, skip = _plain_conv(state, net.tail), _plain_conv(y, net.skip)
    expected = F.pixel_shuffle(tail, 3) + F.pixel_shuffle(skip, 3)
    torch.testing.assert_close(255 * net(x)[-1], 127.5 * expected + mean)
