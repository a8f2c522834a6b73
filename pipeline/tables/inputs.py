"""Reading what earlier stages left: everything that params.yaml names, and nothing else."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from pipeline.models.runs import read_run
from pipeline.study import paths
from pipeline.study.params import Params
from pipeline.study.runs import Run
from pipeline.support.errors import UserError
from pipeline.support.json import read_json
from pipeline.tables import runs, tuning
from pipeline.tables.certification import LR_CERTIFICATE, RECORDED
from pipeline.tables.counts import SIZES
from pipeline.tables.files import read_frame, typed, words
from pipeline.tables.study import METRICS, Study

HISTORY = words("step epoch lr loss psnr_db coarse_psnr_db gate_mean")
COMPUTED = words("arithmetic device machine threads torch code_digest data_digest")
RECIPE = words("lr schedule batch patch")


def read_study(params: Params) -> Study:
    """Read the runs, evaluations and checks of a study.

    Raises
    ------
    UserError
        When a file is missing or damaged, a run is not the one of params.yaml, or an image stands
        twice.
    """
    found = [params.run(key) for key in params.evaluated]
    checks = params.certify
    study = Study(
        params=params,
        runs=typed(pd.DataFrame([_run(run, params) for run in found]), runs.COLUMNS),
        quality=_together(
            [_scores(run, name, params) for run in found for name in params.data.test], runs.QUALITY
        ),
        history=_together([_history(run) for run in found if run.kind == "trained"], runs.HISTORY),
        tuning=_together(
            [
                read_frame(paths.candidates_file(name), tuning.COLUMNS, f"dvc repro tune@{name}")
                for name in params.tuned
            ],
            tuning.COLUMNS,
        ),
        sizes=read_frame(paths.RESULTS / "sizes.csv", SIZES, "dvc repro complexity"),
        certificates=_together(
            [
                read_frame(paths.certificate_file(*pair), RECORDED[:-1], "dvc repro certify")
                for pair in ((n, d) for n in checks.networks for d in checks.datasets)
            ],
            RECORDED,
        ),
        lr_certificates=_together(
            [
                read_frame(paths.lr_certificate_file(name), LR_CERTIFICATE, "dvc repro certify_lr")
                for name in checks.lr
            ],
            LR_CERTIFICATE,
        ),
    )
    names = zip(study.runs["method"], study.runs["scale"], strict=True)
    study.runs["multi_adds"] = pd.array(
        [study.cost(*name)["multi_adds"] for name in names], dtype="Float64"
    ).astype("Int64")
    study.runs["label"] = study.runs["method"].map(study.label)
    return study


def _identity(run: Run) -> dict[str, Any]:
    names = words("key method network variant kind scale seed")
    return {name: getattr(run, name) for name in names}


def _run(run: Run, params: Params) -> dict[str, Any]:
    """Return a row of runs.csv; what was not trained was computed on when it was scored."""
    record = read_run(paths.run_folder(run.key), run.identity)
    recipe = record.get("train", {})
    if run.kind != "trained":
        for dataset in params.data.test[:1]:
            path = paths.evaluation_folder(run.key, dataset) / "record.json"
            record |= (
                read_json(path, f"dvc repro evaluate@{run.key}-{dataset}") | {"data_digest": ""}
                if not record.get("missing")
                else {}
            )
    names = [*COMPUTED, *words("params steps precision weights_sha256 history_sha256")]
    return (
        _identity(run)
        | {name: record.get(name) for name in names}
        | {name: recipe.get(name) for name in RECIPE}
        | {"settings": _listed(run.settings) or "as published", "train": _listed(run.train)}
    )


def _listed(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in settings.items())


def _scores(run: Run, dataset: str, params: Params) -> pd.DataFrame:
    path = paths.evaluation_folder(run.key, dataset) / "scores.csv"
    remedy = f"dvc repro evaluate@{run.key}-{dataset}"
    frame = read_frame(path, ("image", *METRICS), remedy)
    if frame["image"].duplicated().any() or frame[["psnr_db", "ssim"]].isna().any(axis=None):
        raise UserError(f"{path}: an image stands twice or has no PSNR or SSIM. Run: {remedy}")
    return frame.assign(
        **{name: value for name, value in _identity(run).items() if name in runs.QUALITY},
        dataset=dataset,
        protocol=params.evaluate.protocol,
    )


def _history(run: Run) -> pd.DataFrame:
    path = paths.run_folder(run.key) / "history.csv"
    frame = read_frame(path, HISTORY, f"dvc repro train@{run.key}")
    return frame.assign(**{n: v for n, v in _identity(run).items() if n in runs.HISTORY})


def _together(frames: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    rows = [frame for frame in frames if len(frame)]
    return typed(pd.concat(rows) if rows else pd.DataFrame(), columns).reset_index(drop=True)
