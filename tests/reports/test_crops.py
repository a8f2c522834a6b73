import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.support.errors import UserError
from reports.figures.pictures import Pictures, luma
from reports.figures.refinement import refinement
from reports.figures.regions import automatic_crops, checked_region, chosen_region, cut, scale_of
from reports.figures.visual_comparison import Tile, compare, marked, slug
from reports.results import read_results


@pytest.fixture(scope="module")
def pictures(quick: Path) -> Pictures:
    return Pictures(read_results(quick / "results"), quick / "evaluations")


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


@pytest.mark.parametrize("region", [[-1, 0, 4, 4], [0, 0, 0, 4], [60, 0, 8, 4], [0, 0, 4], "all"])
def test_region_outside_the_image_is_refused_with_its_size(region: object) -> None:
    with pytest.raises(UserError, match="region"):
        checked_region(region, (64, 48), "Set14/zebra")


def test_lr_cut_shows_the_same_place() -> None:
    values = np.zeros((8, 8))
    values[2:4, 4:6] = 255
    assert np.asarray(cut(gray(values), (16, 8, 8, 8), 4)).min() == 255


@pytest.mark.parametrize(("given", "scale"), [(4, 4), ("x3", 3), (None, 2)])
def test_scale_of_a_crop(given: object, scale: int) -> None:
    assert scale_of({"scale": given}, 2) == scale


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
    assert [crop["image"] for crop in automatic_crops(pictures, 4)] == expected


def test_tiles_begin_with_truth_and_input_and_mark_the_best(pictures: Pictures) -> None:
    comparison = compare(pictures, {"dataset": "Photographs", "image": "cat", "scale": 4}, "name")
    assert not isinstance(comparison, str)
    labels = [tile.label for tile in comparison.tiles]
    assert labels[:3] == ["Ground truth", "LR input", "Bicubic"]
    assert "MESR" in labels
    assert "RB† (omega1 = 0)" in labels
    measured = [tile for tile in comparison.tiles if tile.psnr_db is not None]
    trained = [tile for tile in measured if tile.kind == "trained"]
    best = max(trained, key=lambda tile: tile.psnr_db or 0)
    assert [tile for tile in comparison.tiles if tile.best] == [best]
    _, _, width, height = comparison.region
    assert all(tile.image.size == (width, height) for tile in measured)


def test_best_is_marked_among_tiles_of_one_kind_alone() -> None:
    values = [
        *(("none", 40.0), ("trained", 30.001), ("trained", 30.004), ("trained", 29.0)),
        *(("published", 35.0), ("published", 34.0), ("", None)),
    ]
    image = Image.new("RGB", (1, 1))
    tiles = [Tile(kind, image, value, kind=kind) for kind, value in values]
    # Bicubic is alone of its kind; equal prints are both best.
    assert [tile.best for tile in marked(tiles)] == [False, True, True, False, True, False, False]
    assert not any(tile.best for tile in marked(tiles[:2]))


def test_image_without_pictures_is_reported_not_drawn(pictures: Pictures) -> None:
    reason = compare(pictures, {"dataset": "Set14", "image": "zebra", "scale": 4}, "name")
    assert isinstance(reason, str)
    assert "Set14/zebra" in reason


def test_refinement_errors_are_those_of_the_pictures(pictures: Pictures) -> None:
    data = refinement(pictures)
    assert not isinstance(data, str)
    assert data.refined_error.shape == (data.original.height, data.original.width)
    assert data.refined_error.mean() < data.coarse_error.mean()


def test_broken_picture_is_named(quick: Path, tmp_path: Path) -> None:
    evaluations = Path(shutil.copytree(quick / "evaluations", tmp_path / "evaluations"))
    broken = evaluations / "bicubic_x4" / "images" / "Photographs" / "cat" / "sr.png"
    broken.write_bytes(broken.read_bytes()[:100])
    pictures = Pictures(read_results(quick / "results"), evaluations)
    with pytest.raises(UserError, match=r"cat/sr\.png"):
        compare(pictures, {"dataset": "Photographs", "image": "cat", "scale": 4}, "name")
