import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from mesr.network import MESR
from pipeline.support.errors import UserError
from pipeline.tools.selection import (
    folder_of_images,
    folder_to_audit,
    select_images,
    select_subject,
)
from pipeline.tools.shipping import find_shipped

NARROW = {"features": 4, "branch_features": 2, "blocks": 1, "refinement_features": 2}


@pytest.fixture(autouse=True)
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = Path("runs/mesr_x4_s1")
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    save_file(MESR(4, **NARROW).state_dict(), folder / "weights.safetensors")
    facts = {"model": "mesr", "variant": "full", "scale": 4, "seed": 1, "settings": NARROW}
    (folder / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    return folder / "weights.safetensors"


def test_a_trained_network_is_found_by_words_and_by_file(run: Path) -> None:
    by_words = select_subject("mesr", 4, seed=1)
    by_file = select_subject("mesr", 4, weights=str(run))
    for subject in (by_words, by_file):
        assert (subject.model, subject.variant, subject.seed) == ("mesr", "full", 1)
        assert subject.network.scale == 4


@pytest.mark.parametrize(
    ("model", "scale", "options", "message"),
    [
        ("vdsr", 4, {}, "holds network mesr, but the command asks for network vdsr"),
        ("mesr", 2, {}, "holds scale 4, but the command asks for scale 2"),
        ("mesr", 4, {"variant": "no_rb"}, "holds variant full, but .* variant no_rb"),
        ("mesr", 4, {"seed": 0}, "holds seed 1, but .* seed 0"),
    ],
)
def test_a_file_that_holds_something_else_is_refused(
    run: Path, model: str, scale: int, options: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        select_subject(model, scale, weights=str(run), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ("bicubic", {"variant": "foo"}, "--variant foo: bicubic has no choice of variant"),
        ("bicubic", {"weights": "published"}, "--weights published: bicubic has no choice"),
        ("bicubic", {"seed": 3}, "--seed 3: bicubic has no choice of seed"),
        ("spandrel:a.pth", {"variant": "foo"}, "spandrel:a.pth has no choice of variant"),
        ("pan", {"weights": "published", "seed": 1}, "published weights has no choice of seed"),
        ("msrn", {"weights": "x.safetensors", "variant": "foo"}, "msrn has no such variant"),
        (
            "mesr",
            {"weights": "x.pth"},
            "expected trained, published, shipped or a .safetensors file",
        ),
        ("mesr", {"weights": "Shiped"}, "Did you mean shipped"),
    ],
)
def test_words_without_effect_are_refused(
    model: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        select_subject(model, 4, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("data", ["", "  "])
def test_no_data_is_not_the_current_folder(data: str) -> None:
    with pytest.raises(UserError, match="--data is empty"):
        select_images(data)


def test_weights_in_any_case(run: Path) -> None:
    assert select_subject("mesr", 4, weights="Shipped").source == "shipped"
    assert select_subject("mesr", 4, weights="TRAINED", seed=1).source == "trained"


@pytest.mark.parametrize(
    ("model", "scale", "published"), [("mesr", 4, False), ("pan", 4, True), ("pan", 2, True)]
)
def test_weights_that_can_be_had_are_named(model: str, scale: int, published: bool) -> None:
    with pytest.raises(UserError, match="was not trained here") as refused:
        select_subject(model, scale)
    text = str(refused.value)
    assert ("--weights published" in text) == published
    assert ("--weights shipped" in text) == (find_shipped(model, scale) is not None)
    assert "dvc repro" in text


@pytest.mark.parametrize("word", ["images:sr", "Images:sr", "IMAGES:sr", "sr", "./sr", "sr/"])
def test_a_folder_to_audit_is_recognised(word: str) -> None:
    Path("sr").mkdir()
    assert folder_to_audit(word) == Path("sr")


@pytest.mark.parametrize(
    "word", ["pan", "PAN", "nowhere", "spandrel:net.pth", "SPANDREL:./a/b.pth"]
)
def test_a_network_to_audit_is_no_folder(word: str) -> None:
    Path("pan").touch()
    assert folder_to_audit(word) is None


@pytest.mark.parametrize("word", ["sr/none", "./none", "net.pth"])
def test_a_path_to_audit_that_is_no_folder_is_refused(word: str) -> None:
    Path("net.pth").touch()
    with pytest.raises(UserError, match=f"{word}: is not a folder; expected .* spandrel:FILE"):
        folder_to_audit(word)


@pytest.mark.parametrize("word", ["images:", "Images: "])
def test_no_folder_is_not_the_current_folder(word: str) -> None:
    for find in (folder_of_images, folder_to_audit):
        with pytest.raises(UserError, match="names no folder"):
            find(word)


def test_spandrel_in_any_case() -> None:
    with pytest.raises(UserError, match=r"none\.pth: not found; expected a checkpoint"):
        select_subject("SPANDREL:none.pth", 4)
