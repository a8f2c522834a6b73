import math

import pytest
import torch

from mesr.network import MESR
from mesr.variants import VARIANTS

NARROW = {"features": 8, "branch_features": 4, "blocks": 2, "refinement_features": 4}


def parameters(scale: int, **settings: object) -> int:
    with torch.device("meta"):
        return sum(p.numel() for p in MESR(scale, **settings).parameters())  # type: ignore[arg-type]


def closed_form(scale: int) -> int:
    """Parameters of the paper-size network, counted by hand from the equations."""

    def conv(inputs: int, outputs: int, size: int) -> int:
        return inputs * outputs * size * size + outputs

    unit = (
        conv(64, 24, 1) + 2 * conv(24, 24, 3)  # (12)-(14)
        + conv(72, 24, 3) + conv(24, 24, 3) + conv(48, 64, 1)  # (15)-(17)
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


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("variant", VARIANTS)
def test_outputs_have_the_size_of_the_hr_image(scale: int, variant: str) -> None:
    network = MESR(scale, **(NARROW | VARIANTS[variant]))
    outputs = network(torch.rand(2, 3, 7, 5))
    assert len(outputs) == len(network.output_weights)
    assert all(y.shape == (2, 3, 7 * scale, 5 * scale) for y in outputs)
    assert len(outputs) == (2 if variant in ("full", "rb_dagger") else 1)


def test_forward_is_equations_1_to_5() -> None:
    network = MESR(2, **NARROW).double()
    x = torch.rand(1, 3, 6, 6, dtype=torch.float64)
    f_0 = torch.relu(network.extract(x))
    f_1 = network.blocks[0](f_0)
    f_2 = network.blocks[1](f_1)
    assert network.fuse is not None
    assert network.refine is not None
    coarse = network.upsample(network.fuse(torch.cat((f_1, f_2), 1)) + f_0)
    torch.testing.assert_close(network(x)[0], coarse)
    torch.testing.assert_close(network(x)[1], network.refine(coarse))


def test_without_fusion_the_last_block_feeds_the_upsampler() -> None:
    network = MESR(2, **NARROW, fusion=False, refinement=False).double()
    x = torch.rand(1, 3, 6, 6, dtype=torch.float64)
    f = network.blocks[1](network.blocks[0](torch.relu(network.extract(x))))
    torch.testing.assert_close(network(x)[0], network.upsample(f))


def test_rb_dagger_differs_from_mesr_in_omega_alone() -> None:
    dagger, full = MESR(4, **NARROW, **VARIANTS["rb_dagger"]), MESR(4, **NARROW)
    assert dagger.output_weights == (0.0, 1.0)
    assert full.output_weights == (1.0, 1.0)
    assert dagger.state_dict().keys() == full.state_dict().keys()


def test_mean_is_taken_off_and_put_back() -> None:
    plain = MESR(2, **NARROW, refinement=False)
    shifted = MESR(2, **NARROW, refinement=False, input_mean="div2k")
    shifted.load_state_dict(plain.state_dict())
    mean = torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1)
    x = torch.rand(1, 3, 6, 6)
    torch.testing.assert_close(shifted(x)[0], plain(x - mean)[0] + mean)


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
    ],
)
def test_bad_settings_are_refused_by_name(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MESR(**(NARROW | settings))  # type: ignore[arg-type]


def test_paper_objective_is_equations_20_and_21() -> None:
    network = MESR(2, **NARROW, omega=(0.5, 2.0))
    torch.manual_seed(0)
    coarse, refined, target = torch.rand(3, 2, 3, 8, 8)
    root = [((y - target) ** 2 + 1e-6).sqrt().mean() for y in (coarse, refined)]
    loss = network.paper_objective((coarse, refined), target, progress=0.5)
    torch.testing.assert_close(loss, 0.5 * root[0] + 2 * root[1])
