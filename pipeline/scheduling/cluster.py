"""`mesr repro --cluster`: stages as jobs of a cluster, each in a clone of its own.

A job gets a fresh clone of the project (DVC's locks hold on one host alone) whose DVC cache is the
project's own, so that what it computes is in the project's run cache when it ends: nothing is
pushed or pulled, and the project restores the outputs as `dvc repro` would. Checkpoints and logs
lie in the project, outside the clone, hence a job that is killed, requeued or submitted again goes
on where it was.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, Literal

from dvc.utils.serialize import YAMLFileCorruptedError, load_yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
)

from pipeline.scheduling import guard
from pipeline.scheduling.processes import log_path
from pipeline.scheduling.project import Node, Project
from pipeline.scheduling.view import Running
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path

CONF = Path("conf/cluster")
POLL_S = 5.0
# How long a result file may take to show up on another host after its job has left the queue.
PATIENCE_S = 30.0
TIMEOUTS = 10_000  # submitit counts requeues after a time-out; a training may need any number
LARGEST_ARRAY = 500  # Slurm's default limit is 1001


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Resources(_Strict):
    """What a job asks for; None leaves it to the next less specific entry, then to the cluster.

    Parameters
    ----------
    partition, account : str
        Of Slurm.
    hours : float
        Time limit; a training that is not done by then is requeued.
    gpus, cpus : int
        On one node.
    memory_gb : float
        Main memory.
    setup : list of str
        Shell lines before the job, e.g. ``module load cuda``.
    """

    partition: str | None = None
    account: str | None = None
    hours: PositiveFloat | PositiveInt | None = None
    gpus: NonNegativeInt | None = None
    cpus: PositiveInt | None = None
    memory_gb: PositiveFloat | PositiveInt | None = None
    setup: list[str] | None = None


class ClusterSettings(_Strict):
    """A file of ``conf/cluster``; its comments explain the values."""

    executor: Literal["slurm", "local"]
    folder: str
    submit: list[str]
    at_once: PositiveInt
    kill_delay_s: PositiveInt
    resources: dict[str, Resources]

    def resources_of(self, kind: str) -> Resources:
        """Return the resources of a kind of stage: `default` with the kind's own on top."""
        values: dict[str, Any] = {}
        for name in ("default", kind):
            found = self.resources.get(name, Resources())
            values |= found.model_dump(exclude_none=True)
        return Resources(**values)


def load_settings(name: str) -> ClusterSettings:
    """Read ``conf/cluster/<name>.yaml``.

    Raises
    ------
    UserError
        When there is no such file, or naming the value that is not valid.
    """
    path = CONF / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in CONF.glob("*.yaml"))) or "none"
        raise UserError(f"--cluster {name}: there is no {path}. Known: {known}.")
    try:
        return ClusterSettings(**load_yaml(path))
    except YAMLFileCorruptedError as error:
        raise UserError(str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UserError(
            f"{path}: {place}: {first['msg']}; {CONF / 'slurm.yaml'} explains the values"
        ) from error
    except TypeError as error:
        raise UserError(f"{path}: a list of settings was expected") from error


class StageJob:
    """What runs on a node: some stages, in a clone. submitit pickles it.

    Parameters
    ----------
    project : str
        Folder of the project.
    clone : str
        Folder for the clone.
    commit : str
        What is checked out.
    targets : list of str
        Stages to bring up to date.
    """

    def __init__(self, project: str, clone: str, commit: str, targets: list[str]) -> None:
        self.project, self.clone, self.commit, self.targets = project, clone, commit, targets
        self.child: subprocess.Popen[bytes] | None = None

    def __call__(self) -> None:
        """Run the stages.

        Raises
        ------
        RuntimeError
            When one failed.
        """
        clone = Path(self.clone)
        make_clone(Path(self.project), clone, self.commit)
        binaries = str(Path(sys.executable).parent)
        environment = os.environ | {
            "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}",
            # The code of the clone, not what is installed.
            "PYTHONPATH": os.pathsep.join([self.clone, *_python_path()]),
        }
        # One job at a time: its share of the machine is what was asked for.
        self.child = subprocess.Popen(
            [sys.executable, "-m", "pipeline.cli", "repro", "--jobs", "1", *self.targets],
            cwd=clone, env=environment, start_new_session=True,
            preexec_fn=_ignore_warning,  # noqa: PLW1509 (there are no threads)
        )  # fmt: skip
        while (status := self.child.poll()) is None:  # `wait` would not let `checkpoint` wait
            time.sleep(0.2)
        if status == 128 + signal.SIGTERM:
            # Slurm asked the processes of the job to end. Wait for it to do the rest (requeue,
            # after a preemption): a result would say that the job was over.
            time.sleep(600)
        shutil.rmtree(clone, ignore_errors=True)
        if status:
            raise RuntimeError(f"mesr repro {' '.join(self.targets)}: exit status {status}")

    def checkpoint(self) -> Any:
        """Stop before the time limit or a preemption; return what goes on after the requeue."""
        from submitit.helpers import DelayedSubmission  # noqa: PLC0415

        if self.child is not None:
            # A training ends its step and saves. SIGINT, because SIGTERM in a job comes from
            # Slurm and has reached the training already.
            guard.send(self.child.pid, signal.SIGINT)
            while guard.alive(self.child.pid):
                time.sleep(0.05)
        return DelayedSubmission(StageJob(self.project, self.clone, self.commit, self.targets))

    __submitit_checkpoint__ = checkpoint


def _python_path() -> list[str]:
    return [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]


def _ignore_warning() -> None:
    # Slurm sends its warning to all processes of a job, and only submitit knows what it means.
    # What is ignored stays so in the programs that are started.
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)


