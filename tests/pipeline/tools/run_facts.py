"""A run.json that belongs to the toy study, with the facts that only real trainings have."""

import json
from typing import Any

from pipeline.study.keys import Key
from pipeline.study.paths import run_folder

SETTINGS = {"features": 4, "branch_features": 2, "blocks": 1, "refinement_features": 2}


def write_run(key: Key, **changes: Any) -> None:
    facts = {
        "model": key.model,
        "variant": "full",
        "scale": key.scale,
        "seed": key.seed,
        "settings": SETTINGS,
        "params": 1234,
        "steps": 500,
        "threads": 1,
        "train": {"patch": 12, "batch": 8, "lr": 0.005, "schedule": "one_cycle"},
        **dict.fromkeys(("precision", "machine", "torch", "code_digest"), "known"),
        "data_digest": "known",  # as in the toy study's runs.csv
        "fingerprint": "0123abcd",
    }
    path = run_folder(key) / "run.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(facts | changes), encoding="utf-8")
