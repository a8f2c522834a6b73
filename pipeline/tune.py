"""Stages `tune` and `tune_baseline`: choose the learning rate of one network.

Every network chooses from the same values with the same budget: it is trained with each of them
for `tune.steps` steps, the schedule stretched to that length, and the one with the highest PSNR on
held-out training images wins. Test images take no part. With a single value there is nothing to
choose, and nothing is trained.
"""

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pipeline.models.networks import build_network, settings_variant
from pipeline.study.keys import parse_scale
from pipeline.study.params import Params, load_params
from pipeline.study.paths import candidates_file, hr_file, lr_file
from pipeline.study.results import TUNING, read_text
from pipeline.study.tuning import write_lrs
from pipeline.support.console import run
from pipeline.support.errors import UserError

SEED = 0  # of initial weights and patches, the same for every candidate
CHECKPOINTS = Path("checkpoints")


def try_lr(params: Params, model: str, lr: float, checkpoints: Path) -> float | None:
    """Train a network with a learning rate and return its final PSNR-Y on the held-out images.

    A training that is complete is not done again when the stage was interrupted later.

    Returns
    -------
    float or None
        In dB; None when a loss or gradient was not finite.
    """
    from pipeline.training.nonfinite import NonFiniteError  # noqa: PLC0415
    from pipeline.training.trainer import train  # noqa: PLC0415

    scale, settings = parse_scale(params.tune.scale), params.network_settings(model)
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / f"tune_{model}_{lr:g}"
        try:
            train(
                partial(build_network, model, scale, **settings),
                hr=hr_file(params.data.train),
                lr=lr_file(params.data.train, scale),
                settings=params.train_settings(lr, steps=params.tune.steps),
                seed=SEED,
                output=output,
                identity={
                    "model": model,
                    "variant": settings_variant(model, settings),
                    "scale": scale,
                    "settings": settings,
                },
                checkpoints=checkpoints,
                keep_checkpoint=True,
            )
        except NonFiniteError as error:
            print(f"learning rate {lr:g} is out: {error}", flush=True)
            return None
        history = read_text(output / "history.csv", ["psnr_db"], "dvc repro tune")
        return float(history["psnr_db"].iloc[-1])


def choose(model: str, found: dict[float, float | None]) -> float:
    """Return the learning rate with the highest PSNR, the lower one of equals.

    Raises
    ------
    UserError
        When the training diverged with each of them.
    """
    finished = {lr: psnr_db for lr, psnr_db in found.items() if psnr_db is not None}
    if not finished:
        raise UserError(
            f"tune.lrs: the training of {model} diverged with each of "
            f"{', '.join(f'{lr:g}' for lr in found)}. Add a lower learning rate."
        )
    return max(sorted(finished), key=lambda lr: finished[lr])


def main(argv: Sequence[str] | None = None) -> None:
    """Choose the learning rate of MODEL; write tuning/MODEL.json and tuning/MODEL.csv."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.tune", description=main.__doc__)
    parser.add_argument("--model", required=True, help="a network with an entry under networks")
    model = parser.parse_args(argv).model
    params = load_params()
    settings, lrs = params.network_settings(model), params.tune.lrs
    print(f"tune {model}: {len(lrs)} learning rate(s)", flush=True)
    checkpoints = CHECKPOINTS / f"tune_{model}"
    found: dict[float, float | None] = dict.fromkeys(lrs)
    tried = len(lrs) > 1
    if tried:
        found = {lr: try_lr(params, model, lr, checkpoints) for lr in lrs}
    chosen = choose(model, found) if tried else lrs[0]
    rows = [
        {
            "model": model,
            "variant": settings_variant(model, settings),
            "scale": parse_scale(params.tune.scale),
            "steps": params.tune.steps if tried else "",
            "seed": SEED if tried else "",
            "lr": f"{lr:g}",
            "psnr_db": psnr_db,
            "chosen": "yes" if lr == chosen else "",
            "note": "" if psnr_db is not None else "diverged" if tried else "the only value",
        }
        for lr, psnr_db in found.items()
    ]
    TUNING.write(rows, candidates_file(model))
    write_lrs(model, chosen, list(found))
    shutil.rmtree(checkpoints, ignore_errors=True)
    print(f"learning rate of {model}: {chosen:g}")


if __name__ == "__main__":
    raise SystemExit(run(main))
