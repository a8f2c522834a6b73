"""What DVC does for a stage before and after its command, without a process of DVC's for each.

This is the one module that uses DVC's Python interface below its command line; what it relies on is
pinned by tests that compare with `dvc repro` (tests/pipeline/scheduling/test_repro.py).
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, cast

from dvc.dependency import ParamsDependency
from dvc.exceptions import CheckoutError, DvcException
from dvc.lock import LockError, make_lock
from dvc.repo import Repo, lock_repo
from dvc.repo.reproduce import get_active_graph, plan_repro
from dvc.rwlock import rwlock
from dvc.stage import PipelineStage, Stage
from dvc.stage.cache import RunCacheNotFoundError, RunCacheNotSupported
from dvc.stage.run import (
    _enforce_cmd_list,
    _make_cmd,
    _pull_missing_deps,
    get_executable,
    prepare_kwargs,
)
from dvc.stage.serialize import to_single_stage_lockfile

from pipeline.scheduling.lockfile import LockFile, record_path
from pipeline.support.errors import UserError
from pipeline.support.finished import computed_here

__all__ = ["Busy", "DvcException", "Found", "Node", "Project", "RunCacheNotFoundError", "explain"]

Busy = LockError  # another DVC process holds the project's lock, or uses files of the stage


def explain(error: BaseException) -> str:
    """Return DVC's message with those of its causes."""
    causes: list[str] = []
    found: BaseException | None = error
    while found is not None:
        if str(found) not in causes:
            causes.append(str(found))
        found = found.__cause__
    return ": ".join(causes)


class Found(Enum):
    """What a stage needed."""

    UNCHANGED = "up to date"
    RESTORED = "restored"
    COMMAND = "to run"


@dataclass(frozen=True, eq=False)
class Node:
    """A stage in the plan.

    Parameters
    ----------
    name : str
        As DVC addresses it, e.g. ``train@mesr-x4-s0``.
    kind : str
        The stage's name in dvc.yaml, e.g. ``train``.
    stage : Stage
        DVC's object.
    upstream : tuple of str
        Stages of the plan whose outputs it needs.
    """

    name: str
    kind: str
    stage: Stage
    upstream: tuple[str, ...]


