"""Stages without the wait for PyTorch: a process that has imported the libraries forks them.

Most of a short stage is its start: PyTorch, pandas and the rest take seconds of processor time to
import. The launcher imports them once; each stage is a fork of it that then runs its module as
``python -m`` does, in a process group, environment and log file of its own. The project's own code
is imported by each stage afresh. Other commands, and stages that come before the launcher is ready,
are started as ever.
"""

import atexit
import contextlib
import gc
import json
import os
import re
import runpy
import select
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

# What the stages import of other projects. PyTorch imports `torch._inductor` when it is asked for
# deterministic algorithms, in half the time of its own import.
LIBRARIES = (
    "torch._inductor.config",
    *(
        "torch",
        "numpy",
        "pandas",
        "h5py",
        "PIL.Image",
        "pydantic",
        "omegaconf",
        "safetensors.torch",
    ),
    *("scipy.stats", "skimage.metrics", "joblib", "psutil", "tqdm", "yaml", "filelock", "requests"),
    *("torch.optim.swa_utils", "torch.utils.deterministic", "networkx", "jinja2"),
)
# What the shell would take as it stands, once the quotes are gone.
PLAIN = re.compile(r"[\w./,+:@%=-]+(?: +(?:[\w./,+:@%=-]+|'[^'\n]*'))*", re.ASCII)


def module_of(command: Sequence[str], environment: Mapping[str, str]) -> list[str] | None:
    """Return module and arguments of a shell's ``python -m MODULE ...``, None for other commands.

    Parameters
    ----------
    command : sequence of str
        Argument list.
    environment : mapping of str to str
        Its PATH must lead to the interpreter that runs this.
    """
    if len(command) < 2 or command[-2] != "-c" or not PLAIN.fullmatch(command[-1].strip()):
        return None
    words = shlex.split(command[-1])
    if words[:2] != ["python", "-m"] or len(words) < 3:
        return None
    found = shutil.which("python", path=environment.get("PATH"))
    same = found is not None and Path(found).parent.absolute() == Path(sys.executable).parent
    return words[2:] if same else None


class Launcher:
    """The side of the scheduler: starts the process and asks it for stages.

    Parameters
    ----------
    environment : mapping of str to str
        Of the process: what libraries read when they are imported.
    libraries : sequence of str
        What it imports; a library that is not installed is left out.
    """

    def __init__(
        self, environment: Mapping[str, str], libraries: Sequence[str] = LIBRARIES
    ) -> None:
        # In a group of its own: Ctrl-C is for the scheduler, which tells the stages.
        self.process = subprocess.Popen(
            [sys.executable, "-m", __name__, *libraries], env=dict(environment), text=True,
            bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        self.ready = False
        self.statuses: dict[int, int] = {}
        self.buffer = b""

    def start(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: str, log: Path
    ) -> "Forked | None":
        """Fork a stage; return None when the launcher is not ready, or is gone.

        Parameters
        ----------
        arguments : sequence of str
            As `module_of` returned them.
        environment, folder
            Of the stage.
        log : Path
            Gets what it prints.
        """
        self._read(wait=False)
        if not self.ready:
            return None
        assert self.process.stdin is not None
        request = {
            "arguments": list(arguments), "environment": dict(environment), "folder": folder,
            "log": str(log.absolute()),
        }  # fmt: skip
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
        except OSError:
            self.ready = False
            return None
        pid = self._read(wait=True)
        return None if pid is None else Forked(pid, self)

    def poll(self, pid: int) -> int | None:
        """Return the exit status of a stage that has ended, negative for a signal, else None."""
        self._read(wait=False)
        if pid not in self.statuses and self.process.poll() is not None:
            return -signal.SIGKILL  # nobody is left who could tell
        return self.statuses.get(pid)

    def _read(self, *, wait: bool) -> int | None:
        """Take what the process says; with `wait`, until it names the stage it has forked."""
        assert self.process.stdout is not None
        file = self.process.stdout.fileno()
        while True:
            while b"\n" in self.buffer:
                line, self.buffer = self.buffer.split(b"\n", 1)
                word, *numbers = line.decode().split()
                if word == "ready":
                    self.ready = True
                elif word == "ended":
                    self.statuses[int(numbers[0])] = int(numbers[1])
                elif word == "started":
                    return int(numbers[0])
            if not wait and not select.select([file], [], [], 0)[0]:
                return None
            data = os.read(file, 65_536)
            if not data:
                self.ready = False
                return None
            self.buffer += data

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self.process.terminate()
        self.process.wait()


class Forked:
    """A stage that the launcher forked, to be used as `subprocess.Popen` is.

    Attributes
    ----------
    pid : int
        Of the process, and of its group.
    """

    def __init__(self, pid: int, launcher: Launcher) -> None:
        self.pid, self.launcher = pid, launcher

    def poll(self) -> int | None:
        """Return the exit status, negative for a signal; None while it runs."""
        return self.launcher.poll(self.pid)


def main(libraries: Sequence[str]) -> None:
    """Import the libraries, then fork a stage for each line of the standard input."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # nothing else may speak on the line to the scheduler
    for name in libraries:
        with contextlib.suppress(ImportError):
            import_module(name)
    gc.collect()
    gc.freeze()  # the collector of a stage need not touch, and so copy, what is shared
    out.write("ready\n")
    # A byte for each stage that ended: the wait below is for it and for the next request.
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    buffer = b""
    while True:
        ready, _, _ = select.select([0, wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
            _reap(out)
        if 0 in ready:
            data = os.read(0, 1 << 20)
            if not data:
                return
            buffer += data
            while b"\n" in buffer:
                line, buffer = buffer.split(b"\n", 1)
                pid = os.fork()
                if pid == 0:
                    for file in (wake, woken, out.fileno()):
                        os.close(file)
                    _run(json.loads(line))
                # Here and in the stage, whichever is first: the group exists once it is named.
                with contextlib.suppress(OSError):
                    os.setpgid(pid, pid)
                out.write(f"started {pid}\n")


def _reap(out: Any) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        out.write(f"ended {pid} {os.waitstatus_to_exitcode(status)}\n")


def _run(request: Mapping[str, Any]) -> NoReturn:
    """Become the stage, in a process that was just forked."""
    os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    for ended in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(ended, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for file, number in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(file, number)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, buffering=1, encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115
        for number, mode, errors in (
            (0, "r", "strict"), (1, "w", "strict"), (2, "w", "backslashreplace"),
        )
    )  # fmt: skip
    module, *sys.argv[1:] = request["arguments"]
    sys.path[0] = str(Path.cwd())
    status = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ending:
        status = _status(ending.code)
    except BaseException:
        traceback.print_exc()
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]  # as the interpreter does at its end
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def _status(code: Any) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


if __name__ == "__main__":
    main(sys.argv[1:])
