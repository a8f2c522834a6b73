"""Stages `import_run` and `evaluate`: what is scored, and what a run folder must be."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from pipeline import evaluate, import_run
from pipeline.imaging.packed import PackedImages, pack_images
from pipeline.imaging.protocol import RGB, Y
from pipeline.models.networks import build_network, network_digest
from pipeline.models.runs import load_run
from pipeline.scoring.evaluation import SCORES, evaluate_image
from pipeline.study.runs import Run
from pipeline.support.errors import UserError
from pipeline.support.provenance import git_revision
from tests.pipeline.toy_study import write_images, write_params

NARROW = {"features": 4, "branch_features": 2, "blocks": 1, "refinement_features": 2}
MESR = Run("mesr_x2_s3", "mesr", "", "trained", 2, 3, "mesr", NARROW)
BICUBIC = Run("bicubic_x3", "bicubic", "", "interpolation", 3, None, "baselines/bicubic.py")
PAN = Run("pan-published_x4", "pan", "published", "published", 4, None, "baselines/pan.py")
RNG = np.random.default_rng(2)


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    images = [("gray", (41, 38)), ("colour", (37, 44, 3))]
    pack_images(
        [(name, RNG.integers(0, 256, shape, dtype=np.uint8)) for name, shape in images],
        Path("data/hr/toy.h5"),
    )
    return tmp_path


def write_run(run: Run, **facts: Any) -> torch.nn.Module:
    torch.manual_seed(0)
    network = build_network(run.code, run.scale, **run.settings)
    folder = Path("runs") / run.key
    folder.mkdir(parents=True, exist_ok=True)
    save_file(network.state_dict(), folder / "weights.safetensors")
    record = run.identity | {"network_digest": network_digest(run.code)} | facts
    (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")
    return network


def test_interpolation_keeps_hr_and_lr_and_scores_every_image(workplace: Path) -> None:
    import_run.import_run(BICUBIC)
    evaluate.evaluate(BICUBIC, "toy", RGB, None)
    folder = workplace / "evaluations/bicubic_x3/toy"
    on_disk = pd.read_csv(folder / "scores.csv")
    assert list(on_disk.columns) == ["image", *SCORES]
    assert sorted(on_disk.image) == ["colour", "gray"]
    assert on_disk.coarse_psnr_db.isna().all()
    sizes = {
        kind: Image.open(folder / f"images/colour/{kind}.png").size for kind in ("hr", "lr", "sr")
    }
    assert sizes == {"hr": (42, 36), "lr": (14, 12), "sr": (42, 36)}
    record = json.loads((folder / "record.json").read_text())
    assert (record["key"], record["images"], record["device"]) == ("bicubic_x3", 2, "cpu")
    log = json.loads((workplace / "logs/evaluations/bicubic_x3/toy.json").read_text("utf-8"))
    assert log["git_revision"] == git_revision()
    assert not set(log) & set(record)


def test_trained_network_is_the_one_of_its_run(workplace: Path) -> None:
    network = write_run(MESR)
    table = evaluate.evaluate(MESR, "toy", RGB, ["gray"])
    kept = workplace / "evaluations/mesr_x2_s3/toy/images"
    assert sorted(p.name for p in kept.rglob("*.png")) == ["coarse.png", "sr.png"]
    assert [p.name for p in kept.iterdir()] == ["gray"]
    hr = PackedImages(Path("data/hr/toy.h5"))["colour"]
    expected = evaluate_image(network, hr, RGB)  # type: ignore[arg-type]
    row = table.set_index("image").loc["colour"]
    assert row.psnr_db == pytest.approx(expected.psnr_db, abs=1e-6)
    assert row.coarse_psnr_db == pytest.approx(expected.coarse_psnr_db, abs=1e-6)
    assert 0 < row.gate_mean <= row.gate_max <= 1
    assert list(evaluate.evaluate(MESR, "toy", Y, []).psnr_db) != list(table.psnr_db)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"seed": 4}, r"seed is 4, in params\.yaml 3\. Make the run again"),
        ({"scale": 3}, "scale is 3"),
        ({"variant": "no_rb"}, "variant is 'no_rb'"),
        ({"settings": {"features": 8}}, "settings is"),
        ({"code": "nets/evil.py"}, r"code is 'nets/evil\.py'"),
        ({"network_digest": "0" * 64}, "made by other code than mesr has now"),
    ],
)
def test_a_run_that_contradicts_params_is_refused(
    workplace: Path, facts: dict[str, Any], message: str
) -> None:
    write_run(MESR, **facts)
    with pytest.raises(UserError, match=message):
        evaluate.evaluate(MESR, "toy", RGB, None)
    assert not Path("evaluations").exists()


def test_damaged_runs_are_named(workplace: Path) -> None:
    folder = Path("runs/mesr_x2_s3")
    with pytest.raises(UserError, match=r"runs/mesr_x2_s3/run\.json: not found"):
        load_run(folder, MESR.identity)
    write_run(MESR)
    (folder / "run.json").write_text("[]")
    with pytest.raises(UserError, match=r"run\.json: holds a list, expected a mapping"):
        load_run(folder, MESR.identity)
    old = {"model": "mesr", "variant": "full", "scale": 2, "seed": 3, "settings": NARROW}
    (folder / "run.json").write_text(json.dumps(old))
    with pytest.raises(UserError, match=r"is missing\. Write it again: dvc repro"):
        load_run(folder, MESR.identity)


def test_published_weights_become_a_run(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    network = build_network("pan", 4)
    monkeypatch.setattr(import_run, "load_published", lambda *_: network)
    monkeypatch.setattr("pipeline.models.published_weights.PublishedWeights.missing", lambda _: [])
    import_run.import_run(PAN)
    state = load_file("runs/pan-published_x4/weights.safetensors")
    assert all(torch.equal(state[name], value) for name, value in network.state_dict().items())
    record = json.loads(Path("runs/pan-published_x4/run.json").read_text())
    assert record["source"] == ["PAN/PANx4_DF2K.pth"]
    assert record["params"] == sum(p.numel() for p in network.parameters())
    assert len(evaluate.evaluate(PAN, "toy", RGB, [])) == 2


def test_published_weights_that_were_not_downloaded_give_no_rows(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import_run.import_run(PAN)
    assert len(evaluate.evaluate(PAN, "toy", RGB, None)) == 0
    table = pd.read_csv("evaluations/pan-published_x4/toy/scores.csv")
    assert (list(table), len(table)) == (["image", *SCORES], 0)
    assert capsys.readouterr().err.count("was not downloaded") == 2


def test_command_takes_key_and_dataset_of_params(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_images(tmp_path)
    write_params(tmp_path, "evaluate.keep_images=[photos_test/b, elsewhere/a]")
    import_run.main(["bicubic_x4"])
    evaluate.main(["bicubic_x4", "photos_test"])
    folder = tmp_path / "evaluations/bicubic_x4/photos_test"
    assert [path.name for path in (folder / "images").iterdir()] == ["b"]
    mean = pd.read_csv(folder / "scores.csv").psnr_db.mean()
    assert f"bicubic_x4 on photos_test: {mean:.2f} dB" in capsys.readouterr().out
    with pytest.raises(UserError, match="'mesr_x3_s0' is no run"):
        evaluate.main(["mesr_x3_s0", "photos_test"])
