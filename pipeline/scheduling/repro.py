"""`mesr repro`: `dvc repro` with several stages at a time."""

import errno
import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.scheduling.job import alone
from pipeline.support import arithmetic
from pipeline.support.errors import UserError


def repro(
    targets: Annotated[
        list[str] | None, typer.Argument(help="stages, with what they need; none means all")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="stages at a time [one a GPU, else by cores]"),
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="run stages as jobs of a cluster, see conf/cluster: slurm")
    ] = None,
) -> None:
    """Run what is out of date, several stages at a time; the outcome is that of `dvc repro`."""
    from dvc.repo import Repo  # noqa: PLC0415

    try:
        os.chdir(Repo.find_root())
    except Exception as error:
        raise UserError(f"{Path.cwd()}: is in no DVC project (no .dvc folder)") from error
    running = Path(".dvc/tmp/repro/running")
    try:
        running.parent.mkdir(parents=True, exist_ok=True)
        with alone(running, wait=False) as file:
            file.truncate(0)
            print(os.getpid(), file=file, flush=True)
            _repro(targets or [], jobs, cluster)
    except BlockingIOError:
        raise UserError(
            f"another `mesr repro` (process {running.read_text().strip()}) is at work in this "
            "project. Wait until it ends, or stop it with Ctrl-C or SIGTERM."
        ) from None
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        raise UserError(
            f"{error.filename}: may not be written ({error.strerror}). `mesr repro` writes into "
            "the project's folder: run it in one that is yours."
        ) from error


def _repro(targets: list[str], jobs: int | None, cluster: str | None) -> None:
    from pipeline.scheduling.local import LocalExecutor, default_jobs, gpus  # noqa: PLC0415
    from pipeline.scheduling.project import LOGS, Project  # noqa: PLC0415
    from pipeline.scheduling.scheduler import Scheduler  # noqa: PLC0415
    from pipeline.scheduling.view import View  # noqa: PLC0415

    # Stages run with the interpreter that runs this, whatever else is called `python`.
    folder = Path(sys.executable).parent
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"
    logging.getLogger("dvc.progress").setLevel(logging.CRITICAL)  # no progress bars of DVC's
    LOGS.mkdir(parents=True, exist_ok=True)
    project = Project(targets)
    cards = [] if arithmetic.portable() else gpus()
    local = LocalExecutor(jobs or default_jobs(cards), cards)
    queues: dict[str, Any] = {}
    if cluster is not None:
        try:
            from pipeline.scheduling.cluster import ClusterExecutor, load_settings  # noqa: PLC0415
        except ImportError as error:
            raise UserError(
                "--cluster needs submitit. Install the extra: pip install -e '.[cluster]'"
            ) from error
        settings = load_settings(cluster)
        queues = dict.fromkeys(settings.submit, ClusterExecutor(settings))

    view = View(len(project.stages))
    with view.progress:
        scheduler = Scheduler(project, lambda name: queues.get(name.partition("@")[0], local), view)
        scheduler.run()
    project.repo.close()
    if scheduler.ran or scheduler.restored:
        print(f"{scheduler.ran} stages ran, {scheduler.restored} were restored", file=sys.stderr)
    print(f"{len(project.stages)} stages are up to date")
