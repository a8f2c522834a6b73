import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from mesr.network import MESR
from pipeline import evaluate
from pipeline.imaging.ensemble import SelfEnsemble
from pipeline.imaging.packed import PackedImages, pack_images
from pipeline.imaging.protocol import RGB, Y
from pipeline.models.networks import build_network
from pipeline.scoring.evaluation import evaluate_image
from pipeline.study import quality
from pipeline.study.keys import Key
from pipeline.study.results import QUALITY
from pipeline.study.subjects import subject_of
from pipeline.support.errors import UserError
from pipeline.support.provenance import code_digest
from pipeline.support.revision import git_revision

NARROW = {"features": 4, "branch_features": 2, "blocks": 1, "refinement_features": 2}
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


def write_run(key: str, network: torch.nn.Module, **facts: object) -> None:
    folder = Path("runs") / key
    folder.mkdir(parents=True)
    save_file(network.state_dict(), folder / "weights.safetensors")
    (folder / "run.json").write_text(json.dumps(facts), encoding="utf-8")


def test_bicubic_keeps_hr_and_lr_and_scores_every_image(workplace: Path) -> None:
    table = evaluate.evaluate(Key.parse("bicubic_x3"), "toy", RGB, None)
    folder = workplace / "evaluations/bicubic_x3"
    on_disk = pd.read_csv(folder / "quality/toy.csv")
    assert list(on_disk.columns) == QUALITY.names
    assert sorted(on_disk.image) == ["colour", "gray"]
    assert on_disk.seed.isna().all()
    assert len(table) == 2
    sizes = {
        kind: Image.open(folder / f"images/toy/colour/{kind}.png").size
        for kind in ("hr", "lr", "sr")
    }
    assert sizes == {"hr": (42, 36), "lr": (14, 12), "sr": (42, 36)}


def test_a_record_says_what_made_the_figures(workplace: Path) -> None:
    evaluate.evaluate(Key.parse("bicubic_x3"), "toy", RGB, [])
    text = (workplace / "evaluations/bicubic_x3/record/toy.json").read_text(encoding="utf-8")
    record = json.loads(text)
    digest = hashlib.sha256((workplace / "data/hr/toy.h5").read_bytes()).hexdigest()
    assert record["data_digest"] == f"hr {digest}"
    code = ("baselines/bicubic.py", "mesr/common", "pipeline/imaging", "pipeline/scoring")
    digest_of_code = code_digest(code)
    known = {
        **{"key": "bicubic_x3", "dataset": "toy", "protocol": "rgb", "images": 2, "params": 0},
        **{"torch": torch.__version__, "code_digest": digest_of_code},
    }
    assert {name: record[name] for name in known} == known
    assert record["device"] in ("cpu", "cuda")
    assert record["machine"]
    log = json.loads((workplace / "logs/evaluations/bicubic_x3/toy.json").read_text("utf-8"))
    assert log["git_revision"] == git_revision()
    assert log["wall_seconds"] >= 0
    assert not set(log) & set(record)


def test_the_same_evaluation_gives_the_same_bytes(workplace: Path) -> None:
    def outputs() -> dict[str, bytes]:
        files = (workplace / "evaluations").rglob("*")
        return {str(p): p.read_bytes() for p in files if p.is_file()}

    evaluate.evaluate(Key.parse("bicubic_x3"), "toy", RGB, None)
    first = outputs()
    evaluate.evaluate(Key.parse("bicubic_x3"), "toy", RGB, None)
    assert outputs() == first
    assert len(first) == 2 + 2 * 3


def test_trained_network_is_found_by_its_run(workplace: Path) -> None:
    torch.manual_seed(0)
    network = MESR(2, **NARROW)
    write_run("mesr_x2_s3", network, model="mesr", variant="full", scale=2, seed=3, settings=NARROW)
    table = evaluate.evaluate(Key.parse("mesr_x2_s3"), "toy", RGB, ["toy/gray"])
    assert set(table.seed) == {3}
    assert set(table.source) == {"trained"}
    kept = workplace / "evaluations/mesr_x2_s3/images/toy"
    assert sorted(p.name for p in kept.rglob("*.png")) == ["coarse.png", "sr.png"]
    assert [p.name for p in kept.iterdir()] == ["gray"]


