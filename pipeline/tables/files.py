"""Result files: a column has one type in all of them, and one way to be written."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.support.yaml import read_yaml


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text: names of columns."""
    return tuple(text.split())


_SCHEMA = read_yaml(Path(__file__).with_name("files.yaml"), "git checkout -- pipeline/tables")
FILES = {name: words(columns) for name, columns in _SCHEMA["files"].items()}
TEXT, INTEGER = words(_SCHEMA["text"]), words(_SCHEMA["integer"])
# Decimals of all other numbers; of those that may be tiny, significant digits.
DECIMALS = ".6f"
FORMATS = dict.fromkeys(("p", "p_holm", "p_pooled"), ".4g") | dict.fromkeys(
    ("epoch", "lr", "loss"), ".9g"
)


def typed(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return the columns of a result file in their order, each of its type.

    Text is str ("" for none), counts are Int64, other numbers float64 (NaN for none). A column that
    is missing is empty, another one is left out.

    Raises
    ------
    ValueError
        For text in the place of a number.
    """
    found = frame.reindex(columns=list(columns)).astype("object")
    for name in columns:
        cells = found[name]
        if name in TEXT:
            found[name] = cells.where(cells.notna(), "").astype(str)
            continue
        try:
            numbers = pd.to_numeric(cells.replace("", None))
            found[name] = numbers.astype("Int64" if name in INTEGER else float)
        except (ValueError, TypeError, OverflowError) as error:  # of infinity as a count
            raise ValueError(f"column {name}: {error}") from error
    return found


def write_frame(path: Path, frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Write a result file; raises like `typed`."""
    frame = typed(frame, columns)
    for name in frame.select_dtypes("float64"):
        form = FORMATS.get(str(name), DECIMALS)
        frame[name] = ["" if np.isnan(value) else format(value, form) for value in frame[name]]
    with atomic_path(path) as temporary:
        frame.to_csv(temporary, index=False, lineterminator="\n")


def read_frame(path: Path, columns: Sequence[str], remedy: str) -> pd.DataFrame:
    """Read the named columns of a CSV file, each of its type; others are left out.

    Raises
    ------
    UserError
        When the file is missing or unreadable, lacks a column or has text for a number; `remedy` is
        the command that makes it.
    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError as error:
        raise UserError(f"{path}: not found. Run: {remedy}") from error
    except (ValueError, OSError) as error:  # pandas' parser errors are ValueErrors
        raise UserError(f"{path}: not readable as CSV ({error}). Run: {remedy}") from error
    if absent := [name for name in columns if name not in frame]:
        known = ", ".join(frame.columns)
        raise UserError(f"{path}: column {absent[0]!r} is missing among {known}. Run: {remedy}")
    try:
        return typed(frame, columns)
    except ValueError as error:
        raise UserError(f"{path}: {error}. Run: {remedy}") from error
