"""PSNR against costs: which points stand where, and the front."""

from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import PathCollection
from scipy import stats

from reports.figures.style import DARK, LIGHT
from reports.figures.tradeoff import (
    MULTI_ADDS,
    PARAMS,
    drawable,
    pareto,
    quality_points,
    tradeoff_figure,
)
from reports.results import Results, read_results


@pytest.fixture(scope="module")
def data(quick: Path) -> Results:
    return read_results(quick / "results")


@pytest.fixture(scope="module")
def paper(full: Path) -> Results:
    return read_results(full / "results")


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 6)), min_size=1, max_size=12))
def test_front_holds_exactly_the_points_that_none_beats(points: list[tuple[int, int]]) -> None:
    costs, quality = (list(values) for values in zip(*points, strict=True))

    def beaten(point: tuple[int, int]) -> bool:
        return any(x <= point[0] and y >= point[1] and (x, y) != point for x, y in points)

    found = pareto(costs, quality)
    assert set(found) == {i for i, point in enumerate(points) if not beaten(point)}
    assert [costs[i] for i in found] == sorted(costs[i] for i in found)


def test_narrowed_networks_stand_at_the_size_that_was_trained(data: Results) -> None:
    assert {"mesr", "vdsr", "lapsrn", "msrn"} == set(data.study.narrowed)
    points = quality_points(data, 2)
    assert set(points["params"]) == {100_000}
    # 10^8 Multi-Adds and a few on a patch of 24 LR pixels, 48 at HR
    assert points["multi_adds"].to_list() == pytest.approx([1e8 * 1280 * 720 / 48**2] * 4)
    figure = tradeoff_figure(data, 2)
    assert figure is not None
    assert "scaled by area from a patch" in figure.caption
    unknown = replace(data, frames=data.frames | {"sizes": data["sizes"].iloc[:0]})
    assert drawable(quality_points(unknown, 2), (MULTI_ADDS, PARAMS)) == []


def test_full_size_networks_stand_at_their_counts(paper: Results) -> None:
    points = quality_points(paper, 4)
    counts = paper["complexity"].query("model == 'mesr' and variant == 'full' and scale == 4")
    own = points[points["model"] == "mesr"].iloc[0]
    assert own["params"] == counts["params"].iloc[0]
    assert own["multi_adds"] == counts["multi_adds"].iloc[0]
    table = paper["tables/table3"].query("model == 'mesr' and scale == 4 and dataset == 'Set14'")
    assert own["psnr"] == table["psnr_db"].iloc[0]
    # Two seeds: Student's quantile at one degree of freedom.
    expected = stats.t.ppf(0.975, 1) * table["psnr_sd_db"].iloc[0] / np.sqrt(2)
    assert own["reach"] == pytest.approx(expected)
    assert points[points["provenance"] != "trained"]["reach"].isna().all()


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_mesr_alone_has_its_colour_and_bicubic_is_a_line(paper: Results, theme) -> None:
    figure = tradeoff_figure(paper, 4)
    assert figure is not None
    with mpl.rc_context():
        axes = figure.draw(theme).axes
    bicubic = paper["tables/table3"].query(
        "model == 'bicubic' and scale == 4 and dataset == 'Set14'"
    )
    for panel in axes:
        marks = [
            mpl.colors.to_hex(c.get_edgecolor()[0])
            for c in panel.collections
            if isinstance(c, PathCollection)
        ]
        assert marks.count(theme.mesr) == 1
        texts = {text.get_text(): text.get_color() for text in panel.texts}
        assert texts["MESR"] == theme.mesr
        assert theme.mesr not in theme.series
        flat = [line for line in panel.lines if len(set(line.get_ydata())) == 1]
        assert any(line.get_ydata()[0] == bicubic["psnr_db"].iloc[0] for line in flat)


def test_infinite_values_have_no_place_on_the_axes(paper: Results) -> None:
    frame = paper["tables/table3"].copy()
    frame.loc[frame["model"] == "mesr", "psnr_db"] = np.inf
    changed = replace(paper, frames=paper.frames | {"tables/table3": frame})
    assert "mesr" not in set(quality_points(changed, 4)["model"])
    assert tradeoff_figure(changed, 4) is not None


def test_a_scale_without_networks_has_no_figure(paper: Results) -> None:
    assert tradeoff_figure(paper, 3) is None
