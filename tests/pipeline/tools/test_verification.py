"""`mesr verify` through the command line, in a toy project of three stages."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
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
        header = "key,dataset,image,protocol,psnr_db,ssim"
        rows = [
            f"{run.name},toy,one,rgb,{float((run / 'weights').read_text()):.6f},0.9"
            for run in sorted(Path("runs").iterdir())
        ]
        with atomic_path(Path("results/quality.csv")) as temporary:
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

    def remove(self, name: str) -> None:
        shutil.rmtree(self.folder / name)

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
    files = {
        "dvc.yaml": PIPELINE, "stage.py": STAGE, "code.py": "1\n",
        "params.yaml": "profile: toy\ntrain:\n  steps: 600\nrunning:\n  workers: 0\n",
        ".gitignore": "/runs\n/logs\n__pycache__\n",
    }  # fmt: skip
    for name, text in files.items():
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


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        (
            lambda p: p.replace("params.yaml", "workers: 0", "workers: 2"),  # changes no result
            0,
            "reproduced: all 3 outputs were computed here and equal those of commit HEAD bit by "
            "bit.\n",
        ),
        (
            lambda p: p.replace("runs/a/weights", "30.6", "30.60"),
            8,
            "altered: runs/a\nchanged: runs\naltered since it was computed: 1 of 3 outputs do not "
            "hold what dvc.lock says, runs/a first; ",
        ),
        (
            lambda p: p.replace("results/quality.csv", "30.600000", "30.700000"),
            8,
            "altered: results/quality.csv\naltered since it was computed: 1 of 3",
        ),
        (
            lambda p: [p.remove("results"), p.remove("runs")],
            7,
            "not here: results/quality.csv\nnot here: runs/a\nnot here: runs/b\n",
        ),
        (
            lambda p: p.replace("dvc.yaml", "[a, b]", "[a, b, c]"),
            7,
            "not here: runs/c\nnot computed here: 1 of 3 outputs are not here; ",
        ),
        (
            lambda p: p.replace("params.yaml", "steps: 600", "steps: 900"),
            5,
            "other parameters: train.steps (600, here 900) differ from those of commit HEAD; not "
            "computed with them yet",
        ),
        (
            lambda p: p.replace("code.py", "1", "2"),
            6,
            "changed: code.py\nother code: code.py differs from the code that the outputs here "
            "were computed with; 3 of 3 outputs equal those of commit HEAD.",
        ),
        (
            lambda p: p.replace("dvc.yaml", "stage tables", "stage  tables"),
            6,
            "changed: dvc.yaml (tables)\nother code: dvc.yaml (tables) differs",
        ),
        (
            lambda p: p.replace("params.yaml", "profile: toy", "profile: own"),
            9,
            "cannot be compared: commit HEAD is of profile toy, params.yaml here of profile own.\n",
        ),
        (
            lambda p: p.remove(".git"),  # as in a downloaded archive
            9,
            "cannot be compared: git shows no dvc.lock of commit HEAD (git: fatal: not a git repo",
        ),
        (
            lambda p: (p.folder / "dvc.lock").unlink(),
            7,
            "not computed here: there is no dvc.lock; `make repro` computes the study.\n",
        ),
    ],
)
def test_what_was_changed_is_said(
    project: Project, change: Callable[[Project], object], status: int, said: str
) -> None:
    change(project)
    assert project.verified(status, "-v").startswith(said)


def test_optional_has_exit_status_0_and_names_no_want_of_a_record(project: Project) -> None:
    (project.folder / "runs/a/weights").unlink()
    said = project.verified(0, "--optional")
    assert said.startswith("altered since it was computed: ")
    assert said.endswith(" `mesr verify -v` lists them.\n")
    project.replace("params.yaml", "profile: toy", "profile: own")
    assert project.verified(0, "--optional") == ""


def test_a_fresh_clone_was_not_computed_whatever_its_lock_says(
    original: Project, tmp_path: Path
) -> None:
    clone = original.cloned(tmp_path / "clone")
    assert clone.verified(7).startswith("not computed here: 2 of 3 outputs are not here")
    assert "reproduced: all 1 outputs were computed here" in clone.mesr("verify", "train@a")
    assert clone.verified(7).startswith("not computed here: 1 of 3 outputs are not here")
    clone.mesr("repro")
    assert clone.verified(0).startswith("reproduced: ")
    clone.mesr("verify", "nope", status=1)


def test_what_a_cache_brought_was_not_computed_here(original: Project, tmp_path: Path) -> None:
    clone = original.cloned(tmp_path / "clone")
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
    said = clone.verified(5)
    assert said.startswith("other parameters: train.steps (600, here 900) differ from those of")
    assert "not computed" not in said
    clone.replace("params.yaml", "steps: 900", "steps: 600")
    clone.dvc("repro", "-q")
    assert "did not run here" in clone.verified(3)


def test_what_git_keeps_is_computed_again(original: Project, tmp_path: Path) -> None:
    """A score that was raised before it was committed, with its lock, does not stay unseen."""
    forged = original.cloned(tmp_path / "forged")
    forged.dvc("pull", "-q")
    forged.replace("results/quality.csv", "30.600000", "31.600000")
    forged.dvc("commit", "-q", "-f", "tables")
    forged.commit()
    clone = forged.cloned(tmp_path / "clone")
    clone.mesr("repro")
    said = clone.verified(10)
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
    [("0.004", 4, "reproduced but for rounding"), ("0.5", 10, "not reproduced")],
)
def test_differences_are_told_in_db(
    project: Project, rounding: str, status: int, words: str
) -> None:
    project.remove("runs")
    project.remove(".dvc/cache")
    project.mesr("repro", ROUNDING=rounding)
    said = project.verified(status)
    assert said.startswith(f"{words}: mean PSNR to within {float(rounding):.4f} dB (a on toy)")
    assert "0 of 3 outputs equal those of commit HEAD bit by bit; provenance names no" in said
    assert project.verified(status, "-v").splitlines()[0] == "differs: results/quality.csv"


def test_causes_of_differences_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    header = "key,machine,threads,data_digest\n"
    before, here = f"{header}a,A,1,x\nb,A,1,x\n".encode(), f"{header}a,B,1,y\nb,A,1,x\n".encode()
    causes = ["another processor (A, here B) in 1 of 2 runs", "other images in 1 of 2 runs"]
    assert _causes({RUNS: before}, {RUNS: here}, ()) == causes
    Path("runs/b").mkdir(parents=True)  # of a stage alone, by its own record
    Path("runs/b/run.json").write_text(json.dumps({"machine": "A", "threads": 2}))
    assert _causes({RUNS: before}, {}, ["runs/b"]) == [
        "another number of threads (1, here 2) in 1 of 1 runs"
    ]


def test_git_that_distrusts_another_users_clone_is_passed_on(project: Project) -> None:
    if os.getuid():
        pytest.skip("needs the right to give files away")
    for name in ("", ".git"):
        os.chown(project.folder / name, 65534, 65534)
    assert "dubious ownership" in project.verified(9)


def test_a_kept_study_is_what_is_compared_with_and_the_report_is_told(project: Project) -> None:
    kept = project.folder / "studies/toy"
    kept.mkdir(parents=True)
    for name in ("dvc.lock", "params.yaml"):
        shutil.copy(project.folder / name, kept)
    (project.folder / "reports/build").mkdir(parents=True)
    said = project.verified(0)
    assert "equal those of studies/toy" in said
    text = (project.folder / "reports/build/verified.js").read_text(encoding="utf-8")
    facts = json.loads(text.removeprefix("window.reportVerified = ").rstrip(";\n"))
    assert facts == {"reproduced": True, "sentence": said.strip()}
