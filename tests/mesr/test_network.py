import math
from typing import Any

import pytest
import torch
from skimage.transform import resize

from mesr.network import MESR

NARROW = {"features": 8, "branch_features": 4, "blocks": 2, "refinement_features": 4}


# The networks of the ablation study, Section IV-C.
ABLATION: dict[str, dict[str, Any]] = {
    "full": {},
    "single_scale": {"unit": "single_scale", "fusion": False, "refinement": False},
    "msfeb": {"fusion": False, "refinement": False},
    "no_rb": {"refinement": False},
    "rb_dagger": {"omega": (0.0, 1.0)},
    "widths": {"branch_features": [4, 6], "branches": "separate"},
}


def parameters(scale: int, **settings: object) -> int:
    with torch.device("meta"):
        return sum(p.numel() for p in MESR(scale, **settings).parameters())  # type: ignore[arg-type]


def closed_form(scale: int, first: int = 24, second: int = 24) -> int:
    """Parameters of the paper-size network, counted by hand from the equations."""

    def conv(inputs: int, outputs: int, size: int) -> int:
        return inputs * outputs * size * size + outputs

    unit = (
        conv(64, first, 1) + 2 * conv(first, first, 3)  # (12)-(14)
        + conv(3 * first, second, 3) + conv(second, second, 3)  # (15)-(16)
        + conv(2 * second, 64, 1)  # (17)
    )  # fmt: skip
    msfeb = 5 * unit + 6 + 1 + 5  # lambdas, their length, k attention weights
    stages = {2: conv(64, 256, 3), 3: conv(64, 576, 3), 4: 2 * conv(64, 256, 3)}[scale]
    return (
        conv(3, 64, 3) + 24 * msfeb + conv(24 * 64, 64, 1) + stages + conv(64, 3, 3)
        + conv(3, 64, 3) + conv(64, 3, 1)  # (19)
    )  # fmt: skip


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_paper_size_has_the_parameters_counted_by_hand(scale: int) -> None:
    assert parameters(scale) == closed_form(scale)


def test_paper_size_is_smaller_than_msrn_and_dasr() -> None:
    # Section IV-E; MSRN and DASR at x2 as counted from their authors' code.
    msrn, dasr = 5_930_331, 5_821_595
    assert parameters(2) < min(msrn, dasr)
    # Widths that meet "nearly 1/6 fewer".
    found = parameters(2, branch_features=[32, 16])
    assert found == closed_form(2, 32, 16) == 4_913_638
    assert (round(1 - found / msrn, 3), round(1 - found / dasr, 3)) == (0.171, 0.156)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("variant", ABLATION)
def test_outputs_have_the_size_of_the_hr_image(scale: int, variant: str) -> None:
    network = MESR(scale, **(NARROW | ABLATION[variant]))
    outputs = network(torch.rand(2, 3, 7, 5))
    assert len(outputs) == len(network.output_weights)
    assert all(y.shape == (2, 3, 7 * scale, 5 * scale) for y in outputs)
    omega = {"full": (1.0, 1.0), "widths": (1.0, 1.0), "rb_dagger": (0.0, 1.0)}
    assert network.output_weights == omega.get(variant, (1.0,))


def test_forward_is_equations_1_to_5() -> None:
    network = MESR(2, **NARROW).double()
    x = torch.rand(1, 3, 6, 6, dtype=torch.float64)
    f_0 = torch.relu(network.extract(x))
    f_1 = network.blocks[0](f_0)
    f_2 = network.blocks[1](f_1)
    assert network.fuse is not None
    coarse = network.upsample(network.fuse(torch.cat((f_1, f_2), 1)) + f_0)
    torch.testing.assert_close(network(x)[0], coarse)
    gate = network.gate(coarse)
    assert gate is not None
    torch.testing.assert_close(network(x)[1], coarse * gate + coarse)
    plain = MESR(2, **NARROW, fusion=False, refinement=False).double()
    plain.load_state_dict(network.state_dict(), strict=False)
    torch.testing.assert_close(plain(x)[0], network.upsample(f_2))
    assert plain.gate(coarse) is None


