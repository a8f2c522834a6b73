"""Reading what earlier stages left: everything that params.yaml names, and nothing else."""

from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.models.runs import read_run
from pipeline.study.params import Params
from pipeline.study.paths import (
    RESULTS,
    candidates_file,
    certificate_file,
    evaluation_folder,
    lr_certificate_file,
    run_folder,
)
from pipeline.study.runs import Run
from pipeline.support.errors import UserError
from pipeline.support.json import read_json
from pipeline.tables.certification import RECORDED
from pipeline.tables.files import FILES, read_frame, typed, words
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
    cells = [certificate_file(*cell) for cell in product(checks.networks, checks.datasets)]
    lr_files = map(lr_certificate_file, checks.lr)
    scores = (_scores(run, name, params) for run in found for name in params.data.test)
    study = Study(
        params=params,
        runs=_together([pd.DataFrame([_run(run, params) for run in found])], FILES["runs"]),
        quality=_together(scores, FILES["quality"]),
        history=_together(
            (_history(run) for run in found if run.kind == "trained"), FILES["history"]
        ),
        tuning=_read(map(candidates_file, params.tuned), FILES["tuning"], "tune"),
        sizes=_read([RESULTS / "sizes.csv"], FILES["sizes"], "complexity"),
        certificates=_read(cells, RECORDED[:-1], "certify"),
        lr_certificates=_read(lr_files, FILES["lr_certification"][:-1], "certify_lr"),
    )
    _check_images(study.quality)
    places = zip(study.runs["method"], study.runs["scale"], strict=True)
    study.runs["multi_adds"] = [study.cost(*place)["multi_adds"] for place in places]
    study.runs["label"] = study.runs["method"].map(study.label)
    return study


def _read(paths: Iterable[Path], columns: Sequence[str], stage: str) -> pd.DataFrame:
    return _together((read_frame(p, columns, f"dvc repro {stage}") for p in paths), columns)


def _together(frames: Iterable[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    rows = [frame for frame in frames if len(frame)]
    return typed(pd.concat(rows) if rows else pd.DataFrame(), columns).reset_index(drop=True)


def _about(run: Run) -> dict[str, Any]:
    return {n: getattr(run, n) for n in words("key method network variant kind scale seed")}


def _run(run: Run, params: Params) -> dict[str, Any]:
    """Return a row of runs.csv; what was not trained was computed on when it was scored."""
    record = read_run(run_folder(run.key), run.identity)
    recipe = record.get("train", {})
    if run.kind != "trained" and not record.get("missing"):
        dataset = params.data.test[0]
        path = evaluation_folder(run.key, dataset) / "record.json"
        record |= read_json(path, f"dvc repro evaluate@{run.key}-{dataset}") | {"data_digest": ""}
    settings, train = (
        ", ".join(f"{name}={value}" for name, value in part.items())
        for part in (run.settings, run.train)
    )
    return (
        _about(run)
        | {name: record.get(name) for name in RECORD}
        | {name: recipe.get(name) for name in RECIPE}
        | {"settings": settings or "as published", "train": train}
    )


def _scores(run: Run, dataset: str, params: Params) -> pd.DataFrame:
    path = evaluation_folder(run.key, dataset) / "scores.csv"
    frame = read_frame(path, ("image", *METRICS), f"dvc repro evaluate@{run.key}-{dataset}")
    return frame.assign(**_about(run), dataset=dataset, protocol=params.evaluate.protocol)


def _check_images(quality: pd.DataFrame) -> None:
    """Refuse scores that cannot be paired: each run needs each image of a test set once."""
    for dataset, part in quality.groupby("dataset"):
        counts = pd.crosstab(part["image"], part["key"]).stack()  # noqa: PD013
        for (image, key), count in counts[counts != 1].items():  # type: ignore
            raise UserError(
                f"{evaluation_folder(key, str(dataset))}: {image} has {count} scores, "
                f"expected one. Run: dvc repro evaluate@{key}-{dataset}"
            )


def _history(run: Run) -> pd.DataFrame:
    path = run_folder(run.key) / "history.csv"
    return read_frame(path, HISTORY, f"dvc repro train@{run.key}").assign(**_about(run))
