from pathlib import Path
from typing import Any

import pandas as pd

from reports.logs import write_logs
from reports.names import duration
from tests.reports.conftest import given
from tests.reports.study import write_log

RUNS = pd.DataFrame(
    [("mesr_x4_s0", "trained"), ("vdsr_x4_s0", "trained"), ("bicubic_x4", "interpolation")],
    columns=["key", "kind"],
)


def written(tmp_path: Path, *keys: str) -> dict[str, Any]:
    """What logs.js gives the page when some runs have logs."""
    for key in keys:
        write_log(tmp_path, key)
    write_logs(tmp_path / "logs.js", RUNS, tmp_path / "logs")
    return dict(given(tmp_path / "logs.js"))


def test_values_of_a_log_have_a_text_and_something_to_sort_by(tmp_path: Path) -> None:
    logs = written(tmp_path, "mesr_x4_s0", "vdsr_x4_s0")
    assert logs["mesr_x4_s0"] == {
        "git_revision": {"text": "4f1c2a9d4f1c", "sort": "4f1c2a9d" * 5},
        "started": {"text": "2026-03-04 05:06 UTC", "sort": 1772600767.0},
        "wall_seconds": {"text": "2 min 10 s", "sort": 130.4},
    }
    assert [duration(s) for s in (42.4, 16620)] == ["42 s", "4 h 37 min"]
    assert logs["trainings"]["wall_seconds"]["text"] == " (2 trainings, 4 min 21 s in all)"


def test_logs_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    assert written(tmp_path) == {}
    assert set(written(tmp_path, "vdsr_x4_s0")) == {"vdsr_x4_s0"}  # no sum over all
