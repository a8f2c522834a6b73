"""DVC's part of the work: the plan, what is out of date, what is saved.

The one module that uses DVC's Python interface below its command line; what it relies on is pinned
by tests that compare with `dvc repro` (tests/pipeline/scheduling/test_repro.py).
"""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache, reduce
from operator import getitem
from pathlib import Path
from typing import Any, cast

import networkx as nx
from dvc.dependency import ParamsDependency
from dvc.exceptions import DvcException
from dvc.fs import localfs
from dvc.lock import LockError
from dvc.repo import Repo, lock_repo
from dvc.repo.reproduce import get_active_graph, plan_repro
from dvc.rwlock import rwlock
from dvc.stage import Stage
from dvc.stage.cache import RunCacheNotFoundError
from dvc.stage.run import _enforce_cmd_list, _make_cmd, get_executable, prepare_kwargs
from dvc.stage.serialize import to_single_stage_lockfile
from dvc.utils.serialize import dumps_yaml, load_path

from pipeline.scheduling.job import Job, alone, changes
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.support.finished import computed_here

Busy = LockError  # another DVC process holds the project's lock, or uses files of the stage
LOCK_FILE, EMPTY = Path("dvc.lock"), "schema: '2.0'\nstages:\n"
LOGS = Path("logs/stages")
SCRATCH = Path(".dvc/tmp/repro")


def explain(error: BaseException) -> str:
    """Return DVC's message with those of its causes."""
    causes = [str(error)]
    while error.__cause__ is not None:
        error = error.__cause__
        causes.append(str(error))
    return ": ".join(dict.fromkeys(causes))


def log_of(name: str) -> Path:
    """Where a stage's commands print."""
    return LOGS / f"{name.replace('/', '_')}.log"


def inputs(stage: Stage) -> dict[str, Any]:
    """Digest what determines a stage's outputs: command, dependencies, parameters, by name."""
    stage.save_deps()
    entry = to_single_stage_lockfile(stage)
    found: dict[str, Any] = {"its command": entry["cmd"]}
    found |= {dep["path"]: dep for dep in entry.get("deps", ())}
    for path, values in entry.get("params", {}).items():
        found |= {f"{path}:{name}": value for name, value in values.items()}
    return cast(dict[str, Any], json.loads(json.dumps(found, default=str)))


def inputs_now(name: str) -> tuple[dict[str, Any], bool]:
    """Return the inputs of a stage of the working folder, and whether it is out of date.

    Takes none of DVC's locks: it is called in jobs.
    """
    with Repo() as repo:
        (stage,) = repo.stage.collect(name)
        changed = stage.changed_stage() or any(x.status() for x in (*stage.deps, *stage.outs))
        return inputs(stage), changed


