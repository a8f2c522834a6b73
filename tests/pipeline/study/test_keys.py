"""The grammar of names against examples written out by hand, and against the study's graph."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from pipeline.models.networks import NETWORKS, network_variants
from pipeline.study.keys import Key, parse_scale, parse_seed
from pipeline.support.errors import UserError

ROOT = Path(__file__).parents[3]
EXAMPLES = {
    "bicubic_x4": Key("bicubic", "bicubic", 4),
    "mesr_x4_s0": Key("trained", "mesr", 4, seed=0),
    "a2f_x2_s12": Key("trained", "a2f", 2, seed=12),
    "ablation_no_rb_s0": Key("ablation", "mesr", 4, "no_rb", 0),
    "reading_gate_closed_s1": Key("reading", "mesr", 4, "gate_closed", 1),
    "ladder_vdsr_500_s0": Key("ladder", "vdsr", 4, "500", 0),
    "ablation_msfeb_s1": Key("ablation", "mesr", 4, "msfeb", 1),
    "ensemble_mesr_x4_s0": Key("ensemble", "mesr", 4, seed=0),
    "published_a2f_SD_x4": Key("published", "a2f", 4, "SD"),
    "published_srcnn_9_1_5_x3": Key("published", "srcnn", 3, "9-1-5"),
    "published_pan_x2": Key("published", "pan", 2),
}
BAD = [
    *("", "mesr", "mesr_x4", "mesr_s0", "mesr_x5_s0", "mesr_x4_0", "mesr_x4_s", "mesr_x4_s00"),
    *("mesr_x4_s01", "mesr_x4_s-1", "mesr_x4_s1e9", "mesr_x4_s9999999999", "MESR_x4_s0"),
    *("my_net_x4_s0", "bicubic_x4_s0 ", "bicubic", "bicubic_4", "ablation_s0", "ablation__s0"),
    *("ablation_no_rb", "published_x4", "published__x4", "published_a2f_SD", "published_pan_x2\n"),
    *("reading_s0", "reading_he", "ladder_vdsr_s0", "ladder_vdsr_05_s0", "ladder_vdsr_x4_500_s0"),
    *("ensemble_mesr_x4", "ensemble_x4_s0", "ensemble_bicubic_x4", "ensemble_ensemble_x4_s0"),
    *("published_$(touch a)_x2", "../mesr_x4_s0", "mesr_x4_s0/..", "mesr_x٤_s0", "mesr_x4_s٠"),
]


@pytest.mark.parametrize(("name", "key"), EXAMPLES.items())
def test_names_and_keys_stand_for_each_other(name: str, key: Key) -> None:
    assert Key.parse(name) == key
    assert str(key) == key.name == name


@pytest.mark.parametrize("name", BAD)
def test_other_names_are_refused_with_examples(name: str) -> None:
    with pytest.raises(UserError, match=r"names no run or evaluation.*ablation_no_rb_s0"):
        Key.parse(name)


@pytest.mark.parametrize(
    "fields",
    [
        ("trained", "ablation", 4, "", 0),  # would read as an ablation
        ("trained", "published", 4, "", 0),
        ("ensemble", "mesr", 4, "full", 0),
        ("ensemble", "mesr", 4),
        ("trained", "my_net", 4, "", 0),
        ("trained", "mesr", 4, "", None),
        ("trained", "mesr", 4, "full", 0),
        ("trained", "mesr", 5, "", 0),
        ("trained", "mesr", 4, "", -1),
        ("bicubic", "mesr", 4),
        ("published", "a2f", 4, "S_D"),  # would read as S-D
        ("ablation", "mesr", 4, "no-rb", 0),
        ("ablation", "mesr", 2, "no_rb", 0),
        ("ablation", "vdsr", 4, "no_rb", 0),
    ],
)
def test_a_key_whose_name_would_not_lead_back_to_it_is_refused(fields: tuple) -> None:
    with pytest.raises(UserError, match="can be named"):
        Key(*fields)


@given(st.text(max_size=30))
def test_any_text_is_a_key_or_a_user_error(text: str) -> None:
    for name in (text, f"published_{text}_x2", f"ablation_{text}_s0"):
        try:
            assert str(Key.parse(name)) == name
        except UserError:
            continue


def test_every_registered_network_and_variant_has_names() -> None:
    for model in set(NETWORKS) - {"bicubic"}:
        assert Key.parse(f"{model}_x2_s0") == Key.trained(model, 2, 0)
    for model in set(NETWORKS) - {"bicubic", "mesr"}:  # MESR has no published weights
        for variant in network_variants(model):
            key = Key.published(model, variant, 2)
            assert Key.parse(str(key)) == key


def test_the_stages_names_are_of_the_grammar() -> None:
    values = {
        **{"item.model": "mesr", "item.scale": "x4", "item.seed": "s0"},
        **{"item.variant": "no_rb", "item.weights": "a2f_SD_x4"},
        **{"item.reading": "gate_closed", "item.steps": "500"},
    }
    stages = OmegaConf.to_container(OmegaConf.load(ROOT / "dvc.yaml"), resolve=False)["stages"]
    found = set()
    for name, stage in stages.items():
        for out in stage.get("outs", []):
            if not str(out).startswith(("runs/", "evaluations/")):
                continue
            folder = str(out).split("/")[1]
            for variable, value in values.items():
                folder = folder.replace(f"${{{variable}}}", value)
            kind = Key.parse(folder).kind
            suffix = {"train": "trained", "ablate": "ablation", "readings": "reading"}
            suffix |= {"ladder": "ladder", "evaluate": "trained"}
            again = name.removesuffix("_repeat").removesuffix("_longer")
            words = again.removesuffix("_baseline").split("_")
            expected = suffix.get(words[-1], words[-1])
            assert kind == expected, name
            found.add(name)
    assert len(found) == 26


def test_source_and_stage_of_each_kind() -> None:
    found = {k.kind: (k.source, k.stage) for k in EXAMPLES.values()}
    assert found == {
        "bicubic": ("none", "evaluate_bicubic"),
        "trained": ("trained", "train"),
        "ablation": ("trained", "ablate"),
        "reading": ("trained", "readings"),
        "ladder": ("trained", "ladder"),
        "ensemble": ("trained", "evaluate_ensemble"),
        "published": ("published", "evaluate_published"),
    }


def test_a_self_ensemble_is_another_network_without_a_run_of_its_own() -> None:
    key = Key.ensemble("mesr", 4, 0)
    assert (key.model, key.network, key.has_run) == ("mesr", "mesr+", False)
    kinds = {k.kind for k in EXAMPLES.values() if k.has_run}
    assert kinds == {"trained", "ablation", "reading", "ladder"}


@pytest.mark.parametrize(("text", "scale"), [("x2", 2), ("3", 3), ("x4", 4)])
def test_parse_scale(text: str, scale: int) -> None:
    assert parse_scale(text) == scale


@pytest.mark.parametrize("text", ["x8", "", "two", "2.0", "xx2", "x"])
def test_parse_scale_refuses_others(text: str) -> None:
    with pytest.raises(UserError, match="expected x2, x3 or x4"):
        parse_scale(text)


@pytest.mark.parametrize(("text", "seed"), [("s12", 12), ("0", 0), ("s999999999", 999_999_999)])
def test_parse_seed(text: str, seed: int) -> None:
    assert parse_seed(text) == seed


@pytest.mark.parametrize("text", ["sx", "", "s", "s00", "01", "ss1", "-1", "s1000000000", "s²"])
def test_parse_seed_refuses_others(text: str) -> None:
    with pytest.raises(UserError, match="expected s0, s1"):
        parse_seed(text)


def test_the_contracts_need_no_torch() -> None:
    modules = "keys, labels, params, paths, results"
    code = f"from pipeline.study import {modules}; import pipeline.models.networks; "
    code += "import sys; print('torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