def test_further_metrics_are_columns_at_the_end(workplace: Path) -> None:
    path = workplace / "evaluations/bicubic_x2/quality/toy.csv"
    evaluate.evaluate(Key.parse("bicubic_x2"), "toy", RGB, [])
    plain = path.read_text("utf-8").splitlines()
    evaluate.evaluate(Key.parse("bicubic_x2"), "toy", RGB, [], ["gmsd", "entropy"])
    lines = path.read_text("utf-8").splitlines()
    assert lines[0] == f"{plain[0]},gmsd,entropy"
    for with_metrics, without in zip(lines[1:], plain[1:], strict=True):
        assert with_metrics.rpartition(",")[0].rpartition(",")[0] == without
    table = QUALITY.with_numbers(["gmsd", "entropy"]).read(path)
    assert table[["gmsd", "entropy"]].notna().all(axis=None)


def test_a_metric_without_its_weights_is_refused_before_anything_is_written(
    workplace: Path,
) -> None:
    with pytest.raises(UserError, match=r"alexnet.*: not downloaded.*mesr fetch AlexNet LPIPS"):
        evaluate.evaluate(Key.parse("bicubic_x2"), "toy", RGB, [], ["lpips"])
    assert not (workplace / "evaluations").exists()


def test_a_self_ensemble_is_of_the_trained_run(workplace: Path) -> None:
    torch.manual_seed(0)
    network = MESR(2, **NARROW)
    write_run("mesr_x2_s3", network, model="mesr", variant="full", scale=2, seed=3, settings=NARROW)
    plain = evaluate.evaluate(Key.parse("mesr_x2_s3"), "toy", RGB, [])
    plus = evaluate.evaluate(Key.parse("ensemble_mesr_x2_s3"), "toy", RGB, [])
    assert set(plus.model) == {"mesr+"}
    assert set(plus.seed) == {3}
    assert list(plus.psnr_db) != list(plain.psnr_db)
    hr = PackedImages(Path("data/hr/toy.h5"))["colour"]
    expected = evaluate_image(SelfEnsemble(network), hr, RGB).psnr_db
    assert float(plus.set_index("image").psnr_db["colour"]) == pytest.approx(expected, abs=1e-5)


def test_protocols_differ(workplace: Path) -> None:
    rgb = evaluate.evaluate(Key.parse("bicubic_x2"), "toy", RGB, [])
    y = evaluate.evaluate(Key.parse("bicubic_x2"), "toy", Y, [])
    assert set(y.protocol) == {"y"}
    assert list(rgb.psnr_db) != list(y.psnr_db)


def test_damaged_runs_are_named(workplace: Path) -> None:
    with pytest.raises(UserError, match=r"runs/mesr_x2_s0/run\.json: not found"):
        subject_of(Key.parse("mesr_x2_s0"))
    write_run(
        "vdsr_x2_s0",
        MESR(2, **NARROW),
        model="mesr",
        variant="full",
        scale=2,
        seed=0,
        settings={"features": 8, "blocks": 1},
    )
    with pytest.raises(UserError, match=r"weights\.safetensors: the weights do not fit MESR"):
        subject_of(Key.parse("vdsr_x2_s0"))
    (workplace / "runs/vdsr_x2_s0/weights.safetensors").write_bytes(b"\x10")
    with pytest.raises(UserError, match="not a readable safetensors file"):
        subject_of(Key.parse("vdsr_x2_s0"))
    (workplace / "runs/vdsr_x2_s0/run.json").write_text("[]", encoding="utf-8")
    with pytest.raises(UserError, match=r"run\.json: holds a list, expected a mapping"):
        subject_of(Key.parse("vdsr_x2_s0"))


def test_failure_leaves_no_output(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(quality, "evaluate_images", interrupt)
    with pytest.raises(KeyboardInterrupt):
        evaluate.evaluate(Key.parse("bicubic_x2"), "toy", RGB, None)
    assert not [p for p in (workplace / "evaluations").rglob("*") if p.is_file()]
    assert not list((workplace / "evaluations").rglob("*partial*"))


def test_published_weights_that_were_not_downloaded_give_no_rows(workplace: Path) -> None:
    table = evaluate.evaluate(Key.parse("published_pan_x3"), "toy", RGB, None)
    assert len(table) == 0
    assert (
        list(pd.read_csv(workplace / "evaluations/published_pan_x3/quality/toy.csv"))
        == QUALITY.names
    )
    # DVC expects every output of the stage.
    record = json.loads((workplace / "evaluations/published_pan_x3/record/toy.json").read_text())
    assert (record["images"], record["params"]) == (0, None)
    with pytest.raises(UserError, match="no such published weights"):
        subject_of(Key.parse("published_msrn_nothing_x3"))


def test_summary_is_the_mean(workplace: Path) -> None:
    table = evaluate.evaluate(Key.parse("bicubic_x2"), "toy", RGB, [])
    mean = table.psnr_db.astype(float).mean()
    assert f"PSNR {mean:.2f} dB" in quality.summary(table)
    assert build_network("bicubic", 2).scale == 2
