import math

import pytest

from reports.tables.cells import measured_cell, number, plain, printed_count
from reports.tables.model import Cell, Footnotes


@pytest.mark.parametrize(
    ("value", "decimals", "sign", "text"),
    [
        (28.184, 2, False, "28.18"),
        (0.142, 2, True, "+0.14"),
        (-0.142, 2, True, "−0.14"),
        (-0.0004, 2, True, "0.00"),
        (-0.0004, 2, False, "0.00"),
        (9788.7, 1, False, "9,788.7"),
        (math.nan, 2, False, "–"),
        (math.inf, 2, False, "∞"),
        (-math.inf, 2, True, "−∞"),
    ],
)
def test_numbers_keep_their_decimals_and_true_minus(
    value: float, decimals: int, sign: bool, text: str
) -> None:
    assert number(value, decimals, sign=sign) == text


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


def test_published_figure_has_no_decimals_that_its_source_did_not_print() -> None:
    cell = measured_cell(0.95914, 0.959, 4, Footnotes(), printed=3)
    assert (cell.text, cell.published, cell.difference) == ("0.9591", "0.959", "0.000")
    assert [printed_count(value, 3) for value in (5.93, 0.665, 1.0, 0.5527691)] == [2, 3, 0, 3]


def test_difference_is_measured_less_published() -> None:
    cell = measured_cell(28.1849, 28.2, 2, Footnotes(), source="A paper")
    shown = (cell.text, cell.published, cell.difference, cell.source)
    assert shown == ("28.18", "28.20", "−0.02", "1")


@pytest.mark.parametrize(
    ("cell", "key"),
    [
        (plain(1.5, 2), "1.5"),
        (plain(math.inf, 2), "Infinity"),
        (plain(-math.inf, 2), "-Infinity"),
        (plain(math.nan, 2), ""),
        (Cell("MESR", "mesr"), "mesr"),
    ],
)
def test_cells_are_sorted_by_what_javascript_reads(cell: Cell, key: str) -> None:
    assert cell.sort_key == key


def test_marks_count_like_spreadsheet_columns() -> None:
    notes = Footnotes()
    marks = [notes.remark(str(index)) for index in range(29)]
    assert marks[0] == "a"
    assert marks[25:] == ["z", "aa", "ab", "ac"]
    assert notes.remark("3") == "d"
    assert notes.remark("") == ""
