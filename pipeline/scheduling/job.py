"""What runs the commands of a stage, in a process of this machine or in a job of a cluster.

Imports the standard library alone: this module is in a stage's process before the stage is.
"""

import atexit
import fcntl
import hashlib
import json
import multiprocessing
import os
import re
import runpy
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GRACE_S = 60.0  # a training ends its step and saves
# What a shell would take as it stands, once the quotes are gone.
PLAIN = re.compile(r"[\w./,+:@%=-]+(?: +(?:[\w./,+:@%=-]+|'[^'\n]*'))*", re.ASCII)


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

    @property
    def lock(self) -> Path:
        """Locked while the commands run."""
        return Path(f"{self.state}.lock")

    @property
    def done(self) -> Path:
        """Tells that the commands ended well."""
        return Path(f"{self.state}.done")

    @property
    def queued(self) -> Path:
        """Names the job of a cluster."""
        return Path(f"{self.state}.queued")

    def forget(self) -> None:
        """Remove what was for the next scheduler in case this one was killed."""
        self.done.unlink(missing_ok=True)
        self.queued.unlink(missing_ok=True)

    @contextmanager
    def alone(self) -> Iterator[int]:
        """Wait for other processes of the stage, and hold its lock; yield its file descriptor.

        Commands inherit the descriptor: the lock lasts as long as any of them, whatever ended the
        process that started them.
        """
        with self.lock.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file.fileno()

    def finish(self) -> None:
        """Take note that the commands ended well."""
        facts = {"inputs": self.inputs, "outputs": self._fingerprint()}
        temporary = Path(f"{self.state}.partial")
        temporary.write_text(json.dumps(facts))
        temporary.replace(self.done)

    def finished(self) -> bool:
        """Tell whether the commands ended well with these inputs and the outputs are theirs."""
        try:
            facts = json.loads(self.done.read_text())
        except FileNotFoundError:
            return False
        return facts == {"inputs": self.inputs, "outputs": self._fingerprint()}

    def _fingerprint(self) -> str:
        roots = [Path(output) for output in self.outputs]
        files = [path for root in roots for path in (root, *sorted(root.rglob("*")))]
        states = [(str(path), path.stat()) for path in files if path.exists()]
        facts = [(path, state.st_size, state.st_mtime_ns, state.st_ino) for path, state in states]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def locked(path: Path) -> bool:
    """Tell whether a process holds a job's lock."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return the names of the inputs that differ, separated by commas; "" when none does."""
    names = sorted({*before, *after})
    return ", ".join(name for name in names if before.get(name) != after.get(name))


def module_of(commands: Sequence[Sequence[str]]) -> list[str] | None:
    """Return module and arguments when a single ``python -m MODULE ...`` is all there is to run."""
    if len(commands) != 1 or not PLAIN.fullmatch(commands[0][-1].strip()):
        return None
    words = shlex.split(commands[0][-1])
    return words[2:] if words[:2] == ["python", "-m"] and len(words) > 2 else None


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
    with job.alone() as lock:
        if (module := module_of(job.commands)) is not None:
            _run_module(module, job.folder)
        else:
            _run_shells(job.commands, lock)
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
    stopped = threading.Event()
    # The whole group gets it; this process stays until the last of the group has ended.
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    for command in commands:
        end, inherited = os.pipe()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, pass_fds=[lock, inherited],
        )  # fmt: skip
        os.close(inherited)
        status = process.wait()
        if stopped.is_set():
            os.read(end, 1)  # returns when all that inherited the other end are gone
            status = status or 128 + signal.SIGTERM
        os.close(end)
        if status:
            raise SystemExit(status if status > 0 else 128 - status)
