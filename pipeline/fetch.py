"""Stages `fetch*`: obtain an asset, verify it, and lay it down under data/."""

import argparse
from collections.abc import Sequence

from pipeline.assets.fetching import fetch_assets
from pipeline.support.console import run


def main(argv: Sequence[str] | None = None) -> None:
    """Run stage `fetch` for the asset named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.fetch", description=__doc__)
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--asset", help="name in pipeline/assets/assets.toml")
    wanted.add_argument("--lr_of", metavar="DATASET", help="its LR files by MATLAB")
    parser.add_argument(
        "--partial",
        action="store_true",
        help="weights: leave out files whose servers cannot be reached, with a warning",
    )
    arguments = parser.parse_args(argv)
    name = arguments.asset or f"{arguments.lr_of}_MATLAB_LR"
    fetch_assets([name], again=True, partial=arguments.partial)


if __name__ == "__main__":
    raise SystemExit(run(main))
