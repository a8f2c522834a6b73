"""Ranks by printed digits, frames with test sets side by side, columns that show nothing."""

import numpy as np
import pandas as pd
import pytest

from pipeline.tables.layout import Column, Table, empty, wide

FRAME = pd.DataFrame(
    {
        "label": ["A", "B", "C", "D", "E"],
        "kind": ["trained", "trained", "trained", "published", "quoted"],
        "psnr": [30.004, 30.0, 29.0, 31.0, 40.0],
        "cost": [3.0, 1.0, 2.0, np.nan, np.nan],
        "quoted": [False, False, False, False, True],
        "none": ["", "", "", "", ""],
    }
)


def table(*columns: Column, **options: object) -> Table:
    options = {"rank_within": ("kind",), "quoted": "quoted"} | options
    return Table("t", "T", "A table.", FRAME, columns, **options)  # type: ignore[arg-type]


def test_values_that_print_alike_share_a_place() -> None:
    column = Column("psnr", "PSNR", "db", best="higher")
    # D is alone among published weights, E is quoted: neither is ranked.
    assert list(table(column).ranks(column)) == [1, 1, 2, 0, 0]
    assert list(table(column, rank_within=()).ranks(column)) == [2, 2, 3, 1, 0]
    assert list(table(column, rank_within=(), quoted="").ranks(column)) == [3, 3, 4, 2, 1]
    exact = Column("psnr", "PSNR", "number", best="higher")
    assert list(table(exact).ranks(exact)) == [1, 2, 3, 0, 0]
    cost = Column("cost", "Cost", "milliseconds", best="lower")  # a gap has no place
    assert list(table(cost, rank_within=()).ranks(cost)) == [3, 1, 2, 0, 0]
    assert list(table(cost).ranks(Column("cost", "Cost"))) == [0] * 5


def test_columns_that_show_nothing_are_left_out() -> None:
    full, nothing = Column("label", "Label"), Column("none", "Nothing")
    assert table(full, nothing).trimmed().columns == (full,)
    assert table(full, Column("gone", "Gone")).trimmed().columns == (full,)
    assert empty(pd.Series([None, "", np.nan]))
    assert not empty(pd.Series([0]))


def test_test_sets_stand_side_by_side_in_the_order_of_the_rows() -> None:
    rows = [("b", "Set5", 1.0), ("b", "Set14", 2.0), ("a", "Set5", 3.0)]
    long = pd.DataFrame(rows, columns=["method", "dataset", "psnr"])
    found = wide(long, ["method"], "dataset")
    assert list(found.columns) == ["method", "psnr@Set5", "psnr@Set14"]
    assert list(found["method"]) == ["b", "a"]
    assert found["psnr@Set5"].tolist() == [1.0, 3.0]
    assert np.isnan(found["psnr@Set14"].iloc[1])
    with pytest.raises(pd.errors.MergeError):
        wide(pd.concat([long, long]), ["method"], "dataset")
