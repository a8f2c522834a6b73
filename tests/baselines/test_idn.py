import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from baselines.idn import IDN, DistillationBlock, Upsampling
from mesr.common.imresize import imresize
from tests.baselines.formulas import conv


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


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_upsampling_is_the_same_as_convolution_and_shuffle(scale: int) -> None:
    torch.manual_seed(0)
    up, x = Upsampling(scale, 6).double(), torch.randn(2, 6, 7, 9).double()
    torch.nn.init.normal_(up.get_parameter("bias"))
    theirs = F.conv_transpose2d(x, up.weight, up.bias, stride=scale, padding=8 - (scale - 1))
    theirs = theirs[..., : 7 * scale, : 9 * scale]
    torch.testing.assert_close(up(x), theirs, atol=0, rtol=0)
    ours = up.as_convolution(x)
    torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=0)
    gradients = [torch.autograd.grad((y**3).sum(), up.weight)[0] for y in (ours, theirs)]
    torch.testing.assert_close(*gradients, atol=1e-9, rtol=1e-9)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = up.float()(x.float())
    assert mixed.dtype == torch.bfloat16
    torch.testing.assert_close(mixed.double(), theirs, atol=0.05, rtol=0.02)
