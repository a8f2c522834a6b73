"""Stage `train`: one training, a line of params.yaml, into ``runs/KEY``.

What this module imports can change what is trained, so it imports little: params.yaml is read as
it is, and checked elsewhere (`pipeline.configure`, `pipeline.study.params`).
"""

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

from pipeline.models.networks import build_network, network_digest
from pipeline.study.paths import PARAMS, hr_file, lr_file, run_folder
from pipeline.study.plain import read_params
from pipeline.study.runs import Run, parse_scale
from pipeline.study.tuning import read_lrs
from pipeline.support.console import run
from pipeline.support.errors import UserError
from pipeline.training.settings import TrainSettings
from pipeline.training.trainer import NonFiniteError, train


def find_training(params: Mapping[str, Any], key: str) -> Run:
    """Return the training of params.yaml that has this key.

    Raises
    ------
    UserError
        When there is none.
    """
    entry = params["trainings"].get(key)
    if entry is None:
        known = ", ".join(params["trainings"]) or "none"
        raise UserError(f"{key!r} is no training of {PARAMS}, which lists: {known}")
    return Run(
        key=key,
        network=entry["network"],
        variant=entry["variant"],
        kind="trained",
        scale=parse_scale(entry["scale"]),
        seed=entry["seed"],
        code=entry["code"],
        settings=params["networks"][entry["network"]] | entry["settings"],
        train=entry["train"],
    )


def train_run(
    params: Mapping[str, Any],
    wanted: Run,
    lr: float,
    output: Path,
    **changes: Any,
) -> None:
    """Train a network with a learning rate.

    Parameters
    ----------
    params : mapping
        The content of params.yaml.
    wanted : Run
        What to train.
    lr : float
        Learning rate.
    output : Path
        Folder to write.
    **changes
        Arguments of `pipeline.training.trainer.train`.
    """
    data = params["data"]
    settings = {**params["train"], **wanted.train, **params["running"], "lr": lr}
    try:
        found = TrainSettings(**settings)
    except (TypeError, ValueError) as error:
        raise UserError(f"{PARAMS}: train, running or trainings.{wanted.key}: {error}") from error
    excluded = {"exclude": data["exclude"]} if data["exclude"] else {}
    train(
        partial(build_network, wanted.code, wanted.scale, **wanted.settings),
        hr=hr_file(data["train"]),
        lr=lr_file(data["train"], wanted.scale),
        settings=found,
        seed=wanted.seed or 0,
        output=output,
        identity=wanted.identity | {"network_digest": network_digest(wanted.code)},
        **excluded,
        **changes,
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Train the network of one line of params.yaml.

    A training that diverges begins again with the next lower learning rate that the network's was
    chosen from; run.json says which one was used.
    """
    parser = argparse.ArgumentParser(prog="python -m pipeline.train", description=main.__doc__)
    parser.add_argument("key", help="name of a training in params.yaml, e.g. mesr_x4_s0")
    params = read_params()
    wanted = find_training(params, parser.parse_args(argv).key)
    lrs = read_lrs(wanted.network)
    for lr, lower in zip_longest(lrs, lrs[1:]):
        try:
            train_run(params, wanted, lr, run_folder(wanted.key))
        except NonFiniteError as error:
            if lower is None:
                raise
            print(f"{error}\n{wanted.key}: starting again with learning rate {lower:g}", flush=True)
        else:
            return


if __name__ == "__main__":
    raise SystemExit(run(main))
