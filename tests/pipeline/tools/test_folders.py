import os
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from pipeline.imaging.colour import rgb_to_y
from pipeline.imaging.protocol import RGB, Y
from pipeline.scoring.evaluation import score_image
from pipeline.support.errors import UserError
from pipeline.tools.folders import folder_images, given_lr, image_files, matching_files

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


@pytest.mark.parametrize("other", ["baby", "babyx4", "baby_SR", "Baby_x4_SR"])
def test_two_files_for_one_image_are_refused(tmp_path: Path, other: str) -> None:
    save(tmp_path / "baby_x4.png")
    save(tmp_path / f"{other}.png")
    with pytest.raises(UserError, match=r"are both SR images of 'baby'") as refused:
        matching_files(tmp_path, ["baby"], 4)
    assert f"{other}.png" in str(refused.value)


@pytest.mark.parametrize(
    "stem",
    [
        "baby_SR", "baby_x4_SR", "baby_SRx4", "baby-SR", "baby_SRF_4_SR", "img_001_SRF_4_SR",
        "img_001_SRF_4_HR", "img_001", "img_001_x4", "BABY", "Baby_X4", "IMG_001_SRF_4_sr",
    ],
)  # fmt: skip
def test_names_that_programs_give_sr_images(tmp_path: Path, stem: str) -> None:
    file = save(tmp_path / f"{stem}.png")
    other = save(tmp_path / "bird_x4.png")
    found = matching_files(tmp_path, ["baby", "bird"], 4)
    assert found == {"baby": file, "bird": other}


def test_marks_that_are_part_of_a_name(tmp_path: Path) -> None:
    names = ["img_001_SRF_4_HR", "baby_SR", "img_002"]
    files = {name: save(tmp_path / f"{name}.png") for name in names}
    assert matching_files(tmp_path, names, 4) == files


def test_case_that_tells_images_apart_is_kept(tmp_path: Path) -> None:
    files = {name: save(tmp_path / f"{name}.png") for name in ("a", "A")}
    if len(list(tmp_path.iterdir())) < 2:
        pytest.skip("this file system does not distinguish upper and lower case")
    assert matching_files(tmp_path, ["a", "A"], 4) == files
    with pytest.raises(UserError, match=r"belongs to no HR image"):
        matching_files(tmp_path, ["a"], 4)
    files["A"].rename(tmp_path / "a_x4.png")
    with pytest.raises(UserError, match=r"both SR images of 'a'"):
        matching_files(tmp_path, ["a", "A"], 4)


def test_a_missing_image_is_told_with_what_is_there_and_what_is_expected(tmp_path: Path) -> None:
    for name in ("baby", "head_final", "other"):
        save(tmp_path / f"{name}.png")
    with pytest.raises(UserError) as refused:
        matching_files(tmp_path, ["baby", "head"], 3)
    assert "no SR image for 'head' (1 of 2 are missing; among its 3 files: 'head_final.png', " in (
        str(refused.value)
    )
    assert "like head_x3, head_SR, head_x3_SR or img_001_SRF_3_SR" in str(refused.value)


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
    # Alone it is no HR image beside an LR image.
    (tmp_path / "img_002_SRF_4_LR.png").unlink()
    with pytest.raises(UserError, match=r"no LR image of 'bird'.*'img_002_SRF_4_HR'"):
        lr_of(tmp_path, COLOUR)


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
