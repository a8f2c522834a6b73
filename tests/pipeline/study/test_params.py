import copy
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from pipeline.configure import compose_params
from pipeline.study.params import load_params, validate_params
from pipeline.support.errors import UserError

ROOT = Path(__file__).parents[3]


def test_the_studys_evaluations_follow_from_params(tmp_path: Path) -> None:
    overrides = ["profile=paper", "scales=[x2,x4]", "seeds=[s0,s7]", "baselines=[vdsr]"]
    overrides += ["variants=[no_rb]", "evaluate.published=[srcnn_9_1_5_x3,a2f_SD_x4,pan_x2]"]
    (tmp_path / "params.yaml").write_text(compose_params(overrides, ROOT / "conf"))
    keys = load_params(tmp_path / "params.yaml").evaluations()
    assert [key.name for key in keys] == [
        *("bicubic_x2", "vdsr_x2_s0", "vdsr_x2_s7", "mesr_x2_s0", "mesr_x2_s7"),
        *("bicubic_x4", "vdsr_x4_s0", "vdsr_x4_s7", "mesr_x4_s0", "mesr_x4_s7"),
        *("ablation_no_rb_s0", "ablation_no_rb_s7"),
        *("published_srcnn_9_1_5_x3", "published_a2f_SD_x4", "published_pan_x2"),
    ]
    assert [(k.model, k.variant) for k in keys[-3:]] == [
        ("srcnn", "9-1-5"),
        ("a2f", "SD"),
        ("pan", ""),
    ]


COMMITTED: Any = OmegaConf.to_container(OmegaConf.load(ROOT / "params.yaml"))


def with_value(where: str, value: Any) -> dict[str, Any]:
    """The committed parameters with one value changed; ``where`` is a path with dots."""
    params: dict[str, Any] = copy.deepcopy(COMMITTED)
    target: Any = params
    *parents, last = where.split(".")
    for part in parents:
        target = target[int(part) if part.isdecimal() else part]
    target[int(last) if last.isdecimal() else last] = value
    return params


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        ("train.patch", 10**9, "less than or equal to 4096"),
        ("train.steps", 10**9, "less than or equal to 100000000"),
        ("train.epochs", 10**9, "less than or equal to 100000000"),
        ("tune.lrs.0", float("nan"), "tune.lrs"),
        ("tune.lrs.0", -1.0, "greater than 0"),
        ("tune.lrs", [], "tune.lrs.*at least 1 item"),
        ("tune.lrs", [0.1, 0.1], "0.1 stands more than once"),
        ("train.lr", 0.1, "train.lr: no stage knows this key"),
        ("repeats.seeds", ["s0"], "repeats.seeds: 's0' is listed in seeds already"),
        ("repeats.seeds", ["s1"], "repeats.seeds: .*repeats.scales"),
        ("readings.trained", ["other"], "readings.trained: 'other' is not listed in"),
        ("readings.changes", {"a": {"train": {"pach": 1}}}, "a.train: 'pach' is no setting"),
        ("readings.changes", {"a": {"train": {"patch": 0}}}, "a.train.patch: .*greater than"),
        ("ladder.baselines", ["idn"], "ladder.baselines: 'idn' is not listed in baselines"),
        ("ladder.steps", [600], "ladder.steps: 600 is the length of the study's own"),
        ("train.threads", 10**9, "less than or equal to 65536"),
        ("running.workers", 10**9, "less than or equal to 1024"),
        ("statistics.resamples", 10**9, "less than or equal to 100000"),
        ("statistics.seed", -1, "greater than or equal to 0"),
        ("networks.vdsr.depth", 10**7, "depth: 10000000 is not between 0 and 1024"),
        ("networks.vdsr.depth", float("inf"), "depth: inf is not between"),
        ("networks.vdsr.depth", float("nan"), "depth: nan is not between"),
        ("networks.mesr.features", -24, "features: -24 is not between 0 and 1024"),
        ("networks.mesr.kernels", [3, 10**6], "kernels: 1000000 is not between"),
        ("networks.mesr.nested", {"a": {"b": 1}}, "nested: expected a number"),
        ("networks.mesr.name", "x", "'name' is no setting of a network"),
        ("networks.vdsr.scale", 4, "'scale' is no setting of a network; `scales` lists"),
        ("networks.my_net", {}, "my_net.*is no name of a network"),
        ("complexity.hr", "0x0", "'0x0' is no size"),
        ("complexity.hr", "1280x0", "is no size"),
        ("complexity.hr", "99999x1", "a side above 16384"),
        ("scales", ["x2", "x2"], "scales: 'x2' stands more than once"),
        ("seeds", ["s0", "s0"], "seeds: 's0' stands more than once"),
        ("seeds", ["s0", "s00"], "seeds.1: 's00' is no seed"),
        ("seeds", ["s9999999999"], "is no seed"),
        ("seeds", ["s٣"], "is no seed"),
        (
            "data.images",
            ["photos_train", "photos_test", "photos_test"],
            "'photos_test' stands more",
        ),
        ("data.degrade", ["photos_train", "photos_train"], "'photos_train' stands more than once"),
        ("baselines", ["vdsr", "vdsr"], "'vdsr' stands more than once"),
        ("baselines", ["mesr"], "mesr stands in `models`"),
        ("evaluate.published", ["pan_x2", "pan_x2"], "'pan_x2' stands more than once"),
        ("evaluate.published", ["pan"], "'pan' names no weights; expected network, variant"),
        (
            "evaluate.metrics",
            ["psnr"],
            "metric 'psnr' cannot be used: PSNR and SSIM are",
        ),
        ("evaluate.metrics", ["lpip"], "pyiqa has no such metric. Did you mean lpips?"),
        ("evaluate.metrics", ["niqe"], "'niqe' cannot be used: it needs weights whose digests"),
        ("evaluate.metrics", ["fsim", "fsim"], "'fsim' stands more than once"),
        ("evaluate.self_ensemble", ["pan"], "self_ensemble: 'pan' is not trained"),
        ("evaluate.self_ensemble", ["mesr", "mesr"], "'mesr' stands more than once"),
        ("figures.crops.0.image", "../../../etc/passwd", "is no name of an image"),
        ("figures.crops.0.image", "..", "is no name of an image"),
        ("figures.crops.0.image", "a/b", "is no name of an image"),
        ("figures.crops.0.image", "a\n", "is no name of an image"),
        ("figures.crops.0.region", [0, 0, 0, 10], "region.2: .*greater than or equal to 1"),
        ("figures.crops.0.region", [0, 0, 10**9, 10], "region.2: .*less than or equal to 16384"),
        ("figures.crops.0.region", [-1, 0, 8, 8], "region.0: .*greater than or equal to 0"),
        ("evaluate.keep_images", ["Set5/../x"], "is no DATASET/IMAGE"),
        ("data.train", "x" * 65, "at most 64"),
        ("data.train", "photos_test", "data.allow_test_training"),
        ("data.train", 7, "valid string"),
    ],
)
def test_values_that_make_no_sense_are_refused_by_name(
    where: str, value: Any, message: str
) -> None:
    params = with_value(where, value)
    if value == "photos_test":
        params["data"]["degrade"] = ["photos_test"]
    with pytest.raises(UserError, match=r"params\.yaml") as error:
        validate_params(params, "params.yaml")
    assert re.search(message, str(error.value)), error.value
    assert len(str(error.value)) < 500


