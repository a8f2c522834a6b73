"""Stage `degrade`: shrink the HR training images to LR images of protocol `rgb`."""

import argparse
from collections.abc import Sequence

from pipeline.imaging.degraded import degrade
from pipeline.study.paths import hr_file, lr_file
from pipeline.study.plain import read_params
from pipeline.study.runs import parse_scale
from pipeline.support.console import run


def main(argv: Sequence[str] | None = None) -> None:
    """Make the LR images of data.train at a scale."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.degrade", description=main.__doc__)
    parser.add_argument("scale", type=parse_scale, help="x2, x3 or x4")
    scale = parser.parse_args(argv).scale
    dataset = read_params()["data"]["train"]
    print(f"degrade {dataset} x{scale}", flush=True)
    degrade(hr_file(dataset), lr_file(dataset, scale), scale)


if __name__ == "__main__":
    raise SystemExit(run(main))
