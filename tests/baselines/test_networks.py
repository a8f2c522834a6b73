"""What the papers say of every network: parameters, Multi-Adds, and what it cannot be made of."""

import re
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from pipeline.models.networks import build_network
from pipeline.support.errors import UserError

# Network, settings, and for each scale parameters and G Multi-Adds of a 1280x720 image, or of
# 480x360 for DeFiAN. Multi-Adds are published ones where a third column says by which part they
# may exceed ours, because they count more than convolutions; others are closed forms of the layers.
COUNTS: list[tuple[str, dict[str, Any], dict[int, tuple[int, float]], float]] = [
    ("srcnn", {}, {2: (57_281, 52.7)}, 0),
    ("srcnn", {"variant": "9-1-5"}, {2: (8_129, 8_032 * 720 * 1280 / 1e9)}, 0),
    ("vdsr", {}, {2: (665_921, 612.6)}, 0),
    # "1,774K" counts neither biases nor the 16 weights of the sum.
    ("drcn", {}, {2: (1_775_121, 17_974.3)}, 0),
    ("lapsrn", {}, {2: (407_441, 94.095), 4: (814_242, 117.486)}, 0),
    ("idn", {}, {2: (552_769, 126.960), 4: (552_769, 31.740)}, 0),
    ("pan", {}, {2: (261_403, 70.5), 3: (261_403, 39.0), 4: (272_419, 28.2)}, 0),
    ("msrn", {}, {2: (5_930_331, 1366.6), 3: (6_114_971, 627.149), 4: (6_078_043, 376.829)}, 0),
    ("msrn", {"version": "eccv"}, {2: (5_891_073, 1356.787)}, 0),
    # The projection and the frozen mean shifts are counted.
    ("dasr", {}, {2: (5_821_595, 599.8), 3: (6_006_235, 286.345), 4: (5_969_307, 185.127)}, 0),
    ("dpsr", {}, {2: (3_161_664, 786.707), 3: (3_576_864, 435.909), 4: (3_493_824, 332.240)}, 0),
    ("drsan", {}, {2: (1_187_827, 274.6), 3: (1_291_747, 133.4), 4: (1_270_963, 88.7)}, 0.006),
    ("a2f", {}, {2: (1_362_628, 306.1), 3: (1_367_413, 136.3), 4: (1_374_112, 77.2)}, 0.012),
    ("a2f", {"variant": "M"}, {3: (1_003_369, 100.0), 4: (1_010_068, 56.7)}, 0.012),
    ("a2f", {"variant": "S"}, {3: (324_433, 32.3), 4: (331_132, 18.6)}, 0.012),
    ("a2f", {"variant": "SD"}, {2: (313_372, 71.2), 3: (315_997, 31.9), 4: (319_672, 18.2)}, 0.012),
    # 171, 114 and 94 G as quoted, and the assembly of the filters, 72 atoms x 25 taps a pixel.
    ("lapar", {}, {2: (547_866, 172.7), 3: (594_266, 115.7), 4: (659_226, 95.7)}, 0.005),
    ("defian", {}, {2: (1_027_610, 44.2), 3: (1_073_690, 20.6), 4: (1_064_474, 12.8)}, 0.011),
    ("defian", {"variant": "L"}, {4: (15_333_513, 169.4)}, 0.011),
]


@pytest.mark.parametrize(
    ("model", "settings", "scale", "params", "giga", "above"),
    [
        pytest.param(model, settings, scale, *counts, above, id=f"{model}-{settings}-{scale}")
        for model, settings, scales, above in COUNTS
        for scale, counts in scales.items()
    ],
)
def test_counts(model, settings, scale, params, giga, above):
    with torch.device("meta"):
        network = build_network(model, scale, **settings).eval()
        factor = 1 if network.preupsampled else scale
        # At x3 as many pixels in another shape: 1280 is no multiple of 3.
        height, width = (960, 960) if scale == 3 else (720, 1280)
        if model == "defian":
            height, width = 360, 480
        channels = 1 if network.domain == "y" else 3
        x = torch.empty(1, channels, height // factor, width // factor)
    assert sum(p.numel() for p in network.parameters()) == params
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(x)
    counts = counter.get_flop_counts()["Global"]
    found = sum(flops for kind, flops in counts.items() if "convolution" in str(kind)) / 2e9
    assert found - 0.05 - above * found <= giga <= found + 0.05 + above * found


@pytest.mark.parametrize(
    ("model", "settings", "frozen"),
    [
        ("dasr", {}, 24),  # mean shifts
        ("defian", {}, 14_400),  # Hessian filters, in the authors' table as parameters
        ("defian", {"variant": "L"}, 57_600),
        ("msrn", {}, 0),  # the authors' mean shifts are trained
    ],
)
def test_frozen_parameters(model, settings, frozen):
    with torch.device("meta"):
        network = build_network(model, 2, **settings)
    assert sum(p.numel() for p in network.parameters() if not p.requires_grad) == frozen


@pytest.mark.parametrize(("variant", "thousands"), [("B", (250, 276, 313)), ("C", (87, 99, 115))])
def test_smaller_lapars(variant, thousands):
    with torch.device("meta"):
        networks = [build_network("lapar", scale, variant=variant) for scale in (2, 3, 4)]
    counts = [sum(p.numel() for p in network.parameters()) for network in networks]
    assert tuple(round(count / 1e3) for count in counts) == thousands


# Standard deviations of initial weights; biases are zero.
INITIAL = {
    "srcnn": {r"convs\.": 1e-3},
    "vdsr": {r"convs\.([1-9]|1[0-8])\.": (2 / (9 * 64)) ** 0.5},  # He's
    "lapsrn": {r"embed\.": 1e-3, r"levels\.\d\.convs": (2 / 576) ** 0.5},
    # The mean of Caffe's fans: 289 and 64 * 289, 12 * 9 and 32 * 9.
    "idn": {"upsample": (4 / (65 * 289)) ** 0.5, r"enhance\.1": (4 / (108 + 288)) ** 0.5},
}


@pytest.mark.parametrize("model", INITIAL)
def test_initial_weights_are_the_authors(model):
    torch.manual_seed(0)
    network = build_network(model, 4)
    for pattern, deviation in INITIAL[model].items():
        found = [p for name, p in network.named_parameters() if re.search(pattern, name)]
        weights = torch.cat([p.flatten() for p in found if p.dim() == 4])
        assert weights.std().item() == pytest.approx(
            deviation, rel=0.1 if "embed" in pattern else 0.02
        )
    biases = [p for name, p in network.named_parameters() if name.endswith("bias")]
    assert all(not bias.any() for bias in biases)


@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        ("srcnn", {"variant": "9-3-5"}, r"9-3-5.*9-1-5, 9-5-5"),
        ("vdsr", {"depth": 1}, "depth is 1"),
        ("drcn", {"recursions": 0}, "recursions is 0"),
        ("idn", {"features": 8}, "features is 8"),
        ("idn", {"features": 40}, "features is 40"),
        ("pan", {"features": 7}, "features is 7"),
        ("msrn", {"version": "2018"}, "version is '2018'"),
        ("a2f", {"variant": "XL"}, r"'XL'.*L, M, S, SD"),
        ("lapar", {"variant": "D"}, r"'D'.*A, B, C"),
        ("defian", {"variant": "M"}, r"'M'.*S, L"),
        ("dpsr", {"noise_level": -1}, "noise_level is -1"),
    ],
)
def test_impossible_settings_are_refused(model, settings, message):
    with pytest.raises(UserError, match=message):
        build_network(model, 2, **settings)
