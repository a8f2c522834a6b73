"""`mesr archive`: a finished study as a folder to keep, small enough for git.

It holds what a reader of the study's figures needs to check them: result files, parameters, lock
and report as rendered. Weights and images stay in DVC's cache.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.utils.serialize import dump_yaml, load_yaml

from pipeline.study.params import load_params
from pipeline.study.paths import PARAMS, RESULTS, STUDIES
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.support.json import read_json
from pipeline.tools.sharing import page

LARGEST = 15_000_000  # bytes; every clone carries the folder
LOCK = Path("dvc.lock")
REPORT = Path("reports/build")
LOGS = Path("logs")
REPRO = "mesr repro"


def archive(
    folder: Annotated[Path | None, typer.Argument(help="[studies/PROFILE]")] = None,
    pdf: Annotated[bool, typer.Option(help="compile the report's LaTeX")] = True,
) -> None:
    """Keep the finished study of this folder: results, report, parameters and lock."""
    folder = folder or STUDIES / load_params().profile
    try:
        stages = {stage.addressing for stage in Repo().index.stages}
    except DvcException as error:
        raise UserError(
            f"DVC cannot read the project here: {error}. Where the code came without .git, as a "
            "downloaded archive does: git init && git add -A && git commit -m start"
        ) from error
    keep_study(folder, stages, pdf=pdf)
    print(f"{folder}: kept")


def keep_study(folder: Path, stages: Collection[str], *, pdf: bool = True) -> None:
    """Write the folder of the study that is here.

    Parameters
    ----------
    folder : Path
        Replaced when it exists.
    stages : collection of str
        Names of the study's stages. dvc.lock may have others, of studies that were here before.
    pdf : bool
        Compile the report's LaTeX with latexmk and keep the document.

    Raises
    ------
    UserError
        When a part of the study is missing, LaTeX fails or is missing, or the folder would take
        more than `LARGEST` bytes. Nothing is written then.
    """
    for path in (PARAMS, LOCK, RESULTS / "runs.csv", REPORT / "index.html"):
        if not path.exists():
            raise UserError(f"{path}: not found. Finish the study first: {REPRO}")
    profile = load_params().profile
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        shutil.copyfile(PARAMS, temporary / PARAMS.name)
        lock = load_yaml(LOCK)
        lock["stages"] = {name: lock["stages"][name] for name in lock["stages"] if name in stages}
        dump_yaml(temporary / LOCK.name, lock)
        shutil.copytree(RESULTS, temporary / "results", ignore=shutil.ignore_patterns(".gitignore"))
        # The page links to the result files beside it, in place of its copies; photographs are in
        # report.pdf as they are printed.
        left_out = shutil.ignore_patterns("downloads", "crop-*.pdf", "refinement.pdf")
        shutil.copytree(REPORT, temporary / "report", ignore=left_out)
        index = temporary / "report/index.html"
        html = index.read_text("utf-8").replace('"downloads/', '"../results/')
        index.write_text(html, "utf-8")
        if pdf:
            compile_pdf(REPORT / "latex", temporary / "report.pdf")
        text = study_page(profile, folder, pdf=pdf)
        (temporary / "README.md").write_text(text, encoding="utf-8")
        sizes = {path: path.stat().st_size for path in temporary.rglob("*") if path.is_file()}
        if (total := sum(sizes.values())) > LARGEST:
            largest = max(sizes, key=lambda path: sizes[path])
            raise UserError(
                f"{folder}: the study takes {total:,} bytes; expected at most {LARGEST:,}, because "
                f"every clone carries it. The largest file is {largest.relative_to(temporary)} "
                f"with {sizes[largest]:,}"
            )


def study_page(profile: str, folder: Path, *, pdf: bool) -> str:
    """Write README.md of a kept study."""
    runs = pd.read_csv(RESULTS / "runs.csv", dtype=str, keep_default_na=False)
    trained = runs[runs["kind"] == "trained"]
    example = trained["key"].iloc[0] if len(trained) else ""
    return page(
        "study.md.j2", profile=profile, machines=list_machines(trained), folder=folder, pdf=pdf,
        example=example,
    )  # fmt: skip


def list_machines(trained: pd.DataFrame) -> list[dict[str, Any]]:
    """Group trainings by machine, torch, precision and threads, with their number and hours.

    The hours of all of a group together, which may have run side by side; None where the log of one
    is missing.
    """
    columns = ["machine", "torch", "precision", "threads"]
    found = []
    for values, group in trained.groupby(columns):
        logs = [LOGS / "runs" / f"{key}.json" for key in group["key"]]
        hours = None
        if all(path.is_file() for path in logs):
            seconds = (read_json(path, REPRO, ("wall_seconds",))["wall_seconds"] for path in logs)
            hours = float(sum(seconds)) / 3600
        found.append(dict(zip(columns, values, strict=True), runs=len(group), hours=hours))
    return found


def compile_pdf(source: Path, pdf: Path) -> None:
    """Compile report.tex of a folder with latexmk, which writes nothing into it.

    Raises
    ------
    UserError
        When latexmk is not installed or fails.
    """
    if shutil.which("latexmk") is None:
        raise UserError("latexmk is not installed. Install it with LaTeX, or give --no-pdf")
    with tempfile.TemporaryDirectory() as built:
        words = ["-pdf", "-interaction=nonstopmode", "-halt-on-error", f"-outdir={built}"]
        done = subprocess.run(
            ["latexmk", *words, "report.tex"], cwd=source, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            ending = "\n".join(done.stdout.splitlines()[-15:])
            raise UserError(f"{source / 'report.tex'}: LaTeX failed:\n{ending}")
        shutil.copyfile(Path(built) / "report.pdf", pdf)
