"""Markdown as HTML, the cards of the paper's reading, and links to sources."""

from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from pipeline.tables.results import Results
from reports.page.markdown import inline, whole
from reports.page.reading import reading
from reports.page.sources import linked
from tests.reports.conftest import page

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


def test_document_is_cut_at_its_headings_and_a_point_shows_what_it_is_worth() -> None:
    results = with_variants(
        ("gate_bias=-5.0", 0.051, "higher"),
        ("gate_bias=-5.0", -0.02, "not significant"),
        ("train.patch=48", float("nan"), ""),
        ("other=1", 0.3, "higher"),
    )
    before, found = reading(DOCUMENT, results)
    assert before.strip() == "<p>Before.</p>"
    assert [part.title for part in found] == ["First", "Second"]
    gate, widths = found[0].points
    assert (gate.title, gate.anchor) == ("Gate", "point-gate")
    verdict = "higher on 1, not significant on 1 of 2 test sets"
    assert list(gate.worth) == [("gate_bias=-5.0", "−0.02 to +0.05 dB", verdict)]
    assert list(widths.worth) == []  # a variant without a difference is worth nothing
    patch = ("train.patch=48", 0.1, "higher")
    (_, _, words) = reading(DOCUMENT, with_variants(patch))[1][0].points[1].worth[0]
    assert words == "higher on 1 test set"


def test_raw_html_stays_text_and_nothing_is_loaded() -> None:
    html = whole(DOCUMENT)
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert '<a href="https://d.e">c</a>' in html
    assert "b.md" not in html
    assert "<img" not in html
    assert "href" not in whole("[a](javascript:x)")
    assert inline("**a** <b>") == "<strong>a</strong> &lt;b&gt;"


def test_the_page_has_the_document(report: Path) -> None:
    card = page(report, "reading.html").find(id="point-channel-widths")
    assert card is not None
    assert card.name == "details"
    assert "24-channel branches" in card.get_text()


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("SRCNN, ECCV 2014, Table 1", ["https://doi.org/10.1007/978-3-319-10593-2_13"]),
        (
            "Zheng222/IDN-Caffe@482c601 README; a/b.c@e1fd21e Figs/r.png",
            [
                "https://github.com/Zheng222/IDN-Caffe/tree/482c601",
                "https://github.com/a/b.c/tree/e1fd21e",
            ],
        ),
        ("see 10.1109/TIP.2021.1234567; and", ["https://doi.org/10.1109/TIP.2021.1234567"]),
        ("<b>a/b@nothex</b> javascript:x", []),
    ],
)
def test_sources_are_links(text: str, urls: list[str]) -> None:
    found = BeautifulSoup(str(linked(text)), "html.parser")
    assert found.get_text() == text
    assert [tag["href"] for tag in found.find_all("a")] == urls
    assert not found.find("b")
