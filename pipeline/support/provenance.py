"""What determines a result, and the log of what was measured while it was computed.

Outputs name what determines them alone (digests, settings, seed, versions, kind of processor), so
that the same study computed again gives the same bytes. What differs from run to run (date, wall
time, load of the machine, commit) goes to ``logs/``, which neither DVC nor git tracks.
"""

import hashlib
import inspect
import os
import subprocess
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.support.json import write_json

ROOT = Path(__file__).parents[2]
LOGS = Path("logs")
# The study writes these itself while it runs; what is in them is recorded elsewhere.
WRITTEN = ("params.yaml", "dvc.lock", "results", "published/*certificate.csv")


def code_digest(paths: Iterable[str | Path]) -> str:
    """Return the SHA-256, in hexadecimal, of Python files and of those in folders.

    Parameters
    ----------
    paths : iterable of str or Path
        Files or folders, relative to the project's root. Names and contents count, their order
        does not. Of a file elsewhere, as networks may be, the name without its folder counts.
    """
    folders = [ROOT / path for path in paths]
    files = {file for path in folders for file in (path.rglob("*.py") if path.is_dir() else [path])}
    names = {
        file.relative_to(ROOT).as_posix() if file.is_relative_to(ROOT) else file.name: file
        for file in files
    }
    digest = hashlib.sha256()
    for name, file in sorted(names.items()):
        content = file.read_bytes()
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def network_code(kind: type) -> list[Path]:
    """Files and folders that define a class of network: its own, and what networks share."""
    own = Path(inspect.getfile(kind))
    if own.is_relative_to(ROOT / "mesr"):
        own = ROOT / "mesr"  # MESR is several files
    return [own, ROOT / "mesr" / "common"]


def git_revision() -> str:
    """Return the commit of the code, with ``-dirty`` when files differ from it; "" outside git."""

    def git(*words: str) -> str:
        command, quiet = ["git", *words], subprocess.DEVNULL
        return subprocess.check_output(command, cwd=ROOT, text=True, stderr=quiet).strip()

    code = [":(top)", *(f":(exclude,top){name}" for name in WRITTEN)]
    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", *code)
        return git("rev-parse", "HEAD") + ("-dirty" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


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
    write_json(LOGS / f"{name}.json", facts)
