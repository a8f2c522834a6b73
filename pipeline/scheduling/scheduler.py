"""Runs the stages of a project as soon as what they need is there."""

import heapq
import json
import logging
import os
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import joblib  # type: ignore[import-untyped]

from pipeline.scheduling.launcher import Launcher
from pipeline.scheduling.processes import Guardian, Process, log_path, tail
from pipeline.scheduling.project import Busy, DvcException, Found, Node, Project, explain
from pipeline.scheduling.view import Running, View, duration
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path

POLL_S = 0.02
RETRY_S = 1.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Runner(Protocol):
    """Runs the commands of stages, here or elsewhere."""

    elsewhere: bool  # outputs are then taken from the run cache

    def takes(self, node: Node) -> bool:
        """Whether the stage is of a kind that this runner is for."""

    def has_room(self) -> bool:
        """Whether another stage may start now."""

    def start(self, node: Node) -> Running:
        """Start a stage that `Project.prepare` says must run."""

    def begin_all(self) -> None:
        """Take note that no further stage can start for the moment."""

    def ended(self) -> list[tuple[str, str]]:
        """Return stages that ended since the last call, each with an error or an empty string."""

    def stop(self, number: int) -> None:
        """Ask all stages to stop."""


class LocalRunner:
    """Runs stages as processes of this machine.

    Parameters
    ----------
    project : Project
        Whose stages.
    jobs : int
        How many at a time.
    gpus : sequence of str
        Values of CUDA_VISIBLE_DEVICES; each job gets the one with the fewest jobs. None: no choice
        is made for the jobs.
    guardian : Guardian
        Ends what is left if this process is killed.
    """

    elsewhere = False

    def __init__(
        self, project: Project, jobs: int, gpus: Sequence[str], guardian: Guardian
    ) -> None:
        self.project, self.jobs, self.gpus, self.guardian = project, jobs, gpus, guardian
        self.running: dict[str, tuple[Process, str, ExitStack]] = {}
        self.launcher: Launcher | None = None
        self.alone = True  # no stage has started yet

    def takes(self, node: Node) -> bool:
        """Take any stage."""
        return True

    def has_room(self) -> bool:
        """Whether fewer than `jobs` stages run."""
        return len(self.running) < self.jobs

    def start(self, node: Node) -> Running:
        """Start the stage's command."""
        environment, folder = self.project.environment(node)
        environment.setdefault("PYTHONUNBUFFERED", "1")
        if self.jobs > 1:  # threads that wait for others must not keep a core from other jobs
            environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        if self.launcher is None and self.alone:
            self.alone = False  # for a single stage its imports would be in vain
        elif self.launcher is None and hasattr(os, "fork"):
            self.launcher = Launcher(environment)
        gpu = ""
        if self.gpus:
            used = [taken for _, taken, _ in self.running.values()]
            gpu = min(self.gpus, key=used.count)
            environment["CUDA_VISIBLE_DEVICES"] = gpu
        with ExitStack() as stack:
            stack.enter_context(self.project.in_use(node))
            process = Process(
                self.project.commands(node), environment, folder, log_path(node.name),
                self.guardian, self.launcher,
            )  # fmt: skip
            self.running[node.name] = process, gpu, stack.pop_all()
        return Running(node.name, process.log, f"on GPU {gpu}" if gpu else "")

    def begin_all(self) -> None:
        """Do nothing: commands start at once."""

    def close(self) -> None:
        """End the launcher."""
        if self.launcher is not None:
            self.launcher.close()

    def ended(self) -> list[tuple[str, str]]:
        """Return the stages whose commands have ended."""
        found = []
        for name, (process, _, in_use) in list(self.running.items()):
            status = process.poll()
            if status is not None:
                in_use.close()
                del self.running[name]
                found.append((name, _describe(status)))
        return found

    def stop(self, number: int) -> None:
        """Send a signal to all processes of all stages."""
        for process, _, _ in self.running.values():
            process.stop(number)


