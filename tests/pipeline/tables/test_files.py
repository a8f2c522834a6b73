"""Result files keep types and digits, and say what is wrong with them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.support.errors import UserError
from pipeline.tables.files import read_frame, typed, write_frame
from pipeline.tables.tables import read_all

COLUMNS = ("method", "scale", "psnr_db", "p_holm", "lr")


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "method": ["NA", None, 'a "b", c'],
            "scale": [4, None, 2],
            "psnr_db": [30.1234567, np.nan, np.inf],
            "p_holm": [1.79e-17, 1.0, np.nan],
            "lr": [0.00384805948, 1e-7, np.nan],
        }
    )
    write_frame(tmp_path / "x.csv", frame, COLUMNS)
    found = read_frame(tmp_path / "x.csv", COLUMNS, "dvc repro tables")
    assert found["method"].tolist() == ["NA", "", 'a "b", c']
    assert found["scale"].tolist()[::2] == [4, 2]
    assert found["scale"].isna().tolist() == [False, True, False]
    assert found["psnr_db"].tolist()[::2] == [30.123457, np.inf]
    assert found["p_holm"].tolist()[:2] == [1.79e-17, 1.0]
    assert found["lr"].tolist()[:2] == [0.00384805948, 1e-7]
    assert typed(frame[["method"]], COLUMNS)["psnr_db"].isna().all()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "x.csv: not found. Run: dvc repro tables"),
        ("", "not readable as CSV"),
        ("scale\n4\n", "column 'method' is missing among scale"),
        ("method,scale\na,four\n", "column scale: .*'four'"),
        ("method,scale\na,4.5\n", "column scale: "),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_named(
    tmp_path: Path, content: str | None, message: str
) -> None:
    path = tmp_path / "x.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=message):
        read_frame(path, ("method", "scale"), "dvc repro tables")


def test_results_of_another_format_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"study\.json: not found"):
        read_all(tmp_path)
    (tmp_path / "study.json").write_text('{"format": 1}')
    with pytest.raises(UserError, match="format 1, expected 2"):
        read_all(tmp_path)
