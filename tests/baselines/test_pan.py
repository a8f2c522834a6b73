import pickle
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from baselines.pan import PAN, SCPA, PixelAttentionUpsampler, published_state_dict

LR_SIZES = {2: (360, 640), 3: (320, 320), 4: (180, 320)}  # the pixels of a 1280x720 HR image


@pytest.mark.parametrize(
    ("scale", "params", "giga_multi_adds"),
    # Authors' test logs (261,403 and 272,419); 70.5 / 39.0 / 28.2 G as quoted for 1280x720.
    [(2, 261_403, 70.5), (3, 261_403, 39.0), (4, 272_419, 28.2)],
)
def test_counts_equal_the_published_ones(scale: int, params: int, giga_multi_adds: float) -> None:
    with torch.device("meta"):
        net = PAN(scale)
        x = torch.empty(1, 3, *LR_SIZES[scale])
    assert sum(p.numel() for p in net.parameters()) == params
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        net(x)
    assert counter.get_total_flops() / 2e9 == pytest.approx(giga_multi_adds, abs=0.05)


def test_odd_width_is_refused() -> None:
    with pytest.raises(ValueError, match="features is 7"):
        PAN(2, features=7)


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
    y = F.conv2d(enlarged, stage.enlarged.weight, stage.enlarged.bias, padding=1)
    y = y * torch.sigmoid(F.conv2d(y, stage.attention.gate.weight, stage.attention.gate.bias))
    y = F.leaky_relu(y, 0.2)
    y = F.leaky_relu(F.conv2d(y, stage.refine.weight, stage.refine.bias, padding=1), 0.2)
    torch.testing.assert_close(stage(x), y)


def test_without_its_last_layer_pan_is_bilinear_interpolation() -> None:
    net = PAN(2, features=4, upsampler_features=4, depth=1)
    nn.init.zeros_(net.tail.weight)
    nn.init.zeros_(net.tail.bias)
    ramp = torch.arange(6.0).expand(1, 3, 6, 6) / 6
    # Bilinear at x2 puts samples a quarter of a pixel on either side of each LR pixel.
    expected = (torch.arange(12) / 2 - 0.25).clamp(0, 5).expand(1, 3, 12, 12) / 6
    torch.testing.assert_close(net(ramp)[-1], expected)


class _Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("executed",)


def test_hostile_file_is_refused_unexecuted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "PANx2_DF2K.pth"
    for content in (pickle.dumps(_Hostile()), b"", b"not a checkpoint", b"\x80\x02" + b"\xff" * 50):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"PANx2_DF2K\.pth"):
            published_state_dict([path], 2)
    torch.save({"conv_first.weight": _Hostile()}, path)
    with pytest.raises(ValueError, match=r"PANx2_DF2K\.pth"):
        published_state_dict([path], 2)
    assert "executed" not in capsys.readouterr().out
