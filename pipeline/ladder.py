"""Stages `ladder` and `ladder_baseline`: train a network at x4 for another number of steps.

The schedule is stretched to that length, so that each rung of the ladder is a complete training.
"""

import argparse
from collections.abc import Sequence

from pipeline.models.networks import settings_variant
from pipeline.study.keys import Key, parse_seed
from pipeline.study.params import load_params
from pipeline.support.console import run
from pipeline.train import train_network


def main(argv: Sequence[str] | None = None) -> None:
    """Train MODEL for STEPS steps with SEED into runs/ladder_MODEL_STEPS_SEED."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.ladder", description=main.__doc__)
    parser.add_argument("--model", required=True, help="a network with an entry under networks")
    parser.add_argument("--steps", required=True, type=int, help="length of the training")
    parser.add_argument("--seed", required=True, type=parse_seed, help="s0, s1, ...")
    args = parser.parse_args(argv)
    params = load_params()
    settings = params.network_settings(args.model)
    key = Key.ladder(args.model, args.steps, args.seed)
    variant = settings_variant(args.model, settings)
    train_network(params, key, variant, settings, {"steps": args.steps})


if __name__ == "__main__":
    raise SystemExit(run(main))
