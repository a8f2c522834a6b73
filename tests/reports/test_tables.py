import math
from pathlib import Path

import pandas as pd
import pytest

from reports.results import Results, Study, read_results
from reports.tables.all_runs import runs_table
from reports.tables.cells import measured_cell, number
from reports.tables.certificate import certificate
from reports.tables.model import Footnotes
from reports.tables.provenance import published_key
from reports.tables.table1_modules import table1
from reports.tables.table2_refinement import table2
from reports.tables.table3_methods import table3
from reports.tables.table4_complexity import table4

TABLES = (table1, table2, table3, table4)


@pytest.fixture(scope="module")
def data(quick: Path) -> Results:
    return read_results(quick / "results")


@pytest.mark.parametrize(
    ("value", "decimals", "sign", "text"),
    [
        (28.184, 2, False, "28.18"),
        (0.142, 2, True, "+0.14"),
        (-0.142, 2, True, "−0.14"),
        (-0.0004, 2, True, "±0.00"),
        (-0.0004, 2, False, "0.00"),
        (9788.7, 1, False, "9,788.7"),
        (math.nan, 2, False, "–"),
        (math.inf, 2, False, "∞"),
    ],
)
def test_numbers_keep_their_decimals_and_true_minus(
    value: float, decimals: int, sign: bool, text: str
) -> None:
    assert number(value, decimals, sign=sign) == text


def test_marks_count_like_spreadsheet_columns() -> None:
    notes = Footnotes()
    marks = [notes.remark(str(index)) for index in range(29)]
    assert marks[0] == "a"
    assert marks[25:] == ["z", "aa", "ab", "ac"]
    assert notes.remark("3") == "d"
    assert notes.remark("") == ""


def test_quoted_figure_is_never_shown_as_measured() -> None:
    notes = Footnotes()
    cell = measured_cell(math.nan, 32.1, 2, notes, source="A paper", quoted=True)
    assert (cell.text, cell.quoted, cell.published, cell.difference) == ("32.10", True, "", "")
    assert (cell.source, notes.listed()) == ("1", [("1", "A paper")])


def test_missing_cell_always_says_why() -> None:
    notes = Footnotes()
    cell = measured_cell(math.nan, math.nan, 2, notes)
    assert cell.text == "–"
    assert dict(notes.listed())[cell.note] == "Not measured; the result files give no reason."


def test_difference_is_measured_less_published() -> None:
    cell = measured_cell(28.1849, 28.2, 2, Footnotes(), source="A paper")
    assert (cell.text, cell.published, cell.difference, cell.source) == (
        "28.18",
        "28.20",
        "−0.02",
        "1",
    )


def test_every_missing_number_carries_a_mark(data: Results) -> None:
    for make in TABLES:
        table = make(data)
        marks = {mark for mark, _ in table.notes}
        for row in (row for group in table.groups for row in group.rows):
            for cell, column in zip(row.cells, table.columns, strict=True):
                if column.kind != "text" and cell.text == "–":
                    assert cell.note in marks, (table.key, column)


def test_every_caption_says_profile_and_images(data: Results) -> None:
    for make in TABLES:
        caption = make(data).caption
        assert "Profile quick" in caption
        assert "Photographs" in caption
        assert "must not be quoted as the paper's" in caption


def test_every_measured_row_leads_to_its_run(data: Results) -> None:
    table = table3(data)
    for group in table.groups:
        for row in group.rows:
            assert bool(row.runs) != ("quoted" in row.origin)
    runs = [run["Run"] for row in table.groups[0].rows for run in row.runs]
    assert runs == ["bicubic_x2", "vdsr_x2_s0", "lapsrn_x2_s0", "msrn_x2_s0", "mesr_x2_s0"]


def test_provenance_shows_what_decided_a_training(data: Results) -> None:
    trained = table3(data).groups[0].rows[1].runs[0]
    expected = {
        **{"Learning rate": "0.001", "Schedule": "one_cycle", "Batch": "8", "LR patch": "24"},
        **{"Network settings": "features=16", "Steps": "600", "Images": "Photographs"},
    }
    assert {name: trained[name] for name in expected} == expected


def test_an_evaluation_has_no_facts_of_a_training(data: Results) -> None:
    facts = table3(data).groups[0].rows[0].runs[0]
    assert facts["Stage"] == "evaluate_bicubic"
    assert facts["Images"] == "Photographs"
    assert facts["Data digest"].startswith("hr 7e2d")
    assert all(facts.values())
    assert not facts.keys() & {"Seed", "Steps", "Learning rate", "Precision"}


