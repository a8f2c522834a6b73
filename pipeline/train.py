"""Stages `train` and `train_baseline`: train one network at one scale with one seed."""

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import zip_longest
from typing import Any

from pipeline.models.networks import build_network, settings_variant
from pipeline.study.keys import Key, parse_scale, parse_seed
from pipeline.study.params import Params, load_params
from pipeline.study.paths import hr_file, lr_file, run_folder
from pipeline.study.tuning import read_lrs
from pipeline.support.console import run
from pipeline.training.nonfinite import NonFiniteError
from pipeline.training.trainer import train


def train_network(
    params: Params,
    key: Key,
    variant: str,
    settings: Mapping[str, Any],
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Build a network, train it with the learning rate chosen for it and write ``runs/<key>``.

    A training that diverges begins again with the next lower learning rate that the network's was
    chosen from; run.json says which one was used.

    Parameters
    ----------
    params : Params
        The study's parameters; `params.train_settings` says how to train.
    key : Key
        Names network, scale and seed: of the initial weights and of the sampling of patches.
    variant : str
        Which of the network's sizes or ablation variants is trained.
    settings : mapping
        Its constructor settings.
    changes : mapping, optional
        Training settings that depart from the study's.

    Raises
    ------
    NonFiniteError
        When the training diverges with the lowest learning rate too.
    """
    if key.seed is None:
        raise ValueError(f"{key} names no training")
    lrs = read_lrs(key.model)
    for lr, lower in zip_longest(lrs, lrs[1:]):
        try:
            train(
                partial(build_network, key.model, key.scale, **settings),
                hr=hr_file(params.data.train),
                lr=lr_file(params.data.train, key.scale),
                settings=params.train_settings(lr, **(changes or {})),
                seed=key.seed,
                output=run_folder(key),
                identity={
                    "model": key.model,
                    "variant": variant,
                    "scale": key.scale,
                    "settings": dict(settings),
                },
            )
        except NonFiniteError as error:
            if lower is None:
                raise
            print(f"{error}\n{key}: starting again with learning rate {lower:g}", flush=True)
        else:
            return


def main(argv: Sequence[str] | None = None) -> None:
    """Train a network at a scale with a seed into runs/MODEL_SCALE_SEED."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.train", description=main.__doc__)
    parser.add_argument("--model", required=True, help="a name in params.yaml, networks")
    parser.add_argument("--scale", required=True, type=parse_scale, help="x2, x3 or x4")
    parser.add_argument("--seed", required=True, type=parse_seed, help="s0, s1, ...")
    args = parser.parse_args(argv)
    params = load_params()
    settings = params.network_settings(args.model)
    key = Key.trained(args.model, args.scale, args.seed)
    train_network(params, key, settings_variant(args.model, settings), settings)


if __name__ == "__main__":
    raise SystemExit(run(main))
