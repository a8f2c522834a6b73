"""What runs the commands of a stage, in a process of this machine or in a job of a cluster.

Imports the standard library alone: this module is in a stage's process before the stage is.
"""

import atexit
import fcntl
import json
import multiprocessing
import os
import re
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

GRACE_S = 60.0  # a training ends its step and saves
# A command that means the same to every shell, and to none.
MODULE = re.compile(r"python -m ([\w./,+:@%= -]+)", re.ASCII)


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


def module_of(commands: Sequence[Sequence[str]]) -> list[str]:
    """Return module and arguments when a single ``python -m MODULE ...`` is all there is to run."""
    found = MODULE.fullmatch(commands[0][-1].strip()) if len(commands) == 1 else None
    return found[1].split() if found else []


def run(job: Job) -> None:
    """Become the stage: what a process that `LocalExecutor` starts does.

    Ends with the exit status of the commands. When the scheduler dies, SIGTERM asks them to stop,
    and SIGKILL comes a minute later.
    """
    os.setsid()  # Ctrl-C is for the scheduler, which tells the stages
    log = os.open(job.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)
    for number in (1, 2):
        os.dup2(log, number)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.clear()
    os.environ.update(job.environment)
    os.chdir(job.folder)
    with alone(job.file("lock")) as lock:
        if module := module_of(job.commands):
            _run_module(module, job.folder)
        else:
            _run_shells(job.commands, lock.fileno())
        job.finish()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.killpg(0, signal.SIGTERM)
    time.sleep(GRACE_S)
    os.killpg(0, signal.SIGKILL)


def _run_module(words: Sequence[str], folder: str) -> None:
    """Do what ``python -m`` does, in this process, which has imported the libraries."""
    module, *sys.argv[1:] = words
    sys.path.insert(0, folder)
    # The stage imports the project's code as it is now. Only what was done before the libraries
    # were imported stays: the choice of arithmetic.
    kept = ("pipeline", "pipeline.support", "pipeline.support.arithmetic")
    for name in [name for name in sys.modules if name.startswith("pipeline.")]:
        if name not in kept:
            del sys.modules[name]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ending:
        if ending.code:
            raise
    finally:
        threading._shutdown()  # type: ignore[attr-defined]  # as the interpreter does at its end
        atexit._run_exitfuncs()


def _run_shells(commands: Sequence[Sequence[str]], lock: int) -> None:
    signal.signal(signal.SIGTERM, lambda *_: None)  # the whole group gets it
    for command in commands:
        status = subprocess.call(command, stdin=subprocess.DEVNULL, pass_fds=[lock])
        if status:
            raise SystemExit(status if status > 0 else 128 - status)
