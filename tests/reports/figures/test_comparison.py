"""Visual comparisons and the two stages of MESR, from pictures that stage `evaluate` kept."""

import math
from pathlib import Path

import pytest
from PIL import Image

from pipeline.study.results import Crop
from pipeline.support.errors import UserError
from reports.figures.pictures import Pictures
from reports.figures.refinement import refinement
from reports.figures.regions import automatic_crops
from reports.figures.visual_comparison import Tile, compare, marked, slug
from reports.results import read_results

CAT = Crop(dataset="photos_test", image="cat", scale=4)


@pytest.fixture(scope="module")
def pictures(quick: Path) -> Pictures:
    return Pictures(read_results(quick / "results"), quick / "evaluations")


def test_slugs_are_safe_file_names() -> None:
    assert slug("crop", "../../etc", "<a&b>", "x4") == "crop-etc-a-b-x4"


def test_automatic_images_are_those_of_largest_gain(pictures: Pictures) -> None:
    quality = pictures.results["quality"]
    x4 = quality[quality["scale"] == 4].set_index("image")
    kept = {"astronaut", "cat", "coffee"}
    gain = (
        x4[(x4["model"] == "mesr") & (x4["variant"] == "full")]["psnr_db"]
        - x4[x4["model"] == "bicubic"]["psnr_db"]
    )
    expected = gain[gain.index.isin(kept)].sort_values(ascending=False).index.tolist()
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
    assert comparison.tiles[comparison.before].label == "Bicubic"
    assert comparison.tiles[comparison.after].label == "MESR"


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
