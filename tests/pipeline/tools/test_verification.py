"""`mesr verify` through the command line, in a toy project of three stages."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.tools.verification import RUNS, _causes

ROOT = Path(__file__).parents[3]

STAGE = """\
import os, sys
from pathlib import Path
from pipeline.support.console import run
from pipeline.support.files import atomic_path

def main():
    steps = int(Path("params.yaml").read_text().split("steps: ")[1].split()[0])
    psnr_db = 30 + steps / 1000 + float(os.environ.get("ROUNDING", "0"))
    if sys.argv[1] == "train":
        psnr_db += sys.argv[2] == "b"  # what DVC has of one stage it takes for another, too
        with atomic_path(Path("runs", sys.argv[2])) as folder:
            folder.mkdir()
            (folder / "weights").write_text(f"{psnr_db!r}")
    else:
        Path("results").mkdir(exist_ok=True)
        rows = [
            f"{run.name},toy,one,rgb,{float((run / 'weights').read_text()):.6f},0.9"
            for run in sorted(Path("runs").iterdir())
        ]
        with atomic_path(Path("results/quality.csv")) as temporary:
            header = "key,dataset,image,protocol,psnr_db,ssim"
            temporary.write_text("\\n".join([header, *rows, ""]))

if __name__ == "__main__":
    raise SystemExit(run(main))
"""
PIPELINE = """\
stages:
  train:
    matrix: {net: [a, b]}
    cmd: python -m stage train ${item.net}
    deps: [code.py]
    params: [train]
    outs: ["runs/${item.net}"]
  tables:
    cmd: python -m stage tables
    deps: [runs]
    outs:
      - results/quality.csv: {cache: false}
