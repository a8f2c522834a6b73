"""Which network and which weights the words of a command line mean."""

from pathlib import Path

import pytest

from pipeline.study.paths import SHIPPED
from pipeline.support.errors import UserError
from pipeline.tools import selection
from pipeline.tools.selection import folder_of_images, select_subject
from pipeline.tools.shipped import find_shipped
from tests.pipeline.tools.study import write_run
from tests.pipeline.toy_study import write_params

KEY = "mesr_x4_s0"


@pytest.fixture(autouse=True)
def run(workplace: Path) -> Path:
    write_params(workplace)
    write_run("mesr-no_rb_x4_s0")
    return write_run(KEY)


@pytest.mark.parametrize(
    ("word", "options", "variant"),
    [
        ("mesr", {}, "full"),
        ("MESR", {"weights": "Trained", "variant": "full"}, "full"),
        ("mesr", {"variant": "no_rb", "seed": 0}, "no_rb"),
        ("mesr", {"weights": "runs/mesr_x4_s0/weights.safetensors"}, "full"),
        ("mesr", {"weights": "runs/mesr-no_rb_x4_s0/weights.safetensors"}, "no_rb"),
    ],
)
def test_a_trained_network_is_found(word: str, options: dict, variant: str) -> None:
    found = select_subject(word, 4, **options)
    assert (found.model, found.variant, found.seed, found.source) == ("mesr", variant, 0, "trained")
    assert found.network.scale == 4


@pytest.mark.parametrize("weights", ["trained", "runs/srcnn_x4_s0/weights.safetensors"])
def test_a_training_is_called_by_its_size(workplace: Path, weights: str) -> None:
    small = ("groups.main.networks=[srcnn,vdsr,mesr]", "+networks.srcnn={variant: 9-1-5}")
    write_params(workplace, *small)
    write_run("srcnn_x4_s0")
    assert select_subject("srcnn", 4, weights=weights, variant="9-1-5").variant == "9-1-5"
    with pytest.raises(UserError, match=r"variant 9-5-5"):
        select_subject("srcnn", 4, weights=weights, variant="9-5-5")


def test_a_run_that_contradicts_params_yaml_is_refused() -> None:
    write_run(KEY, seed=3)
    with pytest.raises(UserError, match=r"run\.json: seed is 3, in params.yaml 0"):
        select_subject("mesr", 4)


