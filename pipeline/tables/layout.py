"""How a table is laid out: which columns of a DataFrame, under which headings, as what kind.

Numbers stay numbers here; a renderer (page, LaTeX) turns them into text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

Kind = Literal[
    "text",
    "integer",
    "db",  # PSNR in dB
    "ssim",
    "difference",  # in dB, with its sign
    "params",  # a count, shown in thousands or millions
    "multi_adds",  # a count, shown in millions or thousands of millions
    "milliseconds",
    "percent",  # a share, 0 to 1
    "number",  # without unit: a learning rate, a rank correlation
    "p",  # a p-value
    "verdict",
]


# Decimals that are printed of what is ranked.
DIGITS: dict[Kind, int] = {"db": 2, "ssim": 4, "difference": 2}


@dataclass(frozen=True)
class Column:
    """A column of a table; `spread`, `low`, `high` and `beneath` name columns of the same frame.

    Attributes
    ----------
    name : str
        Column of the frame with the value.
    label : str
        Heading.
    kind : Kind
        What the values are; missing ones are NaN (numbers) or "" (text).
    group : str
        Common heading above neighbours with the same one, such as a test set.
    best : {"", "higher", "lower"}
        Which values are the best: `Table.ranks` finds best and second.
    spread : str
        Standard deviation over seeds, shown as ± beside the value.
    low, high : str
        Ends of an interval, shown in brackets.
    beneath : str
        Small value below, of the same kind: what was published.
    marks : str
        Column with letters or a mark that is set as a superscript.
    on_paper : bool
        Whether the table has it in LaTeX, too, where a page is narrow.
    """

    name: str
    label: str
    kind: Kind = "text"
    group: str = ""
    best: Literal["", "higher", "lower"] = ""
    spread: str = ""
    low: str = ""
    high: str = ""
    beneath: str = ""
    marks: str = ""
    on_paper: bool = True


@dataclass(frozen=True)
class Table:
    """A table: a frame with one row a line, and which of its columns are shown how.

    Attributes
    ----------
    name : str
        Of the table among all tables, `[a-z0-9_]+`.
    title, caption : str
        What it shows; the caption is plain text in whole sentences.
    frame : DataFrame
        Rows in the order in which they are shown.
    columns : sequence of Column
        In the order in which they are shown.
    sections : str
        Column whose values are headings between the rows; "" for none.
    switch : str
        Column of which the page shows one value at a time (the scale); on paper each value is a
        section.
    rank_within : tuple of str
        Columns that rows must share to be ranked against each other.
    note : str
        Column with a remark, shown as a footnote where it is not empty.
    subject : str
        Boolean column: the row of the network that the study is about.
    quoted : str
        Boolean column: a row that was copied from elsewhere, not measured here; shown in grey.
    csv : str
        File in results/ that has the numbers; "" for none.
    """

    name: str
    title: str
    caption: str
    frame: pd.DataFrame
    columns: tuple[Column, ...]
    sections: str = ""
    switch: str = ""
    rank_within: Sequence[str] = ()
    note: str = ""
    subject: str = ""
    quoted: str = ""
    csv: str = ""

    def ranks(self, column: Column) -> pd.Series:
        """Places of a column's values among the rows that `rank_within` compares.

        Returns
        -------
        Series of int, index of the frame
            1 for the best, 2 for the second best, further places likewise; 0 where nothing is
            ranked: no value, a quoted row, or no other row to compare with.
        """
        if not column.best:
            return pd.Series(0, self.frame.index)
        values = self.frame[column.name]
        if self.quoted:
            values = values.mask(self.frame[self.quoted].astype(bool))
        within = [self.frame[name] for name in self.rank_within]
        found = places(values, within, column.kind, lower_is_better=column.best == "lower")
        return found.fillna(0).astype(int)

    def trimmed(self) -> "Table":
        """Return the table without columns that are missing, or empty in every row."""
        there = [c for c in self.columns if c.name in self.frame]
        return replace(self, columns=tuple(c for c in there if not empty(self.frame[c.name])))


def places(
    values: pd.Series, within: Sequence[pd.Series], kind: Kind, *, lower_is_better: bool = False
) -> pd.Series:
    """Rank values by their printed digits, so that those that print alike share a place.

    Parameters
    ----------
    values : Series
        Numbers; NaN has no place.
    within : sequence of Series
        Rows that share all of these are ranked against each other; all rows where it is empty.
    kind : Kind
        Of the values: how many digits are printed.
    lower_is_better : bool
        Whether 1 is the lowest value.

    Returns
    -------
    Series of float
        From 1, without gaps; NaN where there is nothing to compare with.
    """
    printed = values.astype(float).round(DIGITS[kind]) if kind in DIGITS else values.astype(float)
    keys = [column.to_numpy() for column in within] or [np.zeros(len(printed))]
    groups = printed.groupby(keys)
    found = groups.rank(method="dense", ascending=lower_is_better)
    return found.where(groups.transform("count") > 1)


def empty(values: pd.Series) -> bool:
    """Whether a column shows nothing: all values are missing or ""."""
    return bool((values.isna() | (values.astype(object) == "")).all())


def across(values: Iterable[str], *columns: Column) -> list[Column]:
    """Repeat columns for each value that `wide` put side by side, under a common heading."""
    names = ("name", "spread", "low", "high", "beneath", "marks")
    found = []
    for value in values:
        for column in columns:
            there = {n: f"{getattr(column, n)}@{value}" for n in names if getattr(column, n)}
            found.append(Column(**(vars(column) | there | {"group": value})))
    return found


def wide(frame: pd.DataFrame, index: Iterable[str], across: str) -> pd.DataFrame:
    """Turn one row a method and test set into one row a method.

    Parameters
    ----------
    frame : DataFrame
        Long: no two rows have the same `index` and `across`.
    index : iterable of str
        Columns that stay and tell the rows apart.
    across : str
        Column whose values become part of the names of all others: ``psnr_db@Set5``.

    Returns
    -------
    DataFrame
        Rows in the order of their first appearance.
    """
    kept = list(index)
    values = [name for name in frame.columns if name not in (*kept, across)]
    parts = frame[kept].drop_duplicates().reset_index(drop=True)
    for value, part in frame.groupby(across, sort=False):
        renamed = part[[*kept, *values]].rename(columns={n: f"{n}@{value}" for n in values})
        parts = parts.merge(renamed, on=kept, how="left", validate="one_to_one")
    return parts
