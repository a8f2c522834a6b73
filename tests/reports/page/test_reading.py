"""Markdown as HTML, and the cards of the paper's reading."""

from pathlib import Path

import pandas as pd
from bs4 import BeautifulSoup

from pipeline.tables.results import Results
from reports.page.markdown import inline, parts, whole
from reports.page.reading import reading, worths
from tests.reports.html import page

ROOT = Path(__file__).parents[3]
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


def with_variants(*rows: tuple[str, float, str]) -> Results:
    names = ["changes", "minus_base_db", "verdict"]
    frame = pd.DataFrame(rows, columns=names)
    return Results({}, {"variants": frame.assign(method=frame["changes"])})


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


def test_a_point_shows_what_its_other_interpretations_are_worth() -> None:
    results = with_variants(
        ("gate_bias=-5.0", 0.051, "higher"),
        ("gate_bias=-5.0", -0.02, "not significant"),
        ("other=1", 0.3, "higher"),
    )
    _, chapters = reading(DOCUMENT, results)
    gate, widths = chapters[0].cards
    (worth,) = gate.worth
    assert (worth.change, worth.words) == ("gate_bias=-5.0", "−0.02 to +0.05 dB")
    assert worth.verdict == "higher on 1, not significant on 1 of 2 test sets"
    assert widths.worth == []


def test_a_variant_without_a_difference_is_worth_nothing() -> None:
    assert worths(with_variants(("a=1", float("nan"), ""))["variants"]) == []


def test_paragraphs_and_documents_are_escaped() -> None:
    assert str(inline("**a** <b>")) == "<strong>a</strong> &lt;b&gt;"
    assert "&lt;script&gt;" in whole("x\n\n<script>alert(1)</script>")


def test_every_point_of_the_document_is_a_card(results: Results) -> None:
    text = (ROOT / "docs" / "paper-reading.md").read_text(encoding="utf-8")
    _, chapters = reading(text, results)
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
