"""The blocks against the paper's equations, written out again with plain tensor functions."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mesr.blocks import (
    MSFEB,
    ChannelAttention,
    FunnelUnit,
    RefinementBlock,
    SingleScaleUnit,
    SkipWeights,
    channel_range,
)

BLOCK = {
    "units": 5,
    "unit": "multi_scale",
    "branches": "cascade",
    "unit_skip": "lambda",
    "share_last_lambda": True,
    "attention_kernel": 5,
    "weight_normalisation": "none",
}


def block(**changes: object) -> MSFEB:
    return MSFEB(8, (4, 3), **(BLOCK | changes)).double()  # type: ignore[arg-type]


def conv(x: Tensor, layer: nn.Module) -> Tensor:
    size = layer.weight.shape[-1]
    return F.conv2d(x, layer.weight, layer.bias, padding=size // 2)  # type: ignore[arg-type]


def test_attention_weights_each_channel_by_its_neighbours() -> None:
    attention = ChannelAttention(3).double()
    y = torch.rand(2, 4, 5, 6, dtype=torch.float64)
    alpha = attention.alpha.weight.flatten()
    means = F.pad(y.mean((2, 3)), (1, 1))
    for i in range(4):
        w = torch.sigmoid((alpha * means[:, i : i + 3]).sum(1))  # (9)
        torch.testing.assert_close(attention(y)[:, i], y[:, i] * w[:, None, None])


@pytest.mark.parametrize(("channels", "k"), [(64, 3), (128, 5), (256, 5), (8, 3)])
def test_channel_range_follows_eca_net(channels: int, k: int) -> None:
    assert channel_range(channels) == k


def test_cascade_unit_is_equations_12_to_17_with_shared_weights() -> None:
    unit = FunnelUnit(8, (4, 3), "cascade").double()
    m = torch.rand(1, 8, 7, 9, dtype=torch.float64)
    f11 = F.relu(conv(m, unit.w11))
    f12 = F.relu(conv(f11, unit.w12))
    f13 = F.relu(conv(f12, unit.w13))
    f21 = F.relu(conv(torch.cat((f11, f12, f13), 1), unit.w21))
    f22 = F.relu(conv(f21, unit.w22))
    torch.testing.assert_close(unit(m), conv(torch.cat((f21, f22), 1), unit.w31))


def test_separate_unit_reduces_to_the_cascade_when_its_weights_agree() -> None:
    cascade, separate = FunnelUnit(8, (4, 3), "cascade"), FunnelUnit(8, (4, 3), "separate")
    weights = cascade.state_dict()
    for name in list(weights):
        layer, _, part = name.partition(".")
        for copy in ("w11_of_f12", "w11_of_f13", "w12_of_f13", "w21_of_f22"):
            if copy.startswith(f"{layer}_of"):
                weights[f"{copy}.{part}"] = weights[name]
    separate.load_state_dict(weights)
    m = torch.rand(1, 8, 7, 9)
    torch.testing.assert_close(separate(m), cascade(m))
    nn.init.zeros_(separate.w11_of_f13.weight)
    assert not torch.allclose(separate(m), cascade(m))


def test_block_is_equations_6_to_8() -> None:
    msfeb = block()
    with torch.no_grad():
        msfeb.lambdas.weight.copy_(torch.tensor([0.5, 1.1, 0.9, 1.2, 0.8, 0.7]))
    lambdas = msfeb.lambdas.weight
    f_in = torch.rand(1, 8, 6, 6, dtype=torch.float64)
    f = f_in
    for b in range(5):
        f = lambdas[b + 1] * f + msfeb.units[b](f)
    torch.testing.assert_close(msfeb(f_in), msfeb.attention(lambdas[5] * f + lambdas[0] * f_in))


def test_beta_and_lambda_skip_are_one_network_at_initialisation_and_both_is_their_sum() -> None:
    plain, f_in = block(), torch.rand(1, 8, 6, 6, dtype=torch.float64)
    beta, both = block(unit_skip="beta"), block(unit_skip="both")
    for other in (beta, both):
        other.load_state_dict(plain.state_dict(), strict=False)
    torch.testing.assert_close(beta(f_in), plain(f_in))
    f = f_in
    for unit in both.units:
        f = 2 * f + unit(f)
    torch.testing.assert_close(both(f_in), both.attention(f + f_in))


def test_skip_weights_start_at_one_whatever_the_length_of_their_direction() -> None:
    torch.testing.assert_close(torch.stack(SkipWeights(6, normalised=False)()), torch.ones(6))
    weights = SkipWeights(6, normalised=True)
    with torch.no_grad():
        dict(weights.named_parameters())["parametrizations.weight.original1"].mul_(7)
    torch.testing.assert_close(torch.stack(weights()), torch.ones(6))


def test_single_scale_unit_is_one_convolution() -> None:
    unit = SingleScaleUnit(8).double()
    m = torch.randn(1, 8, 5, 5, dtype=torch.float64)
    torch.testing.assert_close(unit(m), conv(F.relu(m), unit.w))


def test_refinement_is_equation_19() -> None:
    refine = RefinementBlock(6).double()
    coarse = torch.rand(1, 3, 9, 9, dtype=torch.float64)
    gate = torch.sigmoid(conv(F.relu(conv(coarse, refine.h3x3)), refine.h1x1))
    torch.testing.assert_close(refine(coarse), coarse * gate + coarse)
    torch.testing.assert_close(refine.gate(coarse), gate)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        *((name, "nonsense") for name in ("unit", "unit_skip", "weight_normalisation", "branches")),
        *(("attention_kernel", kernel) for kernel in (0, 2, -1)),
    ],
)
def test_unknown_settings_are_refused_by_name(setting: str, value: object) -> None:
    with pytest.raises(ValueError, match=setting):
        block(**{setting: value})
