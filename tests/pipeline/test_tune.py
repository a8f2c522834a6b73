"""Stages `tune` and `train`: what is chosen and trained, and what an interruption costs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline import train, tune
from pipeline.models.networks import network_digest
from pipeline.study.tuning import read_lrs, write_lrs
from pipeline.support.errors import UserError
from pipeline.training.settings import TrainSettings
from pipeline.training.trainer import NonFiniteError
from tests.pipeline.toy_study import ROOT, write_images, write_params


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_images(tmp_path)
    write_params(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(folder: Path, before: str, after: str) -> None:
    path = folder / "params.yaml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def put_lrs(folder: Path, lrs: str) -> None:
    put(folder, "lrs: [0.005]", f"lrs: {lrs}")


def test_a_single_value_is_taken_without_importing_torch(folder: Path) -> None:
    code = "import sys; from pipeline.tune import main; main(); sys.exit('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, "vdsr"], env={"PYTHONPATH": str(ROOT)}, check=False
    )
    assert done.returncode == 0
    assert json.loads((folder / "tuning/vdsr.json").read_text()) == {
        **{"network": "vdsr", "lr": 0.005, "lower": []}
    }
    assert pd.read_csv("tuning/vdsr.csv").note.tolist() == ["the only value"]
    assert not (folder / "checkpoints").exists()


def test_the_best_on_held_out_images_is_chosen_after_an_interruption(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_lrs(folder, "[0.003, 0.00003, 0.001]")
    put(folder, "  steps: 2000\n", "  steps: 3\n")
    trained: list[float] = []
    original = tune.try_lr

    def interrupted(*arguments: Any) -> float | None:
        trained.append(arguments[2])
        if len(trained) == 3:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(tune, "try_lr", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tune.main(["vdsr"])
    assert not (folder / "tuning").exists()
    states = list((folder / "checkpoints/tune_vdsr").glob("*/state.safetensors"))
    assert len(states) == 2  # complete, for the next run

    tune.main(["vdsr"])
    rows = pd.read_csv(folder / "tuning/vdsr.csv")
    best = rows["lr"][rows["psnr_db"].idxmax()]
    assert list(rows["lr"]) == [0.003, 0.00003, 0.001]
    assert set(rows["steps"]) == {3}
    assert rows["lr"][rows["chosen"] == "yes"].tolist() == [best]
    assert read_lrs("vdsr")[0] == best
    assert not (folder / "checkpoints/tune_vdsr").exists()


def test_values_with_which_training_diverges_are_out_and_the_lower_of_equals_wins() -> None:
    assert tune.choose("vdsr", {0.1: None, 0.01: 30.0, 0.001: 30.0}) == 0.001
    with pytest.raises(UserError, match=r"diverged with each of 0\.1, 0\.01\. Add a lower"):
        tune.choose("vdsr", {0.1: None, 0.01: None})


def test_one_line_of_params_is_trained(folder: Path) -> None:
    write_lrs("vdsr", 0.002, [0.002, 0.004, 0.001])
    train.main(["vdsr-steps500_x4_s0"])
    record = json.loads((folder / "runs/vdsr-steps500_x4_s0/run.json").read_text())
    expected = {
        "network": "vdsr",
        "variant": "steps500",
        "kind": "trained",
        "scale": 4,
        "seed": 0,
        "code": "baselines/vdsr.py",
        "settings": {"features": 4, "depth": 3},
        "steps": 2,
        "network_digest": network_digest("baselines/vdsr.py"),
    }
    assert {name: record[name] for name in expected} == expected
    assert record["train"]["lr"] == 0.002
    assert record["validation_images"] != []


def test_seed_scale_and_excluded_images_reach_the_trainer(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, "vdsr_x4_s0: {network: vdsr", "vdsr_x3_s7: {network: vdsr")
    put(folder, "scale: x4, seed: 0", "scale: x3, seed: 7")
    put(folder, "exclude: []", "exclude: [a]")
    write_lrs("vdsr", 0.002, [0.002])
    told: dict[str, Any] = {}
    monkeypatch.setattr(train, "train", lambda build, **given: told.update(given))
    train.main(["vdsr_x3_s7"])
    assert (told["seed"], told["exclude"]) == (7, ["a"])
    assert told["lr"] == Path("data/lr/photos_train_x3.h5")
    assert told["output"] == Path("runs/vdsr_x3_s7")


def test_a_training_that_diverges_begins_again_with_the_next_lower_value(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_lrs("vdsr", 0.004, [0.001, 0.002, 0.004, 0.008])
    tried: list[float] = []

    def diverges(build: object, *, settings: TrainSettings, **rest: object) -> None:
        tried.append(settings.lr)
        if settings.lr > limit:
            raise NonFiniteError("loss is nan")

    monkeypatch.setattr(train, "train", diverges)
    limit = 0.001
    train.main(["vdsr_x4_s0"])
    assert tried == [0.004, 0.002, 0.001]
    assert "starting again with learning rate 0.001" in capsys.readouterr().out
    limit = 0.0
    with pytest.raises(NonFiniteError):
        train.main(["vdsr_x4_s0"])


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("format: 1\n", "", "earlier version wrote it"),
        ("trainings:", "others: {}\ntrainings:\n  vdsr_x4_s9: {}\nx:", "'vdsr_x4_s0' is no train"),
        ("  eps: 1.0e-08\n", "  epsilon: 1.0e-08\n", "epsilon"),
        ("  vdsr_x4_s0:", "  vdsr_x4_s0: {}\n  vdsr_x4_s0:", "'vdsr_x4_s0' stands twice"),
    ],
)
def test_params_that_do_not_fit_are_refused(
    folder: Path, before: str, after: str, message: str
) -> None:
    write_lrs("vdsr", 0.004, [0.004])
    put(folder, before, after)
    with pytest.raises(UserError, match=message):
        train.main(["vdsr_x4_s0"])
    assert not Path("runs").exists()


def test_a_network_without_its_learning_rate_says_what_to_run(folder: Path) -> None:
    with pytest.raises(UserError, match=r"tuning/mesr\.json: not found\. Run: dvc repro tune@mesr"):
        train.main(["mesr_x4_s0"])
    write_lrs("vdsr", 0.1, [0.1])
    Path("tuning/vdsr.json").rename("tuning/mesr.json")
    with pytest.raises(UserError, match="is about 'vdsr'; expected 'mesr'"):
        train.main(["mesr_x4_s0"])
    with pytest.raises(UserError, match="'pan' stands not under tuned"):
        tune.main(["pan"])
