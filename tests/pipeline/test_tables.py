"""Stage `tables` on small evaluations whose means are known by construction."""

import contextlib
import copy
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline import tables
from pipeline.configure import compose_params
from pipeline.models.networks import NETWORKS
from pipeline.support.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ("a", "b", "c")
# dB above bicubic; of the ablation at x4
GAIN = {"vdsr": 1.0, "lapsrn": 1.2, "msrn": 1.6, "mesr": 2.0, "pan": 1.5, "bicubic": 0.0}
ABLATION = {"single_scale": 1.0, "msfeb": 1.25, "no_rb": 1.75, "rb_dagger": 1.7}
COUNTS = pd.DataFrame(
    [
        ("mesr", "full", 2, 4_600_000, 10**12),
        ("vdsr", "", 2, 665_921, 612_591_206_400),
        ("lapsrn", "", 2, 407_441, 94_095_000_000),
        ("msrn", "rgb", 2, 5_930_331, 1_366_618_000_000),
    ],
    columns=["model", "variant", "scale", "params", "multi_adds"],
)


class Study:
    """A folder with params.yaml and the outputs of the stages before `tables`."""

    def __init__(self, folder: Path, overrides: list[str]) -> None:
        self.folder = folder
        (folder / "params.yaml").write_text(compose_params(overrides, ROOT / "conf"))
        self.params = tables.load_params(folder / "params.yaml")
        for key in (*tables.study_keys(self.params), *tables.published_keys(self.params)):
            self.evaluate(key.name, key.model, key.variant, key.scale, key.seed)
            if key.seed is not None:
                self.train(key.name)
            for dataset in self.params.data.test:
                self.record(key.name, dataset)
        (folder / "results").mkdir()
        COUNTS.to_csv(folder / "results/complexity.csv", index=False)

    def evaluate(self, name: str, model: str, variant: str, scale: int, seed: int | None) -> None:
        for dataset in self.params.data.test:
            gain = ABLATION[variant] if name.startswith("ablation") else GAIN[model]
            base = 30.0 - scale + len(dataset) / 100
            rows = [
                {
                    "model": model,
                    "variant": "",
                    "source": "trained",
                    "scale": scale,
                    "dataset": dataset,
                    "image": image,
                    "protocol": "rgb",
                    "seed": "" if seed is None else seed,
                    "psnr_db": f"{base + gain + index + 0.1 * (seed or 0):.6f}",
                    "ssim": f"{0.8 + gain / 100 + index / 1000:.6f}",
                }
                # The order in the file does not matter.
                for index, image in reversed(list(enumerate(IMAGES)))
            ]
            path = self.folder / "evaluations" / name / "quality" / f"{dataset}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            pd.DataFrame(rows).to_csv(path, index=False)

    def train(self, name: str) -> None:
        path = self.folder / "runs" / name
        path.mkdir(parents=True)
        history = "step,epoch,lr,loss,psnr_db,steps_per_s,seconds\n50,1,0.001,0.1,,7.5,6\n"
        (path / "history.csv").write_text(history + "100,2,0.001,0.05,27.5,7.5,13\n")
        facts: dict[str, Any] = dict.fromkeys(tables.RUN, "known")
        facts |= {
            "params": 109_363,
            "settings": {} if name.startswith("vdsr") else {"features": 24, "blocks": 2},
            "train": {"lr": 1e-4, "schedule": "step", "batch": 16, "patch": 32, "eps": 1e-8},
        }
        (path / "run.json").write_text(json.dumps(facts))

    def record(self, name: str, dataset: str) -> None:
        path = self.folder / "evaluations" / name / "record" / f"{dataset}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        facts = {
            "key": name,
            "dataset": dataset,
            "params": 261_403,
            "wall_seconds": 3.25,
            **dict.fromkeys(("device", "machine", "torch", "git_revision"), "known"),
            "data_digest": f"hr {dataset}",
        }
        path.write_text(json.dumps(facts))

    def run(self) -> None:
        tables.main([])

    def table(self, name: str) -> pd.DataFrame:
        path = self.folder / "results" / f"{name}.csv"
        return pd.read_csv(path, dtype=str, keep_default_na=False)


