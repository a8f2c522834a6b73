import math
from pathlib import Path

import pandas as pd
import pytest

from reports.results import Results, read_results
from reports.tables.certificate import certificate
from reports.tables.counts import counts


@pytest.fixture(scope="module")
def data(quick: Path) -> Results:
    return read_results(quick / "results")


def with_row(data: Results, **facts: str | float) -> Results:
    row = {
        **{"model": "pan", "variant": "", "scale": 4.0, "dataset": "Set5", "protocol": "rgb"},
        **{"published_psnr_db": 32.13, "psnr_db": 32.14, "published_ssim": 0.8948, "ssim": 0.8950},
        **{"source": "paper", "within_tolerance": "True", "note": "", "measured": "measured"},
        **{"git_revision": "abc"},
    } | facts
    return Results(data.study, {"certification": pd.DataFrame([row])})


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
def test_verdicts_in_words(
    facts: dict[str, str | float], words: str, verdict: str, data: Results
) -> None:
    table = certificate(with_row(data, **facts))
    cell = table.groups[0].rows[0].cells[-1]
    assert (cell.text, cell.verdict) == (words, verdict)
    assert table.groups[0].title == "PAN"


def test_recorded_rows_say_at_which_revision(data: Results) -> None:
    table = certificate(with_row(data, measured="recorded"))
    assert any("revision abc" in text for _, text in table.notes)


def test_certificate_and_counts_have_a_row_for_each_of_the_result_files(data: Results) -> None:
    for table, name in ((certificate(data), "certification"), (counts(data), "counts")):
        assert sum(len(group.rows) for group in table.groups) == len(data[name]) > 40