def make_clone(project: Path, clone: Path, commit: str) -> None:
    """Make a clone of a commit that uses the project's DVC cache, checkpoints and logs."""
    shutil.rmtree(clone, ignore_errors=True)  # left by a job that was killed
    clone.parent.mkdir(parents=True, exist_ok=True)
    _git(clone.parent, "clone", "--quiet", "--shared", "--no-checkout", str(project), str(clone))
    _git(clone, "checkout", "--quiet", "--detach", commit)
    local = clone / ".dvc" / "config.local"
    settings = {"dir": str(dvc_cache(project)), "type": '"reflink,symlink,copy"'}
    lines = "".join(f"    {key} = {value}\n" for key, value in settings.items())
    local.write_text(f"[cache]\n{lines}")
    for name in ("checkpoints", "logs"):
        (project / name).mkdir(exist_ok=True)
        (clone / name).symlink_to(project / name)
    if data := _git(clone, "ls-files", "*.dvc").splitlines():
        checkout = [sys.executable, "-m", "dvc", "checkout", "--quiet", *data]
        subprocess.run(checkout, cwd=clone, check=True)


def dvc_cache(project: Path) -> Path:
    """Return the DVC cache of a project."""
    from dvc.repo import Repo  # noqa: PLC0415

    with Repo(str(project)) as repo:
        return Path(repo.cache.local.path).parents[1]


def snapshot(project: Path) -> str:
    """Commit the files of a project as they are, without touching its branch or index.

    Parameters
    ----------
    project : Path
        Its changed and its new files are part of it, ignored ones are not.

    Returns
    -------
    str
        The commit; HEAD when nothing was changed. A reference under ``refs/mesr/cluster`` keeps it.

    Raises
    ------
    UserError
        When the project is no git repository.
    """
    try:
        head = _git(project, "rev-parse", "HEAD")
        index = project / ".dvc" / "tmp" / f"index-{os.getpid()}"
        environment = {"GIT_INDEX_FILE": str(index)}
        try:
            _git(project, "read-tree", "HEAD", **environment)
            _git(project, "add", "--all", **environment)
            tree = _git(project, "write-tree", **environment)
        finally:
            index.unlink(missing_ok=True)
        if tree == _git(project, "rev-parse", "HEAD^{tree}"):
            commit = head
        else:
            author = {"GIT_AUTHOR_NAME": "mesr", "GIT_AUTHOR_EMAIL": "mesr@localhost"}
            author |= {key.replace("AUTHOR", "COMMITTER"): text for key, text in author.items()}
            message = "Files as submitted to the cluster"
            commit = _git(project, "commit-tree", tree, "-p", head, "-m", message, **author)
        _git(project, "update-ref", f"refs/mesr/cluster/{commit[:12]}", commit)
    except subprocess.CalledProcessError as error:
        raise UserError(
            f"{project}: jobs run in clones, which needs a git repository with a commit "
            f"({error.stderr.strip()})"
        ) from error
    return commit


