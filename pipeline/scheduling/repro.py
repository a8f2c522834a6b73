"""`mesr repro`: `dvc repro` with several stages at a time."""

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from dvc.repo import Repo
from dvc.utils.serialize import load_yaml

from pipeline.scheduling.processes import Guardian, ProjectLock, gpus
from pipeline.scheduling.project import Project
from pipeline.scheduling.scheduler import LocalRunner, Runner, Scheduler, default_jobs
from pipeline.scheduling.view import State, for_stderr
from pipeline.support import arithmetic
from pipeline.support.errors import UserError


def repro(
    targets: Sequence[str] = (),
    *,
    jobs: int | None = None,
    pull: bool = False,
    cluster: str | None = None,
) -> None:
    """Bring the project in the working folder up to date.

    Parameters
    ----------
    targets : sequence of str
        Stages, with what they need; none means all of dvc.yaml.
    jobs : int, optional
        How many stages may run at a time; `default_jobs` by default.
    pull : bool
        Fetch missing data and run cache from the project's remote first.
    cluster : str, optional
        Name of a file in ``conf/cluster``: the stages it names run as jobs of that cluster.

    Raises
    ------
    UserError
        When stages failed, naming them; when the project cannot be read; when another run is at
        work in it.
    """
    try:
        os.chdir(Repo.find_root())
    except Exception as error:
        raise UserError(f"{Path.cwd()}: is in no DVC project (no .dvc folder)") from error
    lock = ProjectLock(Path(".dvc/tmp/repro/running"))
    guardian = Guardian(lock)
    with ExitStack() as stack:
        stack.callback(lock.close)
        stack.callback(guardian.close)
        project = Project(targets, pull=pull)
        if pull:
            project.fetch_run_cache()
        cards = [] if arithmetic.portable() else gpus()
        if jobs is None:
            params = Path("params.yaml")
            jobs = default_jobs(load_yaml(params) if params.exists() else {}, cards)
        local = LocalRunner(project, jobs, cards, guardian)
        stack.callback(local.close)
        runners: list[Runner] = [local]
        if cluster is not None:
            from pipeline.scheduling.cluster import ClusterRunner, load_settings  # noqa: PLC0415

            runners.insert(0, ClusterRunner(project, load_settings(cluster)))
        with for_stderr(State(len(project.nodes))) as view:
            scheduler = Scheduler(project, runners, view)
            scheduler.run()
        project.close()
    if scheduler.ran or scheduler.restored:
        print(f"{scheduler.ran} stages ran, {scheduler.restored} were restored", file=sys.stderr)
    print(f"{len(project.nodes)} stages are up to date")
