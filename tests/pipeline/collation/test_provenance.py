import json
from pathlib import Path

import pytest

from pipeline.study.results import HISTORY, RUNS
from pipeline.support.errors import UserError
from tests.pipeline.toy_study import ToyStudy, row


def test_nothing_that_differs_from_run_to_run_is_a_result() -> None:
    for file in (RUNS, HISTORY):
        assert not {"wall_seconds", "git_revision", "steps_per_s", "date"} & set(file.names)


def test_runs_show_the_settings_of_a_training(quick: ToyStudy) -> None:
    runs = quick.table("runs")
    mesr, vdsr = row(runs, key="mesr_x2_s1"), row(runs, key="vdsr_x2_s1")
    expected = {
        **{"lr": "0.0001", "schedule": "step", "batch": "16", "patch": "32", "seed": "1"},
        **{"stage": "train", "dataset": "photos_train", "settings": "features=24, blocks=2"},
        **{"code_digest": "known", "threads": "known", "variant": "full", "label": "MESR"},
    }
    assert {name: mesr[name] for name in expected} == expected
    assert vdsr["settings"] == "as published"
    assert row(runs, key="ablation_no_rb_s0")["label"] == "MESR without RB"


def test_history_keeps_every_digit(quick: ToyStudy) -> None:
    history = quick.table("history")
    first = row(history, key="msrn_x3_s2", step="50")
    assert first["loss"] == "0.123456789"
    assert first["psnr_db"] == ""
    assert (first["variant"], first["scale"], first["seed"]) == ("rgb", "3", "2")


def test_runs_hold_every_evaluation_without_a_training(paper: ToyStudy) -> None:
    runs = paper.table("runs")
    own = runs[runs["stage"].str.startswith("evaluate")]
    keys = [*(f"bicubic_x{scale}" for scale in "234"), "published_vdsr_x2", "published_pan_x2"]
    assert sorted(own["key"]) == sorted(key for key in keys for _ in range(4))
    pan = row(own, key="published_pan_x2", dataset="Set14")
    expected = {
        **{"label": "PAN", "stage": "evaluate_published", "scale": "2", "params": "261403"},
        **{"seed": "", "steps": "", "lr": "", "settings": "", "data_digest": "hr Set14"},
        **{"threads": "2", "code_digest": "known"},
    }
    assert {name: pan[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train": []}, "train is no mapping"),
        ({"train": {"lr": 1}}, "train.schedule is missing"),
        ({"settings": "none"}, "settings is no mapping"),
        ({"device": None}, ""),
    ],
)
def test_a_nonsensical_record_is_named(changed: ToyStudy, change: dict, message: str) -> None:
    path = Path("runs/mesr_x2_s0/run.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    if message:
        with pytest.raises(UserError, match=f"{path}: {message}"):
            changed.run()
    else:
        changed.run()
        assert row(changed.table("runs"), key="mesr_x2_s0")["device"] == ""