class Project:
    """The project in the working folder, or the part of it that some stages need.

    Parameters
    ----------
    targets : sequence of str
        Stages, as `dvc repro` takes them; none means all of dvc.yaml.

    Attributes
    ----------
    stages : dict of str to Stage
        By the names with which DVC addresses them, in the order of `dvc repro`.
    graph : DiGraph
        Of these names, with edges to the stages whose outputs one needs.
    """

    def __init__(self, targets: Sequence[str] = ()) -> None:
        try:
            self.repo = Repo()
            with lock_repo(self.repo):
                self._plan(targets)
        except LockError as error:
            text = "another DVC process is at work in this project. Run this again when it ends."
            raise UserError(text) from error
        except DvcException as error:
            text = explain(error)
            if "not a git repository" in text:  # a downloaded archive of the files
                text += ". Clone it instead, or: git init && git add --all && git commit -m start"
            raise UserError(text) from error
        self._status: dict[tuple[str, str, str], bool] = {}

    def _plan(self, targets: Sequence[str]) -> None:
        graph = get_active_graph(self.repo.index.graph)
        order = plan_repro(graph)
        main = str(Path(self.repo.root_dir, "dvc.yaml"))
        mine = [stage for stage in order if stage.path == main]
        self.place = {stage.name: index for index, stage in enumerate(mine)}
        for name in self.place:  # a shell reads the commands, which hold the names
            if not re.fullmatch(r"[\w@.-]+", name, re.ASCII):
                raise UserError(
                    f"stage {name!r}: names in params.yaml hold letters, digits, _ and -. "
                    "Write the file again: python -m pipeline.configure profile=NAME"
                )
        asked = [stage for target in targets for stage in self.repo.stage.collect(target)]
        names = {stage.addressing for stage in (asked if targets else mine)}
        graph = nx.relabel_nodes(graph, {stage: stage.addressing for stage in order})
        needed = names.union(*(nx.descendants(graph, name) for name in names))
        self.graph = graph.subgraph(needed)
        self.stages = {s.addressing: s for s in order if s.addressing in needed}
        for dep in (dep for stage in self.stages.values() for dep in stage.deps):
            if isinstance(dep, ParamsDependency) and dep.params:
                dep.__class__ = _Params

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold DVC's lock on the project; dvc.lock is written on the way out.

        DVC parses and writes the whole file for each stage, and adds entries in the order in which
        stages end. Here an entry is rendered once, and the order is that of the plan, in which
        `dvc repro` runs a fresh project: the file does not depend on the number of jobs, nor on
        which of them were interrupted.

        Raises
        ------
        Busy
            When another DVC process holds it for more than three seconds.
        """
        with lock_repo(self.repo):
            self._status.clear()
            text = LOCK_FILE.read_text("utf-8") if LOCK_FILE.exists() else EMPTY
            head, *found = re.split(r"^(?=  \S)", text, flags=re.MULTILINE)
            before = {entry.partition(":")[0].strip(): entry for entry in found}
            self._entries = dict(before)
            try:
                yield
            finally:
                if self._entries != before:
                    last = len(self.place)
                    names = sorted(self._entries, key=lambda name: self.place.get(name, last))
                    text = head + "".join(self._entries[name] for name in names)
                    with atomic_path(LOCK_FILE) as temporary:
                        temporary.write_text(text, encoding="utf-8")

    def unchanged(self, name: str) -> bool:
        """Tell whether the stage is up to date, asking once for what many stages depend on.

        The answers hold while DVC's lock is held and nothing is saved: `_status` is cleared then.
        """
        stage = self.stages[name]
        if _kept_by_git(stage) or stage.changed_stage():
            return False
        if not stage.frozen:
            if stage.is_callback or stage.always_changed:
                return False
            for dep in stage.deps:
                key = (dep.fs_path, repr(dep.hash_info), repr(getattr(dep, "params", ())))
                if key not in self._status:
                    self._status[key] = bool(dep.status())
                if self._status[key]:
                    return False
        return not any(out.status() for out in stage.outs)

    def restore(self, name: str) -> bool:
        """Take the stage's outputs from the run cache; tell whether they were there.

        If not, they are removed, and the stage's command may run.
        """
        stage = self.stages[name]
        if stage.frozen or not stage.cmd:  # nothing to run: all of it is DVC's
            stage.reproduce()
        else:
            kept = _kept_by_git(stage)
            stage.remove_outs()
            if kept:
                return False
            try:
                self.repo.stage_cache.restore(stage)
            except RunCacheNotFoundError:
                return False
        self.save(name, None)
        return True

    def save(self, name: str, before: Mapping[str, Any] | None) -> None:
        """Take a stage's outputs into cache, run cache and lock file.

        Parameters
        ----------
        name : str
            The stage.
        before : mapping or None
            Its inputs as they were when its command started.

        Raises
        ------
        UserError
            When they differ from those of now: nobody knows what computed the outputs.
        """
        self._status.clear()
        stage = self.stages[name]
        stage.save(run_cache=False)
        if before is not None and (names := changes(before, inputs(stage))):
            raise UserError(
                f"{names} changed while it ran; its outputs are not taken. Run it again"
            )
        # As Stage.run: results that git tracks and DVC does not cache are not for the run cache.
        if all(out.use_cache or out.is_metric or out.is_plot for out in stage.outs):
            self.repo.stage_cache.save(stage)
        stage.commit()
        if name in self.place:
            entry = {"stages": {name: to_single_stage_lockfile(stage)}}
            self._entries[name] = dumps_yaml(entry).partition("\n")[2]
        else:
            stage.dump(update_pipeline=False)

    def job(self, name: str) -> Job:
        """Return what runs the stage's commands; digests its inputs."""
        stage = self.stages[name]
        process = prepare_kwargs(stage)
        return Job(
            name,
            [_make_cmd(get_executable(), command) for command in _enforce_cmd_list(stage.cmd)],
            process["cwd"],
            {"PYTHONUNBUFFERED": "1", **process["env"]},
            inputs(stage),
            [out.fs_path for out in stage.outs],
            log_of(name).absolute(),
            self._state(name),
        )

    def left_over(self, name: str) -> Job | None:
        """Return the job of an earlier scheduler that did not save its outputs, if there is one."""
        state = self._state(name)
        if not any(Path(f"{state}.{ending}").exists() for ending in ("done", "queued")):
            return None
        job = self.job(name)
        # Those of the lock file are not the outputs of these inputs: `restore` would take them so.
        for out in self.stages[name].outs:
            out.clear()
        return job

    def busy(self, name: str) -> bool:
        """Tell whether a process of an earlier scheduler still runs the stage's commands."""
        try:
            with alone(Path(f"{self._state(name)}.lock"), wait=False):
                return False
        except BlockingIOError:
            return True

    @contextmanager
    def in_use(self, name: str) -> Iterator[None]:
        """Tell other DVC processes that the stage's files are read and written (.dvc/tmp/rwlock).

        Raises
        ------
        Busy
            When another DVC process uses them.
        """
        stage = self.stages[name]
        read = [dep.fs_path for dep in stage.deps if dep.protocol == "local"]
        write = [out.fs_path for out in stage.outs]
        hardlink = self.repo.config["core"].get("hardlink_lock", False)
        owner = f"mesr repro: {name}"
        with rwlock(self.repo.tmp_dir, self.repo.fs, owner, read, write, hardlink):
            yield

    def _state(self, name: str) -> Path:
        """Where `Job` keeps its state."""
        return (SCRATCH / name.replace("/", "_")).absolute()


class _Params(ParamsDependency):
    """Parameters of a stage, looked up without parsing the whole file for each stage."""

    def read_params(self, flatten: bool = True, **options: Any) -> dict[str, Any]:
        try:
            state = os.stat(self.fs_path)  # noqa: PTH116
            content = _parsed(self.fs_path, state.st_mtime_ns, state.st_size, state.st_ino)
            return {name: reduce(getitem, name.split("."), content) for name in self.params}
        except (OSError, KeyError, TypeError):  # missing, or a pattern
            return cast(dict[str, Any], super().read_params(flatten, **options))


@lru_cache(maxsize=8)
def _parsed(path: str, *state: int) -> Any:
    return load_path(path, localfs)


def _kept_by_git(stage: Stage) -> bool:
    """Whether outputs came with the clone: with equal inputs DVC would never compute them here."""
    if not str(stage.cmd).startswith("python -m ") or all(out.use_cache for out in stage.outs):
        return False
    return not computed_here(str(stage.cmd), [out.fs_path for out in stage.outs])
