"""`mesr repro --cluster`: stages as jobs of a cluster, in the project's own folder.

A job runs the commands of one stage and nothing else: DVC's checks and saves stay with the
scheduler. It looks at the stage's inputs when it starts, because they may have been edited while
it waited, and again at its end, in case the scheduler is gone by then.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Collection
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

from pipeline.scheduling.job import Job, changes
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path

CONF = Path("conf/cluster")
SUBMISSIONS = Path("logs/cluster")
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


def load_settings(name: str, kinds: Collection[str]) -> ClusterSettings:
    """Read ``conf/cluster/<name>.yaml``; `kinds` are the names of stages in dvc.yaml.

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
        settings = ClusterSettings(**load_yaml(path))
    except YAMLFileCorruptedError as error:
        raise UserError(str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        gone = "; jobs work in the project's own folder, remove it" if place == "folder" else ""
        raise UserError(
            f"{path}: {place}: {first['msg']}{gone}; {CONF / 'slurm.yaml'} explains the values"
        ) from error
    except TypeError as error:
        raise UserError(f"{path}: a list of settings was expected") from error
    for field in ("submit", "resources"):
        for kind in set(getattr(settings, field)) - {*kinds, "default"}:
            raise UserError(
                f"{path}: {field}: dvc.yaml has no stage {kind}. Known: {', '.join(kinds)}."
            )
    return settings


class QueuedJob:
    """What runs on a node. submitit pickles it.

    Parameters
    ----------
    job : Job
        The stage's commands.
    project : str
        Folder of the project.
    """

    def __init__(self, job: Job, project: str) -> None:
        self.job, self.project = job, project
        self.child: subprocess.Popen[bytes] | None = None

    def __call__(self) -> str:
        """Run the commands; return an error or ""."""
        from pipeline.scheduling.project import inputs_now  # noqa: PLC0415

        os.chdir(self.project)
        # What the node and the batch script set (GPUs, modules) counts more than the login node's.
        environment = {**self.job.environment, **os.environ}
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        with self.job.alone() as lock, self.job.log.open("wb") as log:
            if self.job.finished():
                return ""
            found, out_of_date = inputs_now(self.job.name)
            if not out_of_date:  # somebody ran it here meanwhile
                return ""
            if names := changes(self.job.inputs, found):
                return f"{names} changed while the job waited. Run it again"
            for *shell, command in self.job.commands:
                # Slurm sends its warning to all processes, and only submitit knows its meaning.
                quiet = [*shell, f"trap '' USR2\n{command}"]
                self.child = subprocess.Popen(
                    quiet, cwd=self.job.folder, env=environment, stdout=log, stderr=log,
                    stdin=subprocess.DEVNULL, start_new_session=True, pass_fds=[lock],
                )  # fmt: skip
                while (status := self.child.poll()) is None:  # `wait` would keep signals waiting
                    time.sleep(0.2)
                if status in (-signal.SIGTERM, 128 + signal.SIGTERM):  # the shell, or its command
                    # Slurm asked the processes of the job to end. Wait for it to do the rest
                    # (requeue, after a preemption): a result would say that the job was over.
                    time.sleep(600)
                if status:
                    return f"exit status {status}"
            if names := changes(self.job.inputs, inputs_now(self.job.name)[0]):
                return f"{names} changed while it ran; its outputs are not taken. Run it again"
            self.job.finish()
        return ""

    def checkpoint(self) -> Any:
        """Stop before the time limit or a preemption; return what goes on after the requeue."""
        from submitit.helpers import DelayedSubmission  # noqa: PLC0415

        if self.child is not None:
            # A training ends its step and saves. SIGINT, because SIGTERM in a job comes from
            # Slurm and has reached the training already.
            os.killpg(self.child.pid, signal.SIGINT)
            self.child.wait()
        return DelayedSubmission(QueuedJob(self.job, self.project))

    __submitit_checkpoint__ = checkpoint


class ClusterExecutor:
    """Runs jobs on a cluster.

    Parameters
    ----------
    settings : ClusterSettings
        With what.

    Raises
    ------
    UserError
        When submitit or Slurm is not there.
    """

    def __init__(self, settings: ClusterSettings) -> None:
        self.settings = settings
        try:
            import submitit  # noqa: PLC0415
        except ImportError as error:
            raise UserError(
                "--cluster needs submitit. Install the extra: pip install -e '.[cluster]'"
            ) from error
        if settings.executor == "slurm" and shutil.which("sbatch") is None:
            raise UserError("--cluster: no sbatch here. Run this on a login node of the cluster.")
        self.executor = submitit.AutoExecutor(
            folder=SUBMISSIONS.absolute(), cluster=settings.executor,
            slurm_max_num_timeout=TIMEOUTS,
        )  # fmt: skip
        self.to_submit: list[Job] = []
        self.jobs: dict[str, Any] = {}  # submitit's, by stage
        self.left_queue: dict[str, float] = {}
        self.polled = 0.0
        self.stopped = False

    def has_room(self) -> bool:
        """Slurm has a queue; without it, jobs wait here."""
        waiting = len(self.jobs) + len(self.to_submit)
        return self.settings.executor == "slurm" or waiting < self.settings.at_once

    def find(self, job: Job) -> str | None:
        """Take up a job of an earlier run that is in the queue with the same inputs."""
        facts = json.loads(job.queued.read_text()) if job.queued.exists() else {}
        if self.settings.executor != "slurm" or facts.get("inputs") != job.inputs:
            return None
        if facts["job"] not in queued_jobs([facts["job"]]):
            return None
        import submitit  # noqa: PLC0415

        self.jobs[job.name] = submitit.SlurmJob(folder=SUBMISSIONS.absolute(), job_id=facts["job"])
        return f"in job {facts['job']}"

    def start(self, job: Job) -> str:
        """Submit the job with the next `flush`."""
        self.to_submit.append(job)
        return "as a job"

    def flush(self) -> None:
        """Submit what is due: an array of jobs for each kind of stage."""
        kinds: dict[str, list[Job]] = defaultdict(list)
        for job in self.to_submit:
            kinds[job.name.partition("@")[0]].append(job)
        self.to_submit = []
        for kind, jobs in kinds.items():
            for start in range(0, len(jobs), LARGEST_ARRAY):
                self._submit(kind, jobs[start : start + LARGEST_ARRAY])

    def ended(self) -> list[tuple[str, str]]:
        """Return the jobs that ended, each with an error or ""; asks Slurm every few seconds."""
        now = time.monotonic()
        if self.stopped:
            found = [(name, "left in the queue") for name in self.jobs]
            self.jobs = {}
            return found
        if not self.jobs or now - self.polled < POLL_S:
            return []
        self.polled = now
        if self.settings.executor == "slurm":
            alive = queued_jobs([job.job_id for job in self.jobs.values()])
        else:
            alive = {job.job_id for job in self.jobs.values() if job.state == "RUNNING"}
        found = []
        for name, job in self.jobs.items():
            if job.paths.result_pickle.exists():
                broken = job.exception()
                error = str(broken) if broken is not None else job.result()
                found.append((name, f"job {job.job_id}: {error}" if error else ""))
            elif job.job_id in alive:
                self.left_queue.pop(name, None)
            elif now - self.left_queue.setdefault(name, now) > PATIENCE_S:
                found.append((name, f"job {job.job_id} died ({job.paths.stderr})"))
        for name, _ in found:
            del self.jobs[name]
        return found

    def stop(self, number: int) -> None:
        """Leave the jobs to the cluster; the next run finds them again."""
        self.stopped = True
        ids = " ".join(job.job_id for job in self.jobs.values())
        if ids and self.settings.executor == "slurm":
            print(f"jobs stay in the queue and may be ended with: scancel {ids}", file=sys.stderr)

    def _submit(self, kind: str, jobs: list[Job]) -> None:
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
            for job in jobs:
                self.jobs[job.name] = self.executor.submit(QueuedJob(job, str(Path.cwd())))
        for job in jobs:
            facts = {"inputs": job.inputs, "job": self.jobs[job.name].job_id}
            with atomic_path(job.queued) as temporary:
                temporary.write_text(json.dumps(facts))


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
