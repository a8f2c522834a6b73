import numpy as np
import pytest
from PIL import Image

from pipeline.support.errors import UserError
from reports.figures.pictures import luma
from reports.figures.regions import checked_region, chosen_region, cut


def gray(values: np.ndarray) -> Image.Image:
    return Image.fromarray(np.repeat(values[..., None], 3, axis=2).astype(np.uint8))


def test_luma_of_black_and_white() -> None:
    values = np.array([[0, 255]])
    assert luma(gray(values))[0] == pytest.approx([16, 235])


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_region_covers_the_place_of_largest_gain(scale: int) -> None:
    rng = np.random.default_rng(scale)
    original = rng.integers(60, 190, (144, 192))
    x, y = 96, 48
    worse = original.copy()
    worse[y : y + 12, x : x + 12] += 60
    region = chosen_region(gray(original), gray(worse), gray(original), scale)
    left, top, width, height = region
    assert left <= x and x + 12 <= left + width
    assert top <= y and y + 12 <= top + height
    assert left % scale == top % scale == width % scale == height % scale == 0


def test_region_avoids_what_only_got_worse() -> None:
    original = np.full((96, 128), 100)
    bicubic, best = original.copy(), original.copy()
    bicubic[:12, :12] += 20  # a gain in one corner
    best[-12:, -12:] += 90  # a loss in the other
    left, top, _, _ = chosen_region(gray(original), gray(bicubic), gray(best), 4)
    assert left < 12
    assert top < 12


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
