"""Numbers as text, and tables in which everything is text."""

import math
from dataclasses import replace

import pandas as pd
import pytest

from pipeline.tables.layout import Column, Table
from reports.view import formatter, number, scale_text, view


@pytest.mark.parametrize(
    ("value", "digits", "sign", "text"),
    [
        (27.345, 2, False, "27.34"),  # rounded half to even on the binary value
        (-0.004, 2, True, "0.00"),
        (0.004, 2, True, "0.00"),
        (-0.016, 2, True, "−0.02"),
        (0.016, 2, True, "+0.02"),
        (1234567.0, 0, False, "1,234,567"),
        (math.nan, 2, False, "–"),
        (math.inf, 2, False, "∞"),
        (-math.inf, 2, True, "−∞"),
    ],
)
def test_numbers_have_true_signs(value: float, digits: int, sign: bool, text: str) -> None:
    assert number(value, digits, sign=sign) == text


@pytest.mark.parametrize(
    ("kind", "values", "value", "text", "unit"),
    [
        ("db", [], 27.346, "27.35", ""),
        ("ssim", [], 0.76519, "0.7652", ""),
        ("difference", [], -0.057, "−0.06", "dB"),
        ("params", [3_000, 98_114, 336_000], 98_114, "98", "K"),
        ("params", [98_114, 4_706_638, 6_341_000], 98_114, "0.10", "M"),
        ("multi_adds", [42e6, 115e6, 2e9], 115.2e6, "115", "M"),
        ("multi_adds", [42e6, 11e9, 12e9], 11.04e9, "11.0", "G"),
        ("percent", [], 0.0384, "4", "%"),
        ("p", [], 0.0004, "<0.001", ""),
        ("p", [], 0.0523, "0.052", ""),
        ("number", [], 0.00005, "5e−05", ""),
        ("milliseconds", [], 88.24, "88.2", "ms"),
        ("text", [], "a", "a", ""),
    ],
)
def test_kinds(kind: str, values: list[float], value: object, text: str, unit: str) -> None:
    prints, found = formatter(kind, values)  # type: ignore[arg-type]
    assert (prints(value), found) == (text, unit)


ROWS = pd.DataFrame(
    [
        ("A", "trained", 2, "a", 31.5, 0.02, None, None, None, None, "", "x"),
        ("B", "trained", 4, "b", 28.25, 0.014, 28.5, 0.05, -0.1, 0.25, "one seed", ""),
        ("C", "trained", 4, "c", 28.0, None, None, -0.2, None, None, "one seed", ""),
        ("Q", "quoted", 4, "q", 29.0, None, None, None, None, None, "no code", "b/c@1234567"),
    ],
    columns=[
        *("label", "kind", "scale", "method", "psnr_db", "sd", "told", "minus", "low", "high"),
        *("note", "source"),
    ],
)
ROWS["is_quoted"] = ROWS["kind"] == "quoted"
ROWS["is_subject"] = ROWS["label"] == "B"
ROWS["nothing"] = None
COLUMNS = (
    Column("label", "Method"),
    Column("psnr_db", "PSNR", "db", "Set5", best="higher", spread="sd", beneath="told"),
    Column("minus", "minus B", "difference", "Set5", low="low", high="high"),
    Column("nothing", "Nothing", "db"),
)
TABLE = Table(
    "t", "Title", "Caption.", ROWS, COLUMNS, switch="scale", rank_within=("kind", "scale"),
    note="note", subject="is_subject", quoted="is_quoted",
)  # fmt: skip


def test_rows_stand_in_the_sections_of_their_scale() -> None:
    found = view(TABLE)
    assert [(s.switch, len(s.rows)) for s in found.sections] == [("×2", 1), ("×4", 3)]
    assert found.switches == ["×2", "×4"]
    assert found.heads == ("Method", "PSNR", "minus B (dB)")  # an empty column is left out
    assert found.groups == [("", 1), ("Set5", 2)]
    assert [row.run for row in found.rows] == ["a ×2", "b ×4", "c ×4", "q ×4"]
    assert scale_text("Ablation") == "Ablation"


def test_a_value_has_its_spread_or_interval_and_what_was_published() -> None:
    a, b, c, _ = view(TABLE).rows
    assert (b.cells[1].text, b.cells[1].small, b.cells[1].beneath) == ("28.25", "±0.01", "28.50")
    assert (b.cells[2].text, b.cells[2].small) == ("+0.05", "[−0.10, +0.25]")
    assert (c.cells[1].small, c.cells[2].small, c.cells[2].text) == ("", "", "−0.20")
    assert float(b.cells[1].sort) == 28.25
    assert a.cells[2].text == "–"


def test_best_notes_and_sources_of_rows() -> None:
    found = view(TABLE)
    # Alone at x2; quoted rows have no rank.
    assert [row.cells[1].rank for row in found.rows] == [0, 1, 2, 0]
    assert found.notes == (("1", "one seed"), ("2", "b/c@1234567; no code"))
    assert [row.note for row in found.rows] == ["", "1", "1", "2"]
    assert [row.is_quoted for row in found.rows] == [False, False, False, True]
    assert [row.is_subject for row in found.rows] == [False, True, False, False]


def test_infinite_values_sort_as_numbers() -> None:
    frame = ROWS.assign(psnr_db=[math.inf, 1.0, 2.0, 3.0])
    cell = view(replace(TABLE, frame=frame)).rows[0].cells[1]
    assert (cell.text, cell.sort) == ("∞", "Infinity")
