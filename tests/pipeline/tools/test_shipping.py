import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from mesr.network import MESR
from pipeline.assets.fetching import fetch_assets
from pipeline.evaluate import evaluate, quality_table
from pipeline.imaging.packed import pack_images
from pipeline.imaging.protocol import RGB, get_protocol
from pipeline.study.keys import Key
from pipeline.study.paths import SHIPPED, hr_file, run_folder
from pipeline.support.errors import UserError
from pipeline.tools import shipping
from pipeline.tools.selection import select_for_use, select_images, select_subject
from pipeline.tools.shipping import (
    find_shipped,
    read_manifest,
    ship,
    shipped_page,
    shipped_subject,
)
from tests.pipeline.tools.run_facts import SETTINGS, write_run
from tests.pipeline.toy_study import ToyStudy

KEY = Key.trained("mesr", 4, 0)
FOLDER = Path("weights")


@pytest.fixture
def trained(changed: ToyStudy) -> Path:
    """A study with real weights at x4, and real figures of them; returns the weights file."""
    write_run(KEY)
    torch.manual_seed(0)
    path = run_folder(KEY) / "weights.safetensors"
    save_file(MESR(4, **SETTINGS).state_dict(), path)
    generator = np.random.default_rng(0)
    images = [(n, generator.integers(0, 256, (48, 56, 3), dtype=np.uint8)) for n in ("a", "b")]
    pack_images(images, hr_file("photos_test"))
    for key in (KEY, Key.bicubic(4)):
        evaluate(key, "photos_test", RGB, ())
    return path


def test_shipped_weights_are_those_of_the_run_in_half_precision(trained: Path) -> None:
    (entry,) = ship([KEY], FOLDER).weights
    assert read_manifest(FOLDER).weights == [entry]
    assert (entry.stored, entry.toy) == ("float16", True)
    assert entry.half_loss_db is not None
    assert abs(entry.half_loss_db) < 0.005
    file = FOLDER / entry.file
    assert hashlib.sha256(file.read_bytes()).hexdigest() == entry.sha256
    full = load_file(trained)
    network = shipped_subject("mesr", 4, FOLDER).network
    for name, tensor in network.state_dict().items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, full[name].half().float())
    assert file.stat().st_size < 0.7 * trained.stat().st_size


def test_manifest_has_the_figures_that_evaluating_gives(trained: Path) -> None:
    (entry,) = ship([KEY], FOLDER).weights
    _, images = select_images("photos_test")
    table = quality_table(shipped_subject("mesr", 4, FOLDER), images, "photos_test", RGB)
    (figure,) = entry.figures
    means = table[["psnr_db", "ssim"]].astype(float).mean()
    assert (figure.dataset, figure.protocol, figure.images) == ("photos_test", "rgb", 2)
    assert figure.psnr_db == pytest.approx(means["psnr_db"], abs=1e-5)
    assert figure.ssim == pytest.approx(means["ssim"], abs=1e-5)
    assert set(table["source"]) == {"shipped"}


def test_weights_that_lose_by_half_precision_stay_whole(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipping, "LARGEST_LOSS_DB", -1.0)
    (entry,) = ship([KEY], FOLDER).weights
    assert entry.stored == "float32"
    assert load_file(FOLDER / entry.file).keys() == load_file(trained).keys()
    assert all(t.dtype == torch.float32 for t in load_file(FOLDER / entry.file).values())


def test_numbers_beyond_half_precision_stay_whole(trained: Path) -> None:
    state = load_file(trained)
    state["extract.bias"][0] = 1e6
    save_file(state, trained)
    (entry,) = ship([KEY], FOLDER).weights
    assert (entry.stored, entry.half_loss_db) == ("float32", None)


def test_too_much_for_every_clone_is_refused(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FOLDER.mkdir()
    (FOLDER / "manifest.json").write_text('{"weights": []}', encoding="utf-8")
    monkeypatch.setattr(shipping, "LARGEST_TOTAL", 100)
    with pytest.raises(UserError, match="expected at most 100"):
        ship([KEY], FOLDER)
    assert [p.name for p in FOLDER.iterdir()] == ["manifest.json"]
    (FOLDER / "manifest.json").write_text("damaged", encoding="utf-8")
    with pytest.raises(UserError, match=r"manifest\.json: not valid JSON"):
        ship([KEY], FOLDER)


def test_damaged_file_is_refused(trained: Path) -> None:
    (entry,) = ship([KEY], FOLDER).weights
    path = FOLDER / entry.file
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"is not the file that manifest.json describes"):
        shipped_subject("mesr", 4, FOLDER)
    path.unlink()
    with pytest.raises(UserError, match=r"not readable .*git checkout weights"):
        shipped_subject("mesr", 4, FOLDER)


