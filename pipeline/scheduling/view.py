"""What a run shows: a live table on a terminal, plain lines elsewhere."""

import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pipeline.scheduling.processes import tail

_FRACTION = re.compile(r"\b(\d+)/(\d+)\b")
_SECONDS_BETWEEN_FRAMES = 0.25


@dataclass
class Running:
    """A stage whose command runs.

    Parameters
    ----------
    name : str
        Of the stage.
    log : Path
        What it prints.
    where : str
        GPU or cluster job, if any.
    began : float
        `time.monotonic`.
    """

    name: str
    log: Path
    where: str = ""
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return time.monotonic() - self.began

    def progress(self) -> tuple[float | None, str]:
        """Return the part that is done, if the last line says so (``step 3/10``), and the line."""
        line = (tail(self.log, 1) or [""])[0]
        for done, total in reversed(_FRACTION.findall(line)):
            if 0 < int(total) >= int(done):
                return int(done) / int(total), line
        return None, line


@dataclass
class State:
    """Where a run stands.

    Parameters
    ----------
    total : int
        Stages of the plan.
    done, failed : int
        Stages that are up to date; that failed or need one that failed.
    running : dict
        By name.
    seconds_left : float or None
        An estimate, when earlier runs or finished stages allow one.
    note : str
        What the run waits for, if anything unusual.
    """

    total: int
    done: int = 0
    failed: int = 0
    running: dict[str, Running] = field(default_factory=dict)
    seconds_left: float | None = None
    note: str = ""


class View:
    """Shows a run; choose `Live` or `Plain` by `for_stream`."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.began = time.monotonic()

    def __enter__(self) -> "View":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def say(self, text: str) -> None:
        """Print a line."""
        state = self.state
        count = f"[{state.done + state.failed}/{state.total}]"
        print(f"{count} {text}", file=sys.stderr, flush=True)

    def refresh(self) -> None:
        """Show the state as it is now; may be called often."""


class LiveView(View):
    """One line for the run and one for each running stage, with its own progress."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.console = Console(stderr=True)
        self.live = Live(console=self.console, auto_refresh=False, transient=True)
        self.shown = 0.0

    def __enter__(self) -> "LiveView":
        self.live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.live.stop()

    def say(self, text: str) -> None:
        """Print a line above the table."""
        self.console.print(text, markup=False, highlight=False)

    def refresh(self) -> None:
        """Draw the table, four times a second at most."""
        if time.monotonic() - self.shown >= _SECONDS_BETWEEN_FRAMES:
            self.shown = time.monotonic()
            self.live.update(self._frame(), refresh=True)

    def _frame(self) -> Group:
        state = self.state
        waiting = state.total - state.done - state.failed - len(state.running)
        parts = [f"{state.done} done", f"{len(state.running)} running", f"{waiting} waiting"]
        parts += [f"{state.failed} failed or left out"] if state.failed else []
        parts += [f"{duration(time.monotonic() - self.began)} elapsed"]
        parts += [f"about {duration(state.seconds_left)} left"] if state.seconds_left else []
        parts += [state.note] if state.note else []
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(no_wrap=True)
        table.add_column(width=20)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        room = max(1, self.console.height - 3)
        for running in list(state.running.values())[:room]:
            part, line = running.progress()
            bar = ProgressBar(1.0, part, width=20) if part is not None else Text("")
            name = f"{running.name} {running.where}".strip()
            table.add_row(name, bar, duration(running.seconds), Text(line, style="dim"))
        return Group(Text("stages: " + ", ".join(parts), style="bold"), table)


def for_stderr(state: State) -> View:
    """Return the view that suits standard error."""
    return LiveView(state) if sys.stderr.isatty() else View(state)


def duration(seconds: float) -> str:
    """Write a time span as ``1:02:03`` or ``2:03``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
