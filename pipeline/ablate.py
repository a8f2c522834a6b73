"""Stage `ablate`: train one variant of MESR's ablation study (Tables 1 and 2) at x4."""

import argparse
from collections.abc import Sequence

from pipeline.models.networks import network_variants
from pipeline.study.keys import ABLATION_MODEL, Key, parse_seed
from pipeline.study.params import load_params
from pipeline.support.console import run
from pipeline.train import train_network


def main(argv: Sequence[str] | None = None) -> None:
    """Train a variant with a seed into runs/ablation_VARIANT_SEED."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.ablate", description=main.__doc__)
    variants = network_variants(ABLATION_MODEL)
    parser.add_argument("--variant", required=True, choices=variants)
    parser.add_argument("--seed", required=True, type=parse_seed, help="s0, s1, ...")
    args = parser.parse_args(argv)
    params = load_params()
    settings = params.network_settings(ABLATION_MODEL) | variants[args.variant]
    train_network(params, Key.ablation(args.variant, args.seed), args.variant, settings)


if __name__ == "__main__":
    raise SystemExit(run(main))
