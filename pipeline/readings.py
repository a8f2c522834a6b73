"""Stage `readings`: train MESR at x4 in another reading of the paper (docs/paper-reading.md)."""

import argparse
from collections.abc import Sequence

from pipeline.study.keys import Key, parse_seed
from pipeline.study.params import load_params
from pipeline.support.console import run
from pipeline.support.errors import UserError
from pipeline.train import train_network


def main(argv: Sequence[str] | None = None) -> None:
    """Train MESR in READING with SEED into runs/reading_READING_SEED."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.readings", description=main.__doc__)
    parser.add_argument("--reading", required=True, help="a name under readings.changes")
    parser.add_argument("--seed", required=True, type=parse_seed, help="s0, s1, ...")
    args = parser.parse_args(argv)
    params = load_params()
    if args.reading not in params.readings.changes:
        raise UserError(
            f"readings.changes: {args.reading!r} is missing in params.yaml. "
            f"Known: {', '.join(params.readings.changes)}."
        )
    key = Key.reading(args.reading, args.seed)
    changes = params.readings.changes[args.reading].train
    train_network(params, key, args.reading, params.reading_settings(args.reading), changes)


if __name__ == "__main__":
    raise SystemExit(run(main))
