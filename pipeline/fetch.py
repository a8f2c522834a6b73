"""Stage `fetch`: obtain an asset, verify it, and lay it down under data/."""

import argparse
from collections.abc import Sequence

from pipeline.assets.fetching import fetch_assets
from pipeline.support.console import run


def main(argv: Sequence[str] | None = None) -> None:
    """Fetch an asset; of published weights, files whose servers cannot be reached are left out."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.fetch", description=main.__doc__)
    parser.add_argument("asset", help="name in pipeline/assets/assets.toml")
    fetch_assets([parser.parse_args(argv).asset], again=True, partial=True)


if __name__ == "__main__":
    raise SystemExit(run(main))
