"""The scoreboard of the paper's claims, on studies whose differences are given image by image."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipeline.collation.claims import questions
from pipeline.study import results
from pipeline.study.keys import Key
from pipeline.study.published_figures import mesr_claims
from tests.pipeline.toy_study import NO_WEIGHTS, ToyStudy, row

IMAGES = {"Set5": ("baby", "bird", "head"), "Set14": ("Barbara", "comic", "zebra", "lenna")}
NOISE = np.array([0.02, -0.03, 0.05, -0.01])
# dB above MESR, and how much it varies over the images
STEPS = {"single_scale": -0.40, "msfeb": -0.21, "no_rb": 0.10, "rb_dagger": -0.1}
NETWORKS = {"vdsr": (-0.5, 1.0), "a2f": (0.01, 1.0), "msrn": (0.6, 1.0)}
OVERRIDES = [
    *("profile=paper", "seeds=[s0]", "baselines=[vdsr,a2f,msrn]", *NO_WEIGHTS),
    *("++networks.a2f.variant=S", "train.steps=4000", "data.test=[Set5,Set14]"),
]


class Study(ToyStudy):
    """MESR has the same on every image, up to a slope; the others differ from it as above."""

    exact = False

    def images(self, dataset: str) -> Sequence[str]:
        return IMAGES[dataset]

    def difference(self, key: Key, index: int) -> float:
        """PSNR above that of MESR."""
        seed = key.seed or 0
        if key.kind == "ablation":
            sign = -1 if key.variant == "msfeb" else 1
            return STEPS[key.variant] + sign * NOISE[index] + 0.001 * seed
        gain, spread = NETWORKS.get(key.model, (0.0, 0.0))
        return gain + spread * (NOISE[index] + 0.004 * seed)

    def scores(self, key: Key, dataset: str, index: int) -> tuple[float, float]:
        if self.exact and key.model == "vdsr" and index == 0:
            return float("inf"), 1.0
        return 30.0 - key.scale + index + self.difference(key, index), 0.8


def collate(folder: Path, overrides: list[str], *, exact: bool = False) -> pd.DataFrame:
    study = object.__new__(Study)
    study.exact = exact
    Study.__init__(study, folder, overrides)
    with contextlib.chdir(folder):
        study.run()
    return study.table("claims")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    return collate(tmp_path_factory.mktemp("claims"), OVERRIDES)


def test_every_claim_is_asked_of_every_network_scale_and_dataset(table: pd.DataFrame) -> None:
    above = table[table["claim"] == "psnr_above"]
    assert len(above) == 13 * 3 * 4
    assert not above.duplicated(["reference_model", "scale", "dataset"]).any()
    assert set(table["claim"]) == set(mesr_claims()) - {"baseline_psnr"}
    assert len(table[table["claim"] == "rb_dagger_loss"]) == 4
    assert set(table["verdict"]) <= {"holds", "does not hold", "undecided", "not tested"}
    assert (table["why"] != "").all()


def test_verdicts_follow_the_side_of_zero(table: pd.DataFrame) -> None:
    place = {"claim": "psnr_above", "scale": "2", "dataset": "Set14"}
    verdicts = {
        model: row(table, **place, reference_model=model)["verdict"]
        for model in ("vdsr", "a2f", "msrn")
    }
    assert verdicts == {"vdsr": "holds", "a2f": "undecided", "msrn": "does not hold"}
    undecided = row(table, **place, reference_model="a2f")
    assert float(undecided["low"]) < float(undecided["ours"]) < 0 < float(undecided["high"])
    assert "cannot be told from none" in undecided["why"]
    assert "A2F-S stands for A2F-L" in undecided["why"]
    assert undecided["statement"] == "MESR has a higher PSNR than A2F-L"


@pytest.mark.parametrize("dataset", ["Set5", "Set14"])
def test_intervals_are_students_with_holms_correction_by_hand(
    table: pd.DataFrame, dataset: str
) -> None:
    noise = NOISE[: len(IMAGES[dataset])]
    order = ("msrn", "vdsr", "a2f")  # by significance: 0.6, 0.5 and 0.01 dB with the same spread
    for step, model in enumerate(order):
        found = row(table, claim="psnr_above", scale="3", dataset=dataset, reference_model=model)
        values = -(NETWORKS[model][0] + noise)
        test = stats.ttest_1samp(values, 0)
        low, high = test.confidence_interval(1 - 0.05 / (3 - step))
        assert float(found["ours"]) == pytest.approx(values.mean(), abs=2e-6)
        assert float(found["low"]) == pytest.approx(low, abs=2e-6)
        assert float(found["high"]) == pytest.approx(high, abs=2e-6)
        assert found["compared"] == "3"
        assert (found["seeds"], found["images"]) == ("1", str(len(noise)))


def test_modules_are_compared_step_by_step(table: pd.DataFrame) -> None:
    msfeb, rffb, rb = (row(table, claim=f"{name}_gain") for name in ("msfeb", "rffb", "rb"))
    # The second step less the first: 0.19 dB less twice the noise, whose mean is 0.0075.
    assert float(msfeb["ours"]) == pytest.approx(0.19 - 2 * NOISE.mean(), abs=2e-6)
    assert msfeb["paper"] == "0.190000"
    assert msfeb["figure_within"] == "yes"
    assert float(rffb["ours"]) == pytest.approx(0.31 + 2 * NOISE.mean(), abs=2e-6)
    assert (rffb["verdict"], rffb["figure_within"]) == ("holds", "")
    assert float(rb["ours"]) == pytest.approx(-0.1 - NOISE.mean(), abs=2e-6)
    assert rb["verdict"] == "does not hold"
    assert {cells["compared"] for cells in (msfeb, rffb, rb)} == {"3"}


def test_each_dataset_is_a_family_of_its_own(table: pd.DataFrame) -> None:
    dagger = table[table["claim"] == "rb_dagger_loss"].set_index("dataset")
    assert dagger.loc[["Set5", "Set14"], "compared"].tolist() == ["1", "1"]
    assert dagger.loc["BSD100", "verdict"] == "not tested"
    assert "does not evaluate on BSD100" in dagger.loc["BSD100", "why"]


def test_a_figure_outside_the_interval_is_named(tmp_path: Path) -> None:
    study = Study(tmp_path, OVERRIDES)
    for variant, psnr_db in (("single_scale", 27.0), ("msfeb", 28.0)):
        path = tmp_path / f"evaluations/ablation_{variant}_s0/quality/Set14.csv"
        frame = results.QUALITY.read(path)
        frame["psnr_db"] = psnr_db + NOISE * (1 if variant == "msfeb" else 0)
        frame["scale"] = 4
        frame.to_csv(path, index=False)
    with contextlib.chdir(tmp_path):
        study.run()
    found = row(study.table("claims"), claim="msfeb_gain")
    assert (found["verdict"], found["figure_within"]) == ("holds", "no")
    assert "the paper's figure lies outside the interval" in found["why"]


def test_what_was_trained_and_how_long_stands_beside_the_verdict(table: pd.DataFrame) -> None:
    found = row(table, claim="psnr_above", scale="4", dataset="Set5", reference_model="vdsr")
    assert "4,000 steps on DIV2K_train" in found["why"]
    assert "one seed: the interval is over images alone" in found["why"]


def test_networks_that_were_not_trained_are_not_tested(table: pd.DataFrame) -> None:
    found = row(table, claim="psnr_above", scale="4", dataset="Set5", reference_model="dasr")
    assert found["verdict"] == "not tested"
    assert found["ours"] == found["low"] == found["compared"] == ""
    assert found["why"] == "profile paper does not train DASR at x4"


def test_counts_are_decided_exactly(table: pd.DataFrame) -> None:
    msrn = row(table, claim="params_fewer_than_msrn")
    assert float(msrn["ours"]) == pytest.approx(1 - 4_600_000 / 5_930_331, abs=1e-6)
    assert (msrn["verdict"], msrn["figure_within"]) == ("holds", "no")
    assert "reading of this project" in msrn["why"]
    dasr = row(table, claim="params_fewer_than_dasr")
    assert (dasr["verdict"], dasr["why"]) == ("not tested", "not counted at x2")
    multi_adds = row(table, claim="multi_adds")
    assert float(multi_adds["ours"]) == 1000.0
    assert multi_adds["verdict"] == "undecided"
    assert "Table 4 is not available" in multi_adds["why"]


def test_barbara_is_looked_up_among_the_images(table: pd.DataFrame, tmp_path: Path) -> None:
    found = row(table, claim="barbara_in_set5")
    assert found["verdict"] == "does not hold"
    assert found["why"] == "Set5 has baby, bird, head; barbara is an image of Set14"
    without = collate(tmp_path, [*OVERRIDES, "data.test=[Set14]"])
    assert row(without, claim="barbara_in_set5")["verdict"] == "not tested"


def test_an_image_reproduced_exactly_leaves_its_family_undecided(tmp_path: Path) -> None:
    table = collate(tmp_path, OVERRIDES, exact=True)
    for model in ("vdsr", "a2f"):
        found = row(table, claim="psnr_above", scale="2", dataset="Set5", reference_model=model)
        assert (found["verdict"], found["ours"]) == ("undecided", "")
        assert "reproduced exactly" in found["why"]


def test_two_seeds_widen_the_sample(tmp_path: Path) -> None:
    found = collate(tmp_path, [*OVERRIDES, "seeds=[s0,s1]"])
    vdsr = row(found, claim="psnr_above", scale="2", dataset="Set5", reference_model="vdsr")
    assert vdsr["seeds"] == "2"
    assert "two seeds say little" in vdsr["why"]


def test_profile_quick_tests_what_needs_no_training_alone(quick: ToyStudy) -> None:
    table = quick.table("claims")
    tested = table[table["verdict"] != "not tested"]
    assert set(tested["claim"]) == {"params_fewer_than_msrn", "multi_adds"}
    assert "profile quick does not evaluate on Set5" in set(table["why"])


def test_questions_of_one_claim_differ() -> None:
    asked = list(questions(mesr_claims().values()))
    assert len(asked) == len(set(asked))
