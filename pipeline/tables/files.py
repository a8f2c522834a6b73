"""Result files: a column has one type in all of them, and one way to be written."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text: names of columns."""
    return tuple(text.split())


TEXT = words(
    "a arithmetic b base changes chosen claim code_digest data_digest dataset device evidence "
    "excluded explanation family first first_dataset git_revision heading history_sha256 hr image "
    "interval key kind label left_out lr_border lr_pass_rounding machine measured met method "
    "metric misprint model multi_adds_verdict name network note params_verdict precision protocol "
    "psnr_letters remark schedule second second_dataset section settings size source ssim_letters "
    "statement torch train unit variant verdict weights_sha256 worst_image"
)
INTEGER = words(
    "all_pairs_seeds batch counted_multi_adds counted_params different_values equal_files "
    "files images longer multi_adds networks one_pair_seeds params patch patch_multi_adds "
    "psnr_digits published_multi_adds published_params rank rank_psnr rank_ssim scale seed seeds "
    "shorter ssim_digits step steps threads values worst_difference"
)
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
    found: dict[str, pd.Series] = {}
    for name in columns:
        cells = frame[name] if name in frame else pd.Series(pd.NA, frame.index, dtype="object")
        if name in TEXT:
            found[name] = cells.astype("object").where(cells.notna(), "").astype(str)
        else:
            try:
                numbers = pd.to_numeric(cells.replace("", None))
                found[name] = numbers.astype("Int64" if name in INTEGER else float)
            except (ValueError, TypeError, OverflowError) as error:  # of infinity as a count
                raise ValueError(f"column {name}: {error}") from error
    return pd.DataFrame(found, columns=list(columns))


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
