import os
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.imaging.degradation import make_lr
from pipeline.imaging.images import read_image
from pipeline.imaging.protocol import RGB
from pipeline.models.networks import build_network
from pipeline.scoring.evaluation import evaluate_image
from pipeline.support.errors import UserError

ROOT = Path(__file__).parents[2]
RNG = np.random.default_rng(3)


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hr").mkdir()
    for name in ("a", "b"):
        pixels = RNG.integers(0, 256, (36, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "hr" / f"{name}.png")
    return tmp_path


def mesr(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def message(*arguments: str) -> str:
    found = mesr(*arguments).exception
    assert isinstance(found, UserError), found
    return str(found)


def test_evaluate_a_folder_writes_rows_and_a_table(workplace: Path) -> None:
    done = mesr("evaluate", "bicubic", "--scale", "2", "--data", "hr", "--out", "out")
    assert done.exit_code == 0, done.output
    table = pd.read_csv(workplace / "out/quality.csv")
    assert list(table.image) == ["a", "b"]
    assert f"{table.psnr_db.mean():.2f}" in done.output
    assert "PSNR-Y [dB]" in done.output
    assert (workplace / "out/a/sr.png").is_file()


def test_further_metrics_are_shown_with_their_direction(workplace: Path) -> None:
    words = ("evaluate", "bicubic", "--scale", "2", "--data", "hr", "--out", "out")
    done = mesr(*words, "--metric", "GMSD", "--metric", "entropy")
    assert done.exit_code == 0, done.output
    assert "GMSD ↓" in done.output
    assert "entropy ↑" in done.output
    table = pd.read_csv(workplace / "out/quality.csv")
    assert list(table.columns[-3:]) == ["ssim", "gmsd", "entropy"]
    for name in ("a", "b"):
        Image.open(f"out/{name}/sr.png").save(workplace / "out" / f"{name}.png")
    (workplace / "out/quality.csv").rename(workplace / "quality.csv")
    done = mesr("evaluate", "images:out", *words[2:-1], "again", "--metric", "gmsd")
    assert done.exit_code == 0, done.output
    again = pd.read_csv(workplace / "again/quality.csv")
    assert list(again.gmsd) == list(table.gmsd)
    assert "mesr fetch AlexNet LPIPS" in message(*words, "--metric", "lpips")


def test_self_ensemble_is_marked_and_changes_the_figures(workplace: Path) -> None:
    torch.manual_seed(0)
    network = build_network("vdsr", 2)
    save_file(network.state_dict(), workplace / "vdsr.safetensors")
    words = ("evaluate", "vdsr", "--scale", "2", "--data", "hr", "--weights", "vdsr.safetensors")
    for name, more in (("plain", ()), ("plus", ("--self-ensemble",))):
        done = mesr(*words, "--out", name, *more)
        assert done.exit_code == 0, done.output
    plain, plus = (pd.read_csv(workplace / f"{n}/quality.csv") for n in ("plain", "plus"))
    assert (set(plain.model), set(plus.model)) == ({"vdsr"}, {"vdsr+"})
    assert list(plain.psnr_db) != list(plus.psnr_db)


def test_audit_refuses_a_csv_that_cannot_be_written_before_the_work(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(*_: object, **__: object) -> None:
        pytest.fail("the work began")

    monkeypatch.setattr("pipeline.tools.audit.measure_network", work)
    words = ("audit", "bicubic", "--scale", "2", "--data", "hr", "--psnr", "30.00", "--csv")
    (workplace / "file").touch()
    assert "file/all.csv: could not be written" in message(*words, "file/all.csv")
    done = mesr(*words, "hr")
    assert done.exit_code == 2
    assert "is a directory" in " ".join(done.output.split())


def test_audit_of_what_is_no_folder(workplace: Path) -> None:
    options = ("--scale", "2", "--data", "hr", "--psnr", "30.00")
    assert "sr/none: is not a folder" in message("audit", "sr/none", *options)
    assert "is not a folder" in message("audit", "IMAGES:none", *options)
    assert "is not a folder" in message("evaluate", "Images:none", *options[:4])
    assert "'nowhere' is not registered" in message("audit", "nowhere", *options)


def test_options_without_effect_on_given_images_are_refused(workplace: Path) -> None:
    words = ("evaluate", "images:hr", "--scale", "2", "--data", "hr")
    assert "--seed 3: a folder of SR images has no choice of seed" in message(*words, "--seed", "3")
    assert "--self-ensemble: a folder" in message(*words, "--self-ensemble")


def test_names_with_markup_are_shown_as_they_are(workplace: Path) -> None:
    (workplace / "hr/a.png").rename(workplace / "hr/[red]a.png")
    done = mesr("evaluate", "bicubic", "--scale", "2", "--data", "hr", "--out", "out")
    assert "[red]a" in done.output
    assert (workplace / "out/[red]a/sr.png").is_file()


def test_evaluate_given_images_agrees_with_evaluate(workplace: Path) -> None:
    mesr("evaluate", "bicubic", "--scale", "x2", "--data", "hr", "--out", "out")
    (workplace / "sr").mkdir()
    for name in ("a", "b"):
        (workplace / f"out/{name}/sr.png").rename(workplace / f"sr/{name}_x2.png")
    done = mesr("evaluate", "images:sr", "--scale", "2", "--data", "hr", "--out", "again")
    assert done.exit_code == 0, done.output
    first, second = (pd.read_csv(workplace / f"{f}/quality.csv") for f in ("out", "again"))
    assert list(second.psnr_db) == list(first.psnr_db)
    assert list(second.ssim) == list(first.ssim)


def test_luma_alone_scores_the_same_under_each_way_to_luma(workplace: Path) -> None:
    """Also where HR is gray in three channels: its SR image is luma as those beside it are."""
    gray = RNG.integers(0, 256, (36, 40, 1), dtype=np.uint8)
    Image.fromarray(np.repeat(gray, 3, axis=2)).save("hr/c.png")
    words = ("--scale", "2", "--data", "hr")
    mesr("evaluate", "bicubic", *words, "--protocol", "y", "--out", "out")
    (workplace / "sr").mkdir()
    for name in ("a", "b", "c"):
        (workplace / f"out/{name}/sr.png").rename(workplace / f"sr/{name}.png")
    done = mesr("evaluate", "images:sr", *words, "--protocol", "rgb", "--out", "again")
    assert done.exit_code == 0, done.output
    first, second = (pd.read_csv(workplace / f"{f}/quality.csv") for f in ("out", "again"))
    # The luma of HR is rounded under y alone.
    np.testing.assert_allclose(second.psnr_db, first.psnr_db, atol=0.05)
    text = message("evaluate", "images:sr", *words, "--protocol", "ntire")
    assert "a: the SR image has one channel" in text
    assert "such as y or rgb" in text


def test_evaluate_says_what_is_wrong(workplace: Path) -> None:
    scale_data = ("--scale", "2", "--data", "hr")
    assert "network 'edsr' is not registered" in message(
        "evaluate", "edsr", *scale_data, "--weights", "published"
    )
    assert "runs/mesr_x2_s0/run.json: not found" in message("evaluate", "mesr", *scale_data)
    assert "neither a folder nor a dataset" in message(
        "evaluate", "bicubic", "--scale", "2", "--data", "nowhere"
    )
    assert "mesr fetch Set5" in message("evaluate", "bicubic", "--scale", "2", "--data", "Set5")
    assert "protocol 'lab' is unknown" in message(
        "evaluate", "bicubic", *scale_data, "--protocol", "lab"
    )
    assert "spandrel:FILE" in message("evaluate", "vdsr", *scale_data, "--weights", "net.pth")


def test_upscale_writes_one_file_per_image(workplace: Path) -> None:
    done = mesr("upscale", "hr/a.png", "--scale", "3", "--model", "bicubic", "--out", "big")
    assert done.exit_code == 0, done.output
    assert Image.open(workplace / "big/a_x3.png").size == (120, 108)


def test_upscale_takes_the_gpu_where_there_is_one(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # "meta" takes the place of the GPU: there are no values on it, hence a fake upscaling.
    monkeypatch.setattr("pipeline.imaging.backend.choose_device", lambda: torch.device("meta"))
    devices: list[str] = []

    def upscale_file(network: torch.nn.Module, *_: object) -> str:
        devices.extend(parameter.device.type for parameter in network.parameters())
        return "done"

    monkeypatch.setattr("pipeline.tools.upscale.upscale_file", upscale_file)
    save_file(build_network("vdsr", 2).state_dict(), "vdsr.safetensors")
    done = mesr(
        "upscale", "hr/a.png", "--scale", "2", "--model", "vdsr", "--weights", "vdsr.safetensors",
        "--out", "big",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert set(devices) == {"meta"}


def test_upscale_refuses_negative_tiles_as_a_usage_error(workplace: Path) -> None:
    done = mesr(
        "upscale", "hr/a.png", "--scale", "2", "--model", "bicubic", "--out", "big", "--tile", "-1"
    )
    assert done.exit_code == 2
    assert "--tile" in done.output


def test_upscale_refuses_two_images_of_one_name(workplace: Path) -> None:
    (workplace / "other").mkdir()
    text = message(
        "upscale", "hr/a.png", "other/a.bmp", "--scale", "2", "--model", "bicubic", "--out", "big"
    )
    assert "same name" in text


def test_count_shows_measured_and_published(workplace: Path) -> None:
    done = mesr("count", "vdsr", "--scale", "2")
    assert done.exit_code == 0, done.output
    assert "665,921" in done.output  # 20 layers with biases, as the authors' weights
    assert "612.6" in done.output  # CARN's table
    assert "network 'edsr' is unknown" in message("count", "edsr")


def test_fetch_without_names_lists_the_assets(workplace: Path) -> None:
    done = mesr("fetch")
    assert done.exit_code == 0, done.output
    assert "Urban100" in done.output


@pytest.mark.parametrize("options", [(), ("--partial",)])
def test_fetch_is_whole_or_nothing_unless_told_otherwise(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    asked: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    monkeypatch.setattr(
        "pipeline.assets.fetching.fetch_assets", lambda *a, **k: asked.append((a, k))
    )
    done = mesr("fetch", "PAN", *options)
    assert done.exit_code == 0, done.output
    assert asked == [((["PAN"], Path("data")), {"partial": bool(options)})]


def write_lr(folder: Path, ending: str) -> None:
    folder.mkdir()
    for name in ("a", "b"):
        with Image.open(f"hr/{name}.png") as hr:
            lr = make_lr(np.asarray(hr), 2, RGB)
        Image.fromarray(lr).save(folder / f"{name}{ending}.png")


@pytest.mark.parametrize("ending", ["", "x2", "_LRBI_x2", "_SRF_2_LR"])
def test_evaluate_takes_lr_images_as_they_are(workplace: Path, ending: str) -> None:
    write_lr(workplace / "lr", ending)
    common = ("evaluate", "bicubic", "--scale", "2", "--data", "hr")
    for out, options in (("made", ()), ("given", ("--lr", "lr"))):
        done = mesr(*common, "--out", out, *options)
        assert done.exit_code == 0, done.output
    made, given = (pd.read_csv(f"{out}/quality.csv") for out in ("made", "given"))
    assert list(given.psnr_db) == list(made.psnr_db)
    assert set(given.protocol) == {"rgb on given LR images"}
    # They are really used.
    Image.fromarray(np.zeros((18, 20, 3), np.uint8)).save(f"lr/a{ending}.png")
    mesr(*common, "--out", "given", "--lr", "lr")
    assert pd.read_csv("given/quality.csv").psnr_db[0] < made.psnr_db[0] - 3


def test_lr_images_that_do_not_fit_are_refused(workplace: Path) -> None:
    write_lr(workplace / "lr", "x2")
    common = ("evaluate", "bicubic", "--data", "hr", "--scale")
    assert "has 'a' at x2 but not at x3" in message(*common, "3", "--lr", "lr")
    assert "neither a folder nor LR images" in message(*common, "2", "--lr", "nowhere")
    assert "give them with --lr" in message(*common, "2", "--protocol", "ntire")
    assert "leave it out" in message("evaluate", "images:lr", *common[2:], "2", "--lr", "lr")
    Image.fromarray(np.zeros((18, 19, 3), np.uint8)).save("lr/bx2.png")
    assert "hr/b: the LR image is 19x18 pixels" in message(*common, "2", "--lr", "lr")


def test_ntire_scores_given_lr_images_in_rgb(workplace: Path) -> None:
    write_lr(workplace / "lr", "x2")
    done = mesr(
        "evaluate", "bicubic", "--scale", "2", "--data", "hr", "--lr", "lr", "--protocol", "NTIRE",
        "--out", "out",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    table = pd.read_csv("out/quality.csv")
    assert set(table.protocol) == {"ntire"}
    protocol = replace(RGB, metric="rgb", border="scale+6")
    expected = evaluate_image(build_network("bicubic", 2), read_image(Path("hr/a.png")), protocol)
    assert table.psnr_db[0] == pytest.approx(expected.psnr_db, abs=1e-6)


def test_names_regardless_of_case_and_suggestions(workplace: Path) -> None:
    options = ("--scale", "2", "--data", "hr")
    assert mesr("evaluate", "BICUBIC", *options, "--protocol", "Y").exit_code == 0
    assert mesr("count", "VDSR", "--scale", "2").exit_code == 0
    for network in ("PAN", "pan"):
        assert "To use the published weights: --weights published" in message(
            "evaluate", network, *options
        )
    text = message("evaluate", "MESR", *options)
    assert "mesr was not trained here at x2" in text
    assert "authors published no weights" in text
    assert "spandrel:FILE" in message("evaluate", "edsr", *options)
    assert "Did you mean lapsrn" in message("evaluate", "LapSNR", *options)
    assert "Did you mean lapsrn" in message("count", "lapsnr")
    assert "Did you mean lapsrn" in message("evaluate", "bicubic", *options, "--protocol", "lapsr")
    assert "mesr fetch Set5" in message("evaluate", "bicubic", "--scale", "2", "--data", "set5")
    assert "Did you mean Set14" in message(
        "evaluate", "bicubic", "--scale", "2", "--data", "Set_14"
    )


def test_version() -> None:
    done = mesr("--version")
    assert done.exit_code == 0
    assert done.output.split() == ["mesr", version("mesr-benchmark")]


@pytest.mark.parametrize(
    "command",
    [
        ("evaluate", "bicubic", "--scale", "2", "--data", "hr"),
        ("upscale", "hr/a.png", "--model", "bicubic", "--scale", "2"),
    ],
    ids=lambda command: command[0],
)
def test_out_at_a_file_is_refused_before_any_work(
    workplace: Path, command: tuple[str, ...]
) -> None:
    (workplace / "file").write_text("mine")
    done = mesr(*command, "--out", "file")
    assert done.exit_code == 2
    assert "is a file" in " ".join(done.output.split())
    assert (workplace / "file").read_text() == "mine"
    assert sorted(path.name for path in workplace.iterdir()) == ["file", "hr"]


def test_names_as_long_as_file_systems_allow(workplace: Path) -> None:
    (workplace / "long").mkdir()
    name = "n" * 247
    (workplace / "hr/a.png").rename(workplace / f"long/{name}.png")  # 251 letters
    done = mesr("evaluate", "bicubic", "--scale", "2", "--data", "long", "--out", "out")
    assert done.exit_code == 0, done.output
    assert list(pd.read_csv(workplace / "out/quality.csv").image) == [name]
    done = mesr("upscale", f"long/{name}.png", "--model", "bicubic", "--scale", "2", "--out", "up")
    assert done.exit_code == 0, done.output
    (workplace / f"long/{name}.png").rename(workplace / f"long/{name}nnnn.png")
    words = ("upscale", f"long/{name}nnnn.png", "--model", "bicubic", "--scale", "2")
    assert "File name too long" in message(*words, "--out", "longer")
    assert not [path for path in (workplace / "longer").rglob("*") if path.is_file()]


def test_names_that_are_no_text(workplace: Path) -> None:
    odd = os.fsdecode(b"\xff\xfe.png")
    (workplace / "odd").mkdir()
    (workplace / "hr/a.png").rename(workplace / "odd" / odd)
    said = message("evaluate", "bicubic", "--scale", "2", "--data", "odd", "--out", "out")
    assert "is not UTF-8 text" in said
    assert not (workplace / "out").exists()
    command = [sys.executable, "-m", "pipeline.cli", "upscale", f"odd/{odd}", "--out", "up"]
    subprocess.run(
        [*command, "--model", "bicubic", "--scale", "2"], check=True, capture_output=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8:strict"},
    )  # fmt: skip
    assert [path.name for path in (workplace / "up").iterdir()] == [odd.replace(".", "_x2.")]


def test_upscale_works_without_training_and_says_with_which_weights(workplace: Path) -> None:
    done = mesr("upscale", "hr/a.png", "--scale", "4")
    assert done.exit_code == 0, done.output
    assert Image.open(workplace / "a_x4.png").size == (160, 144)
    assert "mesr_x4.safetensors" in done.output
    assert "as shipped with the code" in done.output


def test_export_says_what_was_written_and_how_near_it_is(workplace: Path) -> None:
    done = mesr("export", "bicubic", "--scale", "2", "--out", "bicubic.pt2")
    assert done.exit_code == 0, done.output
    assert "licence: Apache-2.0" in done.output
    assert "bicubic.pt2: differs from PyTorch by at most" in done.output
    assert (workplace / "bicubic.pt2").is_file()


def test_card_of_a_network_that_was_not_trained_here_names_the_remedy(workplace: Path) -> None:
    text = message("card", "mesr", "--scale", "4", "--out", "card.md")
    assert "runs/mesr_x4_s0/run.json: not found. Run: dvc repro" in text
    assert not (workplace / "card.md").exists()


def test_ship_without_a_study_leaves_the_folder_alone(workplace: Path) -> None:
    assert "results/study.json: not found" in message("ship", "--out", "weights")
    assert not (workplace / "weights").exists()
