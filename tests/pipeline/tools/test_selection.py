import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from mesr.network import MESR
from pipeline.support.errors import UserError
from pipeline.tools.selection import select_images, select_subject

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
