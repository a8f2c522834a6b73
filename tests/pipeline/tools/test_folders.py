import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from pipeline.imaging.colour import rgb_to_y
from pipeline.imaging.protocol import RGB, Y
from pipeline.scoring.evaluation import score_image
from pipeline.support.errors import UserError
from pipeline.tools.folders import folder_images, image_files, matching_files

RNG = np.random.default_rng(0)


def save(path: Path, height: int = 12, width: int = 10) -> Path:
    Image.fromarray(RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(path)
    return path


def test_image_files_are_found_by_stem(tmp_path: Path) -> None:
    for name in ("b.png", "a.bmp", "notes.txt", ".hidden.png"):
        save(tmp_path / name) if not name.endswith("txt") else (tmp_path / name).write_text("x")
    assert list(image_files(tmp_path)) == ["a", "b"]
    assert [(n, r().shape) for n, r in folder_images(tmp_path)] == [
        ("a", (12, 10, 3)),
        ("b", (12, 10, 3)),
    ]


def test_unusable_folders_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="missing: is not a folder"):
        image_files(tmp_path / "missing")
    with pytest.raises(UserError, match="holds no image file"):
        image_files(tmp_path)
    save(tmp_path / "a.png")
    save(tmp_path / "a.bmp")
    with pytest.raises(UserError, match=r"a\.png: a\.bmp has the same name"):
        image_files(tmp_path)


def test_names_that_are_not_text_are_refused(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"\xff.png")).touch()
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    with pytest.raises(UserError, match=r"b'\\xff\.png' is not UTF-8 text"):
        image_files(tmp_path)


def test_mismatched_folders_are_refused_by_name(tmp_path: Path) -> None:
    for name in ("baby_x4.png", "bird.png"):
        save(tmp_path / name)
    found = matching_files(tmp_path, ["baby", "bird"], 4)
    assert {k: v.name for k, v in found.items()} == {"baby": "baby_x4.png", "bird": "bird.png"}
    with pytest.raises(UserError, match="no SR image for 'head'"):
        matching_files(tmp_path, ["baby", "bird", "head"], 4)
    with pytest.raises(UserError, match=r"bird\.png: belongs to no HR image"):
        matching_files(tmp_path, ["baby"], 4)


@pytest.mark.parametrize("name", ["baby_x2", "baby-x2", "babyx2"])
def test_the_scale_in_a_name_has_to_be_the_one_asked_for(tmp_path: Path, name: str) -> None:
    file = save(tmp_path / f"{name}.png")
    assert matching_files(tmp_path, ["baby"], 2) == {"baby": file}
    # Where an HR image itself is called so, the name says nothing of a scale.
    assert matching_files(tmp_path, [name], 4) == {name: file}
    with pytest.raises(UserError, match=rf"{name}\.png: is of scale 2 by its name.*--scale is 4"):
        matching_files(tmp_path, ["baby"], 4)


@pytest.mark.parametrize("other", ["baby", "babyx4", "baby_x2"])
def test_two_files_for_one_image_are_refused(tmp_path: Path, other: str) -> None:
    save(tmp_path / "baby_x4.png")
    save(tmp_path / f"{other}.png")
    with pytest.raises(UserError, match=r"belongs to no HR image \(1 such"):
        matching_files(tmp_path, ["baby"], 4)


def test_given_images_score_as_scikit_image_says() -> None:
    hr = RNG.integers(0, 256, (41, 39, 3), dtype=np.uint8)
    sr = np.clip(hr[:40, :36].astype(int) + RNG.integers(-9, 10, (40, 36, 3)), 0, 255)
    sr = sr.astype(np.uint8)
    psnr_db, ssim = score_image(sr, hr, 4, RGB, "image")
    x, y = (rgb_to_y(i)[4:-4, 4:-4] for i in (sr, hr[:40, :36]))
    assert psnr_db == pytest.approx(peak_signal_noise_ratio(y, x, data_range=255), abs=1e-6)
    assert 0 < ssim < 1
    rounded, _ = score_image(sr, hr, 4, Y, "image")
    assert rounded != psnr_db


def test_given_images_of_another_scale_are_refused() -> None:
    hr = np.zeros((41, 39, 3), np.uint8)
    with pytest.raises(UserError, match=r"bird: the SR image is 39x41.*multiple of 4 is 36x40"):
        score_image(hr, hr, 4, RGB, "bird")