def test_other_networks_and_scales_stay(trained: Path) -> None:
    (first,) = ship([KEY], FOLDER).weights
    manifest = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    other = manifest["weights"][0] | {"scale": 2, "file": "mesr_x2.safetensors", "toy": False}
    manifest["weights"].append(other)
    (FOLDER / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (FOLDER / "mesr_x2.safetensors").write_bytes((FOLDER / first.file).read_bytes())
    kept, again = ship([KEY], FOLDER).weights
    assert (kept.scale, kept.toy, again) == (2, False, first)
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"**{again.name}: toys.**" in page
    (FOLDER / "mesr_x2.safetensors").write_bytes(b"damaged")
    with pytest.raises(UserError, match=r"mesr_x2\.safetensors: is not the file"):
        ship([KEY], FOLDER)


def test_damaged_manifest_is_refused(trained: Path) -> None:
    ship([KEY], FOLDER)
    path = FOLDER / "manifest.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    facts["weights"][0]["file"] = "../runs/mesr_x4_s0/weights.safetensors"
    path.write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(UserError, match=r"weights\.0\.file"):
        read_manifest(FOLDER)


def test_network_that_is_not_shipped_is_refused(trained: Path) -> None:
    ship([KEY], FOLDER)
    with pytest.raises(UserError, match=r"no weights of mesr at x2 .* there are: mesr x4"):
        shipped_subject("mesr", 2, FOLDER)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_network_that_was_not_trained_here_comes_from_the_code(elsewhere: Path) -> None:
    subject, told = select_for_use("MESR", 4)
    assert subject.source == "shipped"
    assert f"weights: {SHIPPED / 'mesr_x4.safetensors'}" in told
    entry = find_shipped("mesr", 4)
    assert entry is not None
    assert ("--model pan --weights published" in told) == entry.toy


def test_training_that_is_here_goes_first(trained: Path) -> None:
    subject, told = select_for_use("mesr", 4)
    assert (subject.source, told) == ("trained", f"weights: {trained}")


def test_figures_are_never_of_weights_that_nobody_asked_for(elsewhere: Path) -> None:
    with pytest.raises(UserError, match="mesr was not trained here"):
        select_subject("mesr", 4)
    with pytest.raises(UserError, match="seed 5"):
        select_subject("mesr", 4, weights="shipped", seed=5)


def test_files_of_the_checkout_are_those_of_its_manifest() -> None:
    entries = read_manifest().weights
    assert {e.scale for e in entries if e.model == "mesr"} == {2, 3, 4}
    files = {path.name for path in SHIPPED.iterdir()}
    assert files == {"README.md", "manifest.json", *(e.file for e in entries)}
    total = sum((SHIPPED / e.file).stat().st_size for e in entries)
    assert total <= shipping.LARGEST_TOTAL
    page = (SHIPPED / "README.md").read_text(encoding="utf-8")
    assert page == shipped_page(read_manifest(), total)
    for entry in entries:
        network = shipped_subject(entry.model, entry.scale).network
        assert sum(p.numel() for p in network.parameters()) == entry.params
        stored = {t.dtype for t in load_file(SHIPPED / entry.file).values()}
        assert stored == {getattr(torch, entry.stored)}
        if entry.stored == "float16":
            assert entry.half_loss_db is not None
            assert entry.half_loss_db < shipping.LARGEST_LOSS_DB
        for figure in entry.figures:
            assert f"{figure.psnr_db:.2f}" in page


def test_page_says_how_much_of_its_paper_size_a_network_has(trained: Path) -> None:
    (entry,) = ship([KEY], FOLDER).weights
    share = f"{100 * entry.params / sum(p.numel() for p in MESR(4).parameters()):.1f} %"
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if f" {entry.params:,} " in line)
    assert [cell.strip() for cell in row.split("|")][3:6] == [share, entry.training.profile, "0"]
    assert "The networks are narrowed" in page
    full = entry.model_copy(update={"settings": {}, "params": 4_707_110})
    whole = shipped_page(shipping.Manifest(weights=[full]), 1)
    assert "| 100.0 % |" in whole
    assert "narrowed" not in whole


@pytest.mark.skipif("MESR_MIRROR" not in os.environ, reason="MESR_MIRROR is not set")
@pytest.mark.parametrize("model", ["mesr", "pan"])
def test_shipped_weights_give_the_figures_of_the_manifest(elsewhere: Path, model: str) -> None:
    entry = next(e for e in read_manifest().weights if (e.model, e.scale) == (model, 4))
    figure = next(figure for figure in entry.figures if figure.dataset == "Set5")
    fetch_assets(["Set5"], Path("data"))
    _, images = select_images("Set5")
    protocol = get_protocol(figure.protocol)
    subject = shipped_subject(entry.model, entry.scale)
    table = quality_table(subject, images, "Set5", protocol)
    means = table[["psnr_db", "ssim"]].astype(float).mean()
    assert len(table) == figure.images == 5
    assert means["psnr_db"] == pytest.approx(figure.psnr_db, abs=1e-3)
    assert means["ssim"] == pytest.approx(figure.ssim, abs=1e-4)
    shutil.rmtree("data")
