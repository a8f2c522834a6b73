"""Letters and the agreement of rankings in the report."""

from pathlib import Path

import numpy as np
import pytest

from reports.results import Results, read_results
from reports.tables.ranking import LETTERS, agreement, ranking
from tests.reports.html import block


@pytest.fixture(scope="module")
def data(quick: Path) -> Results:
    return read_results(quick / "results")


@pytest.fixture(scope="module")
def paper(full: Path) -> Results:
    return read_results(full / "results")


def test_networks_stand_by_psnr_with_their_letters(paper: Results) -> None:
    table = ranking(paper)
    assert [column.group for column in table.columns[1:4]] == ["Set5"] * 3
    names = [row.cells[0].text for row in table.groups[0].rows]
    assert names[0] == "MESR"
    assert names[-1] == "SRCNN"
    values = [[float(row.cells[1].text) for row in group.rows] for group in table.groups]
    assert all(column == sorted(column, reverse=True) for column in values)
    shown = [row.cells[3].text for row in table.groups[0].rows]
    frame = paper["tables/ranking"].query("scale == 2 and dataset == 'Set5'")
    assert shown == list(frame.sort_values("psnr_db", ascending=False)["ssim_letters"])


def test_caption_says_what_letters_mean_and_what_was_sampled(data: Results, paper: Results) -> None:
    for results, sample in ((data, "over images"), (paper, "over seeds and images")):
        caption = ranking(results).caption
        assert LETTERS in caption
        assert sample in caption
        assert "Holm's correction" in caption


def test_one_seed_says_what_cannot_be_said(data: Results, report: Path) -> None:
    table = ranking(data)
    (mark,) = [mark for mark, text in table.notes if "another training" in text]
    assert {row.cells[0].note for group in table.groups for row in group.rows} == {mark}
    needed = agreement(data)
    marks = dict(needed.notes)
    cells = needed.groups[0].rows[0].cells
    assert [cell.text for cell in cells[4:]] == ["–"] * 5
    assert {marks[cell.note] for cell in cells[4:]} == {
        "one seed: rankings by seed and the spread over seeds are unknown"
    }
    assert LETTERS in block(report, "ranking").get_text()


def test_agreement_shows_the_file(paper: Results) -> None:
    frame = paper["tables/agreement"]
    rows = [row for group in agreement(paper).groups for row in group.rows]
    assert [row.cells[3].text for row in rows] == [f"{tau:.2f}" for tau in frame["tau_metrics"]]
    assert [row.cells[8].text for row in rows] == [f"{n:.0f}" for n in frame["all_pairs_seeds"]]


def test_without_a_trained_network_there_are_no_rows(data: Results) -> None:
    frames = dict(data.frames)
    for name in ("tables/ranking", "tables/agreement"):
        frames[name] = frames[name].iloc[:0]
    empty = Results(data.study, frames)
    assert ranking(empty).groups == agreement(empty).groups == []


def test_a_dataset_that_is_missing_is_named(paper: Results) -> None:
    frame = paper["tables/ranking"]
    gone = frame[(frame["model"] != "pan") | (frame["dataset"] != "Set5")]
    table = ranking(Results(paper.study, paper.frames | {"tables/ranking": gone}))
    cells = next(r for r in table.groups[0].rows if r.cells[0].text == "PAN").cells
    assert [cell.text for cell in cells[1:4]] == ["–"] * 3
    assert dict(table.notes)[cells[1].note] == "ranking.csv has no row for Set5."
    assert np.isfinite([cell.sort for cell in cells[4::3]]).all()
