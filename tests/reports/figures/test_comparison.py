"""Visual comparisons and the two stages of MESR, from pictures that stage `evaluate` kept."""

import math
from pathlib import Path

import pytest
from PIL import Image

from pipeline.scoring.metrics import ssim
from pipeline.study.results import Crop
from pipeline.support.errors import UserError
from reports.figures.pictures import Pictures, luma, scores
from reports.figures.refinement import refinement
from reports.figures.regions import NEUTRAL, automatic_crops
from reports.figures.visual_comparison import (
    OVERVIEW_SIDE,
    Tile,
    compare,
    comparison_figure,
    marked,
)
from reports.results import read_results, slug

CAT = Crop(dataset="photos_test", image="cat", scale=4)


@pytest.fixture(scope="module")
def pictures(quick: Path) -> Pictures:
    return Pictures(read_results(quick / "results"), quick / "evaluations")


def test_slugs_are_safe_file_names() -> None:
    assert slug("crop", "../../etc", "<a&b>", "x4") == "crop-etc-a-b-x4"


def test_automatic_images_are_those_that_bicubic_restores_worst(pictures: Pictures) -> None:
    quality = pictures.results["quality"]
    bicubic = quality[(quality["scale"] == 4) & (quality["model"] == "bicubic")]
    kept = bicubic[bicubic["image"].isin(["astronaut", "cat", "coffee"])]
    expected = kept.sort_values("psnr_db")["image"].tolist()
    assert [crop.image for crop in automatic_crops(pictures, 4)] == expected


def test_tiles_begin_with_truth_and_input_and_mark_the_best(pictures: Pictures) -> None:
    comparison = compare(pictures, CAT, "name")
    assert not isinstance(comparison, str)
    labels = [tile.label for tile in comparison.tiles]
    assert labels[:3] == ["Ground truth", "LR input", "Bicubic"]
    assert {"MESR", "RB†"} < set(labels)
    measured = [tile for tile in comparison.tiles if tile.psnr_db is not None]
    trained = [tile for tile in measured if tile.kind == "trained"]
    best = max(trained, key=lambda tile: tile.psnr_db or 0)
    assert [tile for tile in comparison.tiles if tile.best] == [best]
    _, _, width, height = comparison.region
    assert {tile.image.size for tile in measured} == {(width, height)}
    assert max(comparison.overview.size) <= OVERVIEW_SIDE


def test_region_and_image_are_scored_apart(pictures: Pictures) -> None:
    comparison = compare(pictures, CAT, "name")
    assert not isinstance(comparison, str)
    truth = comparison.tiles[0].image
    tile = next(tile for tile in comparison.tiles if tile.label == "MESR")
    planes = [luma(picture) for picture in (tile.image, truth)]
    expected = 10 * math.log10(255**2 / ((planes[0] - planes[1]) ** 2).mean())
    assert tile.region_psnr_db == pytest.approx(expected)
    sr, hr = planes
    assert tile.region_ssim == pytest.approx(ssim(sr, hr), abs=1e-9)
    assert tile.region_metrics == f"{expected:.2f} / {ssim(sr, hr):.4f}"
    assert tile.metrics != tile.region_metrics
    caption = comparison_figure(comparison).caption
    assert NEUTRAL in caption
    by_hand = compare(pictures, CAT.model_copy(update={"region": (8, 8, 32, 24)}), "name")
    assert not isinstance(by_hand, str)
    assert "chosen by hand" in comparison_figure(by_hand).caption


def test_scores_of_equal_and_of_small_views() -> None:
    image = Image.new("RGB", (12, 8), "gray")
    psnr, small = scores(image, image)
    assert psnr == math.inf
    assert math.isnan(small)
    assert scores(image.resize((12, 12)), image.resize((12, 12))) == (math.inf, 1.0)


def test_best_is_marked_among_tiles_of_one_kind_alone() -> None:
    values = [
        *(("none", 40.0), ("trained", 30.001), ("trained", 30.004), ("trained", 29.0)),
        *(("published", 35.0), ("published", math.inf), ("", None)),
    ]
    image = Image.new("RGB", (1, 1))
    tiles = [Tile(kind, image, value, 0.9, kind=kind) for kind, value in values]
    # Bicubic is alone of its kind; equal prints are both best.
    assert [tile.best for tile in marked(tiles)] == [False, True, True, False, False, True, False]
    assert not any(tile.best for tile in marked(tiles[:2]))
    assert tiles[5].metrics == "∞ / 0.9000"


def test_image_without_pictures_is_reported_not_drawn(pictures: Pictures) -> None:
    reason = compare(pictures, Crop(dataset="Set14", image="zebra", scale=4), "name")
    assert isinstance(reason, str)
    assert "Set14/zebra" in reason


def test_refinement_errors_are_those_of_the_pictures(pictures: Pictures) -> None:
    data = refinement(pictures)
    assert not isinstance(data, str)
    assert data.refined_error.shape == (data.original.height, data.original.width)
    # The pictures stand at 56 % and 44.8 % of the way from bicubic to perfect.
    ratio = data.refined_error.mean() / data.coarse_error.mean()
    assert ratio == pytest.approx((1 - 0.56) / (1 - 0.448), rel=0.02)


@pytest.mark.parametrize(
    ("name", "size"),
    [("sr.png", (40, 30)), ("sr.png", (161, 107)), ("lr.png", (39, 26)), ("hr.png", (80, 80))],
)
def test_picture_of_another_size_is_named_with_both_sizes(
    changed: Path, name: str, size: tuple[int, int]
) -> None:
    path = changed / "evaluations/bicubic_x4/images/photos_test/cat" / name
    Image.new("RGB", size).save(path)
    pictures = Pictures(read_results(changed / "results"), changed / "evaluations")
    with pytest.raises(UserError, match=r"cat.*png: \d+ x \d+ pixels, expected.*Delete eval"):
        compare(pictures, CAT, "name")


def broken(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def gigantic(path: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(path)


@pytest.mark.parametrize("damage", [broken, empty, gigantic])
def test_picture_that_cannot_be_read_is_named(changed: Path, damage: object) -> None:
    path = changed / "evaluations/bicubic_x4/images/photos_test/cat/sr.png"
    assert callable(damage)
    damage(path)
    pictures = Pictures(read_results(changed / "results"), changed / "evaluations")
    with pytest.raises(UserError, match=r"cat/sr\.png: (cannot be read|20000 x).*Delete eval"):
        compare(pictures, CAT, "name")
