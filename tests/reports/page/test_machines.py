"""Machines' files in the report: which are read, which row is a network's, what is written."""

import json
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from pipeline.study.results import MEASUREMENT
from reports.page.machines import latency_figure, measured_points, read_machines, write_machines
from reports.results import Results, read_results
from reports.tables.costs import costs
from tests.reports.study import HOSTILE, toy_machine


@pytest.fixture(scope="module")
def paper(full: Path) -> Results:
    return read_results(full / "results")


@pytest.fixture(scope="module")
def frame(full: Path) -> pd.DataFrame:
    return read_machines(full / "machines")[0][1]


def test_newest_machine_comes_first(full: Path) -> None:
    assert [path.name for path, _ in read_machines(full / "machines")] == ["b.csv", "a.csv"]
    assert read_machines(full / "nothing") == []


def test_what_is_no_machines_file_is_left_out(
    full: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = (full / "machines" / "b.csv").read_text()
    (tmp_path / "good.csv").write_text(good)
    (tmp_path / "text.csv").write_text(good.replace(",12,", ",twelve,", 1))
    (tmp_path / "columns.csv").write_text("model,latency\nmesr,3\n")
    (tmp_path / "scale.csv").write_text(good.replace("paper,2.000000", "paper,5.000000", 1))
    assert [path.name for path, _ in read_machines(tmp_path)] == ["good.csv"]
    warnings = capsys.readouterr().err
    for name in ("text.csv", "columns.csv", "scale.csv"):
        assert name in warnings


def test_a_network_is_measured_at_the_size_that_has_its_psnr(
    paper: Results, frame: pd.DataFrame
) -> None:
    points = measured_points(paper, frame, 4)
    assert {"trained", "published"} == set(points["provenance"])
    assert points["latency_ms"].to_list() == pytest.approx(points["params"] / 1e4)
    other = frame.assign(params=frame["params"] + 1)
    assert measured_points(paper, other, 4).empty
    assert latency_figure(paper, 4, frame=other, key="x") is None


def test_narrowed_networks_have_the_latency_of_the_trained_size(
    quick: Path, tmp_path: Path
) -> None:
    toy_machine(quick, tmp_path / "m.csv", machine="CPU", measured="2026-01-01")
    data = read_results(quick / "results")
    points = measured_points(data, MEASUREMENT.read(tmp_path / "m.csv"), 4)
    assert set(points["model"]) == {"mesr", "vdsr", "lapsrn", "msrn"}
    assert set(points["latency_ms"]) == {10.0}


def test_table_shows_the_file(paper: Results, frame: pd.DataFrame) -> None:
    table = costs(paper, frame, "costs-machine0", "machine0.csv")
    assert "NTIRE" in table.caption
    assert "0.7 for runtime, 0.15 for Multi-Adds, 0.15 for parameters" in table.caption
    group = next(group for group in table.groups if group.title == "×4, HR 1280x720")
    row = next(row for row in group.rows if row.cells[0].text == "MESR")
    params = frame.query("model == 'mesr' and variant == 'full' and scale == 4")["params"].iloc[0]
    assert row.cells[2].text == f"{params / 1e6:.3f}"
    assert row.cells[6].text == f"{params / 1e4:.1f}"
    assert sum(len(group.rows) for group in table.groups) == len(frame)


def test_a_score_of_many_digits_is_a_power_of_ten(paper: Results, frame: pd.DataFrame) -> None:
    scores = frame["ntire_score"].copy()
    scores.iloc[:3] = [3.04e51, 9999.0, 1e4]
    table = costs(paper, frame.assign(ntire_score=scores), "costs-machine0", "machine0.csv")
    cells = {row.cells[-1].text: row.cells[-1] for group in table.groups for row in group.rows}
    assert {"3.0e+51", "9,999.00", "1.0e+04"} <= set(cells)
    assert cells["3.0e+51"].sort == 3.04e51


def test_costs_stand_beside_the_page_and_only_there(full_report: Path) -> None:
    script = (full_report / "costs.js").read_text()
    assert script.startswith("window.reportCosts = ")
    found = BeautifulSoup(json.loads(script.partition(" = ")[2].rstrip(";\n")), "html.parser")
    links = [str(tag[a]) for a in ("href", "src") for tag in found.find_all(attrs={a: True})]
    assert links
    for link in links:
        assert link.startswith("#") or (full_report / link).is_file(), link
    assert not found.find("script")
    assert HOSTILE[0] in found.get_text()
    page = (full_report / "index.html").read_text()
    assert "Newer CPU" not in page
    assert "make measure" in page


def test_without_machines_nothing_is_there(paper: Results, tmp_path: Path) -> None:
    write_machines(tmp_path, paper, tmp_path / "nothing")
    assert [path.name for path in tmp_path.iterdir()] == ["costs.js"]
    assert (tmp_path / "costs.js").read_text() == 'window.reportCosts = "";\n'
