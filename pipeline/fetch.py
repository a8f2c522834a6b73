"""Stage `fetch`: obtain assets, verify them, and lay them down under data/."""

import argparse
from collections.abc import Sequence

from pipeline.assets.fetching import fetch_assets
from pipeline.support.console import run


def main(argv: Sequence[str] | None = None) -> None:
    """Run stage `fetch` for the assets named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.fetch", description=__doc__)
    parser.add_argument(
        "names", nargs="+", metavar="ASSET", help="name in pipeline/assets/assets.toml"
    )
    parser.add_argument(
        "--partial",
        action="store_true",
        help="weights: leave out files whose servers cannot be reached, with a warning",
    )
    arguments = parser.parse_args(argv)
    fetch_assets(arguments.names, again=True, partial=arguments.partial)


if __name__ == "__main__":
    raise SystemExit(run(main))
