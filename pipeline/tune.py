"""Stage `tune`: choose the learning rate of one network.

Every network chooses from the same values with the same budget: it is trained with each of them
for `tune.steps` steps, the schedule stretched to that length, and the one with the highest PSNR on
held-out training images wins. Test images take no part. With a single value there is nothing to
choose, and nothing is trained.
"""

import argparse
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.study.paths import PARAMS, candidates_file
from pipeline.study.plain import read_params
from pipeline.study.runs import Run, parse_scale
from pipeline.study.tuning import write_lrs
from pipeline.support.console import run
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path

SEED = 0  # of initial weights and patches, the same for every candidate
CHECKPOINTS = Path("checkpoints")
COLUMNS = ["network", "scale", "steps", "seed", "lr", "psnr_db", "chosen", "note"]


def try_lr(params: Mapping[str, Any], what: Run, lr: float, checkpoints: Path) -> float | None:
    """Train a network with a learning rate and return its final PSNR-Y on the held-out images.

    A training that is complete is not done again when the stage was interrupted later.

    Returns
    -------
    float or None
        In dB; None when a loss or gradient was not finite.
    """
    from pipeline.train import train_run  # noqa: PLC0415
    from pipeline.training.trainer import NonFiniteError  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / f"tune_{what.network}_{lr:g}"
        try:
            train_run(params, what, lr, output, checkpoints=checkpoints, keep_checkpoint=True)
        except NonFiniteError as error:
            print(f"learning rate {lr:g} is out: {error}", flush=True)
            return None
        return float(pd.read_csv(output / "history.csv")["psnr_db"].iloc[-1])


def choose(network: str, found: dict[float, float | None]) -> float:
    """Return the learning rate with the highest PSNR, the lower one of equals.

    Raises
    ------
    UserError
        When the training diverged with each of them.
    """
    finished = {lr: psnr_db for lr, psnr_db in found.items() if psnr_db is not None}
    if not finished:
        raise UserError(
            f"tuned.{network}.lrs: the training diverged with each of "
            f"{', '.join(f'{lr:g}' for lr in found)}. Add a lower learning rate."
        )
    return max(sorted(finished), key=lambda lr: finished[lr])


def main(argv: Sequence[str] | None = None) -> None:
    """Choose the learning rate of a network; write tuning/NETWORK.json and tuning/NETWORK.csv."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.tune", description=main.__doc__)
    parser.add_argument("network", help="a name in params.yaml, tuned")
    network = parser.parse_args(argv).network
    params = read_params()
    if network not in params["tuned"]:
        known = ", ".join(params["tuned"]) or "none"
        raise UserError(f"{network!r} stands not under tuned in {PARAMS}, which has: {known}")
    lrs, scale = params["tuned"][network]["lrs"], parse_scale(params["tune"]["scale"])
    own, steps = params["tuned"][network], params["tune"]["steps"]
    what = Run(
        *(f"tune_{network}", network, "", "trained", scale, SEED, own["code"]),
        *(params["networks"][network], {"steps": steps}),
    )
    print(f"tune {network}: {len(lrs)} learning rate(s)", flush=True)
    checkpoints = CHECKPOINTS / what.key
    table = pd.DataFrame({"network": network, "scale": scale, "lr": lrs, "note": "the only value"})
    chosen = lrs[0]
    if len(lrs) > 1:
        found = {lr: try_lr(params, what, lr, checkpoints) for lr in lrs}
        chosen = choose(network, found)
        notes = ["diverged" if psnr_db is None else "" for psnr_db in found.values()]
        table = table.assign(
            steps=steps, seed=SEED, psnr_db=pd.Series(found).to_numpy(), note=notes
        )
    table["chosen"] = table["lr"].map({chosen: "yes"})
    table["lr"] = table["lr"].map("{:g}".format)
    with atomic_path(candidates_file(network)) as temporary:
        table.reindex(columns=COLUMNS).to_csv(
            temporary, index=False, float_format="%.6f", lineterminator="\n"
        )
    write_lrs(network, chosen, lrs)
    shutil.rmtree(checkpoints, ignore_errors=True)
    print(f"learning rate of {network}: {chosen:g}")


if __name__ == "__main__":
    raise SystemExit(run(main))
