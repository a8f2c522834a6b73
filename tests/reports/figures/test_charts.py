"""Charts: what they show, and the SVG that stands in the page."""

import re
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup

from pipeline.tables.results import Results
from reports.figures.curves import gate_figure
from reports.figures.gains import gains
from reports.figures.pictures import Pictures
from reports.figures.style import SIZE, Figure, apart, save, short_names
from reports.figures.tradeoff import pareto, points_of, tradeoff
from reports.figures.tuning import tuning_figure
from reports.figures.variants import lengths
from reports.render import all_figures
from tests.reports.conftest import replaced

Drawn = dict[str, tuple[Figure, str]]


@pytest.fixture(scope="module")
def figures_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("figures")


@pytest.fixture(scope="module")
def drawn(results: Results, pictures: Pictures, figures_folder: Path) -> Drawn:
    figures = all_figures(results, pictures)
    return {figure.key: (figure, save(figure, figures_folder)) for figure in figures}


def test_charts_are_drawn_wide_and_narrow(drawn: Drawn) -> None:
    assert {
        *("tradeoff-x2", "tradeoff-x4", "gains-x4", "lengths", "curves-x4", "curves-variants"),
        *("gate", "tuning", "refinement", "crop-photos-test-cat-x4"),
    } <= drawn.keys()
    for figure, svg in drawn.values():
        kinds = [tag["class"] for tag in BeautifulSoup(svg, "html.parser").find_all("svg")]
        assert kinds == ([] if figure.is_picture else [["wide"], ["narrow"]])
        sizes = [float(size) for size in re.findall(r"(?:font-size|font):[^;]*?([\d.]+)px", svg)]
        assert min(sizes, default=SIZE) >= SIZE  # points: 11.4 CSS pixels
    assert SIZE * 96 / 72 >= 11


def test_ids_are_unique_and_colours_variables(drawn: Drawn) -> None:
    everything = "".join(svg for _, svg in drawn.values())
    ids = re.findall(r'\bid="([^"]+)"', everything)
    assert len(ids) == len(set(ids)) > 10
    targets = set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', everything))
    assert {a or b for a, b in targets} <= set(ids)
    assert not re.search(r"(fill|stroke): ?#[0-9a-f]{6}", everything)
    assert "<style" not in everything
    assert "http" not in everything


def test_files_carry_no_dates(drawn: Drawn, figures_folder: Path) -> None:
    files = list(figures_folder.iterdir())
    assert len(files) == len(drawn) + 2 * sum(figure.is_picture for figure, _ in drawn.values())
    for path in files:
        assert not re.search(rb"CreationDate|matplotlib", path.read_bytes(), re.IGNORECASE)


def test_labels_move_apart_as_little_as_possible() -> None:
    assert apart([0.0, 10.0], 2).tolist() == [0.0, 10.0]
    assert apart([1.0, 1.0], 2).tolist() == [0.0, 2.0]
    assert np.argsort(apart([5.0, 4.9, 0.0, 5.1], 1)).tolist() == [2, 1, 0, 3]


def test_long_names_stay_distinct() -> None:
    names = ["upsampler in one step, 5 units", "upsampler in one step, 54/20", "MESR", "without RB"]
    assert short_names([*names, "upsampler, staged"], 16) == [
        *("…step, 5 units", "…step, 54/20", "MESR", "without RB", "upsampler, stag…"),
    ]
    # Names that are alike stay so.
    assert short_names(["MESR", "MESR"], 16) == ["MESR", "MESR"]
    assert short_names(["a" * 20, "a" * 19 + "b"], 5) == ["…aaaa", "…aaab"]


def test_front_holds_exactly_the_points_that_none_beats() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        x, y = rng.integers(0, 6, (2, 12)).astype(float)
        points = list(zip(x, y, strict=True))
        expected = {
            p for p in points
            if not any(q != p and q[0] <= p[0] and q[1] >= p[1] for q in points)
        }  # fmt: skip
        assert {points[i] for i in pareto(x, y)} == expected


def test_gains_are_paired_with_bicubic_image_by_image(results: Results) -> None:
    data = gains(results, 4)
    row = data[(data["method"] == "vdsr") & (data["image"] == "cat")].iloc[0]
    quality = results["quality"]
    own = quality[(quality["scale"] == 4) & (quality["image"] == "cat")]
    of = own.groupby("method")["psnr_db"].mean()
    assert row["gain"] == pytest.approx(of["vdsr"] - of["bicubic"])


def test_lengths_are_of_variants_that_differ_in_the_length_alone(results: Results) -> None:
    frame = lengths(results)
    assert set(frame["network"]) == {"mesr"}
    assert sorted(set(frame["x"])) == [500, 600]
    assert len(frame) == 4  # two lengths on two test sets
    without = results["runs"].query("variant != 'steps500'")
    assert lengths(replaced(results, runs=without)).empty


def test_charts_without_data_are_not_drawn(results: Results) -> None:
    costless = points_of(results, 4).assign(params=float("nan"))
    assert set(costless["method"]) == {"srcnn", "vdsr", "msrn", "mesr"}
    assert tradeoff(costless, ["params"], "x", results) is None
    gateless = results["history"].assign(gate_mean=float("nan"))
    assert gate_figure(replaced(results, history=gateless)) is None
    single = results["tuning"].drop_duplicates("network")
    assert tuning_figure(replaced(results, tuning=single)) is None
