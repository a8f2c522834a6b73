"""What was measured of the runs on this machine: logs.js, which the page reads if it is there.

The page is an output of DVC and must be a function of its inputs alone. Date, wall time, speed
and commit of a run are not: they lie in ``logs/`` on the machine that computed it. They go into a
file of their own, which `.dvcignore` excludes from the output's digest.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from reports.names import duration

SHORT = 12  # characters of a commit that the page prints
ALL_TRAININGS = "trainings"  # stands for a run: the sum over all trainings


def write_logs(path: Path, runs: pd.DataFrame, logs: Path) -> None:
    """Write logs.js from those logs that are there.

    Parameters
    ----------
    path : Path
        The file to write.
    runs : DataFrame
        runs.csv, which names the runs.
    logs : Path
        Folder of the logs; it need not exist.
    """
    trained = runs.loc[runs["kind"] == "trained", "key"]
    files = {key: logs / "runs" / f"{key}.json" for key in trained}
    found = {key: shown(json.loads(log.read_text("utf-8"))) for key, log in files.items()
             if log.is_file()}  # fmt: skip
    if found and len(found) == len(trained):
        seconds = sum(values["wall_seconds"]["sort"] for values in found.values())
        text = f" ({len(trained)} trainings, {duration(seconds)} in all)"
        found[ALL_TRAININGS] = {"wall_seconds": {"text": text, "sort": seconds}}
    content = json.dumps(found, indent=1, sort_keys=True)
    path.write_text(f"window.reportLogs = {content};\n", encoding="utf-8")


def shown(log: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of one log as the page shows them: a text, and a value to sort by."""
    commit, dash, dirty = log["git_revision"].partition("-")
    moment = datetime.fromisoformat(log["started"]).astimezone(UTC)
    seconds = log["wall_seconds"]
    return {
        "git_revision": {"text": f"{commit[:SHORT]}{dash}{dirty}", "sort": log["git_revision"]},
        "started": {"text": f"{moment:%Y-%m-%d %H:%M} UTC", "sort": moment.timestamp()},
        "wall_seconds": {"text": duration(seconds), "sort": seconds},
    }
