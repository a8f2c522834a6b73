from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from pipeline.configure import compose_params, main
from pipeline.study.params import Params, load_params, validate_params
from pipeline.support.errors import UserError
from pipeline.training.settings import TrainSettings

ROOT = Path(__file__).parents[2]
PROFILES = ["quick", "compact", "reduced", "paper", "certify"]


def values(*overrides: str) -> dict[str, Any]:
    text = compose_params(overrides, ROOT / "conf")
    container = OmegaConf.to_container(OmegaConf.create(text))
    assert isinstance(container, dict)
    return container  # type: ignore[return-value]


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_fits_the_schema(profile: str) -> None:
    assert Params.model_validate(values(f"profile={profile}")).profile == profile


def test_there_is_no_profile_that_the_test_above_forgets() -> None:
    found = {p.stem for p in (ROOT / "conf/profile").glob("*.yaml")}
    assert found == set(PROFILES)


def test_committed_params_are_profile_quick() -> None:
    committed = (ROOT / "params.yaml").read_text(encoding="utf-8")
    assert committed == compose_params(["profile=quick"], ROOT / "conf")


def test_paper_profile_trains_as_section_iv_b_says() -> None:
    params = Params.model_validate(values("profile=paper"))
    train = params.train
    assert (train.batch, train.patch, params.tune.lrs) == (16, 32, [1e-4])
    assert (train.betas, train.eps, train.decay_every_epochs) == ((0.9, 0.999), 1e-8, 200)
    assert (train.charbonnier_zeta, train.schedule) == (1e-3, "step")


def test_shared_training_values_are_the_defaults_of_the_trainer() -> None:
    params = Params.model_validate(values("profile=paper"))
    assert params.train_settings(params.tune.lrs[0]) == TrainSettings()


def test_quick_needs_no_download_and_keeps_training_and_test_apart() -> None:
    params = Params.model_validate(values("profile=quick"))
    assert params.data.train not in params.data.test
    assert params.data.weights == []
    assert {i.partition("_")[0] for i in params.data.images} == {"photos"}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("profile=quik", "profile 'quik' is unknown. Profiles: certify, compact, paper, quick"),
        ("+readings.changes.a.network.feature=3", "'mesr'.*feature"),
        ("train.learning_rate=1", "train.learning_rate"),
        ("+train.learning_rate=1", "train.learning_rate: no stage knows this key"),
        ("scales=[x2,x5]", r"scales\.1: .*x5"),
        ("variants=[no_rfb]", r"variants\.0: .*no_rfb"),
        ("baselines=[edsr]", r"networks\.edsr: missing"),
        ("+networks.edsr={}", "network 'edsr' is not registered"),
        ("networks.mesr.feature=3", "feature"),
        ("+networks.mesr.feature=3", "'mesr'.*feature"),
        ("data.images=[photos_train,photos_test,Set6]", "data.images: 'Set6' is no known asset"),
        ("data.test=[Set5]", "data.test: 'Set5' is not listed in data.images"),
        ("tune.lrs=[fast]", "tune.lrs.*fast"),
        ("seeds=[0]", r"seeds\.0"),
    ],
)
def test_what_no_stage_knows_is_refused_by_name(override: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        compose_params([override], ROOT / "conf")


def test_overrides_are_applied_on_top() -> None:
    assert values("profile=quick", "tune.lrs=[0.001]")["tune"]["lrs"] == [0.001]


def test_main_writes_params_and_check_accepts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "conf").symlink_to(ROOT / "conf")
    monkeypatch.chdir(tmp_path)
    main(["profile=reduced"])
    assert load_params().profile == "reduced"
    main(["--check"])
    with pytest.raises(UserError, match="'reduced' is not an override"):
        main(["reduced"])
    assert [p.name for p in tmp_path.iterdir()] != []
    assert not list(tmp_path.glob(".*partial*"))


def test_missing_and_broken_params_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"params\.yaml: not found"):
        load_params(tmp_path / "params.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [1,\nb: }", encoding="utf-8")
    with pytest.raises(UserError, match=r"broken\.yaml: not readable as YAML"):
        load_params(broken)


def test_contradictions_between_parameters_are_refused() -> None:
    quick = values("profile=quick")
    for change, message in (
        ({"scales": ["x2", "x2"]}, "scales: 'x2' stands more"),
        ({"scales": ["x2"]}, "variants: the ablation compares"),
        ({"certify": {"networks": [], "datasets": ["Set5"], "lr": []}}, "certify.datasets: 'Set5'"),
    ):
        with pytest.raises(UserError, match=message):
            validate_params(quick | change, "params.yaml")
