"""The ranking of the first screen and the grid of signs, from the result files."""

import pandas as pd
import pytest

from pipeline.tables.results import Results
from reports.page.grid import grid
from reports.page.ranking import strips
from reports.render import disagreement


def changed(results: Results, name: str, **columns: object) -> Results:
    frame = results[name].assign(**columns)
    return Results(results.facts, {**results.frames, name: frame})


def test_networks_stand_by_their_mean_on_an_axis_that_holds_all_intervals(results: Results) -> None:
    found = strips(results)
    assert [strip.scale for strip in found] == [2, 4]
    for strip in found:
        assert [entry.label for entry in strip.entries] == ["MESR", "MSRN", "VDSR", "SRCNN"]
        assert (strip.seeds, strip.images) == (2, 6)
        places = [strip.zero]
        for entry in strip.entries[1:]:
            assert entry.reach is not None
            assert entry.reach[0] < entry.at < 100 - entry.reach[1]
            places += [entry.at, entry.reach[0], 100 - entry.reach[1]]
        assert min(places) == pytest.approx(3)
        assert max(places) == pytest.approx(97)
        assert strip.entries[0].at == strip.zero


def test_differences_are_printed_with_their_interval_and_the_subject_with_its_psnr(
    results: Results,
) -> None:
    row = results["overall"].query("scale == 4 and method == 'vdsr'").iloc[0]
    entry = strips(results)[1].entries[2]
    assert entry.value == f"−{abs(row['minus_subject_db']):.2f}"
    assert entry.interval == f"[−{abs(row['low_db']):.2f}, −{abs(row['high_db']):.2f}]"
    own = strips(results)[1].entries[0]
    assert own.is_subject
    assert own.value.endswith(" dB")
    assert own.interval == ""


def test_what_is_not_significant_is_hollow(results: Results) -> None:
    flat = changed(results, "overall", verdict="not significant")
    assert not any(entry.significant for strip in strips(flat) for entry in strip.entries)
    assert any(entry.significant for strip in strips(results) for entry in strip.entries)


def test_missing_and_infinite_values_have_a_place(results: Results) -> None:
    frame = results["overall"]
    value = frame["minus_subject_db"].mask(frame["method"] == "vdsr", float("inf"))
    gone = frame["low_db"].mask(frame["method"] == "vdsr")
    entry = strips(changed(results, "overall", minus_subject_db=value, low_db=gone))[0].entries[2]
    assert (entry.value, entry.interval, entry.reach, entry.at) == ("∞", "", None, 97)


def test_without_the_subject_or_others_there_is_no_ranking(results: Results) -> None:
    frame = results["overall"]
    for rows in (frame[frame["method"] != "mesr"], frame[frame["method"] == "mesr"], frame[:0]):
        assert strips(Results(results.facts, {**results.frames, "overall": rows})) == []


def test_disagreement_of_the_intervals_is_counted(results: Results) -> None:
    assert disagreement(results) == ""
    frame = results["overall"]
    verdict = frame["verdict"].where(frame["method"] != "vdsr", "not significant")
    text = disagreement(changed(results, "overall", verdict=verdict))
    assert text.startswith("In 2 of 6 cases the bootstrap interval")


def test_the_grid_has_a_sign_for_each_row_of_the_check(results: Results) -> None:
    found = grid(results)
    assert found is not None
    assert (found.columns, found.equal, found.judged) == ([("Set5", [2, 3, 4])], 1, 3)
    ((name, signs),) = found.rows
    assert [sign.sign for sign in signs if sign] == ["✓", "≈", "✗"]
    assert signs[2] is not None
    assert signs[2].words == (
        f"{name}, Set5, ×4: missed; PSNR published 37.53, measured 37.730; "
        "SSIM published 0.9587, measured 0.97870"
    )


def test_nothing_checked_is_no_grid(results: Results) -> None:
    empty = Results(results.facts, {**results.frames, "certification": pd.DataFrame()})
    assert grid(empty) is None