class Scheduler:
    """Runs a plan.

    Parameters
    ----------
    project : Project
        The plan and DVC's part of the work.
    runners : sequence of Runner
        The first that takes a stage runs it.
    view : View
        Shows how it goes.
    """

    def __init__(self, project: Project, runners: Sequence[Runner], view: View) -> None:
        self.project, self.runners, self.view, self.state = project, runners, view, view.state
        self.nodes = project.nodes
        self.missing = {name: set(node.upstream) for name, node in self.nodes.items()}
        self.needed_by: dict[str, list[str]] = defaultdict(list)
        for name, node in self.nodes.items():
            for other in node.upstream:
                self.needed_by[other].append(name)
        self.durations = Durations(project.scratch / "seconds.json")
        self.place = {name: index for index, name in enumerate(self.nodes)}
        self.urgency = self._urgency()
        self.ready: dict[int, list[tuple[float, int, str]]] = {i: [] for i in range(len(runners))}
        self.retry: list[tuple[float, str]] = []
        self.endings: list[tuple[str, str, Runner]] = []
        self.open = Counter(node.kind for node in self.nodes.values())
        self.failures: dict[str, str] = {}
        self.left_out: set[str] = set()
        self.ran = self.restored = 0
        self.signals = 0
        self.signal = 0
        for name in self.nodes:
            if not self.missing[name]:
                self._make_ready(name)

    def run(self) -> None:
        """Run until nothing is left that can run.

        Raises
        ------
        UserError
            Naming the stages that failed, with the ends of their logs.
        SystemExit
            After a signal, when the stages that ran have stopped and saved.
        """
        with _signals(self._on_signal), _warnings(self.view):
            try:
                while self._step():
                    self.state.seconds_left = self._seconds_left()
                    self.view.refresh()
                    time.sleep(POLL_S)
            finally:
                self.durations.write()
        if self.signals:
            self.view.say("stopped; run the same command again to go on")
            raise SystemExit(128 + self.signal)
        if self.failures:
            raise UserError(self._report())
        self.project.complete()

    def _step(self) -> bool:
        """Do what can be done now; tell whether anything is left."""
        self._collect()
        now = time.monotonic()
        for entry in [entry for entry in self.retry if entry[0] <= now]:
            self.retry.remove(entry)
            self._make_ready(entry[1])
        if self.endings or self._next() is not None:
            try:
                with self.project.locked():
                    self.state.note = ""
                    self._work()
            except Busy:
                self.state.note = "another DVC process is at work in this project"
                if self.signals > 1:
                    return False
        if self.signals:
            return bool(self.state.running or self.endings)
        waiting = self.retry or any(self.ready.values())
        return bool(waiting or self.state.running or self.endings)

    def _work(self) -> None:
        """Save what ended and start what can start, while DVC's lock is held."""
        while True:
            self._collect()
            self.view.refresh()
            if self.endings:
                self._conclude(*self.endings.pop(0))
            elif (chosen := self._next()) is not None:
                name, runner = chosen
                heapq.heappop(self.ready[self.runners.index(runner)])
                self._start(self.nodes[name], runner)
            else:
                for runner in self.runners:
                    runner.begin_all()
                return

    def _next(self) -> tuple[str, Runner] | None:
        if not self.signals:
            for index, runner in enumerate(self.runners):
                if self.ready[index] and runner.has_room():
                    return self.ready[index][0][2], runner
        return None

    def _collect(self) -> None:
        for runner in self.runners:
            self.endings += [(name, error, runner) for name, error in runner.ended()]

    def _start(self, node: Node, runner: Runner) -> None:
        try:
            found = self.project.prepare(node)
            if found is Found.COMMAND:
                running = runner.start(node)
        except Busy:
            self.state.note = f"{node.name} waits for another DVC process"
            self.retry.append((time.monotonic() + RETRY_S, node.name))
            return
        except (DvcException, OSError) as error:
            self._fail(node.name, explain(error))
            return
        if found is Found.COMMAND:
            self.state.running[node.name] = running
            self.view.say(f"{node.name} started {running.where}".rstrip())
        else:
            if found is Found.RESTORED:
                self.restored += 1
                self.view.say(f"{node.name} restored from the cache")
            self._done(node.name)

    def _conclude(self, name: str, error: str, runner: Runner) -> None:
        node = self.nodes[name]
        running = self.state.running.pop(name)
        try:
            if runner.elsewhere:
                if self.project.restore_from_elsewhere(node):
                    error = ""
                else:
                    error = error or "its job ended without its outputs"
            elif not error:
                self.project.save(node)
        except Busy as busy:
            if self.signals < 2:
                self.state.running[name] = running
                self.endings.append((name, error, runner))
                time.sleep(POLL_S)
                return
            error = explain(busy)
        except (DvcException, OSError) as problem:
            error = explain(problem)
        if error and self.signals:
            self.view.say(f"{name} stopped")
            return
        if error:
            self._fail(name, f"{error} after {duration(running.seconds)}")
            return
        self.ran += 1
        self.durations.put(name, running.seconds)
        self._done(name)
        self.view.say(f"{name} done in {duration(running.seconds)}")

    def _done(self, name: str) -> None:
        self.state.done += 1
        for other in self.needed_by[name]:
            self.missing[other].discard(name)
            if not self.missing[other] and other not in self.left_out:
                self._make_ready(other)
        self.open[self.nodes[name].kind] -= 1

    def _fail(self, name: str, error: str) -> None:
        self.failures[name] = error
        self.open[self.nodes[name].kind] -= 1
        self.view.say(f"{name} FAILED: {error}")
        pending = [name]
        while pending:
            for other in self.needed_by[pending.pop()]:
                if other not in self.left_out:
                    self.left_out.add(other)
                    self.open[self.nodes[other].kind] -= 1
                    pending.append(other)
        self.state.failed = len(self.failures) + len(self.left_out)

    def _make_ready(self, name: str) -> None:
        node = self.nodes[name]
        index = next(i for i, runner in enumerate(self.runners) if runner.takes(node))
        heapq.heappush(self.ready[index], (-self.urgency[name], self.place[name], name))

    def _urgency(self) -> dict[str, float]:
        """Return the seconds from the start of each stage to the end of the run, at best."""
        urgency: dict[str, float] = {}
        for name in reversed(self.nodes):  # the plan puts a stage behind what it needs
            after = max((urgency[other] for other in self.needed_by[name]), default=0.0)
            urgency[name] = after + self.durations.expected(self.nodes[name], 1.0)
        return urgency

    def _seconds_left(self) -> float | None:
        means = {kind: self.durations.mean(kind) for kind in self.open}
        known = [mean for mean in means.values() if mean is not None]
        if not known:
            return None
        other = sum(known) / len(known)
        total = sum(
            count * (other if (mean := means[kind]) is None else mean)
            for kind, count in self.open.items()
        )
        began = sum(running.seconds for running in self.state.running.values())
        return max(0.0, total - began) / max(1, len(self.state.running))

    def _report(self) -> str:
        lines = [f"{len(self.failures)} of {len(self.nodes)} stages failed"]
        if self.left_out:
            lines[0] += f"; {len(self.left_out)} that need them were left out"
        for name, error in self.failures.items():
            log = log_path(name)
            ending = tail(log)
            lines += ["", f"{name}: {error}" + (f"; {log} ends with" if ending else "")]
            lines += [f"  | {line}" for line in ending]
        return "\n".join(lines)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.signals += 1
        self.signal = self.signal or number
        self.state.note = "stopping after the current step; once more stops at once"
        # The first ends a training after its step, the second at once, the third anything.
        to_send: int = signal.SIGTERM if self.signals < 3 else signal.SIGKILL
        if self.signals == 1 and number == signal.SIGTERM and _in_slurm_job():
            to_send = 0  # Slurm sends it to all processes of a job itself: this would be the second
        for runner in self.runners:
            runner.stop(to_send)


