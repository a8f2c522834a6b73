"""Stage `tables` on small evaluations whose means are known by construction."""

import json
from pathlib import Path

import pandas as pd
import pytest

from pipeline import tables
from pipeline.study import paths, results
from pipeline.study.keys import Key
from pipeline.study.params import load_params
from pipeline.support.errors import UserError
from tests.pipeline.toy_study import NO_WEIGHTS, ToyStudy

ROOT = Path(__file__).resolve().parents[2]


def test_result_files_have_the_columns_of_the_contract(quick: ToyStudy) -> None:
    for file in results.FILES.values():
        if file.stage == "tables":
            assert list(file.read(quick.folder / file.path).columns) == file.names
    quality = quick.table("quality")
    # 3 scales x (bicubic + 4 networks x 3 seeds) + 4 variants x 3 seeds, 3 images each
    assert len(quality) == 3 * (3 * (1 + 12) + 12)
    assert set(quality["source"]) == {"none", "trained"}
    assert list(quality["image"][:3]) == ["a", "b", "c"]
    assert len(quick.table("runs")) == 3 * 12 + 12 + 3
    assert len(quick.table("history")) == 2 * (3 * 12 + 12)
    metrics = json.loads((quick.folder / results.METRICS).read_text())
    # images add 0, 1, 2; the name of the dataset 0.11; MESR 2
    assert metrics["photos_test"]["mesr_x2_s0"]["psnr_db"] == pytest.approx(28.11 + 2 + 1)


def test_what_params_do_not_name_is_ignored(changed: ToyStudy) -> None:
    before = {p: p.read_bytes() for p in Path("results").rglob("*") if p.is_file()}
    changed.evaluate(Key.trained("vdsr", 2, 9))
    changed.evaluate(Key.published("pan", "", 2))
    Path("evaluations/mesr_x2_s0/quality/Set99.csv").write_text("left from before\n")
    changed.run()
    assert before == {p: p.read_bytes() for p in Path("results").rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("missing", "remedy"),
    [
        ("evaluations/msrn_x3_s1/quality/photos_test.csv", "evaluate"),
        ("runs/ablation_no_rb_s2/history.csv", "stage ablate"),
        ("runs/vdsr_x2_s0/run.json", "stage train"),
        ("evaluations/bicubic_x3/record/photos_test.json", "stage evaluate_bicubic"),
        ("results/complexity.csv", "dvc repro complexity"),
    ],
)
def test_a_missing_input_names_the_stage_and_writes_nothing(
    changed: ToyStudy, missing: str, remedy: str
) -> None:
    Path(missing).unlink()
    before = Path("results/runs.csv").stat().st_mtime_ns
    with pytest.raises(UserError, match=remedy) as error:
        changed.run()
    assert missing in str(error.value)
    assert before == Path("results/runs.csv").stat().st_mtime_ns


def test_a_study_without_training_has_tables_that_say_so(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    overrides = ["profile=paper", "models=[]", "variants=[]", "baselines=[]", *NO_WEIGHTS]
    study = ToyStudy(tmp_path, overrides)
    study.run()
    table = study.table("tables/table1")
    assert set(table["psnr_db"]) == {""}
    assert all("not trained in profile paper" in note for note in table["note"])
    assert set(study.table("runs")["stage"]) == {"evaluate_bicubic"}


def test_committed_tables_follow_from_the_committed_quality(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """results/ is a function of the study: its evaluations alone give the same bytes again."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    results.write_json(tmp_path / results.STUDY, {})
    for file in (results.COMPLEXITY, results.SIZES):
        (tmp_path / file.path).write_bytes((ROOT / file.path).read_bytes())
    tuning = results.read_text(ROOT / results.TUNING.path, results.TUNING.names, "the study")
    for model, rows in tuning.groupby("model"):
        results.TUNING.write(rows, tmp_path / paths.candidates_file(str(model)))
    params = load_params()
    quality = pd.read_csv(ROOT / results.QUALITY.path, dtype=str, keep_default_na=False)
    toy = object.__new__(ToyStudy)
    toy.folder, toy.params = tmp_path, params
    for key in params.evaluations():
        variant = toy.variant(key)
        seed = "" if key.seed is None else str(key.seed)
        for dataset in params.data.test:
            chosen = (quality["model"] == key.network) & (quality["variant"] == variant)
            chosen &= (quality["scale"] == str(key.scale)) & (quality["seed"] == seed)
            chosen &= (quality["source"] == key.source) & (quality["dataset"] == dataset)
            path = paths.quality_file(key, dataset)
            path.parent.mkdir(parents=True)
            quality[chosen].to_csv(path, index=False)
            toy.record(key, dataset)
        if key.has_run:
            toy.train(key)
    tables.main([])
    for path in (results.STUDY, results.METRICS, *(f.path for f in results.FILES.values())):
        # These hold more than the evaluations do.
        if path.name not in ("counts.csv", "history.csv", "runs.csv"):
            assert path.read_bytes() == (ROOT / path).read_bytes(), path