QUICK = ["profile=quick", "seeds=[s0,s1,s2]"]
NO_WEIGHTS = ["evaluate.published=[]", "certify.networks=[]", "certify.datasets=[]"]
PAPER = ["profile=paper", "seeds=[s0,s1,s2]", "baselines=[vdsr]", *NO_WEIGHTS]
PUBLISHED = "evaluate.published=[vdsr_x2,pan_x2]"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Study]:
    """Two studies on which stage `tables` was run; tests that change one take a copy."""
    studies = {}
    for name, overrides in (("quick", QUICK), ("paper", [*PAPER, PUBLISHED])):
        studies[name] = Study(tmp_path_factory.mktemp(name), overrides)
        with contextlib.chdir(studies[name].folder):
            studies[name].run()
    return studies


@pytest.fixture
def quick(prepared: dict[str, Study]) -> Study:
    return prepared["quick"]


@pytest.fixture
def paper(prepared: dict[str, Study]) -> Study:
    return prepared["paper"]


@pytest.fixture
def changed(prepared: dict[str, Study], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """A copy of the quick study, the working directory in it."""
    study = copy.copy(prepared["quick"])
    study.folder = tmp_path / "study"
    shutil.copytree(prepared["quick"].folder, study.folder)
    monkeypatch.chdir(study.folder)
    return study


def row(table: pd.DataFrame, **cells: str) -> pd.Series:
    found = table[np.logical_and.reduce([table[k] == v for k, v in cells.items()])]
    assert len(found) == 1, (cells, found)
    return found.iloc[0]


def test_result_files_have_the_columns_of_the_contract(quick: Study) -> None:
    for name, columns in (
        ("quality", tables.QUALITY),
        ("history", tables.HISTORY),
        ("runs", tables.RUN),
        ("certification", tables.CERTIFICATE_COLUMNS),
        ("tables/table1", tables.TABLE1),
        ("tables/table2", tables.TABLE2),
        ("tables/table3", tables.TABLE3),
        ("tables/table4", tables.TABLE4),
    ):
        assert tuple(quick.table(name).columns) == columns
    quality = quick.table("quality")
    # 3 scales x (bicubic + 4 networks x 3 seeds) + 4 variants x 3 seeds, 3 images each
    assert len(quality) == 3 * (3 * (1 + 12) + 12)
    assert set(quality["source"]) == {"none", "trained"}
    assert list(quality["image"][:3]) == ["a", "b", "c"]
    assert len(quick.table("runs")) == 3 * 12 + 12 + 3
    assert len(quick.table("history")) == 2 * (3 * 12 + 12)


def test_means_spreads_and_differences_of_table_1(quick: Study) -> None:
    table = quick.table("tables/table1")
    assert list(table["variant"]) == ["single_scale", "msfeb", "no_rb", "full"]
    msfeb = row(table, variant="msfeb")
    # images add 0, 1, 2 and seeds 0, 0.1, 0.2: means 1 and 0.1, spread over seeds 0.1
    assert float(msfeb["psnr_db"]) == pytest.approx(26.11 + 1.25 + 1 + 0.1)
    assert float(msfeb["psnr_sd_db"]) == pytest.approx(0.1)
    assert float(msfeb["diff_db"]) == pytest.approx(0.25)
    assert float(msfeb["diff_low_db"]) == pytest.approx(0.25)
    assert msfeb["seeds"] == "3"
    assert row(table, variant="single_scale")["diff_db"] == ""
    assert float(row(table, variant="full")["diff_db"]) == pytest.approx(0.25)


def test_quick_figures_are_never_beside_figures_of_the_paper(quick: Study) -> None:
    for name in ("table1", "table2", "table3"):
        table = quick.table(f"tables/{name}")
        assert set(table["dataset"]) == {"photos_test"}
        assert set(table["published_psnr_db"]) == {""}
    assert "the paper's Table 1 is on Set14" in quick.table("tables/table1")["note"][0]
    assert set(quick.table("tables/table3")["provenance"]) == {"interpolation", "trained"}
    study = json.loads((quick.folder / "results/study.json").read_text())
    assert study["is_paper_setting"] is False
    assert study["profile"] == "quick"
    assert study["certificate"] == "recorded"
    assert study["figures"]["crops"][0]["scale"] == 4


def test_the_papers_figures_stand_beside_its_setting(paper: Study) -> None:
    table = paper.table("tables/table1")
    baseline, msfeb = row(table, variant="single_scale"), row(table, variant="msfeb")
    assert float(baseline["published_psnr_db"]) == 28.18
    assert float(msfeb["published_diff_db"]) == 0.19
    assert float(msfeb["published_psnr_db"]) == pytest.approx(28.37)
    assert "IV-C1" in baseline["source"]
    assert "not available" in row(table, variant="full")["note"]
    study = json.loads((paper.folder / "results/study.json").read_text())
    assert study["is_paper_setting"] is True


def test_table_2_compares_with_the_network_without_refinement(paper: Study) -> None:
    table = paper.table("tables/table2")
    assert len(table) == 3 * 4
    dagger = row(table, variant="rb_dagger", dataset="Urban100")
    assert float(dagger["diff_db"]) == pytest.approx(-0.05)
    assert "without RB" in dagger["note"]
    assert row(table, variant="no_rb", dataset="Set5")["diff_db"] == ""


def test_table_3_keeps_provenances_apart(paper: Study) -> None:
    table = paper.table("tables/table3")
    at = {"scale": "2", "dataset": "Set14"}
    trained = row(table, model="vdsr", provenance="trained", **at)
    published = row(table, model="vdsr", provenance="published", **at)
    assert trained["seeds"] == "3"
    assert published["seeds"] == published["psnr_sd_db"] == ""
    assert float(trained["published_psnr_db"]) == float(published["published_psnr_db"]) == 33.03
    # Weights were evaluated at x2 alone: elsewhere the figure is quoted.
    assert not len(
        table[
            (table["model"] == "vdsr") & (table["provenance"] == "quoted") & (table["scale"] == "2")
        ]
    )
    quoted = row(table, model="vdsr", provenance="quoted", scale="4", dataset="Set14")
    assert quoted["psnr_db"] == ""
    assert float(quoted["published_psnr_db"]) == 28.01
    assert "published under protocol y" in quoted["note"]
    dpsr = row(table, model="dpsr", **at)
    assert dpsr["published_psnr_db"] == ""
    assert "BSD68" in dpsr["note"]
    mesr = row(table, model="mesr", provenance="quoted", **at)
    assert "not available as numbers" in mesr["note"]
    assert row(table, model="lapar", **at)["label"] == "LAPAR-A"
    assert row(table, model="a2f", **at)["label"] == "A2F-L"
    # Every network of the paper and bicubic at every scale and dataset
    for scale in "234":
        for dataset in ("Set5", "Set14", "BSD100", "Urban100"):
            cell = table[(table["scale"] == scale) & (table["dataset"] == dataset)]
            assert set(cell["model"]) == set(NETWORKS)


def test_ranks_are_among_comparable_rows(paper: Study) -> None:
    table = paper.table("tables/table3")
    cell = table[(table["scale"] == "2") & (table["dataset"] == "Set5")]
    trained = cell[cell["provenance"] == "trained"].set_index("model")["rank_psnr"]
    assert dict(trained) == {"vdsr": "2", "mesr": "1"}
    published = cell[cell["provenance"] == "published"].set_index("model")["rank_psnr"]
    assert dict(published) == {"vdsr": "2", "pan": "1"}
    assert set(cell[cell["provenance"] == "interpolation"]["rank_psnr"]) == {""}
    # Quoted figures come from different protocols.
    quoted = table[table["provenance"] == "quoted"]
    assert (quoted["published_psnr_db"] != "").sum() > 100
    assert set(quoted["rank_psnr"]) == set(quoted["rank_ssim"]) == {""}


def test_table_4_ranks_as_table_3(paper: Study) -> None:
    settings = paper.params.tables
    rows3, rows4 = paper.table("tables/table3"), paper.table("tables/table4")
    ranks = {
        (r["model"], r["variant"], r["provenance"]): r["rank_psnr"]
        for r in rows3.to_dict("records")
        if (f"x{r['scale']}", r["dataset"])
        == (settings.complexity_scale, settings.complexity_dataset)
    }
    found = {
        (r["model"], r["variant"], r["provenance"]): r["rank_psnr"]
        for r in rows4.to_dict("records")
    }
    assert found == {key: ranks[key] for key in found}
    assert sorted(filter(None, found.values())) == ["1", "1", "2", "2"]


def test_equal_prints_share_a_rank() -> None:
    values = (30.004, 30.001, 29.9, 29.8)
    rows = [
        {
            "provenance": "trained",
            "scale": 2,
            "dataset": "Set5",
            "psnr_db": str(v),
            "published_psnr_db": "",
            "rank": "",
        }
        for v in values
    ]
    tables._rank(rows, "rank", "psnr_db", digits=2)
    assert [r["rank"] for r in rows] == [1, 1, 2, ""]


def test_table_4_joins_counts_and_quality(quick: Study) -> None:
    table = quick.table("tables/table4")
    vdsr = row(table, model="vdsr")
    assert vdsr["params"] == "665921"
    assert vdsr["published_params"] == "665000"
    assert vdsr["multi_adds"] == "612591206400"
    assert "narrowed here: depth=" in vdsr["note"]
    assert "counts are of the published size" in vdsr["note"]
    pan = row(table, model="pan")
    assert pan["psnr_db"] == pan["published_psnr_db"] == ""
    assert "not trained in profile quick" in pan["note"]
    assert "480x360" in row(table, model="defian")["note"]
    assert set(table["model"]) == set(NETWORKS) - {"bicubic"}
    assert len(table) == len(NETWORKS) - 1
    assert list(table["model"])[-1] == "mesr"


TOYNET = """
from torch import nn


class ToyNet(nn.Module):
    def __init__(self, scale: int) -> None:
        super().__init__()
"""


@pytest.mark.parametrize("baselines", ["[vdsr]", "[vdsr,toynet]"])
def test_a_network_without_published_figures_has_no_quoted_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, baselines: str
) -> None:
    (tmp_path / "toynet.py").write_text(TOYNET)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(NETWORKS, "toynet", "toynet:ToyNet")
    monkeypatch.setitem(GAIN, "toynet", 0.5)
    monkeypatch.chdir(tmp_path)
    study = Study(tmp_path, [*PAPER, "+networks.toynet={}", f"baselines={baselines}"])
    study.run()
    expected = {("ToyNet", "trained")} if "toynet" in baselines else set()
    for name in ("tables/table3", "tables/table4"):
        table = study.table(name)
        own = table[table["model"] == "toynet"]
        assert set(zip(own["label"], own["provenance"], strict=True)) == expected


