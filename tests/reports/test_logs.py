import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from reports.logs import repository_url, shown, write_logs
from reports.names import duration

RUNS = pd.DataFrame(
    [("mesr_x4_s0", "trained"), ("vdsr_x4_s0", "trained"), ("bicubic_x4", "interpolation")],
    columns=["key", "kind"],
)
COMMIT = "0123456789" * 4
LOG = {
    **{"git_revision": "4f1c2a9d" * 5, "started": "2026-03-04T05:06:07+00:00"},
    **{"wall_seconds": 130.4, "steps_per_s": 7.46, "load_average": [1.0, 1.0, 1.0], "cores": 2},
}


@pytest.mark.parametrize(
    ("seconds", "text"), [(42.4, "42 s"), (132, "2 min 12 s"), (16620, "4 h 37 min")]
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def written(tmp_path: Path, **logs: Any) -> dict[str, Any]:
    """Write logs by name with / as __, and return what logs.js gives the page."""
    for name, content in logs.items():
        path = tmp_path / "logs" / f"{name.replace('__', '/')}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    write_logs(tmp_path / "logs.js", RUNS, tmp_path / "logs", tmp_path / "pyproject.toml")
    text = (tmp_path / "logs.js").read_text()
    return dict(json.loads(text.removeprefix("window.reportLogs = ").removesuffix(";\n")))


def test_values_of_a_log_have_a_text_and_something_to_sort_by(tmp_path: Path) -> None:
    logs = written(tmp_path, runs__mesr_x4_s0=LOG, runs__vdsr_x4_s0=LOG)
    assert logs["mesr_x4_s0"] == {
        "git_revision": {"text": "4f1c2a9d4f1c", "sort": "4f1c2a9d" * 5},
        "started": {"text": "2026-03-04 05:06 UTC", "sort": 1772600767.0},
        "wall_seconds": {"text": "2 min 10 s", "sort": 130.4},
        "steps_per_s": {"text": "7.5", "sort": 7.46},
    }
    assert logs["trainings"]["wall_seconds"]["text"] == " (2 trainings, 4 min 21 s in all)"


def test_logs_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    assert written(tmp_path) == {}
    assert set(written(tmp_path, runs__vdsr_x4_s0=LOG)) == {"vdsr_x4_s0"}  # no sum over all


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[" * 200_000,
        *(
            LOG | wrong
            for wrong in (
                {"wall_seconds": "long"},
                {"wall_seconds": float("inf")},
                {"wall_seconds": float("nan")},
                {"steps_per_s": float("inf")},
                {"wall_seconds": True},
                {"steps_per_s": -1},
                {"git_revision": 7},
                {"started": "yesterday"},
                {"started": "0001-01-01T00:00:00+14:00"},
            )
        ),
    ],
)
def test_nonsense_in_a_log_is_a_warning_not_the_end_of_the_report(
    tmp_path: Path, content: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = written(tmp_path, runs__mesr_x4_s0=content, runs__vdsr_x4_s0=LOG)
    assert set(logs) == {"vdsr_x4_s0"}
    message = capsys.readouterr().err
    assert "mesr_x4_s0.json" in message
    assert "left out of the report" in message


@pytest.mark.parametrize(
    ("url", "revision", "link"),
    [
        ("https://a.org/b/", "0123456789" * 4, f"https://a.org/b/commit/{'0123456789' * 4}"),
        (
            "https://a.org/b",
            f"{'0123456789' * 4}-dirty",
            f"https://a.org/b/commit/{'0123456789' * 4}",
        ),
        ("https://a.org/b", "javascript:alert(1)", None),
        ("javascript:alert(1)", "0123456789" * 4, None),
        ("", "0123456789" * 4, None),
    ],
)
def test_commits_lead_to_the_page_of_the_repository(
    tmp_path: Path, url: str, revision: str, link: str | None
) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text(f'[project]\nname = "a"\n[project.urls]\nRepository = "{url}"\n')
    value = shown({"git_revision": revision}, repository_url(project))["git_revision"]
    assert value.get("href") == link


def test_text_of_a_log_cannot_leave_the_script(tmp_path: Path) -> None:
    logs = written(tmp_path, runs__mesr_x4_s0={"git_revision": "</script>\u2028"})
    assert logs["mesr_x4_s0"]["git_revision"]["sort"] == "</script>\u2028"
    assert (tmp_path / "logs.js").read_text().isascii()
