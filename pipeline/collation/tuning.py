"""How the learning rate of each network was chosen: results/tuning.csv."""

import pandas as pd

from pipeline.study.params import Params
from pipeline.study.paths import candidates_file
from pipeline.study.results import TUNING, read_text
from pipeline.study.tuning import REMEDY
from pipeline.support.errors import UserError


def tuning_rows(params: Params) -> pd.DataFrame:
    """Collect the candidates of every trained network, digit by digit as they were written.

    Raises
    ------
    UserError
        When a file is missing, or is not about the learning rates that params.yaml names.
    """
    frames = []
    for model in (*params.baselines, *params.models):
        path = candidates_file(model)
        frame = read_text(path, TUNING.names, REMEDY)
        if [float(lr) for lr in frame["lr"]] != params.tune.lrs or set(frame["model"]) != {model}:
            raise UserError(
                f"{path}: of {', '.join(sorted(set(frame['model'])))} with learning rates "
                f"{', '.join(frame['lr'])}; expected {model} with those of tune.lrs. "
                f"Write it again: {REMEDY}"
            )
        frames.append(frame)
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=TUNING.names)
