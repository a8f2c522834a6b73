"""DVC's part of the work: the plan, what is out of date, what is saved.

The one module that uses DVC's Python interface below its command line; what it relies on is pinned
by tests that compare with `dvc repro` (tests/pipeline/scheduling/test_repro.py).
"""

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import getitem
from pathlib import Path
from typing import Any, cast

import networkx as nx
from dvc.dependency import ParamsDependency, param
from dvc.exceptions import CheckoutError, DvcException
from dvc.fs import localfs
from dvc.lock import LockError
from dvc.repo import Repo, lock_repo
from dvc.repo.reproduce import get_active_graph, plan_repro
from dvc.rwlock import rwlock
from dvc.stage import Stage
from dvc.stage.cache import RunCacheNotFoundError, RunCacheNotSupported
from dvc.stage.run import (
    _enforce_cmd_list,
    _make_cmd,
    _pull_missing_deps,
    get_executable,
    prepare_kwargs,
)
from dvc.stage.serialize import to_single_stage_lockfile
from dvc.utils.serialize import dumps_yaml, load_path, load_yaml

from pipeline.scheduling.job import Job, changes, locked
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.support.finished import computed_here

Busy = LockError  # another DVC process holds the project's lock, or uses files of the stage
LOGS = Path("logs/stages")
SCRATCH = Path(".dvc/tmp/repro")


def explain(error: BaseException) -> str:
    """Return DVC's message with those of its causes."""
    causes: list[str] = []
    found: BaseException | None = error
    while found is not None:
        if str(found) not in causes:
            causes.append(str(found))
        found = found.__cause__
    return ": ".join(causes)


