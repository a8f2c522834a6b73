"""`mesr repro --cluster`: stages as jobs of a cluster, in the project's own folder.

A job runs the commands of one stage and nothing else: DVC's checks and saves stay with the
scheduler. It looks at the stage's inputs when it starts, because they may have been edited while
it waited.
"""

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

import submitit
import yaml
from pydantic import BaseModel, Field, NonNegativeInt, PositiveFloat, PositiveInt
from submitit.core.utils import FailedJobError
from submitit.helpers import DelayedSubmission

from pipeline.scheduling.job import Job, alone, changes
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.support.validation import validated
from pipeline.support.yaml import read_yaml

CONF = Path("conf/cluster")
SUBMISSIONS = Path("logs/cluster")
POLL_S = 5.0
# How long a result file may take to show up on another host after its job has left the queue.
PATIENCE_S = 30.0
TIMEOUTS = 10_000  # submitit counts requeues after a time-out; a training may need any number
LARGEST_ARRAY = 500  # Slurm's default limit is 1001


class Resources(BaseModel, extra="forbid", strict=True):
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

    partition: str | None = Field(None, serialization_alias="slurm_partition")
    account: str | None = Field(None, serialization_alias="slurm_account")
    hours: PositiveFloat | PositiveInt | None = None
    gpus: NonNegativeInt | None = Field(None, serialization_alias="gpus_per_node")
    cpus: PositiveInt | None = Field(None, serialization_alias="cpus_per_task")
    memory_gb: PositiveFloat | PositiveInt | None = Field(None, serialization_alias="mem_gb")
    setup: list[str] | None = Field(None, serialization_alias="slurm_setup")


class ClusterSettings(BaseModel, extra="forbid", strict=True):
    """A file of ``conf/cluster``; its comments explain the values."""

    executor: Literal["slurm", "local"]
    submit: list[str]
    at_once: PositiveInt
    kill_delay_s: PositiveInt
    resources: dict[str, Resources]

    def resources_of(self, kind: str) -> dict[str, Any]:
        """Return submitit's parameters for a kind of stage: `default`, the kind's own on top."""
        found: dict[str, Any] = {"hours": 24}
        for name in [name for name in ("default", kind) if name in self.resources]:
            found |= self.resources[name].model_dump(by_alias=True, exclude_none=True)
        found["timeout_min"] = max(1, round(60 * found.pop("hours")))
        return {name: value for name, value in found.items() if value}


def load_settings(name: str) -> ClusterSettings:
    """Read ``conf/cluster/<name>.yaml``.

    Raises
    ------
    UserError
        When there is no such file, or naming the value that is not valid.
    """
    path = CONF / f"{name}.yaml"
    others = ", ".join(sorted(file.stem for file in CONF.glob("*.yaml"))) or "none"
    values = read_yaml(path, f"Known names for --cluster: {others}.")
    remedy = f"{CONF / 'slurm.yaml'} explains the values."
    settings = validated(ClusterSettings, values, str(path), remedy)
    kinds = yaml.safe_load(Path("dvc.yaml").read_text("utf-8"))["stages"]
    for kind in (*settings.submit, *settings.resources):
        if kind not in (*kinds, "default"):
            raise UserError(f"{path}: dvc.yaml has no stage {kind}. Known: {', '.join(kinds)}.")
    return settings


