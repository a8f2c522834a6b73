"""Readings, ladder and tuning of a study whose figures are known in advance."""

from pathlib import Path

import pytest

from pipeline.study.keys import Key
from tests.pipeline.toy_study import QUICK, ToyStudy, row

OVERRIDES = [
    *QUICK,
    "readings.trained=[better,same]",
    "readings.seeds=[s0,s1]",
    "+readings.changes.better.network.gate_bias=-5.0",
    "+readings.changes.same.train.charbonnier=image",
    "ladder={models: [mesr], baselines: [vdsr], steps: [100], seeds: [s0]}",
    "train.schedule=cosine",
    "tune.lrs=[0.001,0.002]",
]


class Study(ToyStudy):
    def scores(self, key: Key, dataset: str, index: int) -> tuple[float, float]:
        psnr_db, ssim = super().scores(key, dataset, index)
        if key.kind == "reading":
            # The same on average, but for one of them, and not alike on every image and seed.
            gain = 0.5 if key.variant == "better" else 0.0
            psnr_db += gain + 0.01 * (index - 1) + 0.002 * (2 * (key.seed or 0) - 1)
        if key.kind == "ladder":
            psnr_db += 3.0 if key.model == "vdsr" else 0.0
        return psnr_db, ssim


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder: Path = tmp_path_factory.mktemp("readings")
    made = Study(folder, OVERRIDES)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        made.run()
    return made


def test_a_better_reading_is_told_from_one_that_changes_nothing(study: Study) -> None:
    table = study.table("tables/readings")
    assert list(table["reading"]) == ["chosen", "better", "same"]
    assert list(table["change"]) == ["", "gate_bias=-5.0", "train.charbonnier=image"]
    assert list(table["verdict"]) == ["", "better", "undecided"]
    better, same = row(table, reading="better"), row(table, reading="same")
    assert float(better["diff_db"]) == pytest.approx(0.5)
    assert 0 < float(better["diff_low_db"]) < 0.5 < float(better["diff_high_db"])
    assert float(same["diff_low_db"]) < 0 < float(same["diff_high_db"])
    # Holm: the smaller of two p-values counts twice.
    assert float(better["p_holm"]) == pytest.approx(2 * float(better["p"]), abs=2e-6)


def test_the_ladder_ranks_each_length_by_itself(study: Study) -> None:
    table = study.table("ladder")
    ranks = {(r["model"], r["steps"]): r["rank"] for _, r in table.iterrows()}
    own = str(study.params.train.total_steps)
    assert ranks == {
        **{("vdsr", "100"): "1", ("mesr", "100"): "2"},
        **{("vdsr", own): "2", ("mesr", own): "1"},
    }
    short = row(table, model="vdsr", steps="100")
    patches = 100 * study.params.train.batch
    assert int(short["training_multi_adds"]) == int(short["multi_adds"]) * patches


def test_tuning_lists_every_candidate(study: Study) -> None:
    table = study.table("tuning")
    assert set(table["model"]) == {"mesr", *study.params.baselines}
    assert list(table[table["model"] == "mesr"]["lr"]) == ["0.001", "0.002"]


def test_readings_and_ladder_stay_out_of_the_papers_tables(study: Study) -> None:
    assert len(study.table("quality")) == len(study.params.evaluations()) * 3
    stages = set(study.table("runs")["stage"])
    assert {"readings", "ladder"} < stages
