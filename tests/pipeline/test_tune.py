"""Stage `tune`: what is chosen, what is trained for it, and what an interruption costs."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline import train, tune
from pipeline.configure import compose_params
from pipeline.imaging.packed import pack_images
from pipeline.study.tuning import read_lrs, write_lrs
from pipeline.support.errors import UserError
from pipeline.training.nonfinite import NonFiniteError
from pipeline.training.settings import TrainSettings

ROOT = Path(__file__).parents[2]
TOY = [
    *("profile=quick", "train.patch=8", "train.batch=2", "train.schedule=cosine"),
    *("train.validation_crop=16", "networks.vdsr={features: 2, depth: 2}"),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rng = np.random.default_rng(0)
    images = {n: rng.integers(0, 256, (48, 40, 3), dtype=np.uint8) for n in "abc"}
    pack_images(images.items(), tmp_path / "data/hr/photos_train.h5")
    small = [(name, image[::4, ::4].copy()) for name, image in images.items()]
    pack_images(small, tmp_path / "data/lr/photos_train_x4.h5")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configure(folder: Path, *overrides: str) -> None:
    (folder / "params.yaml").write_text(compose_params([*TOY, *overrides], ROOT / "conf"))


def test_a_single_value_is_taken_without_importing_torch(folder: Path) -> None:
    configure(folder, "tune.lrs=[0.003]")
    code = "import sys; from pipeline.tune import main; main(); sys.exit('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, "--model", "vdsr"], env={"PYTHONPATH": str(ROOT)}, check=False
    )
    assert done.returncode == 0
    assert json.loads((folder / "tuning/vdsr.json").read_text()) == {
        **{"model": "vdsr", "lr": 0.003, "lower": []}
    }
    assert not (folder / "checkpoints").exists()


def test_the_best_on_held_out_images_is_chosen_after_an_interruption(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(folder, "tune.lrs=[0.003,0.00003,0.001]", "tune.steps=3")
    trained: list[float] = []
    original = tune.try_lr

    def interrupted(*arguments: object) -> float | None:
        trained.append(arguments[2])  # type: ignore[arg-type]
        if len(trained) == 3:
            raise KeyboardInterrupt
        return original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(tune, "try_lr", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tune.main(["--model", "vdsr"])
    assert not (folder / "tuning").exists()
    states = list((folder / "checkpoints/tune_vdsr").glob("*/state.safetensors"))
    assert len(states) == 2  # complete, for the next run

    tune.main(["--model", "vdsr"])
    rows = pd.read_csv(folder / "tuning/vdsr.csv")
    best = rows["lr"][rows["psnr_db"].idxmax()]
    assert list(rows["lr"]) == [0.003, 0.00003, 0.001]
    assert set(rows["steps"]) == {3}
    assert rows["lr"][rows["chosen"] == "yes"].tolist() == [best]
    assert json.loads((folder / "tuning/vdsr.json").read_text())["lr"] == best
    assert not (folder / "checkpoints/tune_vdsr").exists()


def test_values_with_which_training_diverges_are_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tune.choose("vdsr", {0.1: None, 0.01: 30.0, 0.001: 30.0}) == 0.001
    with pytest.raises(UserError, match=r"tune\.lrs: the training of vdsr diverged with each"):
        tune.choose("vdsr", {0.1: None, 0.2: None})
    configure(folder, "tune.lrs=[0.003,0.001]", "tune.steps=2")

    def diverge(*_: object, **__: object) -> None:
        raise NonFiniteError("a loss is not finite")

    monkeypatch.setattr("pipeline.training.trainer.train", diverge)
    with pytest.raises(UserError, match="Add a lower learning rate"):
        tune.main(["--model", "vdsr"])
    assert not (folder / "tuning").exists()


def test_a_training_that_diverges_begins_again_with_the_next_lower_value(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(folder, "tune.lrs=[0.003,0.001,0.0003,0.01]", "train.steps=1")
    write_lrs("vdsr", 0.003, [0.003, 0.001, 0.0003, 0.01])
    assert read_lrs("vdsr") == [0.003, 0.001, 0.0003]
    tried: list[float] = []

    def diverge(*_: object, settings: TrainSettings, **__: object) -> None:
        tried.append(settings.lr)
        if len(tried) < 3 or tried[0] == 0.001:
            raise NonFiniteError("a loss is not finite")

    monkeypatch.setattr("pipeline.train.train", diverge)
    train.main(["--model", "vdsr", "--scale", "x4", "--seed", "s0"])
    assert tried == [0.003, 0.001, 0.0003]

    write_lrs("vdsr", 0.001, [0.003, 0.001, 0.0003])
    tried.clear()
    with pytest.raises(NonFiniteError):
        train.main(["--model", "vdsr", "--scale", "x4", "--seed", "s0"])
    assert tried == [0.001, 0.0003]


@pytest.mark.parametrize(
    "facts",
    [
        {"model": "idn", "lr": 0.1, "lower": []},
        {"model": "vdsr", "lr": 0.1, "lower": [0.2]},
        {"model": "vdsr", "lr": -0.1, "lower": []},
        {"model": "vdsr", "lr": 0.1, "lower": "none"},
    ],
)
def test_damaged_learning_rates_are_refused(folder: Path, facts: dict[str, object]) -> None:
    (folder / "tuning").mkdir()
    (folder / "tuning/vdsr.json").write_text(json.dumps(facts))
    with pytest.raises(UserError, match=r"tuning/vdsr\.json: model .* Write it again: dvc repro"):
        read_lrs("vdsr")
