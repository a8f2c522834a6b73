"""Stage `tables` on a folder as the stages before it leave it."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from pipeline.study import paths
from pipeline.study.params import Params
from pipeline.support.errors import UserError
from pipeline.tables import __main__ as stage
from pipeline.tables.files import FILES
from pipeline.tables.inputs import COMPUTED, HISTORY, read_study
from pipeline.tables.tables import all_tables, read_all
from tests.pipeline.tables.test_study import SIZES
from tests.pipeline.tables.toy import make_params, scores


def write(params: Params) -> None:
    """Write what the stages before `tables` leave, below the current folder."""
    paths.PARAMS.write_text(yaml.safe_dump(params.model_dump(mode="json")))
    for key in params.evaluated:
        run = params.run(key)
        record: dict[str, Any] = run.identity | {"network_digest": "n", "params": 7}
        if run.kind == "trained":
            record |= {"train": {"lr": 0.001, "schedule": "cosine", "batch": 8, "patch": 12}}
            record |= {"steps": 600, "precision": "fp32", **dict.fromkeys(COMPUTED, f"of {key}")}
            record["threads"] = 1
        paths.run_folder(key).mkdir(parents=True)
        (paths.run_folder(key) / "run.json").write_text(json.dumps(record))
        if run.kind == "trained":
            row = dict(
                zip(HISTORY, (100, 0.5, 0.00384805948, 0.0541932536, 26.7, "", ""), strict=True)
            )
            pd.DataFrame([row]).to_csv(paths.run_folder(key) / "history.csv", index=False)
        for dataset in params.data.test:
            folder = paths.evaluation_folder(key, dataset)
            folder.mkdir(parents=True)
            refined = key.startswith("mesr_")
            frame = scores(run, dataset).assign(coarse_psnr_db="", gate_mean="", gate_max="")
            if refined:
                frame = frame.assign(coarse_psnr_db=frame["psnr_db"] - 0.25, gate_mean=0.125)
            frame.to_csv(folder / "scores.csv", index=False)
            record = {"key": key, "machine": "here", "code_digest": "c", "data_digest": "d"}
            (folder / "record.json").write_text(json.dumps(record))
    paths.TUNING.mkdir()
    for name in params.tuned:
        row = {"network": name, "scale": 4, "steps": "", "seed": "", "lr": 0.001, "psnr_db": ""}
        row |= {"chosen": "yes", "note": "the only value"}
        pd.DataFrame([row]).to_csv(paths.candidates_file(name), index=False)
    paths.RESULTS.mkdir()
    for name in ("sizes", "counts", "overlap"):
        columns = FILES[name]
        rows = SIZES if name == "sizes" else []
        frame = pd.DataFrame(rows, columns=columns[:7]).reindex(columns=columns)
        frame.to_csv(paths.RESULTS / f"{name}.csv", index=False)


@pytest.fixture
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    monkeypatch.chdir(tmp_path)
    found = make_params(["vdsr", "mesr"], variants={"mesr": ["no_rb"]}, seeds=[0, 1])
    write(found)
    return found


def test_the_stage_writes_results_that_are_read_again(params: Params) -> None:
    stage.main([])
    results = read_all(paths.RESULTS)
    runs = results["runs"].set_index("key")
    assert list(runs.index) == params.evaluated
    assert runs.loc["mesr_x4_s1", "code_digest"] == "of mesr_x4_s1"
    assert runs.loc["bicubic_x4", "machine"] == "here"
    assert (runs.loc["mesr_x4_s0", "multi_adds"], runs.loc["mesr_x4_s0", "steps"]) == (1100, 600)
    assert runs.loc["mesr-no_rb_x4_s0", "settings"] == "refinement=False"
    assert len(results["quality"]) == len(params.evaluated) * 2 * 6
    history = results["history"]
    assert list(history["key"]) == [key for key in params.evaluated if key != "bicubic_x4"]
    assert (history["loss"] == 0.0541932536).all()
    methods = results["methods"].set_index(["method", "dataset"])
    refined = methods.loc[("mesr", "Set5")]
    assert refined["psnr_db"] - refined["coarse_psnr_db"] == pytest.approx(0.25)
    assert refined["gate_mean"] == 0.125
    assert pd.isna(methods.loc[("vdsr", "Set5"), "coarse_psnr_db"])
    tables = all_tables(results)
    assert {"results", "variants", "runs"} <= set(tables)
    assert tables["refinement"].frame["refined_db"].tolist() == pytest.approx([0.25, 0.25])
    first = {path.name: path.read_bytes() for path in paths.RESULTS.iterdir()}
    stage.main([])
    assert first == {path.name: path.read_bytes() for path in paths.RESULTS.iterdir()}


def test_a_run_that_contradicts_its_name_is_refused_and_nothing_is_written(params: Params) -> None:
    record = paths.run_folder("vdsr_x4_s1") / "run.json"
    facts = json.loads(record.read_text())
    record.write_text(json.dumps(facts | {"seed": 0}))
    with pytest.raises(UserError, match=r"seed is 0, in params\.yaml 1"):
        stage.main([])
    assert sorted(path.name for path in paths.RESULTS.iterdir()) == [
        "counts.csv",
        "overlap.csv",
        "sizes.csv",
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: pd.concat([f, f[:1]]), "i0 has 2 scores, expected one"),
        (lambda f: f[1:], "i0 has 0 scores, expected one"),
        (lambda f: f.assign(psnr_db="high"), "column psnr_db: .*high"),
        (lambda f: f.drop(columns="ssim"), "column 'ssim' is missing"),
    ],
)
def test_scores_that_cannot_be_are_refused(params: Params, change: Any, message: str) -> None:
    path = paths.evaluation_folder("mesr_x4_s0", "Set14") / "scores.csv"
    change(pd.read_csv(path)).to_csv(path, index=False)
    with pytest.raises(UserError, match=rf"mesr_x4_s0.*{message}") as refused:
        read_study(params)
    assert "dvc repro evaluate@mesr_x4_s0-Set14" in str(refused.value)


def test_what_an_earlier_study_left_is_in_no_table(params: Params) -> None:
    fewer = params.model_copy(update={"evaluated": params.evaluated[:-2]})
    study = read_study(fewer)
    assert "mesr-no_rb" not in set(study.quality["method"])
    assert list(study.methods) == ["bicubic", "vdsr", "mesr"]


def test_weights_that_were_not_downloaded_have_no_row(params: Params) -> None:
    folder = paths.evaluation_folder("bicubic_x4", "Set5")
    record = paths.run_folder("bicubic_x4") / "run.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"missing": ["weights.pth"]}))
    for dataset in ("Set5", "Set14"):
        path = paths.evaluation_folder("bicubic_x4", dataset) / "scores.csv"
        pd.read_csv(path)[:0].to_csv(path, index=False)
    (folder / "record.json").unlink()
    stage.main([])
    assert "bicubic" not in set(read_all(paths.RESULTS)["methods"]["method"])
