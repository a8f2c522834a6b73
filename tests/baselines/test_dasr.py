import torch
from torch import Tensor
from torch.nn import functional as F

from baselines.dasr import (
    DASR,
    DegradationAwareBlock,
    DegradationAwareConv,
    DegradationAwareGroup,
    DegradationEncoder,
)
from tests.baselines.formulas import same


def test_degradation_aware_convolution_is_the_papers_formula() -> None:
    """One image at a time, each with the kernels that its own representation predicts."""
    torch.manual_seed(0)
    layer = DegradationAwareConv(8, reduction=4)
    x, representation = torch.randn(3, 8, 5, 6), torch.randn(3, 8)

    def act(value: Tensor) -> Tensor:
        return torch.maximum(value, 0.1 * value)

    expected = []
    for image, vector in zip(x, representation, strict=True):
        kernels = (layer.kernel[2].weight @ act(layer.kernel[0].weight @ vector)).view(8, 3, 3)
        planes = [
            F.conv2d(plane[None, None], kernel[None, None], padding=1)[0, 0]
            for plane, kernel in zip(image, kernels, strict=True)
        ]
        adapted = torch.einsum(
            "oi,ihw->ohw", layer.mix.weight[:, :, 0, 0], act(torch.stack(planes))
        )
        hidden = act(layer.attention[0].weight[:, :, 0, 0] @ vector)
        gates = torch.sigmoid(layer.attention[2].weight[:, :, 0, 0] @ hidden)
        expected.append(adapted + layer.mix.bias[:, None, None] + image * gates[:, None, None])
    torch.testing.assert_close(layer(x, representation), torch.stack(expected))


def test_block_and_group_are_the_papers_formulas() -> None:
    torch.manual_seed(0)
    group, x, v = DegradationAwareGroup(4, 2, 2), torch.randn(2, 4, 5, 5), torch.randn(2, 4)

    def block_formula(block: DegradationAwareBlock, x: Tensor) -> Tensor:
        y = F.leaky_relu(block.adapt1(x, v), 0.1)
        y = F.leaky_relu(same(y, block.conv1), 0.1)
        y = F.leaky_relu(block.adapt2(y, v), 0.1)
        return same(y, block.conv2) + x

    y = block_formula(group.blocks[1], block_formula(group.blocks[0], x))
    torch.testing.assert_close(group(x, v), same(y, group.end) + x)


def test_representation_is_a_mean_over_the_image() -> None:
    torch.manual_seed(0)
    encoder = DegradationEncoder(4).eval()
    x = 255 * torch.rand(1, 3, 12, 8)
    features = encoder.layers[:-2](x)
    assert features.shape == (1, 16, 3, 2)  # two convolutions of stride 2
    torch.testing.assert_close(encoder(x), features.mean(dim=(2, 3)))
    assert [encoder.layers[3 * i].stride[0] for i in range(6)] == [1, 1, 2, 1, 2, 1]


def test_mean_is_subtracted_for_the_generator_alone() -> None:
    torch.manual_seed(0)
    net, x = DASR(2, features=4, depth=1, blocks=1).eval(), torch.rand(1, 3, 6, 6)
    g, mean = net.generator, 255 * torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1)
    v = F.leaky_relu(net.encoder(255 * x) @ g.compress[0].weight.T, 0.1)
    head = g.head(255 * x - mean)
    y = g.tail(g.upsampler(head + g.body_end(g.groups[0](head, v)))) + mean
    torch.testing.assert_close(255 * net(x)[-1], y)
