"""Measure latency and memory of the study's networks on this machine (``make measure``).

Stands outside the study's graph: the report shows every file in ``benchmarks/machines/``.
"""

import argparse
import itertools
from collections.abc import Sequence
from pathlib import Path

from pipeline.study.keys import parse_scale
from pipeline.study.params import Params, load_params
from pipeline.support.console import run
from pipeline.support.errors import UserError

MACHINES = Path("benchmarks/machines")


def main(argv: Sequence[str] | None = None) -> None:
    """Measure every network at its paper's size, and as the study trains it."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.measure", description=main.__doc__)
    parser.add_argument("--scale", action="append", help="x2, x3 or x4; x4 by default, repeatable")
    parser.add_argument("--model", action="append", help="network; all by default, repeatable")
    parser.add_argument("--size", choices=("paper", "study", "both"), default="both")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--threads", type=int, help="CPU threads; PyTorch's choice by default")
    parser.add_argument("--rounds", type=int, default=5, help="timed passes of each network")
    parser.add_argument("--out", type=Path, default=MACHINES, help="folder of the machine's file")
    arguments = parser.parse_args(argv)

    from tqdm import tqdm  # noqa: PLC0415

    from pipeline.models.networks import NETWORKS, network_class, network_variants  # noqa: PLC0415
    from pipeline.study.results import MEASUREMENT  # noqa: PLC0415
    from pipeline.tools.measuring import Subject, file_name, inputs, measure  # noqa: PLC0415

    models = arguments.model or [name for name in NETWORKS if name != "bicubic"]
    for name in models:
        network_class(name)
    sizes = []
    if arguments.size != "study":
        for name in models:
            variant, settings = next(iter(network_variants(name).items()))
            sizes.append((name, variant, "paper", settings))
    if arguments.size != "paper":
        sizes += _study_sizes(load_params(), models)
    if not sizes:
        raise UserError("params.yaml trains none of these networks; choose --size paper")
    subjects = [
        Subject(model, variant, size, scale, settings, *given)
        for scale in map(parse_scale, arguments.scale or ["x4"])
        for model, variant, size, settings in sizes
        for given in inputs(scale)
    ]
    passes = len(subjects) * (arguments.rounds + 1)
    print(f"measure {len(sizes)} sizes of networks, {passes} passes", flush=True)
    done = itertools.count(1)
    with tqdm(total=passes, disable=None, unit="pass") as bar:

        def passed() -> None:
            bar.update()
            if (number := next(done)) % len(subjects) == 0 and bar.disable:  # no terminal
                print(f"measure: {number} of {passes} passes", flush=True)

        table = measure(
            subjects,
            precision=arguments.precision,
            threads=arguments.threads,
            rounds=arguments.rounds,
            on_pass=passed,
        )
    path = arguments.out / file_name(table)
    MEASUREMENT.write(table, path)
    shown = table[table["input"] == table["input"].iloc[0]].sort_values("latency_ms")
    columns = ["model", "scale", "latency_ms", "peak_memory_mib", "multi_adds", "ntire_score"]
    print(shown[columns].to_string(index=False, float_format=lambda value: f"{value:.1f}"))
    print(f"wrote {path}; it is in the report after: python -m reports.render")


def _study_sizes(params: Params, models: Sequence[str]) -> list[tuple[str, str, str, dict]]:
    from pipeline.models.networks import network_variants  # noqa: PLC0415

    trained = [name for name in (*params.models, *params.baselines) if name in models]
    sizes = [(name, "", "study", params.network_settings(name)) for name in trained]
    # Networks that the study trains at their paper's size are measured once.
    return [size for size in sizes if size[3] != next(iter(network_variants(size[0]).values()))]


if __name__ == "__main__":
    raise SystemExit(run(main))
