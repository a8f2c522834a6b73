"""Markdown as HTML, and the cards of the paper's reading."""

from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from reports.page.markdown import parts
from reports.page.reading import reading, worths
from reports.results import Results, read_results
from tests.pipeline.toy_study import ROOT
from tests.reports.html import page

DOCUMENT = """# Title

Before.

## First

About it.

### Gate

*Where.* Here. Switch:
`gate_bias`, a number or null.

### Widths

*Switch.* `features`, `train.patch: 24 | 32`.

## Second

<script>x</script> [a](b.md) [c](https://d.e) ![p](q.png)
"""


def with_readings(data: Results, *rows: tuple[str, float, str]) -> Results:
    frame = pd.DataFrame(
        [
            {"reading": change, "change": change, "diff_db": diff_db, "verdict": verdict}
            for change, diff_db, verdict in rows
        ]
    )
    return Results(data.study, {"tables/readings": frame})


@pytest.fixture(scope="module")
def data(quick: Path) -> Results:
    return read_results(quick / "results")


def test_document_is_cut_at_its_headings() -> None:
    before, found = parts(DOCUMENT)
    assert str(before) == "<p>Before.</p>\n"
    assert [part.title for part in found] == ["First", "Second"]
    assert [point.title for point in found[0].points] == ["Gate", "Widths"]
    assert [point.switches for point in found[0].points] == [
        ("gate_bias",),
        ("features", "train.patch"),
    ]


def test_raw_html_stays_text_and_nothing_is_loaded() -> None:
    html = str(parts(DOCUMENT)[1][1].text)
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert '<a href="https://d.e">c</a>' in html
    assert "b.md" not in html
    assert "<img" not in html
    assert "href" not in str(parts("[a](javascript:x)")[0])


def test_a_point_shows_what_its_other_readings_are_worth(data: Results) -> None:
    results = with_readings(
        data,
        ("", 0.0, ""),
        ("gate_bias=-5.0", 0.051, "better"),
        ("gate_bias=-5.0", -0.02, "undecided"),
        ("other=1", 0.3, "better"),
    )
    _, chapters = reading(DOCUMENT, results)
    gate, widths = chapters[0].cards
    (worth,) = gate.worth
    assert (worth.change, worth.words) == ("gate_bias=-5.0", "−0.02 to +0.05 dB")
    assert worth.verdict == "better on 1, undecided on 1 of 2 test sets"
    assert widths.worth == []


def test_a_reading_without_a_difference_is_worth_nothing(data: Results) -> None:
    frame = with_readings(data, ("a=1", float("nan"), ""))["tables/readings"]
    assert worths(frame) == []


def test_every_point_of_the_document_is_a_card(data: Results) -> None:
    text = (ROOT / "docs" / "paper-reading.md").read_text(encoding="utf-8")
    _, chapters = reading(text, data)
    cards = [card for chapter in chapters for card in chapter.cards]
    heads = [line for line in text.splitlines() if line.startswith(("## ", "### "))]
    alone = [chapter for chapter in chapters if not chapter.title]
    assert len(cards) + len(chapters) - len(alone) == len(heads)
    assert len({card.anchor for card in cards}) == len(cards)
    _, found = parts(text)
    switched = {name for part in found for point in part.points for name in point.switches}
    assert {"branches", "gate_bias", "omega", "unit_skip", "train.charbonnier"} <= switched


def test_the_page_has_the_document(report: Path) -> None:
    found = page(report, "reading.html")
    assert isinstance(found, BeautifulSoup)
    card = found.find(id="point-channel-widths")
    assert card is not None
    assert card.name == "details"
    assert "24-channel branches" in card.get_text()
