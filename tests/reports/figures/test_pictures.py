"""Which images the figures show, where they are cut, and how a view is scored."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pipeline.support.errors import UserError
from pipeline.tables.results import Results
from reports.figures.comparison import PRINTED, Comparison, compare, comparison_figure, printed
from reports.figures.pictures import (
    NEUTRAL,
    Crop,
    Pictures,
    checked_region,
    cut,
    highest,
    luma,
    scores,
    usual_size,
    worst_region,
)
from reports.figures.refinement import refinement_figure

CAT = Crop("photos_test", "cat", 4)


@pytest.fixture(scope="module")
def comparison(pictures: Pictures) -> Comparison:
    found = compare(pictures, CAT)
    assert found is not None
    return found


def gray(values: np.ndarray) -> Image.Image:
    return Image.fromarray(np.repeat(values[..., None], 3, axis=2).astype(np.uint8))


def test_luma_of_black_white_and_colours() -> None:
    image = Image.new("RGB", (4, 1))
    for x, colour in enumerate(((0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0))):
        image.putpixel((x, 0), colour)
    assert luma(image)[0] == pytest.approx([16, 235, 81.481, 144.553])  # BT.601, 16 to 235


def test_region_is_the_one_of_largest_mean_error() -> None:
    rng = np.random.default_rng(0)
    original, enlarged = rng.integers(0, 256, (2, 48, 60))
    left, top, width, height = worst_region(gray(original), gray(enlarged), (16, 12), 4)
    error = (luma(gray(enlarged)) - luma(gray(original))) ** 2
    means = {
        (x, y): error[y : y + 12, x : x + 16].mean()
        for y in range(0, 48 - 12 + 1, 4)
        for x in range(0, 60 - 16 + 1, 4)
    }
    assert (left, top) == max(means, key=lambda place: means[place])
    assert (width, height) == (16, 12)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_usual_regions_are_4_to_3_of_whole_lr_pixels(scale: int) -> None:
    width, height = usual_size((480, 320), scale)
    assert width % scale == height % scale == 0
    assert width / height == pytest.approx(4 / 3, rel=0.05)


@pytest.mark.parametrize(
    "region", [(-1, 0, 4, 4), (0, 0, 0, 4), (60, 0, 8, 4), (0, 45, 4, 4), (0, 0, 4, 0)]
)
def test_region_outside_the_image_is_refused(region: tuple[int, int, int, int]) -> None:
    with pytest.raises(UserError, match=r"region .* of Set14/zebra .* 64 wide and 48 high"):
        checked_region(region, (64, 48), "Set14/zebra")


def test_lr_cut_shows_the_same_place() -> None:
    values = np.zeros((8, 8))
    values[2:4, 4:6] = 255
    assert np.asarray(cut(gray(values), (16, 8, 8, 8), 4)).min() == 255


def test_automatic_images_are_those_that_bicubic_restores_worst(pictures: Pictures) -> None:
    quality = pictures.results["quality"]
    own = quality[(quality["scale"] == 4) & (quality["kind"] == "interpolation")]
    kept = own[own["image"].isin(["astronaut", "cat", "coffee"])]
    worst = kept.sort_values("psnr_db")["image"]
    assert [crop.image for crop in pictures.crops()] == list(worst)


def test_named_crops_have_their_scale_and_region(pictures: Pictures) -> None:
    named = {"dataset": "photos_test", "image": "cat", "scale": "x4", "region": [8, 8, 32, 24]}
    facts = {**pictures.results.facts, "figures": {"crops": [named], "refinement": None}}
    found = Pictures(Results(facts, pictures.results.frames), pictures.evaluations).crops()
    assert found == [replace(CAT, region=(8, 8, 32, 24))]
    assert Crop("../../etc", "<a&b>", 4).slug == "etc-a-b-x4"  # a safe name for files


def test_tiles_are_truth_input_and_methods(pictures: Pictures, comparison: Comparison) -> None:
    tiles = comparison.tiles
    assert list(tiles["label"]) == [
        *("Ground truth", "LR input", "Bicubic", "SRCNN", "VDSR", "MSRN", "MESR")
    ]
    _, _, width, height = comparison.region
    assert {tile.size for tile in tiles["tile"].drop(index=1)} == {(width, height)}
    assert tiles["tile"][1].size == (width // 4, height // 4)
    quality = pictures.results["quality"].set_index(["key", "image"])["psnr_db"]
    assert tiles["psnr_db"].iloc[-1] == quality["mesr_x4_s0", "cat"]


def test_region_and_image_are_scored_apart(pictures: Pictures, comparison: Comparison) -> None:
    row = comparison.tiles.iloc[-1]
    view, truth = luma(row["tile"]), luma(comparison.tiles["tile"][0])
    expected = 10 * math.log10(255**2 / ((view - truth) ** 2).mean())
    assert row["region_psnr_db"] == pytest.approx(expected)
    assert NEUTRAL in comparison_figure(comparison).caption
    by_hand = compare(pictures, replace(CAT, region=(8, 8, 32, 24)))
    assert by_hand is not None
    assert "chosen by hand" in comparison_figure(by_hand).caption


def test_scores_of_equal_and_of_small_views() -> None:
    image = Image.new("RGB", (12, 8), "gray")
    psnr, small = scores(image, image)
    assert psnr == math.inf
    assert math.isnan(small)
    assert scores(image.resize((12, 12)), image.resize((12, 12))) == (math.inf, 1.0)


def test_best_is_marked_among_tiles_of_one_kind_alone() -> None:
    kinds = ["none", "trained", "trained", "trained", "published", "published", ""]
    values = [40.0, 30.001, 30.004, 29.0, 35.0, math.inf, math.nan]
    found = highest(pd.DataFrame({"kind": kinds, "psnr_db": values}))
    # Bicubic is alone of its kind; equal prints are both best.
    assert list(found) == [False, True, True, False, False, True, False]


def test_a_figure_has_room_for_the_subject_and_the_best_others(comparison: Comparison) -> None:
    tiles = comparison.tiles
    more = pd.concat([tiles] + [tiles.iloc[3:4].assign(psnr_db=20.0 + i) for i in range(9)])
    variant = tiles.iloc[3:4].assign(psnr_db=99.0, variant="no_rb")
    shown = printed(replace(comparison, tiles=pd.concat([more, variant], ignore_index=True)))
    assert len(shown) == PRINTED
    assert {"Ground truth", "LR input", "Bicubic", "MESR"} <= set(shown["label"])
    assert 20.0 not in list(shown["psnr_db"])
    assert "no_rb" not in list(shown["variant"])


def test_images_with_pictures_have_figures(pictures: Pictures) -> None:
    assert compare(pictures, Crop("Set5", "baby", 4)) is None
    nothing = Pictures(pictures.results, Path("nothing"))
    assert (nothing.crops(), refinement_figure(nothing)) == ([], None)
    figure = refinement_figure(pictures)
    assert figure is not None
    assert "second stage of MESR" in figure.caption
