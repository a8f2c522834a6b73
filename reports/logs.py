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

from reports.names import duration

SHORT = 12  # characters of a commit that the page prints
ALL_TRAININGS = "trainings"  # stands for a run: the sum over all trainings
TYPES: dict[str, Any] = {
    **{"git_revision": str, "started": str, "wall_seconds": int | float, "steps_per_s": int | float}
}


def write_logs(path: Path, runs: pd.DataFrame, logs: Path, project: Path) -> None:
    """Write logs.js from those logs that are there.

    Parameters
    ----------
    path : Path
        The file to write.
    runs : DataFrame
        runs.csv, which names the runs.
    logs : Path
        Folder of the logs; it need not exist. What is no log is left out with a warning.
    project : Path
        pyproject.toml, whose ``project.urls.Repository`` has the pages of commits.
    """
    repository = repository_url(project)
    found: dict[str, dict[str, Any]] = {}
    seconds = []
    trained = runs.loc[runs["kind"] == "trained", "key"]
    for key in trained:
        log = logs / "runs" / f"{key}.json"
        if not log.is_file():
            continue
        try:
            found[key] = shown(json.loads(log.read_text(encoding="utf-8")), repository)
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            print(f"warning: {log}: left out of the report ({error})", file=sys.stderr)
            continue
        if "wall_seconds" in found[key]:
            seconds.append(found[key]["wall_seconds"]["sort"])
    if seconds and len(seconds) == len(trained):
        text = f" ({len(seconds)} trainings, {duration(sum(seconds))} in all)"
        found[ALL_TRAININGS] = {"wall_seconds": {"text": text, "sort": sum(seconds)}}
    content = json.dumps(found, indent=1, sort_keys=True)
    path.write_text(f"window.reportLogs = {content};\n", encoding="utf-8")


def shown(facts: Mapping[str, Any], repository: str) -> dict[str, Any]:
    """Return the values of one log as the page shows them: a text, a value to sort by, a link.

    Raises
    ------
    TypeError, ValueError, OverflowError
        When a value is of a wrong type or out of range.
    """
    given = {name: facts[name] for name in TYPES if facts.get(name) not in (None, "")}
    for name, value in given.items():
        number = TYPES[name] is not str
        if not isinstance(value, TYPES[name]) or isinstance(value, bool):
            raise TypeError(f"{name} is {value!r}, expected a {'number' if number else 'text'}")
        if number and not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{name} is {value!r}, expected a number from 0 on")
    values: dict[str, Any] = {}
    if revision := given.get("git_revision"):
        commit, dash, dirty = revision.partition("-")
        values["git_revision"] = {"text": f"{commit[:SHORT]}{dash}{dirty}", "sort": revision}
        if repository and re.fullmatch("[0-9a-f]{40}", commit):
            values["git_revision"]["href"] = f"{repository}/commit/{commit}"
    if started := given.get("started"):
        moment = datetime.fromisoformat(started).astimezone(UTC)
        values["started"] = {"text": f"{moment:%Y-%m-%d %H:%M} UTC", "sort": moment.timestamp()}
    if (wall := given.get("wall_seconds")) is not None:
        values["wall_seconds"] = {"text": duration(wall), "sort": wall}
    if (speed := given.get("steps_per_s")) is not None:
        values["steps_per_s"] = {"text": f"{speed:.1f}", "sort": speed}
    return values


def repository_url(project: Path) -> str:
    """Return where the repository is published; empty where pyproject.toml names no https page."""
    if not project.is_file():
        return ""
    urls = tomllib.loads(project.read_text(encoding="utf-8")).get("project", {}).get("urls", {})
    url = str(urls.get("Repository", "")).rstrip("/")
    return url if url.startswith("https://") else ""
