from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from baselines.dpsr import DPSR, PUBLISHED, ResidualBlock, published_state_dict


def test_residual_block_is_the_papers_formula() -> None:
    torch.manual_seed(0)
    block, x = ResidualBlock(4), torch.randn(1, 4, 5, 5)
    first, second = block.residual[0], block.residual[2]
    y = F.conv2d(x, first.weight, first.bias, padding=1).clamp(min=0)
    torch.testing.assert_close(block(x), x + F.conv2d(y, second.weight, second.bias, padding=1))


def test_noise_map_is_the_fourth_channel() -> None:
    torch.manual_seed(0)
    net, x = DPSR(2, features=6, depth=1, noise_level=25.5), torch.rand(1, 3, 5, 6)
    with_map = torch.cat([x, torch.full((1, 1, 5, 6), 0.1)], dim=1)
    y = F.conv2d(with_map, net.head.weight, net.head.bias, padding=1)
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
        conv = net.upsampler[stage]
        y = F.pixel_shuffle(F.conv2d(y, conv.weight, conv.bias, padding=1), 2).clamp(min=0)
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


def official_state(scale: int) -> dict[str, Tensor]:
    """Make a state dict of the structure of the authors' files, with random values."""
    factor = 3 if scale == 3 else 2
    convolutions = {"model.0": (96, 4), "model.1.sub.16": (96, 96)}
    for block in range(16):
        convolutions |= {f"model.1.sub.{block}.res.{layer}": (96, 96) for layer in (0, 2)}
    for index in (2, 5) if scale == 4 else (2,):
        convolutions[f"model.{index}"] = (96 * factor**2, 96)
    before, last = ("model.8", "model.10") if scale == 4 else ("model.5", "model.7")
    convolutions[before] = (96, 96)
    state = {f"{name}.weight": torch.randn(*size, 3, 3) for name, size in convolutions.items()}
    state |= {f"{name}.bias": torch.randn(size[0]) for name, size in convolutions.items()}
    return state | {f"{last}.weight": torch.randn(3, 96, 3, 3)}


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_file_of_the_authors_structure_loads(scale: int, tmp_path: Path) -> None:
    official = official_state(scale)
    path = tmp_path / Path(PUBLISHED[scale - 2].files[0]).name
    torch.save(official, path)
    net = DPSR(scale)
    net.load_state_dict(published_state_dict([path], scale))
    state = net.state_dict()
    before, last = ("model.8", "model.10") if scale == 4 else ("model.5", "model.7")
    for ours, theirs in {
        "head.weight": "model.0.weight",
        "body.15.residual.2.bias": "model.1.sub.15.res.2.bias",
        "body.16.weight": "model.1.sub.16.weight",
        "upsampler.0.bias": "model.2.bias",
        "tail.0.bias": f"{before}.bias",
        "tail.2.weight": f"{last}.weight",
    }.items():
        assert torch.equal(state[ours], official[theirs]), ours
