"""Cards and shipped weights against the study that they were taken from."""

import hashlib
import json
import os
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from huggingface_hub import ModelCard, eval_result_entries_to_yaml, parse_eval_result_entries
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from mesr.network import MESR
from pipeline.assets.fetching import fetch_assets
from pipeline.cli import app
from pipeline.imaging.protocol import get_protocol
from pipeline.scoring.evaluation import evaluate_images
from pipeline.study.paths import SHIPPED, run_folder
from pipeline.support.errors import UserError
from pipeline.tools import sharing
from pipeline.tools.folders import hr_images
from pipeline.tools.sharing import Recorded, model_card, ship_runs, shipped_page
from pipeline.tools.shipped import CODE_LICENCE, Shipped, find_shipped, read_manifest
from tests.pipeline.tools.study import scores_of, write_results, write_run, write_study

ROOT = Path(__file__).parents[3]
KEY = "mesr_x4_s0"
FOLDER = Path("weights")
MANIFEST = FOLDER / "manifest.json"


@pytest.fixture
def recorded(workplace: Path) -> Recorded:
    write_study(workplace)
    return Recorded.of("mesr", 4)


def means_of(network, dataset: str, protocol: str) -> np.ndarray:
    _, images = hr_images(dataset)
    found = evaluate_images(network, images, dataset, get_protocol(protocol), "cpu")
    return np.mean([(e.psnr_db, e.ssim) for _, e in found], axis=0)


def test_a_card_and_its_results_are_read_by_hugging_face(recorded: Recorded) -> None:
    done = CliRunner().invoke(app, ["card", "MESR", "--scale", "4", "--out", "repo/README.md"])
    results = Path(f"repo/.eval_results/{KEY}.yaml")
    assert f"{results}: its results" in done.output
    text = Path("repo/README.md").read_text(encoding="utf-8")
    assert text == model_card(recorded)
    card = ModelCard(text)
    assert (card.data.license, card.data.model_name) == ("apache-2.0", "MESR x4")
    psnr, ssim = scores_of(KEY).mean(axis=0)
    found = {(r.dataset_type, r.metric_type): r.metric_value for r in card.data.eval_results}
    expected = {("photos_test", "psnr"): psnr, ("photos_test", "ssim"): ssim}
    assert found == pytest.approx(expected, abs=1e-5)
    content = yaml.safe_load(results.read_text(encoding="utf-8"))
    entries = parse_eval_result_entries(content)
    assert eval_result_entries_to_yaml(entries) == content  # nothing that the library drops
    found = {(e.dataset_id, e.task_id): e.value for e in entries}
    expected = {("photos_test", "psnr_y_x4"): psnr, ("photos_test", "ssim_x4"): ssim}
    assert found == pytest.approx(expected, abs=1e-5)
    assert entries[0].notes == "PSNR-Y in dB at x4, protocol rgb, mean of 3 images"


def test_a_card_says_what_a_reader_must_know(recorded: Recorded) -> None:
    text = model_card(recorded)
    gain = (scores_of(KEY) - scores_of("bicubic_x4")).mean(axis=0)[0]
    for part in (
        *("This is a toy", "`photos_train`", "CC BY 2.0", "`rgb`", "95 % intervals", "`features`"),
        *("## Limits", "## Licence", "Apache-2.0", "profile `quick`", f"{gain:.2f} ["),
    ):
        assert part in text, part
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == CODE_LICENCE
    write_run(KEY, machine="<script>alert(1)</script>")
    write_results(KEY)
    text = model_card(Recorded.of("mesr", 4))
    assert "alert(1)" in text
    assert "<script>" not in text


def test_results_of_another_training_are_refused(recorded: Recorded) -> None:
    write_run(KEY, weights_sha256="1" * 64)
    for variant, key in (("", "mesr_x4_s0"), ("no_rb", "mesr-no_rb_x4_s0")):
        with pytest.raises(UserError, match=f"runs.csv: says nothing of the weights in runs/{key}"):
            Recorded.of("mesr", 4, variant)
    (run_folder(KEY) / "run.json").unlink()
    with pytest.raises(UserError, match=r"not found\. Run: dvc repro"):
        Recorded.of("mesr", 4)


def test_shipped_weights_are_those_of_the_run_in_half_precision(recorded: Recorded) -> None:
    done = CliRunner().invoke(app, ["ship", "--out", "weights"])
    assert "weights/mesr_x4.safetensors: MESR x4, stored as float16" in done.output
    (entry,) = read_manifest(FOLDER)
    assert (entry.stored, entry.toy, entry.training["images"]) == ("float16", True, "photos_train")
    assert abs(entry.half_loss_db) < 0.005
    file, trained = FOLDER / entry.file, run_folder(KEY) / "weights.safetensors"
    assert hashlib.sha256(file.read_bytes()).hexdigest() == entry.sha256
    full, network = load_file(trained), entry.network(FOLDER)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, full[name].half().float())
    assert file.stat().st_size < 0.7 * trained.stat().st_size
    # The manifest has the figures that evaluating gives.
    (figure,) = entry.figures
    assert [figure[n] for n in ("dataset", "protocol", "images")] == ["photos_test", "rgb", 3]
    scores = [figure[n] for n in ("psnr_db", "ssim", "bicubic_psnr_db", "bicubic_ssim")]
    bicubic = scores_of("bicubic_x4").mean(axis=0)
    expected = [*means_of(network, "photos_test", "rgb"), *bicubic]
    np.testing.assert_allclose(scores, expected, atol=1e-5)


