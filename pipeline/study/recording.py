"""The records of certificates that come with the code, in ``published/``."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from pipeline.support.files import atomic_path
from pipeline.support.provenance import git_revision


def update_record(record: Path, certificates: Iterable[Path], same: Sequence[str]) -> None:
    """Put certificates that were measured here into a record; say how many rows.

    Parameters
    ----------
    record : Path
        The committed CSV file. Its rows of the same things are replaced. It has one column more,
        ``git_revision``: the commit that measured the row.
    certificates : iterable of Path
        CSV files; those that are not there are left out.
    same : sequence of str
        Columns that say what a row is of; the record is sorted by them, in the order in which
        their values were met first.

    """
    files = [path for path in certificates if path.is_file()]
    if not files:
        print(
            f"{record}: nothing was measured that could be recorded. Measure first: "
            "python -m pipeline.configure profile=certify && dvc repro certify certify_lr"
        )
        return
    earlier, *parts = (pd.read_csv(f, dtype=str, keep_default_na=False) for f in [record, *files])
    rows = pd.concat(parts).assign(git_revision=git_revision())
    if "psnr_db" in rows:
        rows.loc[rows["psnr_db"] == "", "git_revision"] = ""  # nothing was measured
    met = pd.concat([earlier, rows])
    order = {name: list(met[name].unique()) for name in same}
    here = pd.MultiIndex.from_frame(rows[list(same)])
    kept = earlier[~pd.MultiIndex.from_frame(earlier[list(same)]).isin(here)]
    table = pd.concat([kept, rows], ignore_index=True).sort_values(
        list(same), key=lambda column: column.map(order[str(column.name)].index), kind="stable"
    )
    with atomic_path(record) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    print(f"recorded {len(rows)} rows of {', '.join(file.stem for file in files)} in {record}")
