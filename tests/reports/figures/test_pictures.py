"""Which images the figures show, where they are cut, and how a view is scored."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from skimage.metrics import structural_similarity

from pipeline.support.errors import UserError
from pipeline.tables.results import Results
from reports.figures.comparison import OVERVIEW_SIDE, PRINTED, compare, comparison_figure, printed
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
from reports.names import slug

CAT = Crop("photos_test", "cat", 4)


@pytest.fixture(scope="module")
def pictures(study: Path, results: Results) -> Pictures:
    return Pictures(results, study / "evaluations")


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
def test_region_covers_what_bicubic_restores_worst(scale: int) -> None:
    rng = np.random.default_rng(scale)
    original = rng.integers(60, 190, (144, 192))
    x, y = 96, 48
    worse = original.copy()
    worse[y : y + 12, x : x + 12] += 60
    size = usual_size((192, 144), scale)
    left, top, width, height = worst_region(gray(original), gray(worse), size, scale)
    assert (width, height) == size
    assert left <= x and x + 12 <= left + width
    assert top <= y and y + 12 <= top + height


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_usual_regions_are_of_whole_lr_pixels_and_4_to_3(scale: int) -> None:
    width, height = usual_size((480, 320), scale)
    assert width % scale == height % scale == 0
    assert width / height == pytest.approx(4 / 3, rel=0.05)


@pytest.mark.parametrize(
    "region", [(-1, 0, 4, 4), (0, 0, 0, 4), (60, 0, 8, 4), (0, 45, 4, 4), (0, 0, 4, 0)]
)
def test_region_outside_the_image_is_refused_with_its_size(
    region: tuple[int, int, int, int],
) -> None:
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
    assert [crop.image for crop in pictures.crops()] == kept.sort_values("psnr_db")[
        "image"
    ].tolist()


def test_named_crops_have_their_scale_and_region(pictures: Pictures) -> None:
    named = {"dataset": "photos_test", "image": "cat", "scale": "x4", "region": [8, 8, 32, 24]}
    facts = {**pictures.results.facts, "figures": {"crops": [named], "refinement": None}}
    found = Pictures(Results(facts, pictures.results.frames), pictures.evaluations).crops()
    assert found == [replace(CAT, region=(8, 8, 32, 24))]


def test_tiles_are_the_truth_the_input_and_every_method(pictures: Pictures) -> None:
    comparison = compare(pictures, CAT)
    assert comparison is not None
    facts = comparison.facts
    assert list(facts["label"]) == [
        *("Ground truth", "LR input", "Bicubic", "SRCNN", "VDSR", "MSRN", "MESR")
    ]
    _, _, width, height = comparison.region
    assert {tile.size for tile in (comparison.tiles[0], *comparison.tiles[2:])} == {(width, height)}
    assert comparison.tiles[1].size == (width // 4, height // 4)
    assert max(comparison.overview.size) <= OVERVIEW_SIDE
    quality = pictures.results["quality"].set_index(["key", "image"])["psnr_db"]
    assert facts["psnr_db"].iloc[-1] == quality["mesr_x4_s0", "cat"]


def test_region_and_image_are_scored_apart(pictures: Pictures) -> None:
    comparison = compare(pictures, CAT)
    assert comparison is not None
    view, truth = (luma(comparison.tiles[index]) for index in (-1, 0))
    row = comparison.facts.iloc[-1]
    expected = 10 * math.log10(255**2 / ((view - truth) ** 2).mean())
    assert row["region_psnr_db"] == pytest.approx(expected)
    ssim = structural_similarity(
        view, truth, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert row["region_ssim"] == pytest.approx(ssim)
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


def test_a_figure_has_room_for_the_subject_and_the_best_others(pictures: Pictures) -> None:
    comparison = compare(pictures, CAT)
    assert comparison is not None
    facts = comparison.facts
    more = pd.concat([facts] + [facts.iloc[3:4].assign(psnr_db=20.0 + i) for i in range(9)])
    variant = facts.iloc[3:4].assign(psnr_db=99.0, variant="no_rb")
    many = replace(comparison, facts=pd.concat([more, variant], ignore_index=True))
    shown = printed(many)
    assert len(shown) == PRINTED
    assert {"Ground truth", "LR input", "Bicubic", "MESR"} <= set(shown["label"])
    assert 20.0 not in list(shown["psnr_db"])
    assert "no_rb" not in list(shown["variant"])


def test_image_without_pictures_has_no_figure(pictures: Pictures) -> None:
    assert compare(pictures, Crop("Set5", "baby", 4)) is None
    nothing = Pictures(pictures.results, Path("nothing"))
    assert (nothing.crops(), refinement_figure(nothing)) == ([], None)


def test_refinement_is_of_the_subject(pictures: Pictures) -> None:
    figure = refinement_figure(pictures)
    assert figure is not None
    assert "second stage of MESR" in figure.caption
    assert NEUTRAL in figure.caption


@pytest.mark.parametrize(("name", "size"), [("sr.png", (40, 30)), ("lr.png", (39, 26))])
def test_picture_of_another_size_is_named_with_both_sizes(
    changed: Path, results: Results, name: str, size: tuple[int, int]
) -> None:
    path = changed / "evaluations/bicubic_x4/photos_test/images/cat" / name
    Image.new("RGB", size).save(path)
    with pytest.raises(UserError, match=r"cat.*png: \d+ x \d+ pixels, expected.*Delete eval"):
        compare(Pictures(results, changed / "evaluations"), CAT)


@pytest.mark.parametrize("damage", ["broken", "empty", "gigantic"])
def test_picture_that_cannot_be_read_is_named(changed: Path, results: Results, damage: str) -> None:
    path = changed / "evaluations/bicubic_x4/photos_test/images/cat/sr.png"
    if damage == "gigantic":
        Image.new("1", (20_000, 20_000)).save(path)
    else:
        path.write_bytes(path.read_bytes()[: 100 if damage == "broken" else 0])
    with pytest.raises(UserError, match=r"cat/sr\.png: (cannot be read|20000 x).*Delete eval"):
        compare(Pictures(results, changed / "evaluations"), CAT)


def test_slugs_are_safe_file_names() -> None:
    assert slug("crop", "../../etc", "<a&b>", "x4") == "crop-etc-a-b-x4"