@pytest.mark.parametrize(("key", "variant"), [("vdsr-steps500", ""), ("mesr-no_rb", "no_rb")])
def test_a_longer_training_is_still_its_network(recorded: Recorded, key: str, variant: str) -> None:
    write_run(f"{key}_x4_s0")
    write_results(f"{key}_x4_s0")
    network, _, asked = key.partition("-")
    done = CliRunner().invoke(app, ["ship", network, "--variant", asked, "--out", "weights"])
    assert done.exit_code == 0, done.output
    assert [entry.variant for entry in read_manifest(FOLDER)] == [variant]


def test_weights_that_lose_by_half_precision_stay_whole(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "LARGEST_LOSS_DB", -1.0)
    (entry,) = ship_runs([recorded], FOLDER)
    assert entry.stored == "float32"
    assert all(t.dtype == torch.float32 for t in load_file(FOLDER / entry.file).values())
    trained = run_folder(KEY) / "weights.safetensors"
    state = load_file(trained)
    state["extract.bias"][0] = 1e6  # beyond half precision
    save_file(state, trained)
    (entry,) = ship_runs([recorded], FOLDER)
    assert (entry.stored, entry.half_loss_db) == ("float32", None)
    monkeypatch.setattr(sharing, "LARGEST_TOTAL", 100)  # too much for every clone
    before = MANIFEST.read_bytes()
    with pytest.raises(UserError, match="expected at most 100"):
        ship_runs([recorded], FOLDER)
    assert MANIFEST.read_bytes() == before


def test_damaged_folders_are_refused(recorded: Recorded) -> None:
    (entry,) = ship_runs([recorded], FOLDER)
    path = FOLDER / entry.file
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    for use in (lambda: entry.network(FOLDER), lambda: ship_runs([recorded], FOLDER)):
        with pytest.raises(UserError, match=r"is not the file that manifest\.json describes"):
            use()
    path.unlink()
    with pytest.raises(UserError, match=r"not readable .*git checkout weights"):
        entry.network(FOLDER)
    MANIFEST.write_text("damaged", encoding="utf-8")
    with pytest.raises(UserError, match=r"manifest\.json: not valid JSON"):
        find_shipped("mesr", 4, FOLDER)


def test_other_networks_and_scales_stay_and_the_page_describes_all(recorded: Recorded) -> None:
    (first,) = ship_runs([recorded], FOLDER)
    other = vars(first) | {"scale": 2, "file": "mesr_x2.safetensors", "toy": False}
    MANIFEST.write_text(json.dumps({"weights": [vars(first), other]}), encoding="utf-8")
    (FOLDER / "mesr_x2.safetensors").write_bytes((FOLDER / first.file).read_bytes())
    kept, again = ship_runs([recorded], FOLDER)
    assert (kept.scale, kept.toy, again) == (2, False, first)
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"**{again.name}: toys.**" in page
    assert "This is a toy" in again.sentence()
    assert "This is a toy" not in kept.sentence()
    share = f"{100 * first.params / sum(p.numel() for p in MESR(4).parameters()):.1f} %"
    row = next(line for line in page.splitlines() if f"| MESR x4 | {first.params:,} " in line)
    assert [cell.strip() for cell in row.split("|")][3:6] == [share, "quick", "0"]
    full = Shipped(**vars(first) | {"settings": {}, "params": 4_707_110})
    assert "| 100.0 % |" in shipped_page([full], 1)


def test_files_of_the_checkout_are_those_of_its_manifest() -> None:
    entries = read_manifest()
    assert {e.scale for e in entries if e.model == "mesr"} == {2, 3, 4}
    files = {path.name for path in SHIPPED.iterdir()}
    assert files == {"README.md", "manifest.json", *(e.file for e in entries)}
    total = sum((SHIPPED / e.file).stat().st_size for e in entries)
    assert total <= sharing.LARGEST_TOTAL
    assert (SHIPPED / "README.md").read_text(encoding="utf-8") == shipped_page(entries, total)
    for entry in entries:
        assert sum(p.numel() for p in entry.network().parameters()) == entry.params
        stored = {t.dtype for t in load_file(SHIPPED / entry.file).values()}
        assert stored == {getattr(torch, entry.stored)}


@pytest.mark.skipif("MESR_MIRROR" not in os.environ, reason="MESR_MIRROR is not set")
@pytest.mark.parametrize("model", ["mesr", "pan"])
def test_shipped_weights_give_the_figures_of_the_manifest(model: str) -> None:
    entry = find_shipped(model, 4)
    figure = next(figure for figure in entry.figures if figure["dataset"] == "Set5")
    fetch_assets(["Set5"], Path("data"))
    psnr, ssim = means_of(entry.network(), "Set5", figure["protocol"])
    assert psnr == pytest.approx(figure["psnr_db"], abs=1e-3)
    assert ssim == pytest.approx(figure["ssim"], abs=1e-4)
