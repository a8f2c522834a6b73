import math
from pathlib import Path

import pandas as pd
import pytest

from reports.results import Results, read_results
from reports.tables.certificate import certificate, tally
from reports.tables.counts import counts
from reports.tables.lr_certificate import lr_certificate


@pytest.fixture(scope="module")
def data(quick: Path) -> Results:
    return read_results(quick / "results")


def with_row(data: Results, **facts: str | float) -> Results:
    row = {
        **{"model": "pan", "variant": "", "scale": 4.0, "dataset": "Set5", "protocol": "rgb"},
        **{"published_psnr_db": 32.13, "psnr_digits": 2.0, "psnr_db": 32.1312},
        **{"published_ssim": 0.895, "ssim_digits": 3.0, "ssim": 0.8950},
        **{"verdict": "equal", "misprint": "", "source": "paper", "note": ""},
        **{"measured": "measured", "git_revision": "abc"},
    } | facts
    return Results(data.study, {"certification": pd.DataFrame([row])})


@pytest.mark.parametrize(
    ("facts", "words", "verdict"),
    [
        ({}, "equal", "pass"),
        ({"verdict": "close"}, "close", "near"),
        ({"verdict": "missed"}, "missed", "fail"),
        ({"verdict": "misprint"}, "misprint suspected", "open"),
        ({"measured": "recorded"}, "equal, recorded", "pass"),
        ({"verdict": ""}, "not judged", "open"),
        (
            {"psnr_db": math.nan, "ssim": math.nan, "verdict": "", "measured": ""},
            "not measured",
            "open",
        ),
        # A verdict without a measurement is none.
        ({"psnr_db": math.nan, "ssim": math.nan}, "not measured", "open"),
    ],
)
def test_verdicts_in_words(
    facts: dict[str, str | float], words: str, verdict: str, data: Results
) -> None:
    table = certificate(with_row(data, **facts))
    cell = table.groups[0].rows[0].cells[-1]
    assert (cell.text, cell.verdict) == (words, verdict)
    assert table.groups[0].title == "PAN"


def test_published_values_have_the_digits_that_are_printed(data: Results) -> None:
    cells = certificate(with_row(data)).groups[0].rows[0].cells
    assert [cell.text for cell in cells[3:9]] == [
        *("32.13", "32.131", "+0.001"),
        *("0.895", "0.89500", "0.00000"),
    ]


def test_verdicts_are_counted_by_dataset_and_misprints_apart(data: Results) -> None:
    row = with_row(data)["certification"]
    changes = [
        {},
        {"verdict": "close"},
        {"verdict": "missed", "dataset": "Set14"},
        {"verdict": "misprint", "dataset": "Set14"},
        {"verdict": "equal", "dataset": "Urban100"},
        {"verdict": "equal", "psnr_db": math.nan, "ssim": math.nan},
        {"verdict": ""},
    ]
    frame = pd.concat([row.assign(**change) for change in changes], ignore_index=True)
    assert tally(frame) == (2, 4, ["1 close", "1 missed", "1 with a suspected misprint"])
    caption = certificate(Results(data.study, {"certification": frame})).caption
    assert "Equal: 2 of 4 cells (Set5 1 of 2, Set14 0 of 1, Urban100 1 of 1); 1 close" in caption


def test_certificate_of_lr_images_counts_equal_files(data: Results) -> None:
    frame = pd.DataFrame(
        [
            {
                **{"dataset": dataset, "scale": 2.0, "lr_border": border, "files": files},
                **{"lr_pass_rounding": "yes", "equal_files": equal, "values": 400.0},
                **{"different_values": 3.0, "worst_difference": 7.0, "worst_image": ""},
                "git_revision": revision,
            }
            for dataset, border, files, equal, revision in (
                ("Set5", "clamp", 5.0, 5.0, "abc"),
                ("Set5", "mirror", 5.0, 0.0, "abc"),
                ("Set14", "clamp", 14.0, 13.0, ""),
                ("Set14", "mirror", 14.0, 1.0, ""),
            )
        ]
    )
    table = lr_certificate(Results(data.study, {"tables/lr_certificate": frame}))
    assert [group.title for group in table.groups] == ["Set5", "Set14"]
    texts = [cell.text for cell in table.groups[1].rows[0].cells]
    assert texts == ["×2", "clamp", "yes", "14", "13", "0.75", "7"]
    assert "equals 18 of 19 files (Set5 5 of 5, Set14 13 of 14)" in table.caption
    assert any("revision abc" in text for _, text in table.notes)
    assert table.groups[1].rows[0].cells[0].note == ""


def test_recorded_rows_say_at_which_revision(data: Results) -> None:
    table = certificate(with_row(data, measured="recorded"))
    assert any("revision abc" in text for _, text in table.notes)


def test_certificate_and_counts_have_a_row_for_each_of_the_result_files(data: Results) -> None:
    for table, name in ((certificate(data), "certification"), (counts(data), "counts")):
        assert sum(len(group.rows) for group in table.groups) == len(data[name]) > 40
