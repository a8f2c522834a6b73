"""Readings, ladder and tuning in the report against their result files."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reports.figures.design import draw_design
from reports.page.write import page_templates
from reports.results import Results, read_results
from reports.tables.ladder import agreement, ladder, ladder_agreement, rung_pairs
from reports.tables.readings import readings_worth
from reports.tables.tuning import tuning


@pytest.fixture(scope="module")
def data(compact: Path) -> Results:
    return read_results(compact / "results")


@pytest.fixture(scope="module")
def without(quick: Path) -> Results:
    return read_results(quick / "results")


def changed(data: Results, name: str, frame: pd.DataFrame) -> Results:
    return Results(data.study, data.frames | {name: frame})


def test_a_study_without_them_has_no_tables_and_figures(without: Results, tmp_path: Path) -> None:
    assert readings_worth(without) is ladder(without) is ladder_agreement(without) is None
    assert tuning(without) is None
    (tmp_path / "figures").mkdir()
    assert draw_design(without, tmp_path) == {}
    html = (
        page_templates(tmp_path)
        .get_template("study_design.html.j2")
        .render(readings_worth=None, ladder=None, tuning=None)
    )
    assert html.strip() == ""


def test_readings_stand_by_worth_below_the_chosen_one(data: Results) -> None:
    table = readings_worth(data)
    assert table is not None
    rows = table.groups[0].rows
    assert rows[0].cells[0].text == "chosen"
    assert rows[-1].cells[0].text == "unit skip both"
    frame = data["tables/readings"]
    means = frame.groupby("reading")["diff_db"].mean().sort_values(ascending=False)
    names = [row.cells[0].text for row in rows[1:]]
    assert names == [name.replace("_", " ") for name in means.index if name != "chosen"]
    worst = frame[(frame["reading"] == "unit_skip_both") & (frame["dataset"] == "Set5")].iloc[0]
    assert rows[-1].cells[3].text == f"{worst['diff_db']:+.2f}".replace("-", "−")
    assert rows[-1].cells[-1].text == "worse on Set5, Set14, BSD100"


def test_a_reading_that_a_dataset_lacks_is_named(data: Results) -> None:
    frame = data["tables/readings"]
    gone = (frame["reading"] == "gate_closed") & (frame["dataset"] == "Set14")
    table = readings_worth(changed(data, "tables/readings", frame[~gone]))
    assert table is not None
    row = next(r for r in table.groups[0].rows if r.cells[0].text == "gate closed")
    assert [cell.text for cell in row.cells[4:6]] == ["–", "–"]
    assert dict(table.notes)[row.cells[4].note] == "readings.csv has no row for Set14."


def test_ladder_shows_psnr_and_rank_of_every_rung(data: Results) -> None:
    table = ladder(data)
    assert table is not None
    assert [group.title for group in table.groups] == ["Set5", "Set14", "BSD100"]
    own = data["ladder"].query("dataset == 'Set14' and model == 'idn'").sort_values("steps")
    cells = next(r for r in table.groups[1].rows if r.cells[0].text == "IDN").cells
    assert [cell.text for cell in cells[3::2]] == [f"{x:.2f}" for x in own["psnr_db"]]
    assert [cell.text for cell in cells[4::2]] == [f"{x:.0f}" for x in own["rank"]]


def rungs(first: list[float], second: list[float]) -> pd.DataFrame:
    rows = [
        {"model": f"net{n}", "variant": "", "steps": steps, "psnr_db": value}
        for steps, values in ((500.0, first), (2000.0, second))
        for n, value in enumerate(values)
    ]
    return pd.DataFrame(rows).dropna()


def test_kendalls_tau_between_rungs_by_hand() -> None:
    # Of six pairs, one changes: (5 - 1) / 6.
    tau, networks = agreement(rungs([1, 2, 3, 4], [1, 2, 4, 3]), 500, 2000)
    assert (tau, networks) == (pytest.approx(4 / 6), 4)
    assert agreement(rungs([1, 2, 3], [3, 2, 1]), 500, 2000) == (-1.0, 3)
    # What was trained for one length alone is not compared.
    assert agreement(rungs([1, 2, np.nan], [2, 3, 1]), 500, 2000) == (1.0, 2)
    tau, networks = agreement(rungs([1, np.nan], [2, 1]), 500, 2000)
    assert np.isnan(tau)
    assert networks == 1


def test_rungs_are_compared_with_the_next_and_first_with_last(data: Results) -> None:
    assert rung_pairs(data["ladder"]) == [
        (500, 2000), (2000, 8000), (8000, 32000), (500, 32000),
    ]  # fmt: skip
    table = ladder_agreement(data)
    assert table is not None
    part = data["ladder"].query("dataset == 'BSD100'")
    cells = table.groups[0].rows[2].cells
    expected = [agreement(part, *pair)[0] for pair in rung_pairs(data["ladder"])]
    assert [cell.sort for cell in cells[1:]] == pytest.approx(expected)


def test_a_rung_that_some_networks_lack(data: Results, tmp_path: Path) -> None:
    frame = data["ladder"]
    two = frame["model"].isin(["mesr", "msrn"])
    fewer = changed(data, "ladder", frame[(frame["steps"] < 32000) | two])
    table, taus = ladder(fewer), ladder_agreement(fewer)
    assert table is not None
    assert taus is not None
    cells = next(r for r in table.groups[0].rows if r.cells[0].text == "IDN").cells
    assert [cell.text for cell in cells[-2:]] == ["–", "–"]
    assert dict(taus.notes)[taus.groups[0].rows[0].cells[3].note] == "Of 2 networks."
    # What one network alone was trained for has no order.
    one = changed(data, "ladder", frame[(frame["steps"] < 32000) | (frame["model"] == "idn")])
    assert rung_pairs(one["ladder"]) == [(500, 2000), (2000, 8000), (500, 8000)]
    (tmp_path / "figures").mkdir()
    assert "ladder" in draw_design(one, tmp_path)


def test_tuning_marks_what_was_chosen_and_where_the_range_ends(data: Results) -> None:
    table = tuning(data)
    assert table is not None
    frame = data["tuning"]
    notes = dict(table.notes)
    for row, (model, own) in zip(
        table.groups[0].rows, frame.groupby("model", sort=False), strict=True
    ):
        ranks = [cell.rank for cell in row.cells[1:5]]
        assert ranks.index("1") == list(own["chosen"]).index("yes"), model
        at_end = own["chosen"].iloc[0] == "yes" or own["chosen"].iloc[-1] == "yes"
        ends = [m for m, text in table.notes if "may lie beyond" in text]
        assert any(m in row.cells[5].note.split(",") for m in ends) == at_end
    (mark,) = [mark for mark, text in table.notes if "msrn_x4_s1." in text]
    marked = [row.cells[0].text for row in table.groups[0].rows if mark in row.cells[5].note]
    assert marked == ["MSRN"]
    diverged = table.groups[0].rows[0].cells[4]
    assert notes[diverged.note] == "The training diverged."


def test_figures_are_drawn_for_screens_and_print(data: Results, tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    drawn = draw_design(data, tmp_path)
    assert list(drawn) == ["readings_worth", "ladder", "tuning"]
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    for key in ("readings", "ladder", "tuning"):
        assert {f"{key}.png", f"{key}-dark.png", f"{key}.pdf"} <= names


def test_partial_page_has_every_table_and_figure(data: Results, tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    drawn = draw_design(data, tmp_path)
    html = (
        page_templates(tmp_path)
        .get_template("study_design.html.j2")
        .render(
            readings_worth={"figure": drawn["readings_worth"], "tables": [readings_worth(data)]},
            ladder={"figure": drawn["ladder"], "tables": [ladder(data), ladder_agreement(data)]},
            tuning={"figure": None, "tables": [tuning(data)]},
        )
    )
    for key in ("figure-readings", "readings_worth", "figure-ladder", "ladder_agreement"):
        assert f'id="{key}"' in html
    assert 'id="figure-tuning"' not in html
