import torch
from torch.nn import functional as F

from baselines.dpsr import DPSR, ResidualBlock
from tests.baselines.formulas import same


def test_residual_block_is_the_papers_formula() -> None:
    torch.manual_seed(0)
    block, x = ResidualBlock(4), torch.randn(1, 4, 5, 5)
    y = same(x, block.residual[0]).clamp(min=0)
    torch.testing.assert_close(block(x), x + same(y, block.residual[2]))


def test_noise_map_is_the_fourth_channel() -> None:
    torch.manual_seed(0)
    net, x = DPSR(2, features=6, depth=1, noise_level=25.5), torch.rand(1, 3, 5, 6)
    with_map = torch.cat([x, torch.full((1, 1, 5, 6), 0.1)], dim=1)
    y = same(with_map, net.head)
    expected = net.tail(net.upsampler(y + net.body(y)))
    torch.testing.assert_close(net(x)[-1], expected)
    noisy = net(x)[-1]
    net.noise_level = 0.0
    assert not torch.equal(net(x)[-1], noisy)


def test_each_pixel_shuffle_is_followed_by_a_relu() -> None:
    torch.manual_seed(0)
    net, x = DPSR(4, features=4, depth=1), torch.randn(1, 4, 3, 3)
    y = x
    for stage in (0, 3):
        y = F.pixel_shuffle(same(y, net.upsampler[stage]), 2).clamp(min=0)
    torch.testing.assert_close(net.upsampler(x), y)


def test_initialisation_is_orthogonal_of_gain_a_fifth() -> None:
    net = DPSR(2, features=12, depth=1)
    for name, parameter in net.named_parameters():
        if parameter.dim() == 1:
            assert torch.equal(parameter, torch.zeros_like(parameter)), name
        else:
            rows = parameter.detach().flatten(1)  # at most as many rows as columns
            gram = rows @ rows.T if rows.shape[0] <= rows.shape[1] else rows.T @ rows
            torch.testing.assert_close(gram, 0.04 * torch.eye(len(gram)), atol=1e-6, rtol=0)
