"""Reading what earlier stages left: everything that params.yaml names, and nothing else."""

from collections.abc import Iterable, Sequence
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
RECORD = (*COMPUTED, *words("params steps precision weights_sha256 history_sha256"))
RECIPE = words("lr schedule batch patch")


def read_study(params: Params) -> Study:
    """Read the runs, evaluations and checks of a study.

    Raises
    ------
    UserError
        When a file is missing or damaged, a run is not the one of params.yaml, or runs were scored
        on different images.
    """
    found = [params.run(key) for key in params.evaluated]
    checks = params.certify
    study = Study(
        params=params,
        runs=typed(pd.DataFrame([_run(run, params) for run in found]), runs.COLUMNS),
        quality=_together(
            (_scores(run, name, params) for run in found for name in params.data.test), runs.QUALITY
        ),
        history=_together((_history(run) for run in found if run.kind == "trained"), runs.HISTORY),
        tuning=_together(
            (
                read_frame(paths.candidates_file(name), tuning.COLUMNS, f"dvc repro tune@{name}")
                for name in params.tuned
            ),
            tuning.COLUMNS,
        ),
        sizes=read_frame(paths.RESULTS / "sizes.csv", SIZES, "dvc repro complexity"),
        certificates=_together(
            (
                read_frame(paths.certificate_file(name, on), RECORDED[:-1], "dvc repro certify")
                for name in checks.networks
                for on in checks.datasets
            ),
            RECORDED,
        ),
        lr_certificates=_together(
            (
                read_frame(paths.lr_certificate_file(name), LR_CERTIFICATE, "dvc repro certify_lr")
                for name in checks.lr
            ),
            LR_CERTIFICATE,
        ),
    )
    _check_images(study.quality)
    places = zip(study.runs["method"], study.runs["scale"], strict=True)
    study.runs["multi_adds"] = [study.cost(*place)["multi_adds"] for place in places]
    study.runs["label"] = study.runs["method"].map(study.label)
    return study


def _identity(run: Run, columns: Sequence[str]) -> dict[str, Any]:
    names = words("key method network variant kind scale seed")
    return {name: getattr(run, name) for name in names if name in columns}


def _run(run: Run, params: Params) -> dict[str, Any]:
    """Return a row of runs.csv; what was not trained was computed on when it was scored."""
    record = read_run(paths.run_folder(run.key), run.identity)
    recipe = record.get("train", {})
    if run.kind != "trained" and not record.get("missing"):
        dataset = params.data.test[0]
        path = paths.evaluation_folder(run.key, dataset) / "record.json"
        record |= read_json(path, f"dvc repro evaluate@{run.key}-{dataset}") | {"data_digest": ""}
    return (
        _identity(run, runs.COLUMNS)
        | {name: record.get(name) for name in RECORD}
        | {name: recipe.get(name) for name in RECIPE}
        | {"settings": _listed(run.settings) or "as published", "train": _listed(run.train)}
    )


def _listed(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in settings.items())


def _scores(run: Run, dataset: str, params: Params) -> pd.DataFrame:
    path = paths.evaluation_folder(run.key, dataset) / "scores.csv"
    frame = read_frame(path, ("image", *METRICS), f"dvc repro evaluate@{run.key}-{dataset}")
    about = {"dataset": dataset, "protocol": params.evaluate.protocol}
    return frame.assign(**_identity(run, runs.QUALITY), **about)


def _check_images(quality: pd.DataFrame) -> None:
    """Refuse scores that cannot be paired: each run needs each image of a test set once."""
    for dataset, part in quality.groupby("dataset"):
        counts = pd.crosstab(part["image"], part["key"]).stack()  # noqa: PD013
        for (image, key), count in counts[counts != 1].items():  # type: ignore
            raise UserError(
                f"{paths.evaluation_folder(key, str(dataset))}: {image} has {count} scores, "
                f"expected one. Run: dvc repro evaluate@{key}-{dataset}"
            )


def _history(run: Run) -> pd.DataFrame:
    path = paths.run_folder(run.key) / "history.csv"
    frame = read_frame(path, HISTORY, f"dvc repro train@{run.key}")
    return frame.assign(**_identity(run, runs.HISTORY))


def _together(frames: Iterable[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    rows = [frame for frame in frames if len(frame)]
    return typed(pd.concat(rows) if rows else pd.DataFrame(), columns).reset_index(drop=True)
