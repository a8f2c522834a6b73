"""Profiles, and how they become the trainings of params.yaml."""

from pathlib import Path
from typing import Any

import pytest
import torch.nn.functional as F
import yaml
from torch import Tensor

from mesr.common.base import SRNetwork
from pipeline import configure
from pipeline.configure import compose_params, main, try_network
from pipeline.study.params import Params, load_params
from pipeline.support.errors import UserError
from pipeline.training.settings import TrainSettings
from tests.pipeline.toy_study import ROOT, TOY

PROFILES = [
    "quick", "compact", "modules", "order", "shapes", "reduced", "paper", "certify", "control",
]  # fmt: skip
SCALES = ("x2", "x3", "x4")


def values(*overrides: str) -> dict[str, Any]:
    text = compose_params(overrides, ROOT / "conf")
    return yaml.safe_load(text)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def profiles() -> dict[str, Params]:
    return {name: Params.model_validate(values(f"profile={name}")) for name in PROFILES}


def test_there_is_no_profile_that_the_others_forget() -> None:
    assert {p.stem for p in (ROOT / "conf/profile").glob("*.yaml")} == set(PROFILES)


def test_trainings_are_those_that_the_profiles_describe(profiles: dict[str, Params]) -> None:
    counts = {name: len(params.trainings) for name, params in profiles.items()}
    # docs/profiles.md: compact has 14 networks at three scales, with three seeds at x4; the
    # ablation with three; 13 interpretations with two; 5 networks of two more lengths, 2 of 32,000.
    assert counts == {
        "quick": 4 * 3 + 4,
        "compact": 14 * 2 + 14 * 3 + 4 * 3 + 13 * 2 + 5 * 2 + 2,
        "modules": 6 * 5,
        "order": 7,
        "shapes": (1 + 3) * 2,
        "reduced": 14 * 3 * 3 + 4 * 3,
        "paper": 14 * 3 + 4,
        "certify": 0,
        "control": 3,
    }
    compact = profiles["compact"]
    assert {t.seed for t in compact.trainings.values() if t.scale != "x4"} == {0}
    assert compact.trainings["mesr-steps32000_x4_s0"].train == {"steps": 32000}
    assert compact.trainings["mesr-gate_closed_x4_s1"].settings == {"gate_bias": -5.0}
    assert len({(t.network, t.variant, t.scale, t.seed) for t in compact.trainings.values()}) == 120


def test_committed_params_are_profile_quick() -> None:
    committed = (ROOT / "params.yaml").read_text(encoding="utf-8")
    assert committed == compose_params(["profile=quick"], ROOT / "conf")


def test_paper_profile_trains_as_section_iv_b_says(profiles: dict[str, Params]) -> None:
    params = profiles["paper"]
    found = params.train_settings(params.tuned["mesr"].lrs[0])
    assert found == TrainSettings()
    assert params.networks["mesr"] == {}


def test_what_is_fetched_follows_from_what_is_used(profiles: dict[str, Params]) -> None:
    quick, certify, paper = (profiles[name] for name in ("quick", "certify", "paper"))
    assert list(quick.fetched) == ["photos_train", "photos_test"]  # no download
    assert quick.data.train not in quick.data.test
    assert certify.fetched["PAN"]["out"] == "data/raw/PAN"
    assert certify.fetched["Set5_MATLAB_LR"]["out"] == "data/lr/Set5_MATLAB_LR.h5"
    assert "DIV2K_train" not in certify.fetched
    assert paper.fetched["DIV2K_train"]["out"] == "data/hr/DIV2K_train.h5"
    assert {"SRCNN", "A2F", "DRSAN"} < set(paper.fetched)
    assert paper.imports["srcnn-9_1_5-published_x3"].source == "data/raw/SRCNN"


