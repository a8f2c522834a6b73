import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.pan import PAN, SCPA, PixelAttentionUpsampler
from tests.baselines.formulas import same


def test_scpa_block_is_the_papers_formula() -> None:
    torch.manual_seed(0)
    block, x = SCPA(6), torch.randn(2, 6, 5, 4)

    def act(value: Tensor) -> Tensor:
        return torch.where(value > 0, value, 0.2 * value)

    def pointwise(value: Tensor, conv: nn.Conv2d) -> Tensor:
        return torch.einsum("oi,bihw->bohw", conv.weight[:, :, 0, 0], value)

    plain = act(F.conv2d(act(pointwise(x, block.reduce_plain)), block.plain.weight, padding=1))
    inner = act(pointwise(x, block.reduce_gated))
    gate = 1 / (1 + torch.exp(-pointwise(inner, block.gate) - block.gate.bias[:, None, None]))
    gated = F.conv2d(inner, block.gated.weight, padding=1) * gate
    gated = act(F.conv2d(gated, block.after_gate.weight, padding=1))
    expected = x + pointwise(torch.cat([plain, gated], 1), block.merge)
    torch.testing.assert_close(block(x), expected)
    biases = [name for name, _ in block.named_parameters() if name.endswith("bias")]
    assert biases == ["gate.bias"]


def test_upsampler_attends_before_it_activates() -> None:
    torch.manual_seed(0)
    stage, x = PixelAttentionUpsampler(4, 2, 3), torch.randn(1, 4, 3, 3)
    enlarged = x.repeat_interleave(3, dim=2).repeat_interleave(3, dim=3)
    y = same(enlarged, stage.enlarged)
    y = F.leaky_relu(y * torch.sigmoid(same(y, stage.attention.gate)), 0.2)
    y = F.leaky_relu(same(y, stage.refine), 0.2)
    torch.testing.assert_close(stage(x), y)


def test_without_its_last_layer_pan_is_bilinear_interpolation() -> None:
    net = PAN(2, features=4, upsampler_features=4, depth=1)
    nn.init.zeros_(net.tail.weight)
    nn.init.zeros_(net.tail.bias)
    ramp = torch.arange(6.0).expand(1, 3, 6, 6) / 6
    # Bilinear at x2 puts samples a quarter of a pixel on either side of each LR pixel.
    expected = (torch.arange(12) / 2 - 0.25).clamp(0, 5).expand(1, 3, 12, 12) / 6
    torch.testing.assert_close(net(ramp)[-1], expected)
