"""Stages `train` and `train_baseline`: train one network at one scale with one seed."""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.models.networks import build_network, settings_variant
from pipeline.study.keys import parse_scale, parse_seed
from pipeline.study.params import Params, load_params
from pipeline.support.console import run
from pipeline.training.trainer import train

RUNS = Path("runs")


def train_network(
    params: Params, key: str, model: str, variant: str, scale: int, seed: int, **settings: Any
) -> None:
    """Build a network, train it and write ``runs/<key>``.

    Parameters
    ----------
    params : Params
        The study's parameters; `params.train_settings` says how to train.
    key : str
        Name of the run.
    model, variant : str
        What is trained, for the run's provenance.
    scale, seed : int
        Upscaling factor; seed of the initial weights and of the sampling of patches.
    **settings
        Constructor settings of the network.
    """
    train(
        partial(build_network, model, scale, **settings),
        hr=Path(f"data/hr/{params.data.train}.h5"),
        lr=Path(f"data/lr/{params.data.train}_x{scale}.h5"),
        settings=params.train_settings,
        seed=seed,
        output=RUNS / key,
        identity={"model": model, "variant": variant, "scale": scale, "settings": settings},
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Train MODEL at SCALE with SEED into runs/MODEL_SCALE_SEED."""
    parser = argparse.ArgumentParser(prog="pipeline.train", description=main.__doc__)
    parser.add_argument("model", help="name of a network with an entry in params.yaml, networks")
    parser.add_argument("scale", type=parse_scale, help="x2, x3 or x4")
    parser.add_argument("seed", type=parse_seed, help="s0, s1, ...")
    args = parser.parse_args(argv)
    params = load_params()
    train_network(
        params,
        key=f"{args.model}_x{args.scale}_s{args.seed}",
        model=args.model,
        variant=settings_variant(args.model, params.network_settings(args.model)),
        scale=args.scale,
        seed=args.seed,
        **params.network_settings(args.model),
    )


if __name__ == "__main__":
    raise SystemExit(run(main))
