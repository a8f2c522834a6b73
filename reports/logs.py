"""What was measured of the runs on this machine: logs.js, which the page reads if it is there.

The page is an output of DVC and must be a function of its inputs alone. Date, wall time, speed
and commit of a run are not: they lie in ``logs/`` on the machine that computed it. They go into a
file of their own, which `.dvcignore` excludes from the output's digest.
"""

import json
import math
import re
import sys
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.study.results import read_json
from pipeline.support.errors import UserError
from reports.results import TRAININGS

# Values that the page shows of a log, and their titles.
MEASURED = {
    "git_revision": "Commit",
    "started": "Date",
    "wall_seconds": "Wall time",
    "steps_per_s": "Steps/s",
}
SHORT = 12  # characters of a commit that the page prints
ALL_TRAININGS = "trainings"  # stands for a log: the sum over all trainings


def log_name(run: Mapping[Any, Any]) -> str:
    """Return the name of the log of a row of runs.csv."""
    if run["stage"] in TRAININGS:
        return f"runs/{run['key']}"
    return f"evaluations/{run['key']}/{run['dataset']}"


def write_logs(path: Path, runs: pd.DataFrame, logs: Path, project: Path) -> None:
    """Write logs.js from those logs that are there.

    Parameters
    ----------
    path : Path
        The file to write.
    runs : DataFrame
        runs.csv, which names the runs.
    logs : Path
        Folder of the logs; it need not exist.
    project : Path
        pyproject.toml, whose ``project.urls.Repository`` has the pages of commits.
    """
    repository = repository_url(project)
    found: dict[str, dict[str, Any]] = {}
    seconds = []
    for run in runs.to_dict("records"):
        name = log_name(run)
        log = logs / f"{name}.json"
        if not log.is_file():
            continue
        try:
            facts = read_json(log, "delete it and run the stage")
            found[name] = shown(facts, repository)
        except (UserError, ValueError, OverflowError) as error:
            print(f"warning: {log}: left out of the report ({error})", file=sys.stderr)
            continue
        if run["stage"] in TRAININGS and "wall_seconds" in found[name]:
            seconds.append(facts["wall_seconds"])
    if seconds and len(seconds) == runs["stage"].isin(TRAININGS).sum():
        text = f", {duration(sum(seconds))} in all"
        found[ALL_TRAININGS] = {"wall_seconds": {"text": text, "sort": sum(seconds)}}
    content = json.dumps(found, indent=1, sort_keys=True)
    path.write_text(f"window.reportLogs = {content};\n", encoding="utf-8")


def write_unverified(path: Path) -> None:
    """Write verified.js as it is until `mesr verify` compares the study with the committed one."""
    path.write_text("window.reportVerified = null;\n", encoding="utf-8")


def shown(facts: dict[str, Any], repository: str) -> dict[str, Any]:
    """Return the values of one log as the page shows them: a text, a value to sort by, a link.

    Raises
    ------
    ValueError, OverflowError
        When a value is of a wrong type or out of range.
    """
    values: dict[str, Any] = {}
    if revision := text_of(facts, "git_revision"):
        commit, dash, dirty = revision.partition("-")
        text = f"{commit[:SHORT]}{dash}{dirty}"
        values["git_revision"] = {"text": text, "sort": revision}
        if repository and re.fullmatch("[0-9a-f]{40}", commit):
            values["git_revision"]["href"] = f"{repository}/commit/{commit}"
    if started := text_of(facts, "started"):
        moment = datetime.fromisoformat(started).astimezone(UTC)
        values["started"] = {"text": f"{moment:%Y-%m-%d %H:%M} UTC", "sort": moment.timestamp()}
    for name in ("wall_seconds", "steps_per_s"):
        value = facts.get(name)
        if value is None:
            continue
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or value < 0:
            raise ValueError(f"{name} is {value!r}, expected a number")
        text = duration(value) if name == "wall_seconds" else f"{value:.1f}"
        values[name] = {"text": text, "sort": value}
    return values


def text_of(facts: dict[str, Any], name: str) -> str:
    """Return a text of a log; empty where there is none."""
    value = facts.get(name, "")
    if not isinstance(value, str):
        raise ValueError(f"{name} is {value!r}, expected a text")  # noqa: TRY004
    return value


def duration(seconds: float) -> str:
    """Format a number of seconds: ``"4 h 37 min"``, ``"2 min 12 s"``."""
    total = round(seconds)
    hours, minutes, rest = total // 3600, total // 60 % 60, total % 60
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def repository_url(project: Path) -> str:
    """Return where the repository is published; empty where pyproject.toml names no https page."""
    if not project.is_file():
        return ""
    urls = tomllib.loads(project.read_text(encoding="utf-8")).get("project", {}).get("urls", {})
    url = str(urls.get("Repository", "")).rstrip("/")
    return url if url.startswith("https://") else ""
