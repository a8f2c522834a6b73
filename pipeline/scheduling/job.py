"""The commands of a stage, and what is kept of them beyond the life of a process.

Imports the standard library alone: this module is in a stage's process before the stage is.
"""

import fcntl
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any


@dataclass(frozen=True)
class Job:
    """The commands of a stage and what they need.

    Parameters
    ----------
    name : str
        Of the stage, as DVC addresses it.
    commands : sequence of sequence of str
        Argument lists of shells, as DVC makes them; one after the other.
    folder : str
        Working folder.
    environment : mapping of str to str
        All of it.
    inputs : mapping
        Command, dependencies and parameters with their digests, as they were before the command.
    outputs : sequence of str
        Absolute paths of what the commands write.
    log : Path
        What they print.
    state : Path
        ``state.lock`` is locked while they run; ``state.done`` tells that they ended well, and
        ``state.queued`` which job of a cluster was to run them, until the scheduler has saved.
    """

    name: str
    commands: Sequence[Sequence[str]]
    folder: str
    environment: Mapping[str, str]
    inputs: Mapping[str, Any]
    outputs: Sequence[str]
    log: Path
    state: Path

    def file(self, ending: str) -> Path:
        """Return ``state.ending``."""
        return Path(f"{self.state}.{ending}")

    def forget(self) -> None:
        """Remove what was for the next scheduler in case this one was killed."""
        for ending in ("done", "queued"):
            self.file(ending).unlink(missing_ok=True)

    def finish(self) -> None:
        """Take note that the commands ended well."""
        partial = self.file("partial")
        partial.write_text(json.dumps(self.inputs))
        partial.replace(self.file("done"))

    def finished(self) -> bool:
        """Tell whether the commands ended well with these inputs and the outputs are theirs."""
        done = self.file("done")
        if not done.exists() or json.loads(done.read_text()) != self.inputs:
            return False
        roots = [Path(output) for output in self.outputs]
        found = [path for root in roots for path in (root, *root.rglob("*")) if path.exists()]
        noted = done.stat().st_ctime_ns  # renamed and copied files have a new one, too
        return all(path.stat().st_ctime_ns <= noted for path in found)


@contextmanager
def alone(path: Path, *, wait: bool = True) -> Iterator[IO[str]]:
    """Hold a lock file, and yield it; processes that inherit its descriptor hold it, too.

    The lock lasts as long as any of them, whatever ended the process that started them.

    Raises
    ------
    BlockingIOError
        When another process holds it and `wait` is False.
    """
    with path.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield file


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return the names of the inputs that differ, separated by commas; "" when none does."""
    names = sorted({*before, *after})
    return ", ".join(name for name in names if before.get(name) != after.get(name))
