"""The records of certificates that come with the code, in ``published/``."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd


def update_record(
    record: Path, measured: pd.DataFrame, same: Sequence[str], revision: str
) -> pd.DataFrame:
    """Return a record with what was measured here in place of its own rows of the same things.

    Parameters
    ----------
    record : Path
        The committed CSV file; need not exist.
    measured : DataFrame
        Rows as text, of the record's columns but the last, ``git_revision``.
    same : sequence of str
        Columns that say what a row is of; the record is sorted by them, in the order in which
        their values were met first.
    revision : str
        Commit that measured them; rows with an empty ``psnr_db`` get none.
    """
    rows = measured.assign(git_revision=revision)
    if "psnr_db" in rows:
        rows.loc[rows["psnr_db"] == "", "git_revision"] = ""
    if not record.is_file():
        return rows
    earlier = pd.read_csv(record, dtype=str, keep_default_na=False)
    here = pd.MultiIndex.from_frame(rows[list(same)])
    kept = ~pd.MultiIndex.from_frame(earlier[list(same)]).isin(here)
    table = pd.concat([earlier[kept], rows], ignore_index=True)
    both = pd.concat([earlier, rows])
    order = {name: {v: i for i, v in enumerate(both[name].unique())} for name in same}
    return table.sort_values(
        list(same), key=lambda column: column.map(order[str(column.name)]), kind="stable"
    )
