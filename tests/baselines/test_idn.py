from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from baselines.idn import IDN, DistillationBlock, published_state_dict
from mesr.common.imresize import imresize
from tests.baselines.formulas import conv
from tests.baselines.weights.wire import bytes_field, varint

# Input channels per group, output channels, side of the kernel, biased; in the order of the file.
_BLOCK_SHAPES = [
    (48, 64, 3, 3), (32, 12, 3, 3), (64, 32, 3, 3),
    (64, 48, 3, 3), (48, 16, 3, 3), (80, 48, 3, 3),
]  # fmt: skip


def _authors_layers() -> dict[str, tuple[tuple[int, ...], int]]:
    """Weight shape and number of biases of each layer of the authors' prototxt."""
    layers: dict[str, tuple[tuple[int, ...], int]] = {
        "conv1": ((64, 1, 3, 3), 64),
        "conv2": ((64, 64, 3, 3), 64),
    }
    for block in range(1, 5):
        for n, shape in enumerate(_BLOCK_SHAPES, 1):
            layers[f"conv{block + 2}_{n}"] = (shape, shape[0])
        layers[f"down{block}"] = ((64, 80, 1, 1), 64)
    layers["upsample"] = ((64, 1, 17, 17), 1)
    return layers


def test_block_is_the_papers_formula() -> None:
    torch.manual_seed(0)
    block, x = DistillationBlock(64), torch.randn(1, 64, 5, 4)
    for parameter in block.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    p = block.state_dict()

    def layer(value: Tensor, name: str, groups: int = 1) -> Tensor:
        y = conv(value, p[f"{name}.weight"], p[f"{name}.bias"], groups)
        return torch.where(y > 0, y, 0.05 * y)

    upper = layer(layer(layer(x, "enhance.0"), "enhance.1", groups=4), "enhance.2")
    lower = layer(layer(layer(upper[:, 16:], "enhance.3"), "enhance.4", groups=4), "enhance.5")
    enhanced = lower + torch.cat([x, upper[:, :16]], 1)
    torch.testing.assert_close(block(x), layer(enhanced, "compress"), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_residual_aligns_as_in_the_authors_code(scale: int) -> None:
    torch.manual_seed(0)
    net, x = IDN(scale, features=16, blocks=0), torch.rand(1, 1, 6, 7)
    features = x
    for layer in net.extract:
        features = F.leaky_relu(layer(features), 0.05)
    # Caffe's Deconvolution: padding 8, hence s(h-1)+1 rows, added to the rows from s-1 on.
    up = net.upsample
    theirs = F.conv_transpose2d(features, up.weight, up.bias, stride=scale, padding=8)
    assert theirs.shape[-2:] == (scale * 5 + 1, scale * 6 + 1)
    expected = imresize(x, scale=scale)[..., scale - 1 :, scale - 1 :] + theirs
    torch.testing.assert_close(net(x)[-1][..., scale - 1 :, scale - 1 :], expected)


def test_initialisation_averages_the_fans() -> None:
    torch.manual_seed(0)
    net = IDN(2)
    deconvolution = net.upsample.weight  # Caffe's fans: 289 and 64 * 289
    wanted = (2 / ((289 + 64 * 289) / 2)) ** 0.5
    assert deconvolution.std().item() == pytest.approx(wanted, rel=0.02)
    grouped = net.blocks[0].enhance[1].weight  # fans: 12 * 9 and 32 * 9
    assert grouped.std().item() == pytest.approx((2 / ((108 + 288) / 2)) ** 0.5, rel=0.05)
    assert all(not p.any() for name, p in net.named_parameters() if name.endswith("bias"))


def _caffemodel(layers: dict[str, list[Tensor]]) -> bytes:
    """Encode layers as the authors' files are: name 1, blobs 7 with data 5 and shape 7."""
    message = b""
    for name, blobs in layers.items():
        body = bytes_field(1, name.encode())
        for blob in blobs:
            shape = bytes_field(7, bytes_field(1, b"".join(map(varint, blob.shape))))
            body += bytes_field(7, bytes_field(5, blob.numpy().tobytes()) + shape)
        message += bytes_field(100, body)
    return message


def _authors_blobs() -> dict[str, list[Tensor]]:
    torch.manual_seed(0)
    return {
        name: [torch.randn(shape), torch.randn(biases)]
        for name, (shape, biases) in _authors_layers().items()
    }


def test_reads_the_authors_layers(tmp_path: Path) -> None:
    path, blobs = tmp_path / "IDN_x3.caffemodel", _authors_blobs()
    path.write_bytes(_caffemodel(blobs))
    net = IDN(3)
    net.load_state_dict(published_state_dict([path], 3))
    torch.testing.assert_close(net.blocks[1].enhance[4].weight, blobs["conv4_5"][0])
    torch.testing.assert_close(net.blocks[3].compress.bias, blobs["down4"][1])
    torch.testing.assert_close(net.upsample.weight, blobs["upsample"][0])


def test_missing_layer_is_named(tmp_path: Path) -> None:
    path, blobs = tmp_path / "IDN_x3.caffemodel", _authors_blobs()
    del blobs["down2"]
    path.write_bytes(_caffemodel(blobs))
    with pytest.raises(ValueError, match=r"IDN_x3\.caffemodel.*missing \['down2'\]"):
        published_state_dict([path], 3)


def test_layer_without_biases_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "IDN_x3.caffemodel"
    path.write_bytes(_caffemodel({**_authors_blobs(), "conv1": [torch.zeros(64, 1, 3, 3)]}))
    with pytest.raises(ValueError, match=r"IDN_x3\.caffemodel: layer 'conv1' has no pair"):
        published_state_dict([path], 3)