@pytest.mark.parametrize(
    "overrides",
    [
        ["train.steps=1000"],
        ["train.lr=0.0002"],
        [
            *("data.train=photos_train", "data.degrade=[photos_train]"),
            "data.images=[photos_train,Set5,Set14,BSD100,Urban100]",
        ],
        ["data.test=[Set5]", "tables.complexity_dataset=Set5", "tables.ablation_dataset=Set5"],
        ["+networks.vdsr.depth=4"],
    ],
    ids=lambda overrides: overrides[0],
)
def test_a_shortened_paper_run_keeps_the_warning(tmp_path: Path, overrides: list[str]) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(compose_params([*PAPER, *overrides], ROOT / "conf"))
    params = tables.load_params(path)
    assert params.profile == "paper"
    assert not tables.is_paper_setting(params)


def test_what_params_do_not_name_is_ignored(changed: Study) -> None:
    before = {p: p.read_bytes() for p in Path("results").rglob("*") if p.is_file()}
    changed.evaluate("vdsr_x2_s9", "vdsr", "", 2, 9)
    changed.evaluate("published_pan_x2", "pan", "", 2, None)
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
    changed: Study, missing: str, remedy: str
) -> None:
    Path(missing).unlink()
    before = Path("results/runs.csv").stat().st_mtime_ns
    with pytest.raises(UserError, match=remedy) as error:
        changed.run()
    assert missing in str(error.value)
    assert before == Path("results/runs.csv").stat().st_mtime_ns


