"""What determined each run and evaluation, and the training curves: runs.csv and history.csv."""

from collections.abc import Iterable, Sequence

import pandas as pd

from pipeline.collation.cells import Row
from pipeline.collation.evaluations import Evaluated
from pipeline.study.labels import label
from pipeline.study.paths import record_file, run_folder
from pipeline.study.results import HISTORY, RUNS, read_json, read_text
from pipeline.support.errors import UserError

IDENTITY = ("key", "model", "variant", "label", "scale", "seed", "stage")
# Settings of a training that runs.csv shows; run.json and params.yaml hold all of them.
RECIPE = ("lr", "schedule", "batch", "patch")
TRAINED_ONLY = ("steps", "precision", *RECIPE, "settings")  # evaluations have none of these
PUBLISHED_SIZE = "as published"  # constructor settings of a network without any


def _identity(of: Evaluated) -> Row:
    key, variant = of.key, of.variant
    seed = "" if key.seed is None else key.seed
    text = label(key.model, variant) + ("+" if key.kind == "ensemble" else "")
    values = (key.name, key.model, variant, text, key.scale, seed, key.stage)
    return dict(zip(IDENTITY, values, strict=True))


def history_rows(trained: Iterable[Evaluated]) -> pd.DataFrame:
    """Collate the training curves, numbers digit by digit as the trainer wrote them."""
    own = ("key", "model", "variant", "scale", "seed")
    frames = []
    for of in trained:
        path = run_folder(of.key) / "history.csv"
        columns = [name for name in HISTORY.names if name not in own]
        frame = read_text(path, columns, f"dvc repro (stage {of.key.stage})")
        identity = _identity(of)
        frame = frame.assign(**{name: identity[name] for name in own})
        frames.append(frame[HISTORY.names])
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=HISTORY.names)


def training_rows(trained: Iterable[Evaluated], dataset: str) -> list[Row]:
    """Provenance of each training on `dataset`.

    Raises
    ------
    UserError
        When a run.json is missing or lacks a fact, or is of another network than its name says.
    """
    rows = []
    recorded = [name for name in RUNS.names if name not in (*IDENTITY, *RECIPE, "dataset")]
    for of in trained:
        path, remedy = run_folder(of.key) / "run.json", f"dvc repro (stage {of.key.stage})"
        facts = read_json(path, remedy, (*recorded, "train"))
        for name, kind in (("train", dict), ("settings", dict)):
            if not isinstance(facts[name], kind):
                raise UserError(f"{path}: {name} is no mapping. Write it again: {remedy}")
        if absent := [name for name in RECIPE if name not in facts["train"]]:
            raise UserError(f"{path}: train.{absent[0]} is missing. Write it again: {remedy}")
        settings = ", ".join(f"{name}={value}" for name, value in facts["settings"].items())
        rows.append(
            {name: facts[name] for name in recorded}
            | {name: str(facts["train"][name]) for name in RECIPE}
            | {**_identity(of), "dataset": dataset, "settings": settings or PUBLISHED_SIZE}
        )
    return rows


def evaluation_rows(untrained: Iterable[Evaluated], datasets: Sequence[str]) -> list[Row]:
    """Provenance of each evaluation that has no training behind it: one row per dataset.

    Raises
    ------
    UserError
        When a record is missing or lacks a fact.
    """
    rows = []
    recorded = [name for name in RUNS.names if name not in (*IDENTITY, *TRAINED_ONLY)]
    for of in untrained:
        for dataset in datasets:
            path = record_file(of.key, dataset)
            facts = read_json(path, f"dvc repro (stage {of.key.stage})", recorded)
            rows.append(
                _identity(of)
                | dict.fromkeys(TRAINED_ONLY, "")
                | {name: facts[name] for name in recorded}
            )
    return rows
