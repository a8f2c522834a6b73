"""The runs behind a row: the provenance panels of the page."""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import pandas as pd

from pipeline.study.keys import Key
from reports.logs import MEASURED, log_name
from reports.results import TRAININGS, Results, slug
from reports.tables.model import Run

# Columns of runs.csv that tell what a run was, and their titles.
RUN_FIELDS = {
    "key": "Run",
    "stage": "Stage",
    "seed": "Seed",
    "params": "Parameters",
    "settings": "Network settings",
    "steps": "Steps",
    "lr": "Learning rate",
    "schedule": "Schedule",
    "batch": "Batch",
    "patch": "LR patch",
    "device": "Device",
    "machine": "Machine",
    "threads": "Threads",
    "precision": "Precision",
    "torch": "torch",
    "dataset": "Images",
}
# What an evaluation cannot have, because nothing is trained.
OF_TRAININGS = {"seed", "settings", "steps", "lr", "schedule", "batch", "patch", "precision"}


def run_of(row: Mapping[Hashable, Any]) -> Run:
    """Return a row of runs.csv as texts for people, without what its stage cannot have."""
    trained = row["stage"] in TRAININGS
    fields = {n: t for n, t in RUN_FIELDS.items() if trained or n not in OF_TRAININGS}
    facts = {title: str(row[name]) for name, title in fields.items()}
    if facts["Parameters"].isdecimal():
        facts["Parameters"] = f"{int(facts['Parameters']):,}"
    digests = {"Code digest": row["code_digest"], "Data digest": row["data_digest"]}
    measured = {n: t for n, t in MEASURED.items() if trained or n != "steps_per_s"}
    command = recorded_by(row["code_digest"])
    anchor = slug("run", row["key"], *(() if trained else (row["dataset"],)))
    return Run(facts, digests, log_name(row), measured, command, anchor)


def recorded_by(digest: str) -> str:
    """Return the command that finds, in any full clone, the commit that recorded a run."""
    return f"git log -S{digest[:16]} -- results/runs.csv" if digest.isalnum() else ""


def runs_of(
    results: Results, model: str, variant: str, scale: Any, stages: Iterable[str]
) -> list[Run]:
    """Return the runs of a network at a scale, in file order."""
    runs = results["runs"]
    chosen = runs[
        (runs["model"] == model)
        & (runs["variant"] == variant)
        & (runs["scale"] == f"{scale:.0f}")
        & runs["stage"].isin(list(stages))
    ]
    return [run_of(row) for row in chosen.to_dict("records")]


def method_runs(results: Results, row: pd.Series, datasets: Iterable[str]) -> tuple[list[Run], str]:
    """Return the runs behind a row of Tables 3 and 4, and in words where the row comes from.

    A row without a training has one run per dataset that it shows.
    """
    provenance, model, variant = row["provenance"], row["model"], row["variant"]
    if provenance == "trained":
        return runs_of(results, model, variant, row["scale"], ("train",)), ""
    if provenance == "quoted":
        return [], "No run: the figures are quoted from the sources that are named."
    if provenance == "counted":
        return [], "No run: the network was counted at this size, not trained."
    scale = int(row["scale"])
    if provenance == "published":
        key = Key.published(model, variant, scale)
        words = "The authors' published weights, digest-checked; nothing is trained."
    elif provenance == "self-ensemble":
        words = "The networks trained here, averaged over the eight flips and turns."
        return runs_of(results, model, variant, row["scale"], ("evaluate_ensemble",)), words
    else:
        key = Key.bicubic(scale)
        words = "Bicubic interpolation; nothing is trained."
    runs = results["runs"]
    runs = runs[(runs["key"] == key.name) & runs["dataset"].isin(list(datasets))]
    return [run_of(record) for record in runs.to_dict("records")], words
