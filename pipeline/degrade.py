"""Stage `degrade`: shrink the HR training images to LR images of protocol `rgb`."""

import argparse
from collections.abc import Sequence

from pipeline.imaging.degraded import degrade
from pipeline.study.paths import PARAMS, hr_file, lr_file
from pipeline.study.runs import parse_scale
from pipeline.support.console import run
from pipeline.support.yaml import read_yaml


def main(argv: Sequence[str] | None = None) -> None:
    """Make the LR images of data.train at a scale."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.degrade", description=main.__doc__)
    parser.add_argument("scale", type=parse_scale, help="x2, x3 or x4")
    scale = parser.parse_args(argv).scale
    remedy = "Compose it: python -m pipeline.configure profile=quick"
    dataset = read_yaml(PARAMS, remedy)["data"]["train"]
    degrade(hr_file(dataset), lr_file(dataset, scale), scale)


if __name__ == "__main__":
    raise SystemExit(run(main))
