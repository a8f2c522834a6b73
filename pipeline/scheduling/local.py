"""Runs stages as processes of this machine that are forked from one with the libraries imported.

Most of a short stage is its start: PyTorch and pandas take seconds of processor time to import.
`multiprocessing`'s fork server imports them once. The project's own code is imported by each stage
afresh. Imports the standard library alone, as `pipeline.scheduling.job`.
"""

import atexit
import contextlib
import multiprocessing
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType
from typing import cast

from pipeline.scheduling.job import Job, alone

GRACE_S = 60.0  # a training ends its step and saves
# A command that means the same to every shell, and to none.
MODULE = re.compile(r"python -m ([\w./,+:@%= -]+)", re.ASCII)
# What stages import of other projects, after `pipeline`, which chooses the arithmetic; what is not
# installed is left out. PyTorch imports `torch._inductor` for deterministic algorithms.
LIBRARIES = [
    *("pipeline", "torch._inductor.config", "torch", "torch.utils.deterministic", "numpy"),
    *("pandas", "h5py", "PIL.Image", "pydantic", "safetensors.torch", "scipy.stats"),
    *("skimage.metrics", "tqdm", "yaml", "filelock", "networkx", "jinja2"),
]


class LocalExecutor:
    """Runs jobs on this machine.

    Parameters
    ----------
    jobs : int
        How many at a time.
    gpus : sequence of str
        Values of CUDA_VISIBLE_DEVICES; jobs share them evenly. None: no choice is made for them.
    """

    def __init__(self, jobs: int, gpus: Sequence[str]) -> None:
        self.slots = list(reversed(range(jobs)))
        self.gpus = gpus
        self.running: dict[str, tuple[BaseProcess, int]] = {}
        self.method = "spawn"  # imports for a single stage would be in vain
        sys.path.insert(0, str(Path.cwd()))  # jobs run the code of this folder
        multiprocessing.set_forkserver_preload(LIBRARIES)
        # Every process would import the real one.
        sys.modules["__main__"] = ModuleType("__main__")
        if jobs > 1:  # threads that wait for others must not keep a core from other jobs
            os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

    def has_room(self) -> bool:
        """Whether another job may start now."""
        return bool(self.slots)

    def find(self, job: Job) -> None:
        """Return None: jobs of this machine end with their scheduler."""

    def start(self, job: Job) -> str:
        """Start a job; return where it runs."""
        slot, gpu = self.slots.pop(), ""
        if self.gpus:
            gpu = self.gpus[slot % len(self.gpus)]
            job = replace(job, environment={**job.environment, "CUDA_VISIBLE_DEVICES": gpu})
        context = multiprocessing.get_context(self.method)
        self.method = "forkserver"
        process = context.Process(target=run, args=(job,))  # type: ignore[attr-defined]
        process.start()
        self.running[job.name] = process, slot
        return f"on GPU {gpu}" if gpu else ""

    def flush(self) -> None:
        """Do nothing: jobs start at once."""

    def ended(self) -> list[tuple[str, str]]:
        """Return the jobs that ended since the last call, each with an error or ""."""
        found = []
        for name, (process, slot) in list(self.running.items()):
            if (status := process.exitcode) is not None:
                if status < 0 or status == 255:  # what it started may live on; 255: no fork server
                    _send(process, signal.SIGKILL)
                del self.running[name]
                self.slots.append(slot)
                killed = status < 0 and f"killed by {signal.Signals(-status).name}"
                found.append((name, killed or (f"exit status {status}" if status else "")))
        return found

    def stop(self, number: int) -> None:
        """Send a signal to all processes of all jobs."""
        for process, _ in self.running.values():
            _send(process, number)


def _send(process: BaseProcess, number: int) -> None:
    pid = cast(int, process.pid)
    with contextlib.suppress(ProcessLookupError):
        try:
            os.killpg(pid, number)
        except ProcessLookupError:  # it has no group of its own yet
            os.kill(pid, number)


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
        if len(job.commands) == 1 and (module := MODULE.fullmatch(job.commands[0][-1].strip())):
            _run_module(module[1].split(), job.folder)
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
    return [str(index) for index in range(len(re.findall("^GPU ", listing.stdout, re.MULTILINE)))]


def default_jobs(gpus: Sequence[str]) -> int:
    """Return how many stages to run at a time: one a GPU, else as many as the cores allow.

    params.yaml's ``train.threads`` says how many cores a training takes: all without it, one in
    portable arithmetic.
    """
    if gpus:
        return len(gpus)
    import joblib  # type: ignore[import-untyped]  # noqa: PLC0415
    from dvc.utils.serialize import load_yaml  # noqa: PLC0415

    params = load_yaml("params.yaml") if Path("params.yaml").exists() else {}
    train = params.get("train")
    threads = train.get("threads") if isinstance(train, dict) else 1
    threads = 1 if params.get("arithmetic") == "portable" else threads
    # joblib heeds CPU affinity and the limits of containers.
    return max(1, joblib.cpu_count() // threads) if threads else 1
