"""`mesr archive`: a finished study as a folder to keep, small enough for git.

It holds what a reader of the study's figures needs to check them: result files, parameters, lock,
report as rendered and, if asked for, the weights. Images stay in DVC's cache.
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
from pipeline.study.paths import PARAMS, RESULTS, STUDIES, run_folder
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.support.json import read_json
from pipeline.tools.sharing import page

LARGEST, LARGEST_WITH_WEIGHTS = 15_000_000, 30_000_000  # bytes; every clone carries the folder
LOCK = Path("dvc.lock")
REPORT = Path("reports/build")
LOGS = Path("logs")
REPRO = "mesr repro"


def archive(
    folder: Annotated[Path | None, typer.Argument(help="[studies/PROFILE]")] = None,
    weights: Annotated[bool, typer.Option("--weights", help="keep those of its trainings")] = False,
) -> None:
    """Keep the finished study of this folder: results, report, parameters and lock.

    With LaTeX (latexmk) the report as a document, too.
    """
    folder = folder or STUDIES / load_params().profile
    try:
        stages = {stage.addressing for stage in Repo().index.stages}
    except DvcException as error:
        raise UserError(
            f"DVC cannot read the project here: {error}. Where the code came without .git, as a "
            "downloaded archive does: git init && git add -A && git commit -m start"
        ) from error
    pdf = shutil.which("latexmk") is not None
    keep_study(folder, stages, pdf=pdf, weights=weights)
    print(f"{folder}: kept" + ("" if pdf else ", without report.pdf: latexmk is not installed"))


def keep_study(folder: Path, stages: Collection[str], *, pdf: bool, weights: bool = False) -> None:
    """Write the folder of the study that is here.

    Parameters
    ----------
    folder : Path
        Replaced when it exists.
    stages : collection of str
        Names of the study's stages. dvc.lock may have others, of studies that were here before.
    pdf : bool
        Compile the report's LaTeX with latexmk and keep the document.
    weights : bool
        Keep run.json and the last weights of each training, which the figures follow from.

    Raises
    ------
    UserError
        When a part of the study is missing, LaTeX fails, or the folder would take more than
        `LARGEST` bytes (`LARGEST_WITH_WEIGHTS`). Nothing is written then.
    """
    for path in (PARAMS, LOCK, RESULTS / "runs.csv", REPORT / "index.html"):
        if not path.exists():
            raise UserError(f"{path}: not found. Finish the study first: {REPRO}")
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
        # A verdict is of one machine's outputs, compared with this very folder.
        (temporary / "report/verified.js").write_text("window.reportVerified = null;\n", "utf-8")
        index = temporary / "report/index.html"
        html = index.read_text("utf-8").replace('"downloads/', '"../results/')
        index.write_text(html, "utf-8")
        if pdf:
            compile_pdf(REPORT / "latex", temporary / "report.pdf")
        runs = pd.read_csv(RESULTS / "runs.csv", dtype=str, keep_default_na=False)
        trained = runs[runs["kind"] == "trained"]
        for key in trained["key"] if weights else ():
            kept = temporary / run_folder(key)
            kept.mkdir(parents=True)
            for name in ("run.json", "weights.safetensors"):
                if not (path := run_folder(key) / name).is_file():
                    raise UserError(f"{path}: not found. Finish the study first: {REPRO}")
                shutil.copyfile(path, kept / name)
        params = load_params()
        text = page(
            "study.md.j2", profile=params.profile, machines=list_machines(trained), folder=folder,
            pdf=pdf, weights=weights, example=trained.iloc[0] if len(trained) else None,
            portable=params.arithmetic == "portable", protocol=params.evaluate.protocol,
        )  # fmt: skip
        (temporary / "README.md").write_text(text, encoding="utf-8")
        sizes = {path: path.stat().st_size for path in temporary.rglob("*") if path.is_file()}
        limit = LARGEST_WITH_WEIGHTS if weights else LARGEST
        if (total := sum(sizes.values())) > limit:
            largest = max(sizes, key=lambda path: sizes[path])
            file = f"The largest file is {largest.relative_to(temporary)} with {sizes[largest]:,}"
            expected = f"expected at most {limit:,}, because every clone carries it"
            raise UserError(f"{folder}: the study takes {total:,} bytes; {expected}. {file}")


def list_machines(trained: pd.DataFrame) -> list[dict[str, Any]]:
    """Group trainings by machine, torch, precision and threads, with their number and hours.

    The hours of all of a group together, which may have run side by side; None where the log of one
    is missing.
    """
    logs = {key: LOGS / "runs" / f"{key}.json" for key in trained["key"]}
    seconds = {
        key: read_json(log, REPRO)["wall_seconds"] for key, log in logs.items() if log.is_file()
    }
    grouped = trained.assign(hours=trained["key"].map(seconds).astype(float) / 3600).groupby(
        ["machine", "torch", "precision", "threads"], as_index=False
    )
    hours = pd.NamedAgg("hours", lambda values: values.sum(skipna=False))
    table = grouped.agg(runs=("key", "size"), hours=hours).astype(object)
    return [dict(row) for _, row in table.where(table.notna(), None).iterrows()]


def compile_pdf(source: Path, pdf: Path) -> None:
    """Compile report.tex of a folder with latexmk, which writes nothing into it.

    Raises
    ------
    UserError
        When it fails.
    """
    with tempfile.TemporaryDirectory() as built:
        words = ["latexmk", "-pdf", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
        done = subprocess.run(
            [*words, f"-outdir={built}"], cwd=source, capture_output=True, text=True, check=False
        )
        if done.returncode:
            ending = "\n".join(done.stdout.splitlines()[-15:])
            raise UserError(f"{source / 'report.tex'}: LaTeX failed:\n{ending}")
        shutil.copyfile(Path(built) / "report.pdf", pdf)