"""
FILES = {
    "dvc.yaml": PIPELINE,
    "stage.py": STAGE,
    "code.py": "1\n",
    "params.yaml": "profile: toy\ntrain:\n  steps: 600\nrunning:\n  workers: 0\n",
    ".gitignore": "/runs\n/logs\n__pycache__\n",
}


class Project:
    """A folder with a DVC project, and `mesr` in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *words: str, status: int = 0, **environment: str) -> str:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        variables = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)} | environment
        found = subprocess.run(
            words, cwd=self.folder, env=variables, capture_output=True, text=True, check=False
        )
        assert found.returncode == status, found.stdout + found.stderr
        return found.stdout

    def mesr(self, *words: str, status: int = 0, **environment: str) -> str:
        return self.run(sys.executable, "-m", "pipeline.cli", *words, status=status, **environment)

    def dvc(self, *words: str) -> None:
        self.run(sys.executable, "-m", "dvc", *words)

    def commit(self) -> None:
        self.run("git", "add", "-A")
        self.run("git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "study")

    def verified(self, status: int, *words: str) -> str:
        return self.mesr("verify", *words, status=status)

    def cloned(self, folder: Path) -> "Project":
        self.run("git", "clone", "-q", ".", str(folder))
        return Project(folder)

    def replace(self, name: str, before: str, after: str) -> None:
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert before in text
        path.chmod(0o644)
        path.write_text(text.replace(before, after), encoding="utf-8")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Computed and committed."""
    project = Project(tmp_path_factory.mktemp("verify") / "study")
    project.folder.mkdir()
    for name, text in FILES.items():
        (project.folder / name).write_text(text, encoding="utf-8")
    project.run("git", "init", "-q")
    project.dvc("init", "-q")
    project.dvc("config", "core.analytics", "false")
    project.dvc("remote", "add", "-d", "store", str(project.folder.parent / "store"))
    project.mesr("repro")
    project.commit()
    project.dvc("push", "-q", "--run-cache")
    return project


@pytest.fixture
def project(original: Project, tmp_path: Path) -> Project:
    """A copy, with the times of its files."""
    shutil.copytree(original.folder, tmp_path / "study", symlinks=True)
    return Project(tmp_path / "study")


@pytest.fixture
def clone(original: Project, tmp_path: Path) -> Project:
    return original.cloned(tmp_path / "clone")


PARAMETERS = "other parameters: train.steps (600, here 900) differ from those of commit HEAD"
CODE = "changed: code.py\nother code: code.py differs from the code that the outputs here were "


@pytest.mark.parametrize(
    ("name", "before", "after", "status", "said"),
    [
        ("params.yaml", "workers: 0", "workers: 2", 0, "reproduced: all 3 outputs were computed "),
        ("runs/a/weights", "30.6", "30.60", 8, "altered: runs/a\n"),
        (
            "results/quality.csv",
            "30.6",
            "30.7",
            8,
            "altered since it was computed: 1 of 3 outputs ",
        ),
        ("dvc.yaml", "[a, b]", "[a, b, c]", 7, "not here: runs/c\nnot computed here: 1 of 3 outp"),
        ("params.yaml", "600", "900", 5, f"{PARAMETERS}; not computed with them yet"),
        ("code.py", "1", "2", 6, f"{CODE}computed with; 3 of 3 outputs equal those of commit HEAD"),
        ("dvc.yaml", "stage tables", "stage  tables", 6, "other code: dvc.yaml (tables) differs"),
        ("params.yaml", "toy", "own", 9, "commit HEAD is of profile toy, params.yaml here of prof"),
    ],
)
def test_what_was_changed_is_said(
    project: Project, name: str, before: str, after: str, status: int, said: str
) -> None:
    project.replace(name, before, after)
    assert said in project.verified(status, "-v")
    assert (project.verified(0, "--optional") == "") == (status == 9)


@pytest.mark.parametrize(
    ("names", "status", "said"),
    [
        (
            ("results", "runs"),
            7,
            "not here: results/quality.csv\nnot here: runs/a\nnot here: runs/b",
        ),
        (
            ("dvc.lock",),
            7,
            "not computed here: there is no dvc.lock; `make repro` computes the stu",
        ),
        ((".git",), 9, "cannot be compared: git shows no dvc.lock of commit HEAD (git: fatal: not"),
    ],
)
def test_what_is_gone_is_said(
    project: Project, names: tuple[str, ...], status: int, said: str
) -> None:
    for name in names:
        path = project.folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert said in project.verified(status, "-v")


def test_a_fresh_clone_was_not_computed_whatever_its_lock_says(clone: Project) -> None:
    assert clone.verified(7).startswith("not computed here: 2 of 3 outputs are not here")
    assert "reproduced: its one output was computed here" in clone.mesr("verify", "train@a")
    assert clone.verified(7).startswith("not computed here: 1 of 3 outputs are not here")
    clone.mesr("repro")
    assert clone.verified(0).startswith("reproduced: ")
    clone.mesr("verify", "nope", status=1)


def test_what_a_cache_brought_was_not_computed_here(clone: Project) -> None:
    clone.dvc("pull", "-q")
    said = clone.verified(3, "-v")
    assert "\nequal, but not computed here: all 3 outputs equal those of commit HEAD" in said
    assert "3 of 3 stages did not run here" in said
    assert "restored: train@a\n" in said
    clone.dvc("repro", "-q", "-f", "train@a")
    assert "2 of 3 stages did not run here" in clone.verified(3)
    # Run with other parameters, and then taken back from the cache: not what the run left.
    clone.replace("params.yaml", "steps: 600", "steps: 900")
    clone.dvc("repro", "-q")
    assert clone.verified(5) == f"{PARAMETERS}. `mesr verify -v` lists them.\n"
    clone.replace("params.yaml", "steps: 900", "steps: 600")
    clone.dvc("repro", "-q")
    assert "did not run here" in clone.verified(3)


def test_what_git_keeps_is_computed_again(clone: Project, tmp_path: Path) -> None:
    """A score that was raised before it was committed, with its lock, does not stay unseen."""
    clone.dvc("pull", "-q")
    clone.replace("results/quality.csv", "30.600000", "31.600000")
    clone.dvc("commit", "-q", "-f", "tables")
    clone.commit()
    victim = clone.cloned(tmp_path / "victim")
    victim.mesr("repro")
    said = victim.verified(10)
    assert said.startswith("not reproduced: mean PSNR to within 1.0000 dB (a on toy)")


def test_other_code_with_the_same_results_is_reproduced_and_with_others_is_named(
    project: Project,
) -> None:
    project.replace("code.py", "1", "2")
    project.mesr("repro")
    assert project.verified(0).startswith("reproduced: ")
    project.replace("code.py", "2", "3")
    project.mesr("repro", ROUNDING="0.01")
    said = project.verified(6, "-v")
    assert "other code: code.py\n" in said
    assert "code.py differs from the code that the outputs of commit HEAD were" in said
    assert "mean PSNR differs by 0.0100 dB at most" in said


@pytest.mark.parametrize(
    ("rounding", "status", "words"),
    [("0.004", 4, "reproduced within 0.1 dB"), ("0.5", 10, "not reproduced")],
)
def test_differences_are_told_in_db(
    project: Project, rounding: str, status: int, words: str
) -> None:
    shutil.rmtree(project.folder / "runs")
    shutil.rmtree(project.folder / ".dvc/cache")
    project.mesr("repro", ROUNDING=rounding)
    said = project.verified(status, "-v")
    assert said.startswith("differs: results/quality.csv\ndiffers: runs/a\n")
    assert f"\n{words}: mean PSNR to within {float(rounding):.4f} dB (a on toy)" in said
    assert "0 of 3 outputs equal those of commit HEAD bit by bit; provenance names no" in said


def test_causes_of_differences_are_named() -> None:
    header = "key,machine,threads,data_digest\n"
    before, here = f"{header}a,A,1,x\nb,A,1,x\n".encode(), f"{header}a,B,1,y\nb,A,1,x\n".encode()
    causes = ["another processor (A, here B) in 1 of 2 runs", "other images in 1 of 2 runs"]
    assert _causes({RUNS: before}, {RUNS: here}, ()) == causes
    Path("runs/b").mkdir(parents=True)  # of a stage alone, by its own record
    Path("runs/b/run.json").write_text(json.dumps({"machine": "A", "threads": 2}))
    causes = ["another number of threads (1, here 2) in 1 of 1 runs"]
    assert _causes({RUNS: before}, {}, ["runs/b"]) == causes


@pytest.mark.skipif(os.getuid() != 0, reason="needs the right to give files away")
def test_git_that_distrusts_another_users_clone_is_passed_on(project: Project) -> None:
    for name in ("", ".git"):
        os.chown(project.folder / name, 65534, 65534)
    assert "dubious ownership" in project.verified(9)


def test_a_kept_study_is_what_is_compared_with_and_the_report_is_told(project: Project) -> None:
    for folder in ("studies/toy", "reports/build"):
        (project.folder / folder).mkdir(parents=True)
    for name in ("dvc.lock", "params.yaml"):
        shutil.copy(project.folder / name, project.folder / "studies/toy")
    said = project.verified(0)
    assert "equal those of studies/toy" in said
    text = (project.folder / "reports/build/verified.js").read_text(encoding="utf-8")
    facts = json.loads(text.removeprefix("window.reportVerified = ").rstrip(";\n"))
    assert facts == {"reproduced": True, "sentence": said.strip()}
