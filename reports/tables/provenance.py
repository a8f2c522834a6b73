"""The runs behind a row: the provenance panels of the page."""

import re
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import pandas as pd

from reports.results import TRAININGS, Results

RUN_FIELDS = (
    ("key", "Run"),
    ("stage", "Stage"),
    ("seed", "Seed"),
    ("params", "Parameters"),
    ("settings", "Network settings"),
    ("steps", "Steps"),
    ("lr", "Learning rate"),
    ("schedule", "Schedule"),
    ("batch", "Batch"),
    ("patch", "LR patch"),
    ("device", "Device"),
    ("machine", "Machine"),
    ("threads", "Threads"),
    ("precision", "Precision"),
    ("torch", "torch"),
    ("dataset", "Images"),
    ("code_digest", "Code digest"),
    ("data_digest", "Data digest"),
)

# What an evaluation cannot have, because nothing is trained.
OF_TRAININGS = ("seed", "settings", "steps", "lr", "schedule", "batch", "patch", "precision")

FULL_NETWORK = ("", "full", "mesr")  # names of MESR itself among the variants


def runs_of(
    results: Results, model: str, variants: Iterable[str], scale: float, stages: Iterable[str]
) -> list[dict[str, str]]:
    """Return the runs of a network at a scale, one dict of texts per run, in file order."""
    runs = results["runs"]
    chosen = runs[
        (runs["model"] == model)
        & runs["variant"].isin(list(variants))
        & (runs["scale"] == f"{scale:.0f}")
        & runs["stage"].isin(list(stages))
    ]
    return [run_facts(run) for run in chosen.to_dict("records")]


def run_facts(run: Mapping[Hashable, Any]) -> dict[str, str]:
    """Return a run's facts as texts for people, without those that its stage cannot have."""
    trained = run["stage"] in TRAININGS
    fields = [field for field in RUN_FIELDS if trained or field[0] not in OF_TRAININGS]
    facts = {title: str(run[name]) for name, title in fields}
    if facts["Parameters"].isdigit():
        facts["Parameters"] = f"{int(facts['Parameters']):,}"
    return facts


def ablation_runs(results: Results, variant: str, scale: Any) -> list[dict[str, str]]:
    """Return the runs of one row of Table 1 or 2; MESR itself is trained by stage `train`."""
    names = FULL_NETWORK if variant in FULL_NETWORK else (variant,)
    return runs_of(results, "mesr", names, scale, TRAININGS)


def published_key(model: str, variant: str, scale: float) -> str:
    """Return the key of an evaluation of published weights; folders hold no punctuation."""
    name = "_".join(filter(None, (model, re.sub(r"\W", "_", variant))))
    return f"published_{name}_x{scale:.0f}"


def method_runs(
    results: Results, row: pd.Series, datasets: Iterable[str]
) -> tuple[list[dict[str, str]], str]:
    """Return the runs behind a row of Tables 3 and 4, and in words where the row comes from.

    A row without a training has one run per dataset that it shows.
    """
    provenance, model, variant = row["provenance"], row["model"], row["variant"]
    if provenance == "trained":
        names = FULL_NETWORK if model == "mesr" and variant in FULL_NETWORK else (variant,)
        return runs_of(results, model, names, row["scale"], ("train",)), ""
    if provenance == "quoted":
        return [], "No run: the figures are quoted from the sources in the footnotes."
    key = f"bicubic_x{row['scale']:.0f}"
    if provenance == "published":
        key = published_key(model, variant, row["scale"])
    runs = results["runs"]
    runs = runs[(runs["key"] == key) & runs["dataset"].isin(list(datasets))]
    found = [run_facts(run) for run in runs.to_dict("records")]
    words = {
        "interpolation": "Bicubic interpolation; nothing is trained.",
        "published": "The authors' published weights, digest-checked; nothing is trained.",
    }
    return found, words.get(provenance, "")
