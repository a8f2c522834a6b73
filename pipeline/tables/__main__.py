"""Stage `tables`: what was measured, beside what was published, as result files.

Reads what `params.yaml` names and nothing else: a run that an earlier set of parameters left behind
is in no table. The result files are a function of these inputs alone.
"""

import argparse
from collections.abc import Sequence

from pipeline.study.params import load_params
from pipeline.study.paths import RESULTS
from pipeline.support.console import run
from pipeline.tables import facts
from pipeline.tables.files import FILES, write_frame
from pipeline.tables.inputs import read_study
from pipeline.tables.tables import all_frames


def main(argv: Sequence[str] | None = None) -> None:
    """Write results/*.csv, results/study.json and results/metrics.json."""
    argparse.ArgumentParser(prog="python -m pipeline.tables", description=main.__doc__).parse_args(
        argv
    )
    params = load_params()
    print(f"tables of profile {params.profile}", flush=True)
    study = read_study(params)
    frames = all_frames(study)  # everything: nothing is written when an input is missing
    for name, frame in frames.items():
        write_frame(RESULTS / f"{name}.csv", frame, FILES[name])
    facts.write(study, RESULTS)
    print(f"{len(study.runs)} runs in {RESULTS}")


if __name__ == "__main__":
    raise SystemExit(run(main))
