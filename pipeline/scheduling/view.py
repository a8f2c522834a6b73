"""What a run shows: lines of what happened and, on a terminal, what runs."""

import re
import sys
import time
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

_FRACTION = re.compile(r"\b(\d+)/(\d+)\b")


class View:
    """Shows a run on standard error.

    Parameters
    ----------
    total : int
        Stages of the plan.
    """

    def __init__(self, total: int) -> None:
        console = Console(stderr=True, markup=False, emoji=False, highlight=False, soft_wrap=True)
        self.progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(20),
            TimeElapsedColumn(),
            TextColumn("{task.fields[line]}", style="dim", markup=False),
            console=console,
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self.total, self.closed = total, 0
        self.all = self.progress.add_task("stages", total=total, line="")
        self.running: dict[str, tuple[TaskID, Path, float]] = {}

    def say(self, text: str) -> None:
        """Print a line."""
        self.progress.console.print(f"[{self.closed}/{self.total}] {text}")

    def begin(self, name: str, log: Path, where: str) -> None:
        """Show a stage that runs, with the last line of its log."""
        task = self.progress.add_task(f"{name} {where}".strip(), total=None, line="")
        self.running[name] = task, log, time.monotonic()

    def end(self, name: str) -> timedelta:
        """Show it no longer; return how long it ran."""
        task, _, began = self.running.pop(name)
        self.progress.remove_task(task)
        return timedelta(seconds=round(time.monotonic() - began))

    def refresh(self, note: str = "") -> None:
        """Show the state as it is now."""
        if self.progress.disable:
            return
        line = f"{self.closed} of {self.total}, {len(self.running)} running. {note}"
        self.progress.update(self.all, completed=self.closed, line=line)
        for task, log, _ in self.running.values():
            part, line = last_step(log)
            self.progress.update(task, completed=part or 0, total=part and 1.0, line=line)


def last_step(log: Path) -> tuple[float | None, str]:
    """Return the part that is done, if a log's last line says so (``step 3/10``), and the line."""
    line = (tail(log, 1) or [""])[0]
    for done, total in reversed(_FRACTION.findall(line)):
        if 0 < int(total) >= int(done):
            return int(done) / int(total), line
    return None, line


def tail(path: Path, lines: int = 20) -> list[str]:
    """Return the last lines of a log file; bars that overwrite themselves count as one line."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 16_384))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    found = [line.rsplit("\r", 1)[-1].rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    return [line for line in found if line][-lines:]