FILE = {"weights": f"runs/{KEY}/weights.safetensors"}


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ("vdsr", FILE, "holds network mesr, but the command asks for network vdsr"),
        ("mesr", FILE | {"scale": 2}, "holds scale 4, but the command asks for scale 2"),
        ("mesr", FILE | {"variant": "no_rb"}, "holds variant full, but .* variant no_rb"),
        ("mesr", FILE | {"seed": 1}, "holds seed 0, but .* seed 1"),
        ("mesr", {"variant": "none"}, "holds variant full, but .* variant none"),
        ("bicubic", {"variant": "foo"}, "--variant foo: bicubic has no choice of variant"),
        ("bicubic", {"weights": "published"}, "bicubic has no choice of weights"),
        ("bicubic", {"seed": 3}, "--seed 3: bicubic has no choice of seed"),
        ("spandrel:a.pth", {"variant": "foo"}, "spandrel:a.pth has no choice of variant"),
        ("spandrel:a.pth", {"weights": "x"}, "spandrel:a.pth has no choice of weights"),
        ("Spandrel:none.pth", {}, r"none\.pth: not found; expected a checkpoint"),
        ("images:sr", {}, "'images:sr' is not registered"),
        ("pan", {"weights": "published", "seed": 1}, "published weights has no choice of seed"),
        ("msrn", {"weights": "x.safetensors", "variant": "foo"}, "msrn has no such variant"),
        ("mesr", {"weights": "x.pth"}, "expected trained, published, shipped or a .safetensors"),
        ("mesr", {"weights": "Shiped"}, "Did you mean shipped"),
        ("mesr", {"weights": "shipped", "seed": 5}, "seed 5"),
        ("vdsr", {"weights": "shipped"}, "no weights of vdsr .* there are: mesr x2"),
    ],
)
def test_words_without_effect_and_contradictions_are_refused(
    model: str, options: dict, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        select_subject(model, **{"scale": 4} | options)


@pytest.mark.parametrize(("model", "scale"), [("mesr", 2), ("pan", 4), ("pan", 2), ("vdsr", 3)])
def test_weights_that_can_be_had_are_named(model: str, scale: int) -> None:
    with pytest.raises(UserError, match=f"{model} was not trained here at x{scale}") as refused:
        select_subject(model, scale)
    text = str(refused.value)
    assert ("--weights published" in text) == (model != "mesr")
    assert ("--weights shipped" in text) == (find_shipped(model, scale) is not None)
    assert "dvc repro" in text


def test_for_use_what_comes_with_the_code_goes_before_a_toy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    subject = select_subject("MESR", 4, for_use=True)
    assert (subject.source, subject.toy) == ("shipped", False)
    assert f"weights: {SHIPPED / 'mesr_x4.safetensors'}, " in subject.told
    assert "as shipped with the code" in subject.told
    assert "Not those of runs/mesr_x4_s0, which are a toy" in subject.told
    assert "--weights trained takes them" in subject.told
    assert capsys.readouterr().out.strip() == subject.told
    # Asked for, the toy is taken and called one; so is a variant, of which nothing is shipped.
    for options in ({"weights": "trained"}, {"variant": "no_rb"}):
        found = select_subject("mesr", 4, for_use=True, **options)
        assert (found.source, found.toy) == ("trained", True)
        assert "a toy, trained for a short time" in found.told
    assert "a toy" in select_subject("mesr", 4).told  # scores are of what was trained
    monkeypatch.setattr(selection, "is_toy", lambda images: False)
    subject = select_subject("mesr", 4, for_use=True)
    assert (subject.source, subject.told) == ("trained", f"weights: runs/{KEY}/weights.safetensors")


def test_without_a_study_what_comes_with_the_code_serves() -> None:
    Path("params.yaml").unlink()
    assert select_subject("mesr", 4, for_use=True).source == "shipped"
    with pytest.raises(UserError, match="was not trained here"):  # never under another name
        select_subject("mesr", 4)


def test_a_self_ensemble_is_marked() -> None:
    subject = select_subject("mesr", 4, self_ensemble=True)
    assert (subject.model, subject.name) == ("mesr", "mesr+")


def test_terms_of_the_weights_are_known(run: Path) -> None:
    assert select_subject("bicubic", 4).licence == "Apache-2.0"
    trained = "Apache-2.0; trained on photos_train, whose terms are: "
    assert select_subject("mesr", 4).licence.startswith(trained)
    assert "T91_BSDS200" in select_subject("mesr", 4, weights="shipped").licence
    run.rename("net.safetensors")
    with pytest.raises(UserError, match=r"mesr|net"):  # of another size
        select_subject("mesr", 4, weights="net.safetensors")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("IMAGES:sr", "sr", "./sr", "sr/"), "sr"),
        (("pan", "PAN", "mesr", "nowhere", "SPANDREL:./a/b.pth"), None),  # networks
        (("msrn",), "msrn"),  # SR images of a network, in a folder of its name
        (("sr/none", "./none", "net.pth"), r"is not a folder; expected .* spandrel:FILE"),
        (("images:", "Images: "), "names no folder"),
    ],
)
def test_what_to_audit_is_a_folder_a_network_or_refused(words, found) -> None:
    for folder in ("sr", "msrn", "mesr"):
        Path(folder).mkdir()
    for name in ("pan", "net.pth", "mesr/__init__.py"):
        Path(name).touch()
    for word in words:
        if found in ("sr", "msrn", None):
            assert folder_of_images(word, bare=True) == (found and Path(found))
            assert folder_of_images(word) is None or ":" in word
        else:
            with pytest.raises(UserError, match=found):
                folder_of_images(word, bare=True)