def test_inconsistent_evaluations_are_refused(changed: Study) -> None:
    path = Path("evaluations/mesr_x4_s1/quality/photos_test.csv")
    text = path.read_text()
    path.write_text(text.replace(",rgb,", ",y,"))
    with pytest.raises(UserError, match=r"protocol 'y', but evaluate\.protocol is 'rgb'"):
        changed.run()
    path.write_text(text.replace(",b,", ",a,"))
    with pytest.raises(UserError, match="image a stands twice"):
        changed.run()
    path.write_text(text.replace(",b,", ",other,"))
    with pytest.raises(UserError, match="different images of photos_test"):
        changed.run()
    path.write_text("model,variant\n")
    with pytest.raises(UserError, match="column 'source' is missing"):
        changed.run()


def test_a_study_without_training_has_tables_that_say_so(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    overrides = ["profile=paper", "models=[]", "variants=[]", "baselines=[]", *NO_WEIGHTS]
    Study(tmp_path, overrides).run()
    table = pd.read_csv("results/tables/table1.csv", dtype=str, keep_default_na=False)
    assert set(table["psnr_db"]) == {""}
    assert all("not trained in profile paper" in note for note in table["note"])
    assert set(pd.read_csv("results/runs.csv")["stage"]) == {"evaluate_bicubic"}


def test_runs_show_the_settings_of_a_training(quick: Study) -> None:
    runs = quick.table("runs")
    mesr, vdsr = row(runs, key="mesr_x2_s1"), row(runs, key="vdsr_x2_s1")
    expected = {
        **{"lr": "0.0001", "schedule": "step", "batch": "16", "patch": "32", "seed": "1"},
        **{"stage": "train", "dataset": "photos_train", "settings": "features=24, blocks=2"},
    }
    assert {name: mesr[name] for name in expected} == expected
    assert vdsr["settings"] == "as published"


def test_runs_hold_every_evaluation_without_a_training(paper: Study) -> None:
    runs = paper.table("runs")
    own = runs[runs["stage"].str.startswith("evaluate")]
    keys = [*(f"bicubic_x{scale}" for scale in "234"), "published_vdsr_x2", "published_pan_x2"]
    assert sorted(own["key"]) == sorted(key for key in keys for _ in range(4))
    pan = row(own, key="published_pan_x2", dataset="Set14")
    expected = {
        **{"label": "PAN", "stage": "evaluate_published", "scale": "2", "params": "261403"},
        **{"seed": "", "steps": "", "lr": "", "settings": "", "data_digest": "hr Set14"},
        **{"wall_seconds": "3.25", "git_revision": "known"},
    }
    assert {name: pan[name] for name in expected} == expected


def test_measured_certificates_replace_the_record(changed: Study) -> None:
    overrides = [*QUICK, "certify.networks=[bicubic,vdsr]", "certify.datasets=[photos_test]"]
    Path("params.yaml").write_text(compose_params(overrides, ROOT / "conf"))
    with pytest.raises(UserError, match="certify@bicubic-photos_test"):
        changed.run()
    Path("certificates").mkdir()
    for name in ("bicubic", "vdsr"):
        facts = dict.fromkeys(tables.CERTIFICATE_COLUMNS, "") | {
            "model": name,
            "measured": "measured",
        }
        pd.DataFrame([facts]).to_csv(f"certificates/{name}_photos_test.csv", index=False)
    changed.run()
    found = changed.table("certification")
    assert list(found["model"]) == ["bicubic", "vdsr"]
    assert set(found["measured"]) == {"measured"}


def test_variants_and_narrowing_of_trained_networks() -> None:
    assert tables.trained_variant("srcnn", {}) == "9-5-5"
    assert tables.trained_variant("srcnn", {"variant": "9-1-5"}) == "9-1-5"
    assert tables.trained_variant("msrn", {"features": 16}) == "rgb"
    assert tables.trained_variant("msrn", {"version": "eccv"}) == "eccv"
    assert tables.narrowing("a2f", {"variant": "S"}) == ""
    assert tables.narrowing("msrn", {"version": "eccv", "features": 16}) == (
        "narrowed here: features=16"
    )


def test_published_names_become_variants(tmp_path: Path) -> None:
    names = "[srcnn_9_1_5_x3,a2f_SD_x4,vdsr_pytorch_x2,pan_x2]"
    text = compose_params(["profile=paper", f"evaluate.published={names}"], ROOT / "conf")
    (tmp_path / "params.yaml").write_text(text)
    keys = tables.published_keys(tables.load_params(tmp_path / "params.yaml"))
    assert [(k.model, k.variant, k.scale) for k in keys] == [
        ("srcnn", "9-1-5", 3),
        ("a2f", "SD", 4),
        ("vdsr", "pytorch", 2),
        ("pan", "", 2),
    ]
    assert keys[0].name == "published_srcnn_9_1_5_x3"