@dataclass(frozen=True, eq=False)
class Node:
    """A stage in the plan.

    Parameters
    ----------
    name : str
        As DVC addresses it, e.g. ``train@mesr_x4_s0``.
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

    @property
    def log(self) -> Path:
        """What its commands print."""
        return LOGS / f"{self._file_name}.log"

    @property
    def state(self) -> Path:
        """Where `Job` keeps its state."""
        return (SCRATCH / self._file_name).absolute()

    @property
    def _file_name(self) -> str:
        return self.name.replace("/", "_").replace(":", "_")


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
    pull : bool
        Fetch missing data from the project's remote.

    Attributes
    ----------
    nodes : dict of str to Node
        In the order of `dvc repro`.
    """

    def __init__(self, targets: Sequence[str] = (), *, pull: bool = False) -> None:
        self.pull = pull
        try:
            self.repo = Repo()
            self.main = str(Path(self.repo.root_dir, "dvc.yaml"))
            with lock_repo(self.repo):
                self.nodes = self._plan(targets)
        except LockError as error:
            raise UserError(
                "another DVC process is at work in this project. Wait until it ends, then run "
                "this command again."
            ) from error
        except DvcException as error:
            text = explain(error)
            if "not a git repository" in text:  # a downloaded archive of the files
                text += (
                    ". Clone the repository instead, or make a repository of this folder: "
                    "git init && git add --all && git commit --message start"
                )
            raise UserError(text) from error
        self._status: dict[tuple[str, str, str], bool] = {}
        self._lock = LockFile(self.order)

    def _plan(self, targets: Sequence[str]) -> dict[str, Node]:
        graph = get_active_graph(self.repo.index.graph)
        if targets:
            same = {stage: stage for stage in self.repo.index.stages}
            chosen = [same[s] for target in targets for s in self.repo.stage.collect(target)]
        else:
            chosen = [stage for stage in self.repo.index.stages if stage.path == self.main]
        needed = set(chosen).union(*(nx.descendants(graph, stage) for stage in chosen))
        order = plan_repro(graph)
        self.order = [stage.name for stage in order if stage.path == self.main]
        for name in self.order:  # a shell reads the commands, which hold the names
            if not re.fullmatch(r"[\w@.-]+", name, re.ASCII):
                raise UserError(
                    f"stage {name!r}: names in params.yaml hold letters, digits, _ and -. "
                    "Write the file again: python -m pipeline.configure profile=NAME"
                )
        nodes = {}
        for stage in order:
            if stage in needed:
                name = stage.addressing
                upstream = tuple(s.addressing for s in graph.successors(stage))
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
            self._lock.refresh()
            try:
                yield
            finally:
                self._lock.write()

    def fetch_run_cache(self) -> None:
        """Copy the run cache of the remote, as `dvc repro --pull` does at its start."""
        try:
            self.repo.stage_cache.pull(None)
        except RunCacheNotSupported as error:
            print(f"no run cache was pulled: {error}", file=sys.stderr)

    def unchanged(self, node: Node) -> bool:
        """Tell whether the stage is up to date; pull what only its data are missing for."""
        stage = node.stage
        if not (_kept_by_git(stage) and not self.pull) and not self._changed(stage):
            return True
        upstream = [self.nodes[name].stage for name in node.upstream]
        if self.pull and not stage.changed(True, upstream):
            try:
                self.repo.pull(stage.addressing)
                stage.checkout()
            except CheckoutError:
                pass  # not in the remote either
            else:
                return True
        return False

    def restore(self, node: Node) -> bool:
        """Take the stage's outputs from the run cache; tell whether they were there.

        If not, they are removed, and the stage's command may run.
        """
        stage = node.stage
        if stage.frozen or not stage.cmd:  # nothing to run: all of it is DVC's
            stage.reproduce(pull=self.pull)
        else:
            compute = _kept_by_git(stage) and not self.pull
            stage.remove_outs()
            if self.pull:
                _pull_missing_deps(stage)
            if compute:
                return False
            try:
                self.repo.stage_cache.restore(stage, pull=self.pull)
            except RunCacheNotFoundError:
                return False
        self.save(node, None)
        return True

    def save(self, node: Node, before: Mapping[str, Any] | None) -> None:
        """Take a stage's outputs into cache, run cache and lock file.

        Parameters
        ----------
        node : Node
            The stage.
        before : mapping or None
            Its inputs as they were when its command started.

        Raises
        ------
        UserError
            When they differ from those of now: nobody knows what computed the outputs.
        """
        self._status.clear()
        stage = node.stage
        stage.save(run_cache=False)
        if before is not None and (names := changes(before, inputs(stage))):
            raise UserError(
                f"{names} changed while it ran; its outputs are not taken. Run it again"
            )
        # As Stage.run: results that git tracks and DVC does not cache are not for the run cache.
        if all(out.use_cache or out.is_metric or out.is_plot for out in stage.outs):
            self.repo.stage_cache.save(stage)
        stage.commit()
        if stage.path == self.main:
            self._lock.put(stage.name, to_single_stage_lockfile(stage))
        else:
            stage.dump(update_pipeline=False)

    def commands(self, node: Node) -> list[list[str]]:
        """Return the stage's commands as argument lists, as DVC would start them."""
        commands = _enforce_cmd_list(node.stage.cmd) if node.stage.cmd else []
        return [cast(list[str], _make_cmd(get_executable(), command)) for command in commands]

    def job(self, node: Node) -> Job:
        """Return what runs the stage's commands; digests its inputs."""
        stage, process = node.stage, prepare_kwargs(node.stage)
        return Job(
            node.name,
            self.commands(node),
            process["cwd"],
            {"PYTHONUNBUFFERED": "1", **process["env"]},
            inputs(stage),
            [out.fs_path for out in stage.outs],
            node.log.absolute(),
            node.state,
        )

    def left_over(self, node: Node) -> Job | None:
        """Return the job of an earlier scheduler that did not save its outputs, if there is one."""
        if not any(Path(f"{node.state}.{ending}").exists() for ending in ("done", "queued")):
            return None
        job = self.job(node)
        # Those of the lock file are not the outputs of these inputs: `restore` would take them so.
        for out in node.stage.outs:
            out.clear()
        return job

    def busy(self, node: Node) -> bool:
        """Tell whether a process of an earlier scheduler still runs the stage's commands."""
        return locked(Path(f"{node.state}.lock"))

    @contextmanager
    def in_use(self, node: Node) -> Iterator[None]:
        """Tell other DVC processes that the stage's files are read and written (.dvc/tmp/rwlock).

        Raises
        ------
        Busy
            When another DVC process uses them.
        """
        read = [dep.fs_path for dep in node.stage.deps if dep.protocol == "local"]
        write = [out.fs_path for out in node.stage.outs]
        hardlink = self.repo.config["core"].get("hardlink_lock", False)
        name = f"mesr repro: {node.name}"
        with rwlock(self.repo.tmp_dir, self.repo.fs, name, read, write, hardlink):
            yield

    def close(self) -> None:
        """Close DVC's databases."""
        self.repo.close()

    def _changed(self, stage: Stage) -> bool:
        """`stage.changed()`, asking once for what many stages depend on.

        Holds while DVC's lock is held and nothing was saved since: `_status` is cleared then.
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


class LockFile:
    """The project's dvc.lock, in the order that `dvc repro` gives it in a fresh project.

    DVC parses and writes the whole file for each stage, and adds entries in the order in which
    stages end. Here an entry is rendered once, and the order is that of the plan: the file does
    not depend on the number of jobs, nor on which of them were interrupted.

    Parameters
    ----------
    order : sequence of str
        Names of stages in the order of the plan.
    """

    path = Path("dvc.lock")

    def __init__(self, order: Sequence[str]) -> None:
        self.place = {name: index for index, name in enumerate(order)}
        self.known: tuple[int, int] | None = None
        self.texts: dict[str, str] = {}
        self.dirty = False

    def refresh(self) -> None:
        """Read the file if another process wrote it."""
        if self.known is None or self.known != self._signature():
            self.known = self._signature()
            found = load_yaml(self.path) if self.path.exists() else {}
            self.entries: dict[str, Any] = found.pop("stages", {})
            self.head = {"schema": "2.0", **found}
            self.texts = {}

    def put(self, name: str, entry: Mapping[str, Any]) -> None:
        """Set the entry of a stage."""
        if self.entries.get(name) != entry:
            self.entries[name] = entry
            self.texts.pop(name, None)
            self.dirty = True

    def write(self) -> None:
        """Write the file, in one step, if there is anything new."""
        if not self.dirty:
            return
        names = sorted(self.entries, key=lambda name: self.place.get(name, len(self.place)))
        for name in names:
            if name not in self.texts:
                entry = {"stages": {name: self.entries[name]}}
                self.texts[name] = dumps_yaml(entry).partition("\n")[2]
        text = dumps_yaml(self.head) + "stages:\n" + "".join(self.texts[name] for name in names)
        with atomic_path(self.path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        self.known, self.dirty = self._signature(), False

    def _signature(self) -> tuple[int, int] | None:
        if not self.path.exists():
            return None
        found = self.path.stat()
        return found.st_mtime_ns, found.st_size


def _kept_by_git(stage: Stage) -> bool:
    """Whether outputs came with the clone: with equal inputs DVC would never compute them here."""
    if not str(stage.cmd).startswith("python -m ") or all(out.use_cache for out in stage.outs):
        return False
    return not computed_here(str(stage.cmd), [out.fs_path for out in stage.outs])


def _read_params(fs: Any, path: str, names: Sequence[str] | None = None, **options: Any) -> Any:
    """Do what DVC's function does, without parsing and searching the whole file for each stage."""
    if not (names and options.get("flatten")):
        return _dvc_read_params(fs, path, names, **options)
    state = os.stat(path)  # noqa: PTH116
    content = _parsed(path, state.st_mtime_ns, state.st_size, state.st_ino)
    try:
        return {name: reduce(getitem, name.split("."), content) for name in names}
    except (KeyError, TypeError):  # missing, or a pattern
        return _dvc_read_params(fs, path, names, **options)


@lru_cache(maxsize=8)
def _parsed(path: str, *state: int) -> Any:
    return load_path(path, localfs)


_dvc_read_params = param.read_param_file
param.read_param_file = _read_params
