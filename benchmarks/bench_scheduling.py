"""What `mesr repro` itself costs: a graph of many stages whose commands do next to nothing.

Usage: python -m benchmarks.bench_scheduling --stages 1000 10000 [--jobs 2]

Half of the stages are trainings, each followed by an evaluation that needs it, as in a study.
For each size: seconds until all of them have run, seconds of a run that finds nothing to do, and
the peak resident memory of both.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
GRAPH = """
stages:
  train:
    foreach: ${trainings}
    do:
      cmd: mkdir -p runs && echo ${item.seed} > runs/${key}
      deps: [code]
      params: [lr, 'trainings.${key}']
      outs: ['runs/${key}']
  evaluate:
    matrix:
      run: ${evaluated}
    cmd: mkdir -p scores && cp runs/${item.run} scores/${item.run}
    deps: [code, 'runs/${item.run}']
    outs: ['scores/${item.run}']
"""


def make_project(folder: Path, stages: int) -> None:
    """Write a DVC project with `stages` stages."""
    subprocess.run([sys.executable, "-m", "dvc", "init", "--no-scm", "-q"], cwd=folder, check=True)
    (folder / "dvc.yaml").write_text(GRAPH)
    trainings = {f"net_x4_s{n}": {"network": "net", "seed": n} for n in range(stages // 2)}
    params = {"lr": 1, "trainings": trainings, "evaluated": list(trainings)}
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    (folder / "code").mkdir()
    (folder / "code/network.py").write_text("pass\n")


def repro(folder: Path, jobs: int) -> tuple[float, float]:
    """Run `mesr repro`; return the seconds and the peak resident memory in MiB."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", "repro", "-j", str(jobs)],
        cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT), "DVC_NO_ANALYTICS": "1"},
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"mesr repro ended with status {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - began, used.ru_maxrss / 1024


def main() -> None:
    """Print one line for each size of the graph."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stages", type=int, nargs="+", default=[1000])
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    print(f"load average before: {os.getloadavg()[0]:.1f}; -j {arguments.jobs}")
    print("stages  run [s]  per stage [ms]  peak [MiB]  nothing to do [s]  peak [MiB]")
    for stages in arguments.stages:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            make_project(folder, stages)
            run, run_peak = repro(folder, arguments.jobs)
            idle, idle_peak = repro(folder, arguments.jobs)
        print(
            f"{stages:6}  {run:7.1f}  {1000 * run / stages:14.1f}  {run_peak:10.0f}  "
            f"{idle:17.1f}  {idle_peak:10.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
