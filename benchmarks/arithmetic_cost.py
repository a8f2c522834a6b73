"""What portable arithmetic costs: training steps at profile quick's sizes, side by side.

``python -m benchmarks.arithmetic_cost [--rounds 5]`` starts a process for each arithmetic in turn,
one thread each, and prints medians of the processor time of a step and of the rounds' ratios.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import yaml

from pipeline.support import arithmetic

ROOT = Path(__file__).parents[1]
WARM, STEPS = 5, 40


def measure(names: list[str]) -> dict[str, float]:
    """Return milliseconds of processor time a step, in the arithmetic of the working folder."""
    import torch  # noqa: PLC0415

    from mesr.common.loss import charbonnier  # noqa: PLC0415
    from pipeline.imaging.backend import backend_flags, device_name  # noqa: PLC0415
    from pipeline.models.networks import build_network  # noqa: PLC0415

    text = (ROOT / "conf/profile/quick.yaml").read_text(encoding="utf-8")
    settings = yaml.safe_load(text)["networks"]
    found = {}
    print(f"{device_name(torch.device('cpu'))}, {arithmetic.describe()}", file=sys.stderr)
    with backend_flags(threads=1):
        for name in names:
            torch.manual_seed(0)
            network = build_network(name, 4, **settings[name])
            network.to(memory_format=torch.channels_last)
            side = 48 if network.preupsampled else 12
            x = torch.rand(8, 3 if network.domain == "rgb" else 1, side, side)
            x = x.contiguous(memory_format=torch.channels_last)
            target = torch.rand(8, x.shape[1], 48, 48)
            optimizer = torch.optim.Adam(network.parameters(), fused=True)
            for step in range(WARM + STEPS):
                if step == WARM:
                    began = time.process_time()
                optimizer.zero_grad()
                outputs = [o for o in network(x) if o.shape == target.shape]
                torch.stack([charbonnier(output, target) for output in outputs]).sum().backward()
                optimizer.step()
            found[name] = 1000 * (time.process_time() - began) / STEPS
    return found


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--networks", nargs="+", default=["mesr", "vdsr", "lapsrn", "msrn"])
    parser.add_argument("--measure", action="store_true", help="measure in this process")
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.networks)))
        return
    environment = {k: v for k, v in os.environ.items() if k not in arithmetic.VARIABLES}
    rounds = []
    for _ in range(arguments.rounds):
        times = {}
        for chosen in ("native", "portable"):
            with tempfile.TemporaryDirectory() as folder:
                Path(folder, "params.yaml").write_text(f"arithmetic: {chosen}\n")
                command = [sys.executable, "-m", "benchmarks.arithmetic_cost", "--measure"]
                done = subprocess.run(
                    [*command, "--networks", *arguments.networks], cwd=folder, check=True,
                    env=environment | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE,
                )  # fmt: skip
                times[chosen] = json.loads(done.stdout)
        rounds.append(times)
    print("| network | native, ms a step | portable, ms a step | portable / native |")
    print("|---|---|---|---|")
    for name in arguments.networks:
        native, portable = (
            median(times[a][name] for times in rounds) for a in ("native", "portable")
        )
        ratio = median(times["portable"][name] / times["native"][name] for times in rounds)
        print(f"| {name} | {native:.1f} | {portable:.1f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
