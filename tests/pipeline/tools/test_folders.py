"""Folders that users bring; names alone are matched in tests/pipeline/imaging/test_given.py."""

import os
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.support.errors import UserError
from pipeline.tools.folders import given_lr, hr_images, image_files, sr_pairs

RNG = np.random.default_rng(0)
COLOUR = {name: RNG.integers(0, 256, (48, 48, 3), dtype=np.uint8) for name in ("baby", "bird")}


def save(path: Path, height: int = 12, width: int = 10) -> Path:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(path)
    return path


def test_image_files_are_found_by_stem_or_refused_by_name() -> None:
    folder = Path("hr")
    with pytest.raises(UserError, match="hr: is not a folder"):
        image_files(folder)
    folder.mkdir()
    (folder / "notes.txt").write_text("x")
    with pytest.raises(UserError, match="holds no image file"):
        image_files(folder)
    for name in ("b.png", "a.bmp", ".hidden.png"):
        save(folder / name)
    name, images = hr_images(str(folder))
    assert name == "hr"
    assert [(n, read().shape) for n, read in images] == [("a", (12, 10, 3)), ("b", (12, 10, 3))]
    save(folder / "a.png")
    with pytest.raises(UserError, match=r"a\.png: a\.bmp has the same name"):
        image_files(folder)
    (folder / "a.bmp").unlink()
    (folder / os.fsdecode(b"\xff.png")).touch()
    with pytest.raises(UserError, match=r"b'\\xff\.png' is not UTF-8 text"):
        image_files(folder)


def test_pairs_are_those_that_belong_together_and_are_printed(tmp_path: Path, capsys) -> None:
    names, files = ["1", "2", "10"], ["img_001", "img_002", "img_010"]
    for height, file in enumerate(files, start=8):
        save(tmp_path / f"{file}.png", height)
    pairs = sr_pairs(tmp_path, [(n, lambda: None) for n in names], 4, show=True)
    assert [(n, read().shape[0]) for n, read, _ in pairs] == [("1", 8), ("2", 9), ("10", 10)]
    printed = capsys.readouterr().out.splitlines()
    assert printed == [f"{n} <- {f}.png" for n, f in zip(names, files, strict=True)]
    images = [(f"{k:04}", lambda: None) for k in range(801, 804)]
    with pytest.raises(UserError, match="numbered 1 to 10, the HR images 801 to 803"):
        sr_pairs(tmp_path, images, 4)


def lr_of(folder: Path, images: dict[str, np.ndarray]) -> list[int]:
    """Heights of the LR images that a folder gives for HR images."""
    readers = given_lr(str(folder), [(n, partial(images.__getitem__, n)) for n in images], 4)
    assert list(readers) == list(images)
    return [read().shape[0] for read in readers.values()]


def test_lr_images_are_found_and_hr_images_beside_them_are_passed_over(tmp_path: Path) -> None:
    for height, name in ((11, "BABY"), (12, "Bird")):
        save(tmp_path / f"{name}_SRF_4_LR.png", height)
        save(tmp_path / f"{name}_SRF_4_HR.png", 48)
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
    ("open_images", "word", "text"),
    [
        (partial(given_lr, images=[], scale=4), "set5_matlab_lr", "mesr fetch Set5_MATLAB_LR$"),
        (partial(given_lr, images=[], scale=4), "Set5_MATLAB", "nor LR images.*Set5_MATLAB_LR"),
        (partial(given_lr, images=[], scale=4), "", "--lr is empty"),
        (hr_images, "set5", "data/hr/Set5.h5: not there yet; get it with: mesr fetch Set5$"),
        (hr_images, "Set_14", "neither a folder nor a dataset.*Did you mean Set14"),
        (hr_images, " ", "--data is empty"),  # not the current folder
    ],
)
def test_images_that_are_not_there(open_images, word: str, text: str) -> None:
    with pytest.raises(UserError, match=text):
        open_images(word)
