"""What determines a result, and the log of what was measured while it was computed.

Outputs name what determines them alone (digests, settings, seed, versions, kind of processor), so
that the same study computed again gives the same bytes. What differs from run to run (date, wall
time, load of the machine, commit) goes to ``logs/``, which neither DVC nor git tracks.
"""

import hashlib
import inspect
import json
import os
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.support.files import atomic_path
from pipeline.support.revision import git_revision

ROOT = Path(__file__).parents[2]
LOGS = Path("logs")


def code_digest(paths: Iterable[str | Path]) -> str:
    """Return the SHA-256, in hexadecimal, of Python files and of those in folders.

    Parameters
    ----------
    paths : iterable of str or Path
        Files or folders, relative to the project's root. Names and contents count, their order
        does not. Of a file elsewhere, as networks may be, the name without its folder counts.
    """
    files: set[Path] = set()
    for path in paths:
        found = ROOT / path
        files |= set(found.rglob("*.py")) if found.is_dir() else {found}
    names = {
        file.relative_to(ROOT).as_posix() if file.is_relative_to(ROOT) else file.name: file
        for file in files
    }
    digest = hashlib.sha256()
    for name, file in sorted(names.items()):
        content = file.read_bytes()
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def network_code(kind: type) -> list[Path]:
    """Files and folders that define a class of network: its own, and what networks share."""
    own = Path(inspect.getfile(kind))
    if own.is_relative_to(ROOT / "mesr"):
        own = ROOT / "mesr"  # MESR is several files
    return [own, ROOT / "mesr" / "common"]


def write_log(name: str, began: float, **measured: Any) -> None:
    """Write ``logs/<name>.json``: commit, date, wall time, load, and what else was measured.

    Parameters
    ----------
    name : str
        Of the output that was computed, e.g. ``"runs/mesr_x4_s0"``.
    began : float
        `time.perf_counter` when the work began.
    **measured
        Further values, JSON-serialisable, e.g. steps per second.
    """
    wall = time.perf_counter() - began
    facts = {
        "name": name,
        "git_revision": git_revision(),
        "started": (datetime.now(UTC) - timedelta(seconds=wall)).isoformat(timespec="seconds"),
        "wall_seconds": round(wall, 2),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "cores": os.cpu_count(),
        **measured,
    }
    with atomic_path(LOGS / f"{name}.json") as temporary:
        temporary.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
