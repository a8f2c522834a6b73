"""`mesr repro`: `dvc repro` with several stages at a time."""

import errno
import fcntl
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.support import arithmetic
from pipeline.support.errors import UserError

if TYPE_CHECKING:
    from pipeline.scheduling.scheduler import Executor


def repro(
    targets: Annotated[
        list[str] | None, typer.Argument(help="stages, with what they need; none means all")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="stages at a time [one a GPU, else by cores]"),
    ] = None,
    pull: Annotated[
        bool, typer.Option("--pull", help="fetch missing data and run cache from the remote")
    ] = False,
    cluster: Annotated[
        str | None, typer.Option(help="run stages as jobs of a cluster, see conf/cluster: slurm")
    ] = None,
) -> None:
    r"""Run what is out of date, several stages at a time; the outcome is that of `dvc repro`.

    \f

    Raises
    ------
    UserError
        When stages failed, naming them; when the project cannot be read or written; when another
        run is at work in it.
    """
    from dvc.repo import Repo  # noqa: PLC0415

    try:
        os.chdir(Repo.find_root())
    except Exception as error:
        raise UserError(f"{Path.cwd()}: is in no DVC project (no .dvc folder)") from error
    try:
        with _only_scheduler():
            _repro(targets or [], jobs, pull, cluster)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        raise UserError(
            f"{error.filename}: may not be written ({error.strerror}). `mesr repro` writes into "
            "the project's folder: run it in one that is yours."
        ) from error


def _repro(targets: list[str], jobs: int | None, pull: bool, cluster: str | None) -> None:
    from dvc.utils.serialize import load_yaml  # noqa: PLC0415

    from pipeline.scheduling.job import module_of  # noqa: PLC0415
    from pipeline.scheduling.local import LIBRARIES, LocalExecutor, default_jobs, gpus  # noqa: PLC0415
    from pipeline.scheduling.project import LOGS, Node, Project  # noqa: PLC0415
    from pipeline.scheduling.scheduler import Scheduler  # noqa: PLC0415
    from pipeline.scheduling.view import View  # noqa: PLC0415

    # Stages run with the interpreter that runs this, whatever else is called `python`.
    folder = Path(sys.executable).parent
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"
    logging.getLogger("dvc.progress").setLevel(logging.CRITICAL)  # no progress bars of DVC's
    LOGS.mkdir(parents=True, exist_ok=True)
    project = Project(targets, pull=pull)
    if pull:
        project.fetch_run_cache()
    cards = [] if arithmetic.portable() else gpus()
    modules = any(module_of(project.commands(node)) for node in project.nodes.values())
    local = LocalExecutor(jobs or default_jobs(cards), cards, LIBRARIES if modules else [])

    def choose(node: Node) -> "Executor":
        return local

    if cluster is not None:
        from pipeline.scheduling.cluster import ClusterExecutor, load_settings  # noqa: PLC0415

        settings = load_settings(cluster, load_yaml("dvc.yaml")["stages"])
        queue = ClusterExecutor(settings)

        def choose(node: Node) -> "Executor":
            return queue if node.kind in settings.submit else local

    with View(len(project.nodes)) as view:
        scheduler = Scheduler(project, choose, view)
        scheduler.run()
    project.close()
    if scheduler.ran or scheduler.restored:
        print(f"{scheduler.ran} stages ran, {scheduler.restored} were restored", file=sys.stderr)
    print(f"{len(project.nodes)} stages are up to date")


@contextmanager
def _only_scheduler() -> Iterator[None]:
    """Let one scheduler at a time work in a project."""
    path = Path(".dvc/tmp/repro/running")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = path.read_text(encoding="utf-8").strip() or "unknown"
            raise UserError(
                f"another `mesr repro` (process {owner}) is at work in this project. Wait until "
                "it ends, or stop it with Ctrl-C or SIGTERM."
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
