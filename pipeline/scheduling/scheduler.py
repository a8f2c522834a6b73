"""Runs the stages of a project as soon as what they need is there."""

import heapq
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING

from dvc.exceptions import DvcException

from pipeline.scheduling.job import Job
from pipeline.scheduling.project import Busy, Node, Project, explain
from pipeline.scheduling.view import View, duration, tail
from pipeline.support.errors import UserError

if TYPE_CHECKING:
    from pipeline.scheduling.cluster import ClusterExecutor
    from pipeline.scheduling.local import LocalExecutor

    Executor = LocalExecutor | ClusterExecutor

POLL_S = 0.02
RETRY_S = 1.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class _Running:
    job: Job
    in_use: ExitStack


class Scheduler:
    """Runs a plan.

    Parameters
    ----------
    project : Project
        The plan and DVC's part of the work.
    choose : callable
        Returns the executor for a stage.
    view : View
        Shows how it goes.

    Attributes
    ----------
    ran, restored : int
        How many stages were not up to date: whose commands ran; whose outputs were there.
    """

    def __init__(self, project: Project, choose: Callable[[Node], "Executor"], view: View) -> None:
        self.project, self.choose, self.view = project, choose, view
        self.nodes = project.nodes
        self.missing = {name: set(node.upstream) for name, node in self.nodes.items()}
        self.needed_by: dict[str, list[str]] = defaultdict(list)
        for name, node in self.nodes.items():
            for other in node.upstream:
                self.needed_by[other].append(name)
        self.place = {name: index for index, name in enumerate(self.nodes)}
        self.urgency = self._urgency()
        self.ready: dict[Executor, list[tuple[int, int, str]]] = defaultdict(list)
        self.running: dict[str, _Running] = {}
        self.endings: list[tuple[str, str]] = []
        self.failures: dict[str, str] = {}
        self.left_out: set[str] = set()
        self.ran = self.restored = 0
        self.signals: list[int] = []
        self.note = ""
        self.waits_until = 0.0
        for name, needed in self.missing.items():
            if not needed:
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
        with _signals(self._on_signal):
            try:
                while self._step():
                    self.view.refresh(self.note)
                    time.sleep(POLL_S)
            finally:
                if self.running:  # an error of ours
                    self._stop(signal.SIGTERM)
        if self.signals:
            self.view.say("stopped; run the same command again to go on")
            raise SystemExit(128 + self.signals[0])
        if self.failures:
            raise UserError(self._report())

    def _step(self) -> bool:
        """Do what can be done now; tell whether anything is left."""
        self._collect()
        if (self.endings or self._free()) and time.monotonic() >= self.waits_until:
            self.note = ""
            try:
                self._work()
            except Busy:
                self._wait("another DVC process is at work in this project")
                if len(self.signals) > 1:
                    return False
        return bool(self.running or (not self.signals and any(self.ready.values())))

    def _work(self) -> None:
        """Save what ended and start what can start, while DVC's lock is held."""
        postponed = []
        try:
            with self.project.locked():
                while True:
                    self._collect()
                    self.view.refresh(self.note)
                    if self.endings:
                        self._conclude(*self.endings[0])
                        del self.endings[0]
                    elif executor := self._free():
                        entry = heapq.heappop(self.ready[executor])
                        if not self._start(self.nodes[entry[-1]], executor):
                            postponed.append((executor, entry))
                    else:
                        break
                for executor in self.ready:
                    executor.flush()
        finally:
            for executor, entry in postponed:
                heapq.heappush(self.ready[executor], entry)

    def _free(self) -> "Executor | None":
        """Return an executor that has a stage to start and room for it."""
        if self.signals:
            return None
        return next((e for e, entries in self.ready.items() if entries and e.has_room()), None)

    def _collect(self) -> None:
        for executor in self.ready:
            self.endings += executor.ended()

    def _wait(self, note: str) -> None:
        self.note, self.waits_until = note, time.monotonic() + RETRY_S

    def _start(self, node: Node, executor: "Executor") -> bool:
        """Start a stage if it is out of date and cannot be restored; return False for: later."""
        try:
            if self.project.unchanged(node):
                self._done(node.name)
                return True
            where = None
            if (job := self.project.left_over(node)) is not None:
                if job.finished():
                    self.project.save(node, job.inputs)
                    job.forget()
                    self._restored(node.name, "taken from an earlier run")
                    return True
                where = executor.find(job)
            if job is None or where is None:
                if self.project.busy(node):
                    self._wait(f"{node.name} waits for a process of an earlier run")
                    return False
                if self.project.restore(node):
                    self._restored(node.name, "restored from the cache")
                    return True
                job = self.project.job(node)
            with ExitStack() as stack:
                stack.enter_context(self.project.in_use(node))
                where = where or executor.start(job)
                self.running[node.name] = _Running(job, stack.pop_all())
        except Busy:
            self._wait(f"{node.name} waits for another DVC process")
            return False
        except (UserError, DvcException, OSError) as error:
            self._fail(node.name, explain(error))
            return True
        self.view.begin(node.name, node.log, where)
        self.view.say(f"{node.name} started {where}".rstrip())
        return True

    def _conclude(self, name: str, error: str) -> None:
        """Save the outputs of a job that ended, or tell why not."""
        node, running = self.nodes[name], self.running[name]
        running.in_use.close()
        if not error:
            try:
                self.project.save(node, running.job.inputs)
            except Busy:
                raise  # later
            except (UserError, DvcException, OSError) as problem:
                error = explain(problem)
        del self.running[name]
        seconds = self.view.end(name)
        if error and self.signals:
            self.view.say(f"{name} stopped")
            return
        running.job.forget()
        if error:
            self._fail(name, f"{error} after {duration(seconds)}")
        else:
            self.ran += 1
            self._done(name)
            self.view.say(f"{name} done in {duration(seconds)}")

    def _restored(self, name: str, how: str) -> None:
        self.restored += 1
        self._done(name)
        self.view.say(f"{name} {how}")

    def _done(self, name: str) -> None:
        self.view.closed += 1
        for other in self.needed_by[name]:
            self.missing[other].discard(name)
            if not self.missing[other] and other not in self.left_out:
                self._make_ready(other)

    def _fail(self, name: str, error: str) -> None:
        self.failures[name] = error
        pending = [name]
        while pending:
            new = set(self.needed_by[pending.pop()]) - self.left_out
            self.left_out |= new
            pending += new
        self.view.closed += 1
        self.view.say(f"{name} FAILED: {error}")

    def _make_ready(self, name: str) -> None:
        entry = (-self.urgency[name], self.place[name], name)
        heapq.heappush(self.ready[self.choose(self.nodes[name])], entry)

    def _urgency(self) -> dict[str, int]:
        """Return how many stages come after each, one after the other."""
        urgency: dict[str, int] = {}
        for name in reversed(self.nodes):  # the plan puts a stage behind what it needs
            urgency[name] = max((urgency[o] + 1 for o in self.needed_by[name]), default=0)
        return urgency

    def _report(self) -> str:
        lines = [f"{len(self.failures)} of {len(self.nodes)} stages failed"]
        if self.left_out:
            lines[0] += f"; {len(self.left_out)} that need them were left out"
        for name, error in self.failures.items():
            log = self.nodes[name].log
            ending = tail(log)
            lines += ["", f"{name}: {error}" + (f"; {log} ends with" if ending else "")]
            lines += [f"  | {line}" for line in ending]
        return "\n".join(lines)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.signals.append(number)
        self.note = "stopping after the current step; once more stops at once"
        # The first ends a training after its step, the second at once, the third anything.
        self._stop(signal.SIGTERM if len(self.signals) < 3 else signal.SIGKILL)

    def _stop(self, number: int) -> None:
        for executor in self.ready:
            executor.stop(number)


@contextmanager
def _signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    # A signal that is ignored stays so: SIGHUP under nohup.
    former = {n: signal.getsignal(n) for n in SIGNALS if signal.getsignal(n) != signal.SIG_IGN}
    for number in former:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, handle in former.items():
            signal.signal(number, handle or signal.SIG_DFL)
