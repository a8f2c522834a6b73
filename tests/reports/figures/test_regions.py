import numpy as np
import pytest
from PIL import Image

from pipeline.support.errors import UserError
from reports.figures.pictures import luma
from reports.figures.regions import checked_region, cut, usual_size, worst_region


def gray(values: np.ndarray) -> Image.Image:
    return Image.fromarray(np.repeat(values[..., None], 3, axis=2).astype(np.uint8))


def test_luma_of_black_and_white() -> None:
    values = np.array([[0, 255]])
    assert luma(gray(values))[0] == pytest.approx([16, 235])


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_region_covers_what_bicubic_restores_worst(scale: int) -> None:
    rng = np.random.default_rng(scale)
    original = rng.integers(60, 190, (144, 192))
    x, y = 96, 48
    worse = original.copy()
    worse[y : y + 12, x : x + 12] += 60
    size = usual_size((192, 144), scale)
    region = worst_region(gray(original), gray(worse), size, scale)
    left, top, width, height = region
    assert (width, height) == size
    assert left <= x and x + 12 <= left + width
    assert top <= y and y + 12 <= top + height
    assert left % scale == top % scale == width % scale == height % scale == 0


def test_region_is_the_one_of_largest_mean_error() -> None:
    rng = np.random.default_rng(0)
    original, bicubic = rng.integers(0, 256, (2, 48, 60))
    left, top, width, height = worst_region(gray(original), gray(bicubic), (16, 12), 4)
    error = (luma(gray(bicubic)) - luma(gray(original))) ** 2
    means = {
        (x, y): error[y : y + 12, x : x + 16].mean()
        for y in range(0, 48 - 12 + 1, 4)
        for x in range(0, 60 - 16 + 1, 4)
    }
    assert (left, top) == max(means, key=lambda place: means[place])
    assert (width, height) == (16, 12)


@pytest.mark.parametrize("region", [(-1, 0, 4, 4), (0, 0, 0, 4), (60, 0, 8, 4), (0, 45, 4, 4)])
def test_region_outside_the_image_is_refused_with_its_size(
    region: tuple[int, int, int, int],
) -> None:
    with pytest.raises(UserError, match=r"region .* of Set14/zebra .* 64 wide and 48 high"):
        checked_region(region, (64, 48), "Set14/zebra")


def test_lr_cut_shows_the_same_place() -> None:
    values = np.zeros((8, 8))
    values[2:4, 4:6] = 255
    assert np.asarray(cut(gray(values), (16, 8, 8, 8), 4)).min() == 255
