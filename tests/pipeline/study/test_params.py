"""What params.yaml may hold: each message names the value and what to do."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.configure import compose_params
from pipeline.study.params import Params, load_params
from pipeline.study.plain import read_params
from pipeline.support.errors import UserError
from pipeline.support.validation import validated
from tests.pipeline.toy_study import ROOT, TOY


@pytest.fixture(scope="module")
def composed() -> dict[str, Any]:
    overrides = [*TOY, "published=[a2f_SD_x4]", "groups.main.seeds=[0,2]"]
    return yaml.safe_load(compose_params(overrides, ROOT / "conf"))  # type: ignore[no-any-return]


@pytest.fixture
def values(composed: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(composed)


def put(values: dict[str, Any], place: str, value: Any) -> None:
    *path, last = place.split("/")
    for name in path:
        values = values[name]
    values[last] = value


def test_runs_come_in_the_order_of_the_tables(values: dict[str, Any]) -> None:
    runs = Params.model_validate(values).runs()
    assert list(runs) == [
        "bicubic_x4",
        *("vdsr_x4_s0", "vdsr_x4_s2", "mesr_x4_s0", "mesr_x4_s2"),
        *("mesr-no_rb_x4_s0", "vdsr-steps500_x4_s0"),
        "a2f-SD-published_x4",
    ]
    no_rb = runs["mesr-no_rb_x4_s0"]
    assert (no_rb.method, no_rb.kind, no_rb.scale, no_rb.seed) == ("mesr-no_rb", "trained", 4, 0)
    assert no_rb.settings == values["networks"]["mesr"] | {"refinement": False}
    assert runs["vdsr-steps500_x4_s0"].train == {"steps": 2}
    assert runs["a2f-SD-published_x4"].settings == {"variant": "SD"}
    assert [runs[key].kind for key in ("bicubic_x4", "a2f-SD-published_x4")] == [
        "interpolation", "published",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        # The key is a name that must say what the values say.
        ("trainings/vdsr_x4_s0/seed", 3, r"its values are those of vdsr_x4_s3; rename the key"),
        ("trainings/vdsr_x4_s0/variant", "no_rb", "rename the key"),
        ("imports/bicubic_x4/scale", "x3", r"those of bicubic_x3"),
        ("trainings/vdsr_x4_s0/code", "../evil.py", "code"),
        (
            "trainings/vdsr-steps500_x4_s0/train/steps",
            0,
            r"(?s)_s0\.train: .*steps: should",
        ),
        ("trainings/vdsr-steps500_x4_s0/train", {"stepps": 2}, r"no such setting\. Did you mean"),
        ("networks", {"vdsr": {}}, "networks: lacks mesr"),
        ("tuned", {}, r"tuned: lacks \w+"),
        ("variants", {}, "variants: lacks no_rb"),
        ("degraded", [], "degraded: lacks x4"),
        ("evaluated", ["vdsr_x4_s0", "vdsr_x4_s0"], "stands more than once"),
        ("data/test", ["photos-test"], r"data\.test"),
        ("data/test", ["photos_test", "photos_train"], "say nothing of other images"),
        ("tables/ablation_dataset", "Set14", "'Set14' is not listed in data.test"),
        ("train/patch", "8", r"patch: should be a valid integer"),
        ("train/threads", 2, "are not possible in portable arithmetic"),
        ("train/precision", "bf16", "are not possible in portable arithmetic"),
        ("evaluate/threads", 2, "are not possible in portable arithmetic"),
        ("evaluate/metrics", ["lpips"], "no such setting"),
        ("complexity/hr", "1280x", "hr: should be WIDTHxHEIGHT in pixels"),
        ("complexity/hr", "0x720", "hr: should be WIDTHxHEIGHT in pixels"),
        ("tuned/vdsr/lrs", [], r"tuned\.vdsr\.lrs"),
        ("comparisons/0/b", "mesr-gate", "nothing is run of 'mesr-gate' at x4"),
        ("comparisons/0/datasets", ["Set5"], "'Set5' is not listed in data.test"),
        ("profile", "../quick", "profile"),
    ],
)
def test_values_that_no_stage_can_want_are_refused(
    values: dict[str, Any], place: str, value: Any, message: str
) -> None:
    Params.model_validate(values)
    if place.startswith("comparisons/0"):
        values["comparisons"][0][place.rpartition("/")[2]] = value
    else:
        put(values, place, value)
    with pytest.raises(UserError, match=message):
        validated(Params, values, "params.yaml", "")


def test_several_learning_rates_need_held_out_images_and_a_schedule_that_stretches(
    values: dict[str, Any],
) -> None:
    values["tuned"]["vdsr"]["lrs"] = [0.1, 0.01]
    values["train"]["validation_images"] = 0
    with pytest.raises(UserError, match="compared on held-out images"):
        validated(Params, values, "x", "")
    values["train"] |= {"validation_images": 1, "schedule": "step"}
    with pytest.raises(UserError, match="'step' does not stretch"):
        validated(Params, values, "x", "")


def test_test_images_are_trained_on_when_asked_for(values: dict[str, Any]) -> None:
    values["data"] |= {"test": ["photos_test", "photos_train"], "allow_test_training": True}
    validated(Params, values, "x", "")


def test_a_study_without_trainings_is_legal(values: dict[str, Any]) -> None:
    lists = ("trainings", "networks", "tuned", "variants")
    values |= {name: {} for name in lists} | {"degraded": [], "comparisons": []}
    values["evaluated"] = list(values["imports"])
    assert list(validated(Params, values, "x", "").runs()) == values["evaluated"]


def test_run_that_is_not_there_is_refused_by_name(values: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"'mesr_x2_s0' is no run .*mesr_x4_s0"):
        Params.model_validate(values).run("mesr_x2_s0")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("profile: quick\nseeds: [s0]\n", r"earlier version wrote it.*configure profile=quick"),
        ("format: 1\nprofile: a\nprofile: b\n", "'profile' stands twice"),
        ("format: 1\ntrainings: {a: &x {}, b: *x}\n", "an alias"),
        ("format: [1\n", "not readable as YAML"),
        ("- 1\n", "holds no mapping"),
        ("[" * 5000, "not readable as YAML"),
        ("format: 1\n", "scales: Field required"),
    ],
)
def test_files_that_are_no_parameters_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        load_params(path)


def test_missing_file_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"not found.*configure profile=quick"):
        read_params(tmp_path / "params.yaml")
