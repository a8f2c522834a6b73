"""What the page makes of tables: empty columns, remarks, anchors, links, the grid."""

from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from reports.page.grid import grid
from reports.page.sources import linked
from reports.page.view import view
from reports.results import Results, read_results
from reports.tables.certificate import certificate, worst_first
from reports.tables.model import Cell, Column, Footnotes, Group, Row, Table


@pytest.fixture(scope="module")
def data(quick: Path) -> Results:
    return read_results(quick / "results")


def table(*rows: Row, notes: Footnotes, caption: str = "What it shows. How it is read.") -> Table:
    columns = [
        Column("Name", kind="text"),
        Column("First", "Over"),
        Column("Second", "Over"),
        Column("Third"),
    ]
    return Table("t", "T", caption, columns, [Group("", rows)], notes.listed(), "t.csv")


def test_empty_columns_are_named_in_a_sentence_and_marks_have_no_gaps() -> None:
    notes = Footnotes()
    gone, kept = notes.remark("gone"), notes.remark("kept")
    rows = [
        Row([Cell("a"), Cell("–", note=gone), Cell("1"), Cell("")]),
        Row([Cell("b"), Cell("–", note=gone), Cell("–", note=kept), Cell("–")]),
    ]
    found = table(*rows, notes=notes).trimmed()
    assert [column.head for column in found.columns] == ["Name", "Second"]
    assert found.caption.endswith("Left out, because no row has a value: Over: First; Third.")
    assert found.notes == [("a", "kept")]
    assert found.rows[1].cells[1].note == "a"
    assert (found.lead, found.rest) == ("What it shows.", "How it is read.")
    assert found.caption == f"{found.lead} {found.rest} {found.left_out}"


def test_a_full_table_stays_as_it_is() -> None:
    full = table(
        Row([Cell("a"), Cell("1"), Cell("2"), Cell("–", published="3")]), notes=Footnotes()
    )
    assert full.trimmed() is full
    empty = table(notes=Footnotes())
    assert empty.trimmed() is empty


def named(texts: list[str], notes: Footnotes) -> list[Row]:
    return [
        Row(
            [
                Cell("n", note=",".join(notes.remark(text) for text in own.split(","))),
                *(Cell("1") for _ in range(3)),
            ]
        )
        for own in texts
    ]


def test_a_remark_of_all_rows_stands_once() -> None:
    notes = Footnotes()
    rows = named(["all", "all,one"], notes)
    shown = view(table(*rows, notes=notes))
    assert shown.shared == ["all"]
    assert shown.remarks is None
    assert [text for _, text in shown.notes] == ["one"]


def test_recurring_remarks_are_a_column() -> None:
    notes = Footnotes()
    rows = named(["a,x", "b", "a", ""], notes)
    shown = view(table(*rows, notes=notes))
    assert shown.shared == []
    assert shown.remarks == [["a; x", "b", "a", ""]]
    assert shown.notes == []


def test_anchors_of_like_rows_differ() -> None:
    shown = view(table(*named(["", "", ""], Footnotes()), notes=Footnotes()))
    assert shown.anchors == [["t-row-n", "t-row-n-2", "t-row-n-3"]]


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


def test_a_revision_is_short_and_can_be_copied() -> None:
    revision = "0f18e4f53a8a775dea20ba1e0a581d2ad1a86616"
    found = BeautifulSoup(str(linked(f"at revision {revision}: so")), "html.parser")
    assert found.get_text() == "at revision 0f18e4f53a8a: so"
    button = found.find("button")
    assert button is not None
    assert button["data-copy"] == revision  # type: ignore[index]


def test_every_source_of_the_certificate_can_be_followed(data: Results) -> None:
    sources = {source for source in data["certification"]["source"] if source}
    assert len(sources) > 5
    for source in sources:
        assert "href" in linked(source), source


def test_the_grid_has_a_sign_for_each_row_of_the_certificate(data: Results) -> None:
    found = grid(data)
    signs = [sign for _, row in found.rows for sign in row if sign]
    frame = data["certification"]
    assert len(signs) == len(frame)
    anchors = {row.anchor for row in certificate(data).rows}
    assert {sign.anchor for sign in signs} == anchors
    assert len(anchors) == len(frame)
    met = sum(sign.verdict == "pass" for sign in signs)
    assert met == (frame["verdict"] == "equal").sum() > 20
    first = frame.iloc[0]
    assert f"measured {first['psnr_db']:.3f}" in signs[0].words


def test_rows_that_deviate_most_come_first(data: Results) -> None:
    table = certificate(data)
    worst = worst_first(table)
    assert len(worst.rows) == len(table.rows)
    order = [row.cells[-1].verdict for row in worst.rows]
    assert order == sorted(order, key=["fail", "near", "open", "pass"].index)
    place = [(c.group, c.head) for c in worst.columns].index(("PSNR (dB)", "Difference"))
    close = [
        abs(float(r.cells[place].sort or 0)) for r in worst.rows if r.cells[-1].verdict == "near"
    ]
    assert close == sorted(close, reverse=True)
    assert len(close) > 10
