"""Folders that users bring; names alone are matched in tests/pipeline/imaging/test_given.py."""

import os
import unicodedata
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.support.errors import UserError
from pipeline.tools.folders import given_lr, hr_images, image_files, sr_pairs

RNG = np.random.default_rng(0)


def save(path: Path, height: int = 12, width: int = 10) -> Path:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(path)
    return path


def test_image_files_are_found_by_stem(tmp_path: Path) -> None:
    for name in ("b.png", "a.bmp", ".hidden.png"):
        save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("x")
    assert list(image_files(tmp_path)) == ["a", "b"]
    name, images = hr_images(str(tmp_path))
    assert name == tmp_path.name
    assert [(n, read().shape) for n, read in images] == [("a", (12, 10, 3)), ("b", (12, 10, 3))]


def test_unusable_folders_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="missing: is not a folder"):
        image_files(tmp_path / "missing")
    with pytest.raises(UserError, match="holds no image file"):
        image_files(tmp_path)
    save(tmp_path / "a.png")
    save(tmp_path / "a.bmp")
    with pytest.raises(UserError, match=r"a\.png: a\.bmp has the same name"):
        image_files(tmp_path)
    (tmp_path / os.fsdecode(b"\xff.png")).touch()
    (tmp_path / "a.bmp").unlink()
    with pytest.raises(UserError, match=r"b'\\xff\.png' is not UTF-8 text"):
        image_files(tmp_path)


@pytest.mark.parametrize("data", ["", "  "])
def test_no_data_is_not_the_current_folder(data: str) -> None:
    with pytest.raises(UserError, match="--data is empty"):
        hr_images(data)


@pytest.mark.parametrize(
    ("names", "files"),
    [
        (["1", "2", "10"], ["img_001", "img_002", "img_010"]),
        (["baby", "bird"], ["baby_x4_SwinIR", "bird_x4_SwinIR"]),
        (["baby", "bird"], ["baby_out", "bird_out"]),
        (["baby", "bird"], ["BABY_SRF_4_SR", "Bird_srf_4_sr"]),
        (
            [unicodedata.normalize("NFC", "café"), "b"],
            [unicodedata.normalize("NFD", "café"), "b"],
        ),
    ],
)
def test_pairs_are_those_that_belong_together_and_are_printed(
    tmp_path: Path, names: list[str], files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for height, (_name, file) in enumerate(zip(names, files, strict=True), start=8):
        save(tmp_path / "sr" / f"{file}.png", height)
    pairs = sr_pairs(tmp_path / "sr", [(n, lambda: None) for n in names], 4, show=True)
    assert [(n, read().shape[0]) for n, read, _ in pairs] == list(
        zip(names, range(8, 20), strict=False)
    )
    printed = capsys.readouterr().out.splitlines()
    assert printed == [f"{n} <- {f}.png" for n, f in zip(names, files, strict=True)]


def test_numbers_that_do_not_agree_are_refused(tmp_path: Path) -> None:
    names = [f"{k:04}" for k in range(801, 804)]
    for k in (1, 2, 3):
        save(tmp_path / f"img_{k:03}.png")
    with pytest.raises(UserError, match="numbered 1 to 3, the HR images 801 to 803"):
        sr_pairs(tmp_path, [(n, lambda: None) for n in names], 4)


def test_numbered_images_score_as_their_own(tmp_path: Path, monkeypatch) -> None:
    """Sorted by name, 10 comes before 2: those pairs give 8 dB in place of 40."""
    monkeypatch.chdir(tmp_path)
    for k in range(1, 13):
        hr = RNG.integers(0, 250, (32, 32, 3), dtype=np.uint8)
        Path("hr").mkdir(exist_ok=True)
        Path("sr").mkdir(exist_ok=True)
        Image.fromarray(hr).save(f"hr/{k}.png")
        Image.fromarray(hr + 2).save(f"sr/img_{k:03}.png")
    words = ["evaluate", "images:sr", "--scale", "2", "--data", "hr", "--protocol", "ntire"]
    done = CliRunner().invoke(app, [*words, "--pairs"])
    assert done.exit_code == 0, done.output
    assert f"PSNR {20 * np.log10(255 / 2):.2f} dB" in done.output
    assert "10 <- img_010.png" in done.output


def lr_of(folder: Path, images: dict[str, np.ndarray]) -> list[int]:
    """Heights of the LR images that a folder gives for HR images."""
    readers = given_lr(str(folder), [(n, partial(images.__getitem__, n)) for n in images], 4)
    assert list(readers) == list(images)
    return [read().shape[0] for read in readers.values()]


COLOUR = {name: RNG.integers(0, 256, (48, 48, 3), dtype=np.uint8) for name in ("baby", "bird")}


@pytest.mark.parametrize("ending", ["", "X4", "_LRBI_x4", "_srf_4_lr"])
def test_lr_images_are_found_in_any_case(tmp_path: Path, ending: str) -> None:
    for height, name in ((11, "BABY"), (12, "Bird")):
        save(tmp_path / f"{name}{ending}.png", height)
    assert lr_of(tmp_path, COLOUR) == [11, 12]


def test_hr_images_beside_lr_images_are_passed_over(tmp_path: Path) -> None:
    for number in (1, 2):
        save(tmp_path / f"img_00{number}_SRF_4_LR.png", 10 + number)
        save(tmp_path / f"img_00{number}_SRF_4_HR.png", 48)
    assert lr_of(tmp_path, COLOUR) == [11, 12]


def test_luma_for_a_colour_image_is_no_lr_image(tmp_path: Path) -> None:
    for name in COLOUR:
        Image.fromarray(np.zeros((12, 12), np.uint8)).save(tmp_path / f"{name}.png")
    with pytest.raises(UserError, match=r"baby: the LR image has one channel.*LR images in col"):
        lr_of(tmp_path, COLOUR)
    gray = {name: hr[..., 0] for name, hr in COLOUR.items()}
    assert lr_of(tmp_path, gray) == [12, 12]
    assert lr_of(tmp_path, {n: np.stack([hr] * 3, axis=2) for n, hr in gray.items()}) == [12, 12]


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        ("Set5_MATLAB_LR", "not there yet; get it with: mesr fetch Set5_MATLAB_LR"),
        ("set5_matlab_lr", "not there yet; get it with: mesr fetch Set5_MATLAB_LR"),
        ("Set5_MATLAB", "neither a folder nor LR images.*Did you mean .*Set5_MATLAB_LR"),
        ("", "--lr is empty"),
    ],
)
def test_lr_images_that_are_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, origin: str, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=text):
        given_lr(origin, [], 4)