def test_mean_is_taken_off_and_put_back_outside_of_the_refinement_or_before_it() -> None:
    networks = {name: MESR(2, **NARROW, input_mean=name).double()
                for name in ("none", "div2k", "outside")}  # fmt: skip
    for network in networks.values():
        network.load_state_dict(networks["none"].state_dict())
    mean = torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1)
    x = torch.rand(1, 3, 6, 6, dtype=torch.float64)
    centred = networks["none"](x - mean)
    torch.testing.assert_close(networks["div2k"](x)[0], centred[0] + mean)
    network = networks["outside"]
    for found, plain in zip(network(x), centred, strict=True):
        torch.testing.assert_close(found, plain + mean)
    coarse, refined = network(x)
    assert bool((refined < coarse)[coarse < mean].all())
    gate = network.gate(coarse)
    torch.testing.assert_close(refined - mean, (coarse - mean) * (1 + gate))


@pytest.mark.parametrize("input_mean", ["none", "div2k", "outside"])
def test_image_skip_adds_the_enlarged_input_before_the_refinement(input_mean: str) -> None:
    settings = NARROW | {"input_mean": input_mean}
    network = MESR(3, **settings, image_skip="bilinear").double()  # type: ignore[arg-type]
    plain = MESR(3, **settings).double()  # type: ignore[arg-type]
    plain.load_state_dict(network.state_dict())
    x = torch.rand(1, 3, 6, 5, dtype=torch.float64)
    y = resize(x[0].permute(1, 2, 0).numpy(), (18, 15), order=1, mode="edge")
    coarse, refined = network(x)
    expected = plain(x)[0] - plain.mean + torch.from_numpy(y).permute(2, 0, 1)[None]
    torch.testing.assert_close(coarse, expected)
    offset = plain.mean if input_mean == "outside" else 0
    gate = network.gate(coarse)
    assert gate is not None
    torch.testing.assert_close(refined, (coarse - offset) * (1 + gate) + offset)


@pytest.mark.parametrize("initialisation", ["default", "he"])
def test_gate_starts_where_it_is_told_and_nothing_else_changes(initialisation: str) -> None:
    networks = []
    for gate_bias in (None, -5.0):
        torch.manual_seed(0)
        settings = NARROW | {"initialisation": initialisation, "gate_bias": gate_bias}
        networks.append(MESR(2, **settings).double())  # type: ignore[arg-type]
    plain, closed = networks
    changed = {n for n, p in closed.state_dict().items() if not p.equal(plain.state_dict()[n])}
    assert changed == {"refine.h1x1.bias"}
    assert closed.refine is not None
    with torch.no_grad():  # a closed gate: (19) adds sigmoid(-5) times the coarse image
        closed.refine.h1x1.weight.zero_()
        coarse, refined = closed(torch.rand(1, 3, 6, 6, dtype=torch.float64))
    torch.testing.assert_close(refined, coarse * (1 + 1 / (1 + math.e**5)))


def test_gradients_reach_every_parameter() -> None:
    torch.manual_seed(0)  # enough branch channels that no layer's ReLUs are all closed
    wide = NARROW | {"branch_features": 16, "refinement_features": 16}
    network = MESR(3, **wide, weighted_global_skip=True, unit_skip="both")
    sum(y.square().mean() for y in network(torch.rand(1, 3, 8, 8))).backward()
    without = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"upsampler": "bilinear"}, "upsampler is 'bilinear'"),
        ({"initialisation": "zero"}, "initialisation is 'zero'"),
        ({"input_mean": "imagenet"}, "input_mean is 'imagenet'"),
        ({"image_skip": "bicubic"}, "image_skip is 'bicubic'"),
        ({"branch_features": [8, 4, 2]}, r"branch_features is \[8, 4, 2\]"),
        ({"branch_features": 0}, "branch_features is 0"),
    ],
)
def test_bad_settings_are_refused_by_name(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MESR(**(NARROW | settings))  # type: ignore[arg-type]
