import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.defian import (
    ChannelAttentionBlock,
    DeFiAN,
    DetailFidelityModule,
    DilatedEncoderDecoder,
    DistributionAlignment,
    HessianFilter,
)
from tests.baselines.formulas import same


@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_hessian_filter_is_the_largest_eigenvalue(dilation: int) -> None:
    """On a quadratic, the second differences are the derivatives times the squared step."""
    torch.manual_seed(0)
    a, b, c = 0.7, -0.4, 0.9
    y, x = np.mgrid[-6:7, -6:7].astype(float)
    image = torch.from_numpy(np.stack([a * x**2 + b * y**2 + c * x * y] * 2))[None]
    layer = HessianFilter(2, dilation).double()
    result = layer(image)[0, :, 6, 6].tolist()
    biases = {name: conv.bias.tolist() for name, conv in layer.derivatives.items()}
    step = dilation**2
    for channel in range(2):
        xx = 2 * a * step + biases["xx"][channel]
        yy = 2 * b * step + biases["yy"][channel]
        xy = 4 * c * step + biases["xy"][channel]
        largest = np.linalg.eigvalsh([[xx, xy], [xy, yy]])[-1]
        assert result[channel] == pytest.approx(largest, abs=1e-9)


def test_hessian_biases_are_random_frozen_and_saved() -> None:
    torch.manual_seed(0)
    net = DeFiAN(2, features=8, blocks=1, depth=1)
    biases = [p for name, p in net.named_parameters() if "derivatives" in name and "bias" in name]
    assert len(biases) == 9
    values = torch.cat(biases)
    assert values.abs().max() <= 1 / 3  # torch's bound for nine taps
    assert values.std() == pytest.approx(1 / 3 / 3**0.5, rel=0.2)  # of a uniform distribution
    assert not any(bias.requires_grad for bias in biases)
    other = DeFiAN(2, features=8, blocks=1, depth=1)
    x = torch.rand(1, 3, 6, 6)
    assert not torch.equal(net(x)[-1], other(x)[-1])
    other.load_state_dict(net.state_dict())
    assert torch.equal(net(x)[-1], other(x)[-1])


def test_gradient_is_finite_where_the_hessian_vanishes() -> None:
    layer = HessianFilter(1, 1)
    for conv in layer.derivatives.values():
        nn.init.zeros_(conv.bias)
    x = torch.zeros(1, 1, 4, 4, requires_grad=True)
    layer(x).sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_alignment_is_the_papers_formula() -> None:
    torch.manual_seed(0)
    layer = DistributionAlignment(32)
    observed, reference = torch.randn(2, 1, 5, 6), torch.randn(2, 32, 5, 6)

    def corrected(values: np.ndarray, part: nn.Sequential) -> np.ndarray:
        first, second = (part[i].weight[:, :, 0, 0].detach().numpy() for i in (0, 2))
        return (np.maximum(values @ first.T, 0) @ second.T)[:, :, None, None]

    def statistics(x: Tensor) -> tuple[np.ndarray, np.ndarray]:
        values = x.flatten(2).numpy()
        return values.mean(axis=2), np.sqrt(values.var(axis=2, ddof=1) + 1e-5)

    mean, std = statistics(reference)
    own_mean, own_std = (s[:, :, None, None] for s in statistics(observed))
    expected = (observed.numpy() - own_mean) / own_std * corrected(std, layer.std)
    expected = expected + corrected(mean, layer.mean)
    np.testing.assert_allclose(layer(observed, reference).detach(), expected, atol=1e-5)


def test_encoder_decoder_mirrors_itself() -> None:
    torch.manual_seed(0)
    coder, x = DilatedEncoderDecoder(3), torch.randn(1, 3, 9, 8)
    y, dilations = x, (1, 2, 4, 4, 2, 1)
    for i, dilation in enumerate(dilations):
        layer = coder.layers[2 * i]
        # A transposed convolution of stride 1 is a convolution with the kernel turned round.
        weight = layer.weight if i < 3 else layer.weight.flip(2, 3).transpose(0, 1)
        y = F.conv2d(y, weight, layer.bias, padding=dilation, dilation=dilation).clamp(min=0)
    torch.testing.assert_close(coder(x), same(y, coder.gate))
    assert [coder.layers[2 * i].out_channels for i in range(6)] == [6, 12, 24, 12, 6, 3]


def test_residual_block_is_the_papers_formula() -> None:
    torch.manual_seed(0)
    block, x = ChannelAttentionBlock(32), torch.randn(2, 32, 4, 4)
    y = same(same(x, block.residual[0]).clamp(min=0), block.residual[2])
    squeeze, excite = block.attention[1], block.attention[3]
    assert squeeze.out_channels == 2  # a sixteenth
    z = F.linear(y.mean(dim=(2, 3)), squeeze.weight[:, :, 0, 0], squeeze.bias).clamp(min=0)
    z = torch.sigmoid(F.linear(z, excite.weight[:, :, 0, 0], excite.bias))
    torch.testing.assert_close(block(x), x + y * z[:, :, None, None])


def test_module_attends_with_statistics_of_its_input() -> None:
    torch.manual_seed(0)
    module, x = DetailFidelityModule(4, 1), torch.randn(1, 4, 8, 8)
    residual = module.body(x)
    maps = torch.cat([h(residual).mean(1, keepdim=True) for h in module.hessians], dim=1)
    assert [h.derivatives["xx"].dilation for h in module.hessians] == [(1, 1), (2, 2), (3, 3)]
    attention = torch.sigmoid(module.align(module.coder(maps), x))
    torch.testing.assert_close(module(x), residual * attention + x)


def test_output_is_in_the_units_of_the_input() -> None:
    net = DeFiAN(2, features=4, blocks=1, depth=1)
    nn.init.zeros_(net.tail.weight)
    nn.init.zeros_(net.tail.bias)
    sr = net(torch.rand(1, 3, 4, 4))[-1]
    # A zero in ImageNet's normalised units is ImageNet's mean colour.
    expected = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1).expand_as(sr)
    torch.testing.assert_close(sr, expected)
