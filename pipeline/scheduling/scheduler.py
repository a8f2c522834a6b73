"""Runs the stages of a project as soon as what they need is there."""

import signal
import time
from bisect import insort
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from graphlib import TopologicalSorter
from types import FrameType
from typing import TYPE_CHECKING

import networkx as nx
from dvc.exceptions import DvcException

from pipeline.scheduling.job import Job
from pipeline.scheduling.project import Busy, Project, explain, log_of
from pipeline.scheduling.view import View, tail
from pipeline.support.errors import UserError

if TYPE_CHECKING:
    from pipeline.scheduling.cluster import ClusterExecutor
    from pipeline.scheduling.local import LocalExecutor

    Executor = LocalExecutor | ClusterExecutor

POLL_S = 0.02
RETRY_S = 1.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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

    def __init__(self, project: Project, choose: Callable[[str], "Executor"], view: View) -> None:
        self.project, self.view = project, view
        chains = nx.topological_generations(project.graph)
        # What the longest chain of others waits for comes first.
        self.priority = {name: -length for length, names in enumerate(chains) for name in names}
        self.order = TopologicalSorter({name: project.graph[name] for name in project.stages})
        self.order.prepare()
        self.executor = {name: choose(name) for name in project.stages}
        self.executors = set(self.executor.values())
        self.ready: list[str] = []  # the next first
        self.later: dict[str, float] = defaultdict(float)  # not before this moment
        self.running: dict[str, tuple[Job, ExitStack]] = {}
        self.endings: list[tuple[str, str]] = []
        self.failures: dict[str, str] = {}
        self.ran = self.restored = 0
        self.signals: list[int] = []
        self.note = ""
        self._make_ready(*self.order.get_ready())

    def run(self) -> None:
        """Run until nothing is left that can run.

        Raises
        ------
        UserError
            Naming the stages that failed, with the ends of their logs.
        SystemExit
            After a signal, when the stages that ran have stopped and saved.
        """
        # A signal that is ignored stays so: SIGHUP under nohup.
        heeded = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
        former = {number: signal.signal(number, self._on_signal) for number in heeded}
        try:
            while self.running or (self.ready and not self.signals):
                try:
                    self._step()
                except Busy:
                    if len(self.signals) > 1:
                        break
                    self.note = "another DVC process is at work in this project"
                    time.sleep(RETRY_S)
                self.view.refresh(self.note)
                time.sleep(POLL_S)
        finally:
            if self.running:  # an error of ours
                self._stop(signal.SIGTERM)
            for _, in_use in self.running.values():
                in_use.close()
            for number, handler in former.items():
                signal.signal(number, handler)
        if self.signals:
            self.view.say("stopped; run the same command again to go on")
            raise SystemExit(128 + self.signals[0])
        if self.failures:
            raise UserError(self._report())

    def _step(self) -> None:
        """Save what ended and start what can start, while DVC's lock is held."""
        self._collect()
        if not (self.endings or self._next()):
            return
        with self.project.locked():
            self.note = ""
            while self.endings or (name := self._next()):
                if self.endings:
                    self._conclude(*self.endings[0])
                    del self.endings[0]
                else:
                    self.ready.remove(name)
                    self._start(name)
                self._collect()
                self.view.refresh(self.note)
            for executor in self.executors:
                executor.flush()

    def _next(self) -> str:
        """Return the stage that starts next; "" when none can start now."""
        now = time.monotonic()
        can = (n for n in self.ready if self.later[n] <= now and self.executor[n].has_room())
        return "" if self.signals else next(can, "")

    def _collect(self) -> None:
        for executor in self.executors:
            self.endings += executor.ended()

    def _postpone(self, name: str, what: str) -> None:
        self.note = f"{name} waits for {what}"
        self.later[name] = time.monotonic() + RETRY_S
        self._make_ready(name)

    def _start(self, name: str) -> None:
        """Start a stage if it is out of date and cannot be restored."""
        project, executor = self.project, self.executor[name]
        try:
            if project.unchanged(name):
                return self._done(name, "")
            job = project.left_over(name)
            if job is not None and job.finished():
                project.save(name, job.inputs)
                job.forget()
                return self._done(name, "taken from an earlier run", restored=1)
            where = executor.find(job) if job is not None else None
            if job is None or where is None:
                if project.busy(name):
                    return self._postpone(name, "a process of an earlier run")
                if project.restore(name):
                    return self._done(name, "restored from the cache", restored=1)
                job = project.job(name)
            with ExitStack() as stack:
                stack.enter_context(project.in_use(name))
                where = where or executor.start(job)
                self.running[name] = job, stack.pop_all()
        except Busy:
            return self._postpone(name, "another DVC process")
        except (UserError, DvcException, OSError) as error:
            return self._fail(name, explain(error))
        self.view.begin(name, job.log, where)
        return self.view.say(f"{name} started {where}".rstrip())

    def _conclude(self, name: str, error: str) -> None:
        """Save the outputs of a job that ended, or tell why not."""
        job, in_use = self.running[name]
        in_use.close()
        if not error:
            try:
                self.project.save(name, job.inputs)
            except Busy:
                raise  # later
            except (UserError, DvcException, OSError) as problem:
                error = explain(problem)
        del self.running[name]
        took = self.view.end(name)
        if error and self.signals:
            self.view.say(f"{name} stopped")
            return
        job.forget()
        if error:
            self._fail(name, f"{error} after {took}")
        else:
            self.ran += 1
            self._done(name, f"done in {took}")

    def _done(self, name: str, text: str, *, restored: int = 0) -> None:
        self.restored += restored
        self.view.closed += 1
        self.order.done(name)
        self._make_ready(*self.order.get_ready())
        if text:
            self.view.say(f"{name} {text}")

    def _make_ready(self, *names: str) -> None:
        for name in names:
            insort(self.ready, name, key=self.priority.__getitem__)

    def _fail(self, name: str, error: str) -> None:
        self.failures[name] = error
        self.view.closed += 1
        self.view.say(f"{name} FAILED: {error}")

    def _report(self) -> str:
        total = len(self.project.stages)
        text = f"{len(self.failures)} of {total} stages failed"
        if self.view.closed < total:
            text += f"; {total - self.view.closed} that need them were left out"
        for name, error in self.failures.items():
            ending = "".join(f"\n  | {line}" for line in tail(log_of(name)))
            text += f"\n\n{name}: {error}"
            text += f"; {log_of(name)} ends with{ending}" if ending else ""
        return text

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.signals.append(number)
        self.note = "stopping after the current step; once more stops at once"
        # The first ends a training after its step, the second at once, the third anything.
        self._stop(signal.SIGTERM if len(self.signals) < 3 else signal.SIGKILL)

    def _stop(self, number: int) -> None:
        for executor in self.executors:
            executor.stop(number)
