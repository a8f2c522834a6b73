"""Stage `ablate`: train one variant of MESR's ablation study (Tables 1 and 2) at x4."""

import argparse
from collections.abc import Sequence

from mesr import VARIANTS, variant_settings
from pipeline.study.keys import parse_seed
from pipeline.study.params import load_params
from pipeline.support.console import run
from pipeline.train import train_network

SCALE = 4  # Tables 1 and 2 are at x4


def main(argv: Sequence[str] | None = None) -> None:
    """Train VARIANT with SEED into runs/ablation_VARIANT_SEED."""
    parser = argparse.ArgumentParser(prog="pipeline.ablate", description=main.__doc__)
    parser.add_argument("variant", choices=VARIANTS)
    parser.add_argument("seed", type=parse_seed, help="s0, s1, ...")
    args = parser.parse_args(argv)
    params = load_params()
    train_network(
        params,
        key=f"ablation_{args.variant}_s{args.seed}",
        model="mesr",
        variant=args.variant,
        scale=SCALE,
        seed=args.seed,
        **params.network_settings("mesr") | variant_settings(args.variant),
    )


if __name__ == "__main__":
    raise SystemExit(run(main))