HOSTILE = [
    *("$(touch canary)", "`touch canary`", "; touch canary", "a b", "'; touch canary; '", '"'),
    *("a|b", "a&b", "a>b", "a\nb", "-rf", "--help", "a-b", "../a", "/etc", "a/b", "*", "~", ""),
    *("${data.train}", "a\x00b", "é", {"$(touch canary)": 1}, ["a"], None, True, 1),
]
NAMES = [
    *("data.train", "data.test.0", "data.images.0", "data.degrade.0", "scales.0", "seeds.0"),
    *("models.0", "variants.0", "baselines.0", "tables.ablation_dataset"),
    *("tables.complexity_dataset", "tables.complexity_scale", "figures.crops.0.dataset"),
]


@pytest.mark.parametrize("where", NAMES)
@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_a_name_is_one_harmless_word(where: str, value: Any) -> None:
    with pytest.raises(UserError, match="does not fit"):
        validate_params(with_value(where, value), "params.yaml")


@pytest.mark.parametrize("where", ["data.weights", "evaluate.published", "certify.networks",
                                   "certify.datasets", "certify.lr"])  # fmt: skip
@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_a_name_in_an_optional_list_is_one_harmless_word(where: str, value: Any) -> None:
    with pytest.raises(UserError, match="does not fit"):
        validate_params(with_value(where, [value]), "params.yaml")


def test_settings_that_count_nothing_may_be_negative() -> None:
    params = with_value("networks.mesr.gate_bias", -5.0)
    assert validate_params(params, "params.yaml").network_settings("mesr")["gate_bias"] == -5.0


def test_training_on_a_test_set_needs_its_switch() -> None:
    params = with_value("data.train", "photos_test")
    params["data"]["degrade"] = ["photos_test"]
    params["data"]["allow_test_training"] = True
    assert validate_params(params, "params.yaml").data.train == "photos_test"


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, r"line 2: an alias \(\*a\)"),
        ("a: " + "[" * 1000, "nested more than 20 levels"),
        ("a: " + "{b: " * 1000, "nested more than 20 levels"),
        ("x" * 2_000_000, "holds 2,000,000 bytes; expected at most 1,000,000"),
        ("a: ]", "not readable as YAML"),
        ("a: 1\na: 2\n", "not readable as YAML"),
        ("a: !!python/object/apply:os.system ['touch canary']", "not readable as YAML"),
        ("a: ${oc.env:HOME}", "a: no stage knows this key.*oc.env"),
        ("a: ${", "not readable as YAML"),
        ("- 1", "does not fit"),
        ("", "does not fit"),
        ("seven", "not readable as YAML|does not fit"),
    ],
)
def test_files_that_no_parameters_are_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(text)
    with pytest.raises(UserError, match=message):
        load_params()
    assert not Path("canary").exists()


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(b"\xff\xfe\x00a: 1")
    with pytest.raises(UserError, match="not readable as YAML"):
        load_params(path)
    with pytest.raises(UserError, match="not found"):
        load_params(tmp_path)


@given(st.text(max_size=200))
@settings(deadline=None)
def test_any_text_is_parameters_or_a_user_error(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "params.yaml")
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        with pytest.raises(UserError):
            load_params(path)
