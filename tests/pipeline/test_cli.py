"""The command line as a whole; what single tools do is tested in tests/pipeline/tools."""

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
from PIL import Image
from typer.testing import CliRunner, Result

from pipeline.cli import COMMANDS, app
from pipeline.imaging.degradation import make_lr
from pipeline.imaging.images import read_image
from pipeline.imaging.protocol import RGB
from pipeline.models.networks import build_network
from pipeline.scoring.evaluation import evaluate_image
from pipeline.support.errors import UserError

ROOT = Path(__file__).parents[2]
RNG = np.random.default_rng(3)
BICUBIC = ("evaluate", "bicubic", "--scale", "2", "--data", "hr")


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


def done(*arguments: str) -> str:
    result = mesr(*arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def message(*arguments: str) -> str:
    found = mesr(*arguments).exception
    assert isinstance(found, UserError), found
    return str(found)


def scores(folder: str) -> pd.DataFrame:
    return pd.read_csv(f"{folder}/quality.csv")


def test_help_lists_every_command_and_imports_none() -> None:
    code = (
        "import sys; from pipeline.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "sys.exit(bool({'torch', 'numpy', 'pandas', 'dvc'} & set(sys.modules)))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert shown.returncode == 0, shown.stderr
    assert done("--version").split() == ["mesr", version("mesr-benchmark")]
    for name in COMMANDS:
        assert f"\n  {name} " in shown.stdout


def test_evaluate_a_folder_writes_rows_and_a_table(workplace: Path) -> None:
    (workplace / "hr/a.png").rename(workplace / "hr/[red]a.png")
    shown = done(*BICUBIC, "--out", "out")
    table = scores("out")
    assert list(table.image) == ["[red]a", "b"]
    assert list(table.columns) == [
        *("model", "variant", "source", "scale", "dataset", "image", "protocol", "seed"),
        *("psnr_db", "ssim"),
    ]
    for name, psnr_db in zip(table.image, table.psnr_db, strict=True):
        found = evaluate_image(build_network("bicubic", 2), read_image(Path(f"hr/{name}.png")))
        assert psnr_db == pytest.approx(found.psnr_db, abs=1e-6)
        assert (workplace / f"out/{name}/sr.png").is_file()
    assert f"{table.psnr_db.mean():.2f}" in shown
    assert "PSNR-Y [dB]" in shown
    assert "[red]a" in shown  # no markup


def test_further_metrics_are_shown_with_their_direction(workplace: Path) -> None:
    shown = done(*BICUBIC, "--out", "out", "--metric", "GMSD", "--metric", "entropy")
    assert "GMSD ↓" in shown
    assert "entropy ↑" in shown
    table = scores("out")
    assert list(table.columns[-3:]) == ["ssim", "gmsd", "entropy"]
    Path("sr").mkdir()
    for name in ("a", "b"):
        Path(f"out/{name}/sr.png").rename(f"sr/{name}_x2.png")
    given = ("evaluate", "images:sr", *BICUBIC[2:])
    done(*given, "--out", "again", "--metric", "gmsd")
    for column in ("psnr_db", "ssim", "gmsd"):
        assert list(scores("again")[column]) == list(table[column])
    assert set(scores("again").source) == {"given"}
    assert "mesr fetch AlexNet LPIPS" in message(*given, "--metric", "lpips")


def write_lr(ending: str) -> None:
    Path("lr").mkdir()
    for name in ("a", "b"):
        lr = make_lr(read_image(Path(f"hr/{name}.png")), 2, RGB)
        Image.fromarray(lr).save(f"lr/{name}{ending}.png")


def test_evaluate_takes_lr_images_as_they_are(workplace: Path) -> None:
    write_lr("_LRBI_x2")
    done(*BICUBIC, "--out", "made")
    assert "a <- a_LRBI_x2" in done(*BICUBIC, "--out", "given", "--lr", "lr", "--pairs")
    assert list(scores("given").psnr_db) == list(scores("made").psnr_db)
    assert set(scores("given").protocol) == {"rgb on given LR images"}
    # They are really used.
    Image.fromarray(np.zeros((18, 20, 3), np.uint8)).save("lr/a_LRBI_x2.png")
    done(*BICUBIC, "--out", "given", "--lr", "lr")
    assert scores("given").psnr_db[0] < scores("made").psnr_db[0] - 3


def test_lr_images_that_do_not_fit_are_refused(workplace: Path) -> None:
    write_lr("x2")
    common = ("evaluate", "bicubic", "--data", "hr", "--scale")
    assert "has 'a' at x2 but not at x3" in message(*common, "3", "--lr", "lr")
    assert "neither a folder nor LR images" in message(*common, "2", "--lr", "nowhere")
    assert "give them with --lr" in message(*common, "2", "--protocol", "ntire")
    assert "leave it out" in message("evaluate", "images:lr", *common[2:], "2", "--lr", "lr")
    Image.fromarray(np.zeros((18, 19, 3), np.uint8)).save("lr/bx2.png")
    assert "hr/b: the LR image is 19x18 pixels" in message(*common, "2", "--lr", "lr")


def test_ntire_scores_given_lr_images_in_rgb(workplace: Path) -> None:
    write_lr("x2")
    shown = done(*BICUBIC, "--lr", "lr", "--protocol", "NTIRE", "--out", "out")
    assert set(scores("out").protocol) == {"ntire"}
    protocol = replace(RGB, metric="rgb", border="scale+6")
    expected = evaluate_image(build_network("bicubic", 2), read_image(Path("hr/a.png")), protocol)
    assert scores("out").psnr_db[0] == pytest.approx(expected.psnr_db, abs=1e-6)
    assert "PSNR [dB]" in shown  # not of luma


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("evaluate", "edsr", *BICUBIC[2:]), "network 'edsr' is not registered"),
        (("evaluate", "mesr", *BICUBIC[2:]), "runs/mesr_x2_s0/run.json: not found"),
        (("evaluate", "LapSNR", *BICUBIC[2:]), "Did you mean lapsrn"),
        ((*BICUBIC, "--protocol", "lab"), "protocol 'lab' is unknown"),
        ((*BICUBIC[:-1], "nowhere"), "neither a folder nor a dataset"),
        ((*BICUBIC[:-1], "set5"), "mesr fetch Set5"),
        (("evaluate", "Images:none", *BICUBIC[2:]), "is not a folder"),
        (("evaluate", "images:hr", *BICUBIC[2:], "--seed", "3"), "--seed 3: a folder of SR"),
        (("audit", "IMAGES:none", *BICUBIC[2:], "--psnr", "30"), "is not a folder"),
        (("upscal",), "no command 'upscal'. Did you mean upscale?"),
        (("count", "edsr"), "network 'edsr' is unknown"),
        (("card", "mesr", "--scale", "4"), "params.yaml"),
        (("ship", "--out", "weights"), "params.yaml"),
        (("archive",), "params.yaml"),
    ],
)
def test_what_is_wrong_is_said(workplace: Path, words: tuple[str, ...], text: str) -> None:
    assert text in message(*words)
    assert sorted(path.name for path in workplace.iterdir()) == ["hr"]


def test_fetch_lists_the_assets_or_gets_what_is_named(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Urban100" in done("fetch")
    asked: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    monkeypatch.setattr(
        "pipeline.tools.fetching.fetch_assets", lambda *a, **k: asked.append((a, k))
    )
    for options in ((), ("--partial",)):
        done("fetch", "pan", *options)
        assert asked.pop() == ((["PAN"], Path("data")), {"partial": bool(options)})


def test_names_that_are_no_text(workplace: Path) -> None:
    odd = os.fsdecode(b"\xff\xfe.png")
    (workplace / "odd").mkdir()
    (workplace / "hr/a.png").rename(workplace / "odd" / odd)
    assert "is not UTF-8 text" in message(*BICUBIC[:-1], "odd", "--out", "out")
    assert not (workplace / "out").exists()
    command = [sys.executable, "-m", "pipeline.cli", "upscale", f"odd/{odd}", "--out", "up"]
    subprocess.run(
        [*command, "--model", "bicubic", "--scale", "2"], check=True, capture_output=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8:strict"},
    )  # fmt: skip
    assert [path.name for path in (workplace / "up").iterdir()] == [odd.replace(".", "_x2.")]
