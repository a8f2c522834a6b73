"""Does the order of the networks change with the length of the training? results/ladder.csv."""

import pandas as pd

from pipeline.collation.cells import Row, number
from pipeline.collation.evaluations import Quality
from pipeline.models.networks import settings_variant
from pipeline.study.keys import ABLATION_SCALE, Key, parse_seed
from pipeline.study.params import Params


def ladder_rows(params: Params, quality: Quality, sizes: pd.DataFrame) -> list[Row]:
    """Score each network of the ladder after each number of steps, and rank them at each.

    Parameters
    ----------
    params : Params
        `ladder` names networks, steps and seeds; the study's own trainings are one rung.
    quality : Quality
        Of `Params.ladder_evaluations` and of the study's own trainings at x4.
    sizes : DataFrame
        results/sizes.csv.

    Returns
    -------
    list of dict
        Rows of `LADDER`. ``training_multi_adds`` are those of the forward passes over all patches
        of the training; the backward passes cost about twice as much again, for every network.
    """
    rows: list[Row] = []
    seeds = [parse_seed(seed) for seed in params.ladder.seeds]
    own = params.train.total_steps
    networks = (*params.ladder.baselines, *params.ladder.models)
    trained = {*params.ladder.trained, *((model, own) for model in networks)}
    rungs = sorted({steps for _, steps in trained})
    counted = {
        row["model"]: row for row in sizes.to_dict("records") if row["scale"] == ABLATION_SCALE
    }
    for steps in rungs if seeds else []:
        for dataset in params.data.test:
            rung: list[Row] = []
            for model in (model for model in networks if (model, steps) in trained):
                keys = [
                    Key.trained(model, ABLATION_SCALE, seed)
                    if steps == own
                    else Key.ladder(model, steps, seed)
                    for seed in seeds
                ]
                size = counted[model]
                patches = steps * params.train.batch
                rung.append(
                    {
                        "model": model,
                        "variant": settings_variant(model, params.networks[model]),
                        "scale": ABLATION_SCALE,
                        "dataset": dataset,
                        "seeds": len(seeds),
                        "steps": steps,
                        "params": number(size["params"], 0),
                        "multi_adds": number(size["multi_adds"], 0),
                        "training_multi_adds": number(size["multi_adds"] * patches, 0),
                        **quality.measured_cells(keys, dataset),
                    }
                )
            order = sorted(rung, key=lambda row: -float(row["psnr_db"]))
            rows += [row | {"rank": order.index(row) + 1} for row in rung]
    return rows