class Project:
    """A DVC project whose stages are checked, restored and saved in this process.

    Parameters
    ----------
    targets : sequence of str
        Stages to bring up to date together with what they need; none means all of dvc.yaml.
    pull : bool
        Fetch missing data and run cache from the project's remote, as `dvc repro --pull` does.

    Raises
    ------
    UserError
        When this is no DVC project, its files are not valid, or a target does not exist.
    """

    def __init__(self, targets: Sequence[str] = (), *, pull: bool = False) -> None:
        self.pull = pull
        try:
            self.repo = Repo()
            assert self.repo.tmp_dir is not None
            self.scratch = Path(self.repo.tmp_dir) / "repro"
            hard = self.repo.config["core"].get("hardlink_lock", False)
            folder = self.repo.tmp_dir
            # As DVC makes it, but without a progress bar while it waits.
            self.repo.lock = make_lock(
                os.path.join(folder, "lock"), tmp_dir=folder, hardlink_lock=hard  # noqa: PTH118
            )  # fmt: skip
            with lock_repo(self.repo):
                self.nodes = self._plan(targets)
        except LockError as error:
            raise UserError(
                "another DVC process is at work in this project. Wait until it ends, then run "
                "this command again."
            ) from error
        except DvcException as error:
            raise UserError(explain(error)) from error
        self._status: dict[tuple[str, str, str], bool] = {}
        self._locks: dict[str, LockFile] = {}
        for node in self.nodes.values():
            path = node.stage.path
            if isinstance(node.stage, PipelineStage) and path not in self._locks:
                names = [n.stage.name for n in self.nodes.values() if n.stage.path == path]
                lock = Path(path).with_suffix(".lock")
                record = record_path(self.scratch, lock)
                self._locks[path] = LockFile(lock, cast(list[str], names), record)

    def _plan(self, targets: Sequence[str]) -> dict[str, Node]:
        graph = get_active_graph(self.repo.index.graph)
        if targets:
            same = {stage: stage for stage in self.repo.index.stages}
            chosen = [same[s] for target in targets for s in self.repo.stage.collect(target)]
        else:
            main = os.path.join(self.repo.root_dir, "dvc.yaml")  # noqa: PTH118
            chosen = [stage for stage in self.repo.index.stages if stage.path == main]
        order = plan_repro(graph, list(dict.fromkeys(chosen)))
        nodes = {}
        for stage in order:
            upstream = tuple(s.addressing for s in graph.successors(stage))
            name = stage.addressing
            nodes[name] = Node(name, name.partition("@")[0], stage, upstream)
        return nodes

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold DVC's lock on the project; lock files are written on the way out.

        Raises
        ------
        Busy
            When another DVC process holds it for more than three seconds.
        """
        with lock_repo(self.repo):
            self._status.clear()
            for lock in self._locks.values():
                lock.refresh()
            self.foreign_writers = self._foreign_writers()
            try:
                yield
            finally:
                for lock in self._locks.values():
                    lock.flush()

    def fetch_run_cache(self) -> None:
        """Copy the run cache of the remote, as `dvc repro --pull` does at its start."""
        try:
            self.repo.stage_cache.pull(None)
        except RunCacheNotSupported as error:
            print(f"no run cache was pulled: {error}", file=sys.stderr)

    def prepare(self, node: Node) -> Found:
        """Bring a stage up to date as far as its command is not needed.

        After `Found.COMMAND` its former outputs are removed and its command may run, and
        `save` must follow when it has.

        Raises
        ------
        Busy
            When another DVC process uses files of the stage.
        DvcException
            When dependencies are missing, say.
        """
        stage = node.stage
        kept = not self.pull and _kept_by_git(stage)
        if not kept and not self.foreign_writers and not self._changed(stage):
            return Found.UNCHANGED
        self._status.clear()
        upstream = [self.nodes[name].stage for name in node.upstream]
        if stage.frozen or not stage.cmd:  # nothing to run: all of it is DVC's
            if stage.reproduce(upstream=upstream, pull=self.pull) is None:
                return Found.UNCHANGED
            self._put(stage)
            return Found.RESTORED
        if not kept and not stage.changed(False, upstream):
            return Found.UNCHANGED
        if self.pull and not stage.changed(True, upstream):
            try:
                self.repo.pull(stage.addressing)
                stage.checkout()
            except CheckoutError:
                pass  # not in the remote either
            else:
                return Found.UNCHANGED
        stage.remove_outs(ignore_remove=False, force=False)
        if self.pull:
            _pull_missing_deps(stage)
        if not kept and self.restore(node):
            return Found.RESTORED
        stage.save_deps()
        return Found.COMMAND

    def restore(self, node: Node) -> bool:
        """Take a stage's outputs from the run cache; tell whether they were there."""
        try:
            self.repo.stage_cache.restore(node.stage, pull=self.pull)
        except RunCacheNotFoundError:
            return False
        self.save(node)
        return True

    def restore_from_elsewhere(self, node: Node) -> bool:
        """Like `restore`, for a stage that `prepare` said must run and that ran elsewhere."""
        # Its dependencies are those of now, its outputs still those of the lock file: together
        # they would be taken for an entry of the run cache.
        for out in node.stage.outs:
            out.clear()
        return self.restore(node)

    def save(self, node: Node) -> None:
        """Take a stage's outputs into cache, run cache and lock file."""
        self._status.clear()
        stage = node.stage
        # As Stage.run: results that git tracks and DVC does not cache are not for the run cache.
        uncached = any(
            not out.use_cache for out in stage.outs if not (out.is_metric or out.is_plot)
        )
        stage.save(run_cache=not uncached)
        stage.commit()
        self._put(stage)

    def commands(self, node: Node) -> list[list[str]]:
        """Return the stage's commands as argument lists, as DVC would start them."""
        shell = get_executable()
        return [cast(list[str], _make_cmd(shell, cmd)) for cmd in _enforce_cmd_list(node.stage.cmd)]

    def environment(self, node: Node) -> tuple[dict[str, str], str]:
        """Return environment and working folder of the stage's commands."""
        found = prepare_kwargs(node.stage)
        return found["env"], found["cwd"]

    def key(self, node: Node) -> str:
        """Return what determines the stage's outputs: command, dependencies, parameters."""
        facts = to_single_stage_lockfile(node.stage)
        facts.pop("outs", None)
        return json.dumps(facts, sort_keys=True, default=str)

    @contextmanager
    def in_use(self, node: Node) -> Iterator[None]:
        """Tell other DVC processes that the stage's files are read and written (.dvc/tmp/rwlock).

        Raises
        ------
        Busy
            When another DVC process uses them.
        """
        stage = node.stage
        with ExitStack() as stack:
            stack.enter_context(
                rwlock(
                    self.repo.tmp_dir,
                    self.repo.fs,
                    f"mesr repro: {node.name}",
                    [dep.fs_path for dep in stage.deps if dep.protocol == "local"],
                    [out.fs_path for out in stage.outs],
                    self.repo.config["core"].get("hardlink_lock", False),
                )
            )
            yield

    def complete(self) -> None:
        """Take note that all stages are up to date."""
        for lock in self._locks.values():
            lock.complete()

    def close(self) -> None:
        """Close DVC's databases."""
        self.repo.close()

    def _changed(self, stage: Stage) -> bool:
        """`stage.changed()`, asking once for what many stages depend on.

        Holds while DVC's lock is held and nothing was written since: `_status` is cleared then.
        """
        if stage.changed_stage():
            return True
        if not stage.frozen:
            if stage.is_callback or stage.always_changed:
                return True
            for dependency in stage.deps:
                names = dependency.params if isinstance(dependency, ParamsDependency) else ()
                key = (dependency.fs_path, repr(dependency.hash_info), repr(names))
                if key not in self._status:
                    self._status[key] = bool(dependency.status())
                if self._status[key]:
                    return True
        return any(out.status() for out in stage.outs)

    def _put(self, stage: Stage) -> None:
        if isinstance(stage, PipelineStage):
            entry: Mapping[str, Any] = to_single_stage_lockfile(stage)
            self._locks[stage.path].put(cast(str, stage.name), entry)
        else:
            stage.dump(update_pipeline=False)

    def _foreign_writers(self) -> bool:
        """Whether processes other than this one say that they write files of the project."""
        try:
            found = json.loads((Path(cast(str, self.repo.tmp_dir)) / "rwlock").read_text())
            return any(info["pid"] != os.getpid() for info in found["write"].values())
        except FileNotFoundError:
            return False
        except (ValueError, KeyError, TypeError):
            return True  # DVC will say what is wrong with it


def _kept_by_git(stage: Stage) -> bool:
    """Whether outputs came with the clone: with equal inputs DVC would never compute them here."""
    if not str(stage.cmd).startswith("python -m ") or all(out.use_cache for out in stage.outs):
        return False
    return not computed_here(str(stage.cmd), [out.fs_path for out in stage.outs])
