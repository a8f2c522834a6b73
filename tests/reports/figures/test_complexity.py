from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

from reports.figures.complexity import SMALLEST, complexity_figure, scatter_points
from reports.figures.style import LIGHT
from reports.results import Results, read_results


@pytest.fixture(scope="module")
def data(quick: Path) -> Results:
    return read_results(quick / "results")


def test_narrowed_networks_stand_at_the_size_that_was_trained(data: Results) -> None:
    facts = data.study.model_copy(update={"narrowed": {"mesr": "narrowed here"}})
    points = scatter_points(replace(data, study=facts)).set_index(["model", "provenance"])
    narrowed = points.loc[("mesr", "trained")]
    own = data["runs"].query("model == 'mesr' and scale == '2'")["params"].astype(float)
    assert narrowed["x"] == own.median() == 109_363
    assert np.isnan(narrowed["area"])
    assert narrowed["size"] == SMALLEST
    others = points.drop(index=("mesr", "trained"))
    assert (others["area"] > 0).any()


def test_scatter_plot_of_narrowed_networks_alone_names_them_and_no_multi_adds(
    data: Results,
) -> None:
    # Quoted rows have no PSNR on the images of profile quick and are not drawn.
    assert {"mesr", "vdsr", "lapsrn", "msrn"} == set(data.study.narrowed)
    figure = complexity_figure(data)
    assert figure is not None
    assert "Multi-Adds are not counted" in figure.caption
    assert "area of a mark is" not in figure.caption
    with mpl.rc_context():
        axes = figure.draw(LIGHT).axes[0]
    texts = {text.get_text(): text.get_position() for text in axes.texts}
    assert set(texts) == {"VDSR", "LapSRN", "MSRN", "MESR"}
    assert np.isfinite(list(texts.values())).all()


def test_infinite_values_have_no_place_on_the_axes(data: Results) -> None:
    frame = data["tables/table4"].copy()
    frame.loc[frame["model"] == "mesr", "psnr_db"] = np.inf
    frame.loc[frame["model"] == "vdsr", ["multi_adds", "published_multi_adds"]] = np.inf
    points = scatter_points(replace(data, frames=data.frames | {"tables/table4": frame}))
    assert "mesr" not in set(points["model"])
    assert np.isfinite(points[["x", "y", "size"]]).all(axis=None)
