"""Measure latency and memory of the study's networks on this machine (``make measure``).

Stands outside the study's graph: the report shows every file in ``benchmarks/machines/``.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from pipeline.models.networks import code_of, network_names, published_sizes, size_of
from pipeline.study.params import load_params
from pipeline.study.runs import parse_scale
from pipeline.support.console import run
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.tools.measuring import Case, file_name, inputs, measure

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

    names = arguments.model or [name for name in network_names() if name != "bicubic"]
    for name in names:
        code_of(name)
    paper = {name: next(iter(published_sizes(name).items())) for name in names}
    sizes = [(name, size, "paper", settings) for name, (size, settings) in paper.items()]
    if arguments.size != "paper":
        sizes = sizes if arguments.size == "both" else []
        for name, settings in load_params().networks.items():
            # Networks that the study trains at their paper's size are measured once.
            if name in names and settings != published_sizes(name)[size_of(name, settings)]:
                sizes.append((name, size_of(name, settings), "study", settings))
    if not sizes:
        raise UserError("params.yaml trains none of these networks; choose --size paper")
    cases = [
        Case(*size[:3], scale, size[3], *given)
        for scale in map(parse_scale, arguments.scale or ["x4"])
        for size in sizes
        for given in inputs(scale)
    ]
    table = measure(
        cases,
        precision=arguments.precision,
        threads=arguments.threads,
        rounds=max(arguments.rounds, 3),  # for quartiles
    )
    path = arguments.out / file_name(table)
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6f")
    shown = table[table["input"] == table["input"].iloc[0]].sort_values("latency_ms")
    columns = ["model", "scale", "latency_ms", "peak_memory_mib", "multi_adds", "ntire_score"]
    print(shown[columns].to_string(index=False, float_format=lambda value: f"{value:.1f}"))
    print(f"wrote {path}; it is in the report after: python -m reports.render")


if __name__ == "__main__":
    raise SystemExit(run(main))