def _git(folder: Path, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=os.environ | environment, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.strip()


class ClusterRunner:
    """Runs stages as jobs; a stage shares a job with the stages that need it alone.

    Parameters
    ----------
    project : Project
        Whose stages.
    settings : ClusterSettings
        What is submitted, and with what.

    Raises
    ------
    UserError
        When submitit or Slurm is not there, or a kind of stage is unknown.
    """

    elsewhere = True

    def __init__(self, project: Project, settings: ClusterSettings) -> None:
        self.project, self.settings = project, settings
        self.root = Path(project.repo.root_dir)
        self.folder = (self.root / settings.folder).resolve()
        if self.folder == self.root or self.root in self.folder.parents:
            raise UserError(
                f"folder: {settings.folder} lies in the project; DVC would take the clones for "
                "a part of it. Choose a folder beside the project."
            )
        self.executor = self._make_executor()
        self.groups = self._make_groups()
        self.members: dict[str, list[str]] = defaultdict(list)
        for name, group in self.groups.items():
            self.members[group].append(name)
        self.commit = ""
        self.waiting: dict[str, list[str]] = {}  # stages by group, of jobs that are not over
        self.to_submit: list[str] = []
        self.jobs: dict[str, Any] = {}
        self.keys: dict[str, str] = {}
        self.over: dict[str, str] = {}  # groups whose job has ended, with its error
        self.left_queue: dict[str, float] = {}
        self.polled = 0.0
        self.stopped = False

    def takes(self, node: Node) -> bool:
        """Whether the stage is submitted."""
        return node.name in self.groups

    def has_room(self) -> bool:
        """Slurm has a queue; without it, jobs wait here."""
        open_jobs = len(self.waiting.keys() - self.over.keys())
        return self.settings.executor == "slurm" or open_jobs < self.settings.at_once

    def start(self, node: Node) -> Running:
        """Submit the stage's group with the next `begin_all`, or wait for its job."""
        group = self.groups[node.name]
        if group not in self.waiting and group not in self.over:
            self.waiting[group] = []
            self.to_submit.append(group)
            self.keys[group] = hashlib.sha256(self.project.key(node).encode()).hexdigest()
        self.waiting.setdefault(group, []).append(node.name)
        return Running(node.name, log_path(node.name), f"in the job of {group}")

    def begin_all(self) -> None:
        """Submit what is due: an array of jobs for each kind of stage."""
        kinds: dict[str, list[str]] = defaultdict(list)
        for group in self.to_submit:
            job = self._submitted_earlier(group)
            if job is None:
                kinds[self.project.nodes[group].kind].append(group)
            else:
                self.jobs[group] = job
        self.to_submit = []
        for kind, groups in kinds.items():
            for start in range(0, len(groups), LARGEST_ARRAY):
                self._submit(kind, groups[start : start + LARGEST_ARRAY])

    def ended(self) -> list[tuple[str, str]]:
        """Return the stages whose jobs have ended; asks Slurm every few seconds."""
        self._poll()
        found = []
        for group in list(self.waiting):
            if group in self.over:
                found += [(name, self.over[group]) for name in self.waiting.pop(group)]
        return found

    def stop(self, number: int) -> None:
        """Leave the jobs to Slurm; the next run finds them again."""
        self.stopped = True
        ids = " ".join(job.job_id for group, job in self.jobs.items() if group not in self.over)
        if ids:
            print(f"jobs stay in the queue and may be ended with: scancel {ids}", file=sys.stderr)
        for group in self.waiting:
            self.over.setdefault(group, "left in the queue")

    def _make_groups(self) -> dict[str, str]:
        kinds = {node.kind for node in self.project.nodes.values()}
        submitted = set(self.settings.submit) & kinds
        groups: dict[str, str] = {}
        for name, node in self.project.nodes.items():
            upstream = {groups[other] for other in node.upstream if other in groups}
            if node.kind in submitted and len(upstream) != 1:
                groups[name] = name
            elif len(upstream) == 1 and node.stage.cmd and not self._is_collation(node):
                groups[name] = upstream.pop()
        return groups

    @staticmethod
    def _is_collation(node: Node) -> bool:
        # Without the run cache their outputs would not come back.
        return any(not out.use_cache for out in node.stage.outs)

    def _make_executor(self) -> Any:
        try:
            import submitit  # noqa: PLC0415
        except ImportError as error:
            raise UserError(
                "--cluster needs submitit. Install the extra: pip install -e '.[cluster]'"
            ) from error
        if self.settings.executor == "slurm" and shutil.which("sbatch") is None:
            raise UserError("--cluster: no sbatch here. Run this on a login node of the cluster.")
        return submitit.AutoExecutor(
            folder=self.folder / "submissions", cluster=self.settings.executor,
            slurm_max_num_timeout=TIMEOUTS,
        )  # fmt: skip

    def _submit(self, kind: str, groups: list[str]) -> None:
        if not self.commit:
            self.commit = snapshot(self.root)
        resources = self.settings.resources_of(kind)
        slurm = {
            "partition": resources.partition, "account": resources.account,
            "setup": resources.setup or None, "array_parallelism": self.settings.at_once,
            "signal_delay_s": self.settings.kill_delay_s,
        }  # fmt: skip
        common = {
            "name": f"mesr-{kind}", "timeout_min": max(1, round(60 * (resources.hours or 24))),
            "gpus_per_node": resources.gpus or None, "cpus_per_task": resources.cpus,
            "mem_gb": resources.memory_gb,
        }  # fmt: skip
        parameters = common | {f"slurm_{key}": value for key, value in slurm.items()}
        # A job must be requeued by Slurm itself, too: after a node failure, say.
        parameters["slurm_additional_parameters"] = {"requeue": True}
        self.executor.update_parameters(**{k: v for k, v in parameters.items() if v is not None})
        with self.executor.batch():
            for group in groups:
                targets = list(self.members[group])
                job = StageJob(str(self.root), str(self._clone(group)), self.commit, targets)
                self.jobs[group] = self.executor.submit(job)
        for group in groups:
            with atomic_path(self._record(group)) as temporary:
                facts = {"job": self.jobs[group].job_id, "key": self.keys[group]}
                temporary.write_text(json.dumps(facts))

    def _submitted_earlier(self, group: str) -> Any | None:
        """Return the job of an earlier run that is still in the queue with the same inputs."""
        try:
            record = json.loads(self._record(group).read_text())
        except (OSError, ValueError):
            return None
        if self.settings.executor != "slurm" or record["key"] != self.keys[group]:
            return None
        if record["job"] not in queued_jobs([record["job"]]):
            return None
        import submitit  # noqa: PLC0415

        return submitit.SlurmJob(folder=self.folder / "submissions", job_id=record["job"])

    def _clone(self, group: str) -> Path:
        return self.folder / "clones" / _file_name(group)

    def _record(self, group: str) -> Path:
        return self.folder / "jobs" / f"{_file_name(group)}.json"

    def _poll(self) -> None:
        now = time.monotonic()
        open_jobs = {g: job for g, job in self.jobs.items() if g not in self.over}
        if not open_jobs or now - self.polled < POLL_S:
            return
        self.polled = now
        if self.settings.executor == "slurm":
            alive = queued_jobs([job.job_id for job in open_jobs.values()])
        else:
            alive = {job.job_id for job in open_jobs.values() if job.state == "RUNNING"}
        for group, job in open_jobs.items():
            if job.paths.result_pickle.exists():
                failed = job.exception() is not None
                message = f"job {job.job_id} failed ({job.paths.stderr})"
                self.over[group] = message if failed else ""
            elif job.job_id in alive:
                self.left_queue.pop(group, None)
            elif now - self.left_queue.setdefault(group, now) > PATIENCE_S:
                self.over[group] = f"job {job.job_id} died ({job.paths.stderr})"


def queued_jobs(ids: list[str]) -> set[str]:
    """Return those of some Slurm jobs that wait, run or end; all of them if Slurm does not answer.

    With `squeue`, because `sacct` needs an accounting database that not every cluster has.
    """
    parents = sorted({job.partition("_")[0] for job in ids})
    done = subprocess.run(
        ["squeue", "--noheader", "--array", "--format=%i", "--jobs", ",".join(parents)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode and "Invalid job id" not in done.stderr:
        return set(ids)
    listed = {line.strip() for line in done.stdout.splitlines()}
    return {job for job in ids if job in listed}


def _file_name(group: str) -> str:
    return group.replace("/", "_").replace(":", "_").replace("@", "-")
