from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from baselines.dasr import (
    DASR,
    PUBLISHED,
    DegradationAwareBlock,
    DegradationAwareConv,
    DegradationAwareGroup,
    DegradationEncoder,
    published_state_dict,
)


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
        y = F.leaky_relu(F.conv2d(y, block.conv1.weight, block.conv1.bias, padding=1), 0.1)
        y = F.leaky_relu(block.adapt2(y, v), 0.1)
        return F.conv2d(y, block.conv2.weight, block.conv2.bias, padding=1) + x

    y = block_formula(group.blocks[1], block_formula(group.blocks[0], x))
    torch.testing.assert_close(
        group(x, v), F.conv2d(y, group.end.weight, group.end.bias, padding=1) + x
    )


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


def official_state(scale: int) -> dict[str, Tensor]:
    """Make a state dict of the structure of the authors' files, with random values."""
    shapes: dict[str, tuple[int, ...]] = {}

    def conv(name: str, inputs: int, outputs: int, size: int = 3) -> None:
        shapes[f"{name}.weight"] = (outputs, inputs, size, size)
        shapes[f"{name}.bias"] = (outputs,)

    for name in ("sub_mean", "add_mean"):
        conv(f"G.{name}", 3, 3, 1)
    conv("G.head.0", 3, 64)
    shapes["G.compress.0.weight"] = (64, 256)
    for group in range(5):
        for block in range(5):
            name = f"G.body.{group}.body.{block}"
            for layer in (1, 2):
                conv(f"{name}.conv{layer}", 64, 64)
                adaptive = f"{name}.da_conv{layer}"
                shapes[f"{adaptive}.kernel.0.weight"] = (64, 64)
                shapes[f"{adaptive}.kernel.2.weight"] = (576, 64)
                conv(f"{adaptive}.conv", 64, 64, 1)
                shapes[f"{adaptive}.ca.conv_du.0.weight"] = (8, 64, 1, 1)
                shapes[f"{adaptive}.ca.conv_du.2.weight"] = (64, 8, 1, 1)
        conv(f"G.body.{group}.body.5", 64, 64)
    conv("G.body.5", 64, 64)
    for stage in (0, 2) if scale == 4 else (0,):
        conv(f"G.tail.0.{stage}", 64, 64 * (9 if scale == 3 else 4))
    conv("G.tail.1", 64, 3)
    for encoder in ("encoder_q", "encoder_k"):  # the second is dropped
        widths = ((3, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256))
        for i, (inputs, outputs) in enumerate(widths):
            conv(f"E.{encoder}.E.{3 * i}", inputs, outputs)
            for part in ("weight", "bias", "running_mean", "running_var"):
                shapes[f"E.{encoder}.E.{3 * i + 1}.{part}"] = (outputs,)
            shapes[f"E.{encoder}.E.{3 * i + 1}.num_batches_tracked"] = ()
        for layer in (0, 2):
            shapes[f"E.{encoder}.mlp.{layer}.weight"] = (256, 256)
            shapes[f"E.{encoder}.mlp.{layer}.bias"] = (256,)
    shapes["E.queue"], shapes["E.queue_ptr"] = (256, 64), (1,)
    return {name: torch.randn(shape) for name, shape in shapes.items()}


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_file_of_the_authors_structure_loads(scale: int, tmp_path: Path) -> None:
    official = official_state(scale)
    path = tmp_path / Path(PUBLISHED[scale - 2].files[0]).name
    torch.save(official, path)
    net = DASR(scale)
    net.load_state_dict(published_state_dict([path], scale))
    state = net.state_dict()
    for ours, theirs in {
        "generator.groups.4.blocks.3.conv2.weight": "G.body.4.body.3.conv2.weight",
        "generator.groups.4.blocks.3.adapt2.mix.bias": "G.body.4.body.3.da_conv2.conv.bias",
        "generator.groups.2.end.bias": "G.body.2.body.5.bias",
        "generator.body_end.bias": "G.body.5.bias",
        "generator.subtract_mean.bias": "G.sub_mean.bias",
        "generator.tail.bias": "G.tail.1.bias",
        "encoder.layers.16.running_var": "E.encoder_q.E.16.running_var",
    }.items():
        assert torch.equal(state[ours], official[theirs]), ours
