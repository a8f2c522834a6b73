import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
import yaml
from huggingface_hub import ModelCard

from pipeline.study.keys import Key
from pipeline.study.paths import quality_file, run_folder
from pipeline.support.errors import UserError
from pipeline.tools.cards import model_card
from pipeline.tools.recorded import CODE_LICENCE, read_recorded
from tests.pipeline.tools.run_facts import write_run
from tests.pipeline.toy_study import ROOT, ToyStudy

KEY = Key.trained("mesr", 4, 0)


@pytest.fixture
def study(changed: ToyStudy) -> ToyStudy:
    write_run(KEY)
    return changed


def test_card_is_read_by_hugging_face(study: ToyStudy) -> None:
    card = ModelCard(model_card(read_recorded(KEY)))
    assert card.data.license == "apache-2.0"
    assert card.data.model_name == "MESR x4"
    found = {(r.dataset_type, r.metric_type): r.metric_value for r in card.data.eval_results}
    scores = np.array([study.scores(KEY, "photos_test", i) for i in range(3)])
    assert found == {
        ("photos_test", "psnr"): pytest.approx(scores[:, 0].mean(), abs=1e-6),
        ("photos_test", "ssim"): pytest.approx(scores[:, 1].mean(), abs=1e-6),
    }


def test_card_says_what_a_reader_must_know(study: ToyStudy) -> None:
    text = model_card(read_recorded(KEY))
    for part in (
        *("This is a toy", "`photos_train`", "CC BY 2.0", "`rgb`", "95 % intervals", "`features`"),
        *("## Limits", "## Licence", "Apache-2.0", "profile `quick`", "fingerprint"),
    ):
        assert part in text, part
    # Every image gains 2 dB in the toy study: so does their mean, with an interval of no width.
    assert "2.00 [2.00, 2.00]" in text


def test_text_of_a_run_cannot_become_markup(study: ToyStudy) -> None:
    write_run(KEY, machine="<script>alert(1)</script>")
    assert "<script>" not in model_card(read_recorded(KEY))


def test_licence_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == CODE_LICENCE


def test_front_matter_is_plain_yaml(study: ToyStudy) -> None:
    _, front, _ = model_card(read_recorded(KEY)).split("---\n", 2)
    assert list(yaml.safe_load(front)) == ["license", "pipeline_tag", "tags", "model-index"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data_digest": "hr other"}, "results/runs.csv: no training on images with the digest"),
        ({"scale": 2}, "is about mesr x2 s0"),
        ({"params": "many"}, "params: .*found 'many'"),
    ],
)
def test_results_of_another_training_are_refused(
    study: ToyStudy, change: dict[str, object], message: str
) -> None:
    write_run(KEY, **change)
    with pytest.raises(UserError, match=message):
        read_recorded(KEY)


def test_missing_run_names_the_remedy(study: ToyStudy) -> None:
    (run_folder(KEY) / "run.json").unlink()
    with pytest.raises(UserError, match=r"not found\. Run: dvc repro"):
        read_recorded(KEY)
    assert not Path("README.md").exists()
    assert json.loads(Path("results/study.json").read_text())["profile"] == "quick"


def test_scores_on_other_images_than_bicubic_are_refused(study: ToyStudy) -> None:
    path = quality_file(Key.bicubic(4), "photos_test")
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:-1]), encoding="utf-8")
    with pytest.raises(UserError, match="on other images than bicubic"):
        read_recorded(KEY)
