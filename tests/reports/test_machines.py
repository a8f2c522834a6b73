"""Machines' files in the report: which are read, which row is a network's, what is written."""

from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from pipeline.tables.results import Results
from reports.machines import NUMBERS, TEXTS, costs, measured_points, read_machines, write_machines
from reports.view import view
from tests.reports.conftest import given
from tests.reports.study import HOSTILE


def machine(results: Results, name: str, measured: str) -> pd.DataFrame:
    """A machine on which networks cost what their parameters cost."""
    methods = results["methods"]
    own = methods[methods["kind"] == "trained"].drop_duplicates(["method", "scale"])
    facts = dict.fromkeys(NUMBERS, 1) | dict.fromkeys(TEXTS, "")
    facts |= {"device": "cpu", "machine": name, "measured": measured, "input": "HR 1280x720"}
    facts |= {"torch": "2.14.1+cpu", "precision": "fp32", "threads": 2, "size": "study"}
    facts |= {"rounds": 5, "peak_memory_mib": 200} | {n: own[n] for n in ("scale", "params")}
    return pd.DataFrame(facts | {"model": own["network"]}).assign(
        share=[0.5, *[1.0] * (len(own) - 1)],
        latency_ms=own["params"] / 1e4,
        latency_q1_ms=own["params"] / 2e4,
        latency_q3_ms=own["params"] / 0.9e4,
    ).drop(columns="network")  # fmt: skip


@pytest.fixture
def machines(results: Results, tmp_path: Path) -> Path:
    folder = tmp_path / "machines"
    folder.mkdir()
    machine(results, HOSTILE[0], "2025-03-04").to_csv(folder / "a.csv", index=False)
    machine(results, "Newer CPU", "2026-03-04").to_csv(folder / "b.csv", index=False)
    return folder


def test_newest_machine_comes_first_and_what_is_no_file_is_left_out(
    machines: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = (machines / "b.csv").read_text()
    (machines / "text.csv").write_text(good.replace("HR 1280x720", "x").replace(",200,", ",two,"))
    (machines / "columns.csv").write_text("model,latency\nmesr,3\n")
    assert [path.name for path, _ in read_machines(machines)] == ["b.csv", "a.csv"]
    warnings = capsys.readouterr().err
    assert "text.csv" in warnings
    assert "columns.csv" in warnings
    assert read_machines(machines / "nothing") == []


def test_measured_is_the_size_that_has_the_psnr(results: Results, machines: Path) -> None:
    frame = read_machines(machines)[0][1]
    points = measured_points(results, frame, 4)
    assert set(points["network"]) == {"srcnn", "vdsr", "msrn", "mesr"}
    assert points["latency_ms"].to_list() == pytest.approx(points["params"] / 1e4)
    assert measured_points(results, frame.assign(params=frame["params"] + 1), 4).empty


def test_table_shows_the_file(results: Results, machines: Path) -> None:
    found = view(costs(results, read_machines(machines)[0][1], "machine0"))
    assert [section.title for section in found.sections] == ["×2, HR 1280x720", "×4, HR 1280x720"]
    assert "Newer CPU, 2 threads, PyTorch 2.14.1, fp32" in found.table.caption
    cells = next(row.cells for row in found.rows if row.is_subject)
    assert cells[0].text == "MESR"
    assert ("5.0", "[2.5, 5.6]") in [(cell.text, cell.small) for cell in cells]
    assert found.notes == (("1", "measured on a strip and scaled to the whole"),)


def test_costs_stand_beside_the_page(results: Results, machines: Path, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    folder.mkdir()
    write_machines(folder, results, machines)
    found = BeautifulSoup(given(folder / "costs.js"), "html.parser")
    links = [str(tag[a]) for a in ("href", "src") for tag in found.find_all(attrs={a: True})]
    assert links
    for link in links:
        assert link.startswith("#") or (folder / link).is_file(), link
    assert not found.find("script")
    assert HOSTILE[0] in found.get_text()
    assert (folder / "machines/costs.tex").is_file()
    write_machines(folder, results, tmp_path / "none")
    assert given(folder / "costs.js") == ""
