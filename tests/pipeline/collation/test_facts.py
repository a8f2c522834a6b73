from pathlib import Path

import pytest

from pipeline.collation.cells import narrowing
from pipeline.collation.facts import is_paper_setting
from pipeline.configure import compose_params
from pipeline.models.networks import settings_variant
from pipeline.study.params import load_params
from pipeline.study.results import STUDY, read_study
from tests.pipeline.toy_study import PAPER, ROOT, ToyStudy


def test_a_quick_study_says_that_it_is_not_the_papers(quick: ToyStudy) -> None:
    study = read_study(quick.folder / STUDY)
    assert study.is_paper_setting is False
    assert (study.profile, study.certificate) == ("quick", "recorded")
    assert study.figures.crops[0].scale == 4
    assert study.narrowed["vdsr"].startswith("narrowed here: depth=")


def test_the_papers_setting_is_known(paper: ToyStudy) -> None:
    assert read_study(paper.folder / STUDY).is_paper_setting is True


@pytest.mark.parametrize(
    "overrides",
    [
        ["train.steps=1000"],
        ["tune.lrs=[0.0002]"],
        ["tune.lrs=[0.0001,0.0002]", "train.schedule=cosine"],
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
    params = load_params(path)
    assert params.profile == "paper"
    assert not is_paper_setting(params)


def test_variants_and_narrowing_of_trained_networks() -> None:
    assert settings_variant("srcnn", {}) == "9-5-5"
    assert settings_variant("srcnn", {"variant": "9-1-5"}) == "9-1-5"
    assert settings_variant("msrn", {"features": 16}) == "rgb"
    assert settings_variant("msrn", {"version": "eccv"}) == "eccv"
    assert settings_variant("mesr", {"features": 16}) == "full"
    assert narrowing("a2f", {"variant": "S"}) == ""
    assert narrowing("msrn", {"version": "eccv", "features": 16}) == "narrowed here: features=16"