def test_published_weights_have_a_run_for_each_dataset_shown(full: Path) -> None:
    data = read_results(full / "results")
    for make, datasets in ((table3, ["Set5", "Set14", "BSD100", "Urban100"]), (table4, ["Set14"])):
        rows = [row for group in make(data).groups for row in group.rows]
        own = [row for row in rows if row.cells[1].text == "published weights"]
        assert own
        for row in own:
            assert {run["Stage"] for run in row.runs} == {"evaluate_published"}
            assert [run["Images"] for run in row.runs] == datasets


def test_mesr_itself_stands_in_the_ablation_with_its_training_run(data: Results) -> None:
    rows = table1(data).groups[0].rows
    assert [run["Run"] for run in rows[-1].runs] == ["mesr_x4_s0"]
    assert [run["Run"] for run in rows[0].runs] == ["ablation_single_scale_s0"]
    ticks = [[cell.text for cell in row.cells[1:4]] for row in rows]
    assert ticks == [["", "", ""], ["✓", "", ""], ["✓", "✓", ""], ["✓", "✓", "✓"]]


def test_units_of_table_4(data: Results) -> None:
    mesr = table4(data).groups[0].rows[-1]
    assert [cell.text for cell in mesr.cells[2:6:3]] == ["4.603", "1,058.8"]


def test_table_4_marks_the_best_psnr(data: Results) -> None:
    table = table4(data)
    ranks = {row.cells[0].text: [cell.rank for cell in row.cells] for row in table.groups[0].rows}
    column = [f"{c.group} {c.head}" for c in table.columns].index("PSNR (dB) Measured")
    assert ranks["MESR"][column] == "1"
    assert [rank for row in ranks.values() for rank in row if rank] == ["1"]
    assert "same kind of weights only" in table.caption


def test_table_3_says_that_quoted_rows_have_no_rank(data: Results) -> None:
    assert "Quoted (italic): not measured, and not ranked" in table3(data).caption


def test_published_keys_hold_no_punctuation() -> None:
    assert published_key("srcnn", "9-1-5", 4) == "published_srcnn_9_1_5_x4"
    assert published_key("pan", "", 2.0) == "published_pan_x2"


def certificate_row(**facts: str | float) -> Results:
    row = {
        **{
            "model": "pan",
            "variant": "",
            "scale": 4.0,
            "dataset": "Set5",
            "protocol": "rgb",
            "details": "",
        },
        **{"published_psnr_db": 32.13, "psnr_db": 32.14, "published_ssim": 0.8948, "ssim": 0.8950},
        **{"source": "paper", "within_tolerance": "True", "note": "", "measured": "measured"},
        **{"git_revision": "abc"},
    } | facts
    facts = {"labels": {"pan": "PAN"}}
    study = Study("quick", is_paper_setting=False, protocol="rgb", datasets=("Set5",), facts=facts)
    return Results(study, {"certification": pd.DataFrame([row])})


@pytest.mark.parametrize(
    ("facts", "words", "verdict"),
    [
        ({}, "within", "pass"),
        ({"within_tolerance": "False"}, "outside", "fail"),
        ({"measured": "recorded"}, "within, recorded", "pass"),
        ({"within_tolerance": ""}, "not judged", "open"),
        (
            {"psnr_db": math.nan, "ssim": math.nan, "within_tolerance": "", "measured": ""},
            "not measured",
            "open",
        ),
        # A verdict without a measurement is none.
        ({"psnr_db": math.nan, "ssim": math.nan}, "not measured", "open"),
    ],
)
def test_verdicts_in_words(facts: dict[str, str | float], words: str, verdict: str) -> None:
    table = certificate(certificate_row(**facts))
    cell = table.groups[0].rows[0].cells[-1]
    assert (cell.text, cell.verdict) == (words, verdict)
    assert table.groups[0].title == "PAN"


def test_recorded_rows_say_at_which_revision() -> None:
    table = certificate(certificate_row(measured="recorded"))
    assert any("revision abc" in text for _, text in table.notes)


def test_runs_table_has_every_run(data: Results) -> None:
    assert len(runs_table(data).groups[0].rows) == len(data["runs"])