def test_a_profile_may_be_about_another_network() -> None:
    mine = ["subject=vdsr", "groups.main.networks=[vdsr]", "groups.ablation=null"]
    params = values("profile=quick", *mine, "comparisons=null")
    assert params["subject"] == "vdsr"
    assert list(params["trainings"]) == [f"vdsr_{scale}_s0" for scale in SCALES]
    assert params["comparisons"] == []


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("profile=quik", "profile 'quik' is unknown. Profiles: certify, compact, control, modules"),
        ("train.learning_rate=1", r"train\.learning_rate: no such setting"),
        ("train.stpes=5", r"train\.stpes: no such setting\. Did you mean train\.steps"),
        ("subject=mesrr", r"network 'mesrr' is unknown\. Did you mean mesr"),
        ("scales=[4]", "scales.0: should be 'x2', 'x3' or 'x4'"),
        ("scales=[x2]", "groups: scale 'x4' is not listed in scales"),
        ("groups.main.scales=[x2,x5]", r"groups\.main\.scales\.1: .*'x5'"),
        ("groups.main.seeds=[s0]", r"groups\.main\.seeds\.0: .*valid integer"),
        ("+groups.main.seed=[3]", r"groups\.main\.seed: no such setting\. Did you mean seeds"),
        ("groups.ablation.variants=[no_rfb]", r"'no_rfb' is no variant of mesr\. Defined.*no_rb"),
        (
            "groups.main.variants=[no_rb]",
            r"'no_rb' is no variant of vdsr\..*steps500",
        ),
        ("groups.main.networks=[edsr]", "network 'edsr' is unknown.*under `code`"),
        ("networks.mesr.feature=3", "feature"),
        ("+networks.mesr.feature=3", "mesr.*feature"),
        ("networks.mesr.features=100000", r"expected at most 1,000,000,000"),
        ("data.test=[Set6]", r"'Set6' is no known asset\. Did you mean Set5"),
        ("published=[pan_x5]", "'pan_x5' is no known published weights. Known: .*pan_x4"),
        ("+comparisons.rb.c=mesr", r"comparisons\.0\.c: no such setting"),
        (
            "+variants.no_rb.setting={}",
            r"\.no_rb\.setting: no such setting\. Did you mean",
        ),
        ("certify.networks=[edsr]", "network 'edsr' is unknown"),
    ],
)
def test_what_no_stage_knows_is_refused_by_name(override: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        compose_params([override], ROOT / "conf")


def test_main_writes_params_and_check_accepts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "conf").symlink_to(ROOT / "conf")
    monkeypatch.chdir(tmp_path)
    main([*TOY, "tune.lrs=[0.001]"])
    assert load_params().tuned["vdsr"].lrs == [0.001]
    main(["--check"])
    with pytest.raises(UserError, match="'reduced' is not an override"):
        main(["reduced"])

    def fail(*arguments: object, **named: object) -> None:
        raise UserError("does not run")

    before = Path("params.yaml").read_bytes()
    monkeypatch.setattr(configure, "try_network", fail)
    for arguments in (["profile=certify", "groups.main.networks=[vdsr]"], ["--check"], TOY):
        with pytest.raises(UserError):
            main(arguments)
    assert Path("params.yaml").read_bytes() == before
    assert not list(tmp_path.glob(".*partial*"))


# -- Every network is tried before anything is trained ---------------------------------------------


class Odd(SRNetwork):
    """Enlarges by nearest neighbours, with a fault."""

    def __init__(self, scale: int, fault: str = "") -> None:
        super().__init__(scale)
        self.fault = fault

    def forward(self, x: Tensor) -> object:
        y = F.interpolate(x, scale_factor=self.scale)
        faults: dict[str, object] = {
            "tensor": y,
            "list of another length": (y, y),
            "size": (y[..., 1:],),
            "batch": (y[:1],),
            "channels": (y[:, :1],),
            "integers": ((255 * y).long(),),
            "nan": (y / 0 * 0,),
            "word": ("image",),
        }
        if self.fault == "multiples of 4":
            y = F.pixel_shuffle(F.pixel_unshuffle(y, 4 * self.scale), 4 * self.scale)
        return faults.get(self.fault, (y,))


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("", ""),
        ("tensor", ""),
        ("list of another length", r"returns 2 outputs, and output_weights is \(1\.0,\)"),
        ("size", r"returns images of shape \[\(2, 3, 48, 47\)\]"),
        ("batch", r"returns images of shape \[\(1, 3, 48, 48\)\]"),
        ("channels", r"returns images of shape \[\(2, 1, 48, 48\)\]"),
        ("integers", "returns integers, NaN or infinity"),
        ("nan", "returns integers, NaN or infinity"),
        ("word", "fails with AttributeError"),
        ("multiples of 4", r"37x23 pixels, .*fails with .*: pad the input"),
    ],
)
def test_networks_that_would_fail_after_their_training_are_refused_before(
    monkeypatch: pytest.MonkeyPatch, fault: str, message: str
) -> None:
    monkeypatch.setattr("pipeline.models.networks.load_class", lambda code: Odd)

    def attempt() -> None:
        for size in configure.TRIED:
            try_network("nets/odd.py", 2, {"fault": fault}, *size)

    if not message:
        attempt()
        return
    with pytest.raises(UserError, match=message):
        attempt()
