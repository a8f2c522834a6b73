"""Stage `degrade`: shrink the HR images of one asset to LR images of protocol `rgb`.

Usage: python -m pipeline.degrade --asset Set5 --scale x2
"""

import argparse

from pipeline.imaging.degraded import degrade
from pipeline.study.keys import parse_scale
from pipeline.study.paths import hr_file, lr_file
from pipeline.support.console import run


def main() -> None:
    """Run the stage with the arguments of the command line."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.degrade", description=__doc__)
    parser.add_argument("--asset", required=True, help="name of a data set in data/hr")
    parser.add_argument("--scale", required=True, type=parse_scale, help="x2, x3 or x4")
    arguments = parser.parse_args()
    asset, scale = arguments.asset, arguments.scale
    degrade(hr_file(asset), lr_file(asset, scale), scale)


if __name__ == "__main__":
    raise SystemExit(run(main))