class Durations:
    """How long stages took in earlier runs.

    Parameters
    ----------
    path : Path
        JSON file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.known: dict[str, float] = json.loads(path.read_text())
        except (OSError, ValueError):
            self.known = {}
        self.by_kind: dict[str, tuple[float, int]] = {}
        for name, seconds in self.known.items():
            self._count(name, seconds)

    def put(self, name: str, seconds: float) -> None:
        """Take note of a stage's time."""
        self.known[name] = round(seconds, 2)
        self._count(name, seconds)

    def expected(self, node: Node, otherwise: float) -> float:
        """Return the stage's own time, or the mean of its kind, or `otherwise`."""
        if node.name in self.known:
            return self.known[node.name]
        mean = self.mean(node.kind)
        return otherwise if mean is None else mean

    def mean(self, kind: str) -> float | None:
        """Return the mean over the stages of a kind."""
        total, count = self.by_kind.get(kind, (0.0, 0))
        return total / count if count else None

    def write(self) -> None:
        """Keep them for the next run."""
        with atomic_path(self.path) as temporary:
            temporary.write_text(json.dumps(self.known, indent=0))

    def _count(self, name: str, seconds: float) -> None:
        total, count = self.by_kind.get(name.partition("@")[0], (0.0, 0))
        self.by_kind[name.partition("@")[0]] = total + seconds, count + 1


def _in_slurm_job() -> bool:
    return os.environ.get("SUBMITIT_EXECUTOR") == "slurm"


def _describe(status: int) -> str:
    if status == 0:
        return ""
    return f"exit status {status}" if status > 0 else f"killed by {signal.Signals(-status).name}"


@contextmanager
def _signals(handler: Any) -> Iterator[None]:
    # A signal that is ignored stays so: SIGHUP under nohup.
    former = {n: signal.getsignal(n) for n in SIGNALS if signal.getsignal(n) != signal.SIG_IGN}
    for number in former:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, handle in former.items():
            signal.signal(number, handle or signal.SIG_DFL)


@contextmanager
def _warnings(view: View) -> Iterator[None]:
    """Show DVC's warnings in the view, and none of its other messages and progress bars."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            view.say(record.getMessage())

    logger = logging.getLogger("dvc")
    handlers, level = logger.handlers, logger.level
    logger.handlers = [Handler()]
    logger.setLevel(logging.WARNING)
    logging.getLogger("dvc.progress").setLevel(logging.CRITICAL)  # what its bars go by
    try:
        yield
    finally:
        logger.handlers = handlers
        logger.setLevel(level)
        logging.getLogger("dvc.progress").setLevel(logging.NOTSET)


def default_jobs(params: Mapping[str, Any], gpus: Sequence[str]) -> int:
    """Return how many stages to run at a time: one a GPU, else as many as the cores allow.

    Parameters
    ----------
    params : mapping
        Content of params.yaml. Without ``train.threads`` each training takes all cores, but for
        portable arithmetic, where each takes one.
    gpus : sequence of str
        GPUs of the machine.
    """
    if gpus:
        return len(gpus)
    train = params.get("train")
    threads = train.get("threads") if isinstance(train, dict) else 1
    threads = 1 if params.get("arithmetic") == "portable" else threads
    # joblib heeds CPU affinity and the limits of containers.
    return max(1, joblib.cpu_count() // threads) if threads else 1