class QueuedJob:
    """What runs on a node. submitit pickles it.

    Parameters
    ----------
    job : Job
        The stage's commands.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.child: subprocess.Popen[bytes] | None = None

    def __call__(self) -> str:
        """Run the commands; return an error or ""."""
        from pipeline.scheduling.project import inputs_now  # noqa: PLC0415

        with alone(self.job.file("lock")) as lock, self.job.log.open("wb") as log:
            if self.job.finished():
                return ""
            found, out_of_date = inputs_now(self.job.name)
            if not out_of_date:  # somebody ran it here meanwhile
                return ""
            if names := changes(self.job.inputs, found):
                return f"{names} changed while the job waited. Run it again"
            # What the node and the batch script set counts more than the login node's.
            os.environ.update({**self.job.environment, **os.environ})
            os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
            os.chdir(self.job.folder)
            for *shell, command in self.job.commands:
                self.child = subprocess.Popen(
                    # Slurm sends its warning to all processes, and only submitit knows its meaning.
                    [*shell, f"trap '' USR2\n{command}"],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    pass_fds=[lock.fileno()],
                )
                while (status := self.child.poll()) is None:  # `wait` would keep signals waiting
                    time.sleep(0.2)
                if status in (-signal.SIGTERM, 128 + signal.SIGTERM):  # the shell, or its command
                    # Slurm asked the processes of the job to end. Wait for it to do the rest
                    # (requeue, after a preemption): a result would say that the job was over.
                    time.sleep(600)
                if status:
                    return f"exit status {status}"
            self.job.finish()
        return ""

    def checkpoint(self) -> DelayedSubmission:
        """Stop before the time limit or a preemption; return what goes on after the requeue."""
        if self.child is not None:
            # A training ends its step and saves. SIGINT, because SIGTERM in a job comes from
            # Slurm and has reached the training already.
            os.killpg(self.child.pid, signal.SIGINT)
            self.child.wait()
        return DelayedSubmission(QueuedJob(self.job))


class ClusterExecutor:
    """Runs jobs on a cluster.

    Parameters
    ----------
    settings : ClusterSettings
        With what.

    Raises
    ------
    UserError
        When Slurm is not there.
    """

    def __init__(self, settings: ClusterSettings) -> None:
        self.settings = settings
        if settings.executor == "slurm" and shutil.which("sbatch") is None:
            raise UserError("--cluster: no sbatch here. Run this on a login node of the cluster.")
        self.to_submit: dict[str, list[Job]] = defaultdict(list)  # by kind of stage
        self.jobs: dict[str, Any] = {}  # submitit's, by stage
        self.left_queue: dict[str, float] = {}
        self.polled = 0.0
        self.stopped = False

    def has_room(self) -> bool:
        """Slurm has a queue; without it, jobs wait here."""
        waiting = len(self.jobs) + sum(len(jobs) for jobs in self.to_submit.values())
        return self.settings.executor == "slurm" or waiting < self.settings.at_once

    def find(self, job: Job) -> str | None:
        """Take up a job of an earlier run that is in the queue with the same inputs."""
        note = job.file("queued")
        facts = json.loads(note.read_text()) if note.exists() else {}
        if self.settings.executor != "slurm" or facts.get("inputs") != job.inputs:
            return None
        number = facts["job"]
        if not queued_jobs([number]):
            return None
        self.jobs[job.name] = submitit.SlurmJob(folder=SUBMISSIONS.absolute(), job_id=number)
        return f"in job {number}"

    def start(self, job: Job) -> str:
        """Submit the job with the next `flush`."""
        self.to_submit[job.name.partition("@")[0]].append(job)
        return "as a job"

    def flush(self) -> None:
        """Submit what is due: an array of jobs for each kind of stage."""
        for kind, jobs in self.to_submit.items():
            for start in range(0, len(jobs), LARGEST_ARRAY):
                self._submit(kind, jobs[start : start + LARGEST_ARRAY])
        self.to_submit.clear()

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
                error = job.exception() or job.result()
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
        executor = submitit.AutoExecutor(
            SUBMISSIONS.absolute(), self.settings.executor, slurm_max_num_timeout=TIMEOUTS
        )
        executor.update_parameters(
            name=f"mesr-{kind}",
            slurm_array_parallelism=self.settings.at_once,
            slurm_signal_delay_s=self.settings.kill_delay_s,
            # A job must be requeued by Slurm itself, too: after a node failure, say.
            slurm_additional_parameters={"requeue": True},
            **self.settings.resources_of(kind),
        )
        try:
            with executor.batch():
                found = {job.name: executor.submit(QueuedJob(job)) for job in jobs}
        except FailedJobError as error:
            raise UserError(f"no job for {kind}: {error}; see resources in {CONF}") from error
        self.jobs |= found
        for job in jobs:
            facts = {"inputs": job.inputs, "job": found[job.name].job_id}
            with atomic_path(job.file("queued")) as temporary:
                temporary.write_text(json.dumps(facts))


def queued_jobs(ids: list[str]) -> set[str]:
    """Return those of some Slurm jobs that wait, run or end; all of them if Slurm does not answer.

    With `squeue`, because `sacct` needs an accounting database that not every cluster has.
    """
    command = ["squeue", "--me", "--noheader", "--array", "--format=%i"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return set(ids).intersection(done.stdout.split()) if done.returncode == 0 else set(ids)
