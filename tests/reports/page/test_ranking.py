"""The ranking of the first screen and the grid of signs, from the result files."""

import pandas as pd
import pytest

from pipeline.tables.results import Results
from reports.page.grid import grid
from reports.page.ranking import strips
from reports.render import disagreement
from tests.reports.conftest import replaced


def changed(results: Results, **columns: object) -> Results:
    return replaced(results, overall=results["overall"].assign(**columns))


def test_networks_stand_by_their_mean_on_an_axis_that_holds_all_intervals(results: Results) -> None:
    found = strips(results)
    assert [strip["scale"] for strip in found] == [2, 4]
    for strip in found:
        entries = strip["entries"]
        assert [entry["label"] for entry in entries] == ["MESR", "MSRN", "VDSR", "SRCNN"]
        assert (strip["seeds"], strip["images"]) == (2, 6)
        places = [strip["zero"]]
        for entry in entries[1:]:
            assert entry["left"] < entry["at"] < 100 - entry["right"]
            places += [entry["at"], entry["left"], 100 - entry["right"]]
        assert (min(places), max(places)) == pytest.approx((3, 97))
        assert entries[0]["at"] == strip["zero"]
        assert not any(entry["open"] for entry in entries)
    flat = strips(changed(results, verdict="not significant"))[0]
    assert [entry["open"] for entry in flat["entries"]] == [False, True, True, True]


def test_differences_have_intervals_and_the_subject_its_psnr(results: Results) -> None:
    row = results["overall"].query("scale == 4 and method == 'vdsr'").iloc[0]
    own, _, entry, _ = strips(results)[1]["entries"]
    assert entry["value"] == f"−{abs(row['minus_subject_db']):.2f}"
    assert entry["interval"] == f"[−{abs(row['low_db']):.2f}, −{abs(row['high_db']):.2f}]"
    assert own["is_subject"]
    assert own["value"].endswith(" dB")
    assert own["interval"] == ""


def test_missing_and_infinite_values_have_a_place(results: Results) -> None:
    frame = results["overall"]
    value = frame["minus_subject_db"].mask(frame["method"] == "vdsr", float("inf"))
    gone = frame["low_db"].mask(frame["method"] == "vdsr")
    found = strips(changed(results, minus_subject_db=value, low_db=gone))
    entry = found[0]["entries"][2]
    assert (entry["value"], entry["interval"], entry["at"]) == ("∞", "", 97)


def test_without_the_subject_or_others_there_is_no_ranking(results: Results) -> None:
    frame = results["overall"]
    for rows in (frame[frame["method"] != "mesr"], frame[frame["method"] == "mesr"], frame[:0]):
        assert strips(replaced(results, overall=rows)) == []


def test_disagreement_of_the_intervals_is_counted(results: Results) -> None:
    assert disagreement(results) == (0, 6)
    verdict = results["overall"]["verdict"].where(
        results["overall"]["method"] != "vdsr", "not significant"
    )
    assert disagreement(changed(results, verdict=verdict)) == (2, 6)


def test_the_grid_has_a_sign_for_each_row_of_the_check(results: Results) -> None:
    found = grid(results)
    assert found is not None
    assert (found["datasets"], found["scales"]) == (["Set5"], [2, 3, 4])
    assert (found["equal"], found["judged"]) == (1, 3)
    ((name, signs),) = found["rows"]
    assert [(sign["sign"], sign["row"]) for sign in signs] == [("✓", 1), ("≈", 2), ("✗", 3)]
    assert signs[2]["words"] == (
        f"{name}, Set5, ×4: missed; PSNR published 37.53, measured 37.730; "
        "SSIM published 0.9587, measured 0.97870"
    )
    assert grid(replaced(results, certification=pd.DataFrame())) is None
