"""The stages' commands as processes: log files, GPUs, an end for all of them."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil  # type: ignore[import-untyped]

from pipeline.scheduling import guard
from pipeline.scheduling.launcher import Forked, Launcher, module_of
from pipeline.support.errors import UserError

LOGS = Path("logs/stages")


def log_path(name: str) -> Path:
    """Return the log file of a stage."""
    return LOGS / f"{name.replace('/', '_').replace(':', '_')}.log"


def gpus() -> list[str]:
    """Return names of the GPUs that jobs may use, for CUDA_VISIBLE_DEVICES.

    Without importing PyTorch, which takes longer than a run that has nothing to do.
    """
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [name for name in chosen.split(",") if name.strip() not in ("", "-1")]
    if shutil.which("nvidia-smi") is None:
        return []
    listing = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False)
    found = [line for line in listing.stdout.splitlines() if line.startswith("GPU ")]
    return [str(index) for index in range(len(found))]


class ProjectLock:
    """Lets one scheduler at a time work in a project, and not before a killed one is cleaned up.

    Raises
    ------
    UserError
        When another one is running.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.file: IO[str] = path.open("a+", encoding="utf-8")
        self._take(path)
        self.file.truncate(0)
        self.file.write(f"{os.getpid()}\n")
        self.file.flush()

    def _take(self, path: Path) -> None:
        told = False
        while True:
            try:
                fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                owner = path.read_text(encoding="utf-8").strip()
                if not owner or psutil.pid_exists(int(owner)):
                    raise UserError(
                        f"another `mesr repro` (process {owner or 'unknown'}) is at work in this "
                        "project. Wait until it ends, or stop it with Ctrl-C or SIGTERM."
                    ) from None
                if not told:
                    print("waiting for the processes of a killed run to stop", file=sys.stderr)
                    told = True
                time.sleep(0.1)
            else:
                return

    def close(self) -> None:
        """Let others work."""
        self.file.close()


class Process:
    """Commands of a stage, one after the other, in a process group of their own.

    Parameters
    ----------
    commands : sequence of sequence of str
        Argument lists.
    environment : mapping of str to str
        All of it.
    folder : str
        Working folder.
    log : Path
        Gets what the commands print.
    guardian : Guardian
        Told of each process group.
    launcher : Launcher, optional
        Forks Python modules, once it is ready.
    """

    def __init__(
        self,
        commands: Sequence[Sequence[str]],
        environment: Mapping[str, str],
        folder: str,
        log: Path,
        guardian: "Guardian",
        launcher: Launcher | None = None,
    ) -> None:
        self.commands, self.environment, self.folder = list(commands), dict(environment), folder
        self.log, self.guardian, self.launcher = log, guardian, launcher
        self.stopped = False
        log.parent.mkdir(parents=True, exist_ok=True)
        log.unlink(missing_ok=True)
        self.child: Forked | subprocess.Popen[bytes]
        self._start()

    def _start(self) -> None:
        command = self.commands.pop(0)
        self.child = self._forked(command) or self._spawned(command)
        self.guardian.started(self.child.pid)

    def _forked(self, command: Sequence[str]) -> Forked | None:
        if self.launcher is None or Path(self.folder).absolute() != Path.cwd():
            return None
        if (module := module_of(command, self.environment)) is None:
            return None
        return self.launcher.start(module, self.environment, self.folder, self.log)

    def _spawned(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as file:
            return subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdout=file,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    def poll(self) -> int | None:
        """Return the exit status once all commands have ended (or one has failed), else None."""
        status = self.child.poll()
        # A shell may die of a signal before the command that it started.
        if status is None or (self.stopped and guard.alive(self.child.pid)):
            return None
        self.guardian.ended(self.child.pid)
        if status == 0 and self.commands and not self.stopped:
            self._start()
            return None
        return status

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Send a signal to all processes of the stage; no further command is started."""
        self.stopped = True
        guard.send(self.child.pid, number)


class Guardian:
    """Ends the process groups that it was told of if this process dies; see `guard`.

    Parameters
    ----------
    lock : ProjectLock
        Held until it has done so.
    """

    def __init__(self, lock: ProjectLock) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", guard.__file__], stdin=subprocess.PIPE, text=True,
            pass_fds=[lock.file.fileno()], start_new_session=True,
        )  # fmt: skip

    def started(self, group: int) -> None:
        """Take note of a process group."""
        self._tell(f"+{group}\n")

    def ended(self, group: int) -> None:
        """Take note that it is gone."""
        self._tell(f"-{group}\n")

    def _tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def close(self) -> None:
        """Let it stop what is left and end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def tail(path: Path, lines: int = 20) -> list[str]:
    """Return the last lines of a log file; bars that overwrite themselves count as one line."""
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 16_384))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    found = [line.rsplit("\r", 1)[-1].rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    return [line for line in found if line][-lines:]
