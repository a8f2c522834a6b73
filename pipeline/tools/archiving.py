"""A finished study as a folder to keep: `studies/<profile>/`, small enough for git.

It holds what a reader of the study's figures needs to check them: result files, parameters, lock
and report as rendered. Weights and images stay in DVC's cache.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from dvc.utils.serialize import dump_yaml, load_yaml

from pipeline.study.keys import Key
from pipeline.study.paths import PARAMS, RESULTS
from pipeline.study.results import RUNS, StudyFacts, read_json, read_study
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.tools.pages import render

LARGEST = 15_000_000  # bytes; every clone carries the folder
LOCK = Path("dvc.lock")
PINS = Path("requirements.lock")
REPORT = Path("reports/build")
REPRO = "mesr repro"


@dataclass(frozen=True)
class Machine:
    """Trainings of a study that share processor, versions and precision.

    Attributes
    ----------
    runs : int
        How many.
    machine, torch, precision, threads : str
        Where and with what.
    hours : float or None
        Wall time of all of them together, which may have run side by side; None where a log of
        one is missing.
    """

    runs: int
    machine: str
    torch: str
    precision: str
    threads: str
    hours: float | None


def archive(
    folder: Path, stages: Collection[str], *, pdf: bool = True, logs: Path = Path("logs")
) -> StudyFacts:
    """Write the folder of the study that is here.

    Parameters
    ----------
    folder : Path
        Replaced when it exists.
    stages : collection of str
        Names of the study's stages. dvc.lock may have others, of studies that were here before.
    pdf : bool
        Compile the report's LaTeX with latexmk and keep the document.
    logs : Path
        What was measured of the runs.

    Raises
    ------
    UserError
        When a part of the study is missing, LaTeX fails or is missing, or the folder would take
        more than `LARGEST` bytes. Nothing is written then.
    """
    facts = read_study(remedy=REPRO)
    for path in (PARAMS, LOCK, REPORT / "index.html"):
        if not path.exists():
            raise UserError(f"{path}: not found. Finish the study first: {REPRO}")
    machines = list_machines(RUNS.read(remedy=REPRO), logs)
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        shutil.copyfile(PARAMS, temporary / PARAMS.name)
        lock = load_yaml(LOCK)
        lock["stages"] = {name: lock["stages"][name] for name in lock["stages"] if name in stages}
        dump_yaml(temporary / LOCK.name, lock)
        shutil.copytree(RESULTS, temporary / "results", ignore=shutil.ignore_patterns(".gitignore"))
        shutil.copytree(REPORT, temporary / "report")
        link_results(temporary)
        if pdf:
            compile_pdf(REPORT / "latex", temporary / "report.pdf")
        page = study_page(facts, machines, folder, pdf=pdf)
        (temporary / "README.md").write_text(page, encoding="utf-8")
        sizes = {path: path.stat().st_size for path in temporary.rglob("*") if path.is_file()}
        if (total := sum(sizes.values())) > LARGEST:
            largest = max(sizes, key=lambda path: sizes[path])
            raise UserError(
                f"{folder}: the study takes {total:,} bytes; expected at most {LARGEST:,}, because "
                f"every clone carries it. The largest file is {largest.relative_to(temporary)} "
                f"with {sizes[largest]:,}"
            )
    return facts


def study_page(facts: StudyFacts, machines: list[Machine], folder: Path, *, pdf: bool) -> str:
    """Write README.md of a kept study."""
    pinned = pinned_torch()
    others = [machine for machine in machines if machine.torch.partition("+")[0] != pinned]
    return render(
        "study.md.j2",
        facts=facts, machines=machines, folder=folder, pdf=pdf, pinned=pinned, others=others,
    )  # fmt: skip


def pinned_torch() -> str:
    """Return the version of PyTorch that `make` installs; empty where none is pinned."""
    text = PINS.read_text(encoding="utf-8") if PINS.is_file() else ""
    found = re.search(r"^torch==(\S+)", text, re.MULTILINE)
    return found[1] if found else ""


def link_results(folder: Path) -> None:
    """Have the page of a kept study link to the result files beside it, in place of its copies."""
    page = folder / "report/index.html"
    text = page.read_text(encoding="utf-8")
    originals = {path.read_bytes(): path for path in (folder / "results").rglob("*.csv")}
    for copy in sorted((folder / "report/downloads").glob("*")):
        original = originals.get(copy.read_bytes())
        if original and (link := f'"downloads/{copy.name}"') in text:
            text = text.replace(link, f'"../{original.relative_to(folder).as_posix()}"')
            copy.unlink()
    page.write_text(text, encoding="utf-8")


def list_machines(runs: pd.DataFrame, logs: Path) -> list[Machine]:
    """Group the trainings of runs.csv by where and with what they ran."""
    trained = runs[[Key.parse(key).has_run for key in runs["key"]]]
    found = []
    for values, group in trained.groupby(["machine", "torch", "precision", "threads"], sort=True):
        machine, torch, precision, threads = map(str, values)
        hours = _hours([f"runs/{key}" for key in group["key"]], logs)
        found.append(Machine(len(group), machine, torch, precision, threads, hours))
    return found


def _hours(names: list[str], logs: Path) -> float | None:
    paths = [logs / f"{name}.json" for name in names]
    if not all(path.is_file() for path in paths):
        return None
    seconds = (read_json(path, REPRO, ("wall_seconds",))["wall_seconds"] for path in paths)
    return float(sum(seconds)) / 3600


def compile_pdf(source: Path, pdf: Path) -> None:
    """Compile report.tex of a folder, of which a copy is used, with latexmk.

    Raises
    ------
    UserError
        When latexmk is not installed or fails.
    """
    if shutil.which("latexmk") is None:
        raise UserError("latexmk is not installed. Install it with LaTeX, or give --no-pdf")
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "report"
        # The document takes its figures from ../figures.
        shutil.copytree(source.parent, copy, ignore=shutil.ignore_patterns("assets", "downloads"))
        done = subprocess.run(
            ["latexmk", "-pdf", "-interaction=nonstopmode", "-halt-on-error", "report.tex"],
            cwd=copy / source.name, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            ending = "\n".join(done.stdout.splitlines()[-15:])
            raise UserError(f"{source / 'report.tex'}: LaTeX failed:\n{ending}")
        shutil.copyfile(copy / source.name / "report.pdf", pdf)
