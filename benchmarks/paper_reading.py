"""The measurements that docs/paper-reading.md rests on.

Run: python -m benchmarks.paper_reading
"""

import statistics
from pathlib import Path
from typing import Any

import torch
import yaml

from mesr.blocks import channel_range
from mesr.network import MESR

SEEDS = range(5)


def parameters(scale: int = 2, **settings: Any) -> int:
    with torch.device("meta"):
        return sum(p.numel() for p in MESR(scale, **settings).parameters())


def unit_parameters(**settings: Any) -> int:
    with torch.device("meta"):
        network = MESR(2, **settings)
    parts = dict(network.named_parameters())
    return sum(p.numel() for name, p in parts.items() if name.startswith("blocks.0.units.0."))


def growth(**settings: Any) -> tuple[float, float]:
    """Median over seeds of mean |F_24| / mean |F_0|, and of the largest value of the output."""
    ratios, largest = [], []
    for seed in SEEDS:
        torch.manual_seed(seed)
        network = MESR(4, **settings)
        x = torch.rand(1, 3, 24, 24)
        with torch.no_grad():
            f = f_0 = torch.relu(network.extract(x))
            for block in network.blocks:
                f = block(f)
            largest.append(float(network(x)[-1].abs().max()))
        ratios.append(float(f.abs().mean() / f_0.abs().mean()))
    return statistics.median(ratios), statistics.median(largest)


def main() -> None:
    print("parameters, MESR as defaults, x2 x3 x4:", [parameters(s) for s in (2, 3, 4)])
    print("parameters, x2, by reading:")
    readings: tuple[dict[str, Any], ...] = (
        {"branches": "cascade", "branch_features": 24},
        {"branches": "cascade", "branch_features": 32},
        {"branches": "separate", "branch_features": 24},
        {"branches": "cascade", "branch_features": 25},
        {"branches": "separate", "branch_features": 19},
        {"branches": "separate", "branch_features": 18},
        {"unit": "single_scale"},
    )
    for settings in readings:
        unit, network = unit_parameters(**settings), parameters(**settings)
        print(f"  {settings}: unit {unit:,}, network {network:,}")
    for settings in (
        {"upsampler": "one_step"},
        {"weight_normalisation": "conv"},
        {"weight_normalisation": "none"},
        {"share_last_lambda": False},
        {"weighted_global_skip": True},
        {"refinement_features": 16},
    ):
        print(f"  {settings}: {parameters(**settings):,}")
    variants = yaml.safe_load(Path("conf/variants.yaml").read_text(encoding="utf-8"))["variants"]
    for name, variant in variants.items():
        settings = variant.get("settings", {})
        print(f"  variant {name} at x4: {parameters(4, **settings):,}")
    print("k of equation (11) for 64 channels, ECA-Net's constants:", channel_range(64))
    print(f"signal at initialisation, median of {len(SEEDS)} seeds:")
    for settings in (
        {"unit_skip": "lambda"},
        {"unit_skip": "beta"},
        {"unit_skip": "both"},
        {"unit": "single_scale"},
        {"initialisation": "he"},
    ):
        ratio, largest = growth(**settings)
        print(f"  {settings}: |F_24|/|F_0| = {ratio:.3g}, largest output {largest:.3g}")


if __name__ == "__main__":
    main()
