"""`mesr verify` through the command line, in a toy project of three stages."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_computed_here_and_equal(project: Project) -> None:
    assert project.verified(0) == (
        "reproduced: all 3 outputs were computed here and equal those of commit HEAD bit by bit.\n"
    )
    project.replace("params.yaml", "workers: 0", "workers: 2")  # changes no result
    assert project.verified(0).startswith("reproduced: ")


def test_a_fresh_clone_was_not_computed_whatever_its_lock_says(
    original: Project, tmp_path: Path
) -> None:
    clone = original.cloned(tmp_path / "clone")
    said = clone.verified(7)
    assert said.startswith("not computed here: 2 of 3 outputs are not here")
    assert clone.verified(7, "-v").splitlines()[:2] == ["not here: runs/a", "not here: runs/b"]
    clone.mesr("repro", "train@a")
    assert clone.verified(7).startswith("not computed here: 1 of 3 outputs are not here")
    clone.mesr("repro")
    assert clone.verified(0).startswith("reproduced: ")


def test_what_a_cache_brought_was_not_computed_here(original: Project, tmp_path: Path) -> None:
    clone = original.cloned(tmp_path / "clone")
    clone.dvc("pull", "-q")
    said = clone.verified(3)
    assert said.startswith("equal, but not computed here: all 3 outputs equal those of commit HEAD")
    assert "3 of 3 stages did not run here" in said
    assert "restored: train@a\n" in clone.verified(3, "-v")
    clone.dvc("repro", "-q", "-f", "train@a")
    assert "2 of 3 stages did not run here" in clone.verified(3)
    # Run with other parameters, and then taken back from the cache: not what the run left.
    clone.replace("params.yaml", "steps: 600", "steps: 900")
    clone.dvc("repro", "-q")
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


def test_a_byte_of_a_weights_file(project: Project) -> None:
    with (project.folder / "runs/a/weights").open("a") as file:
        file.write("0")
    assert project.verified(8).startswith("altered since it was computed: 1 of 3 outputs do not")
    assert project.verified(8, "-v").startswith("altered: runs/a\n")
    assert "error" not in project.verified(0, "--optional")


def test_a_score_raised(project: Project) -> None:
    project.replace("results/quality.csv", "30.600000", "30.700000")
    assert "results/quality.csv first" in project.verified(8)


def test_results_deleted(project: Project) -> None:
    shutil.rmtree(project.folder / "results")
    shutil.rmtree(project.folder / "runs")
    assert project.verified(7).startswith("not computed here: 3 of 3 outputs are not here")


def test_another_parameter(project: Project) -> None:
    project.replace("params.yaml", "steps: 600", "steps: 900")
    said = project.verified(5)
    assert said.startswith("other parameters: train.steps (600, here 900) differ from those of")
    assert "not computed with them yet" in said
    project.mesr("repro")
    said = project.verified(5)
    assert said.startswith("other parameters: train.steps (600, here 900) differ from those of")
    assert "not computed" not in said


def test_other_code(project: Project) -> None:
    project.replace("code.py", "1", "2")
    said = project.verified(6)
    assert said.startswith("other code: code.py differs from the code that the outputs here were")
    # Computed with it, and the same results: they are reproduced, with whatever code.
    project.mesr("repro")
    assert project.verified(0).startswith("reproduced: ")
    # Other results: not compared as if the code were the same.
    project.dvc("repro", "-q")
    project.mesr("verify")
    (project.folder / "code.py").write_text("3\n")
    project.mesr("repro", ROUNDING="0.01")
    said = project.verified(6)
    assert "code.py differs from the code that the outputs of commit HEAD were" in said
    assert "mean PSNR differs by 0.0100 dB at most" in said


@pytest.mark.parametrize(
    ("rounding", "status", "words"),
    [("0.004", 4, "reproduced but for rounding"), ("0.5", 10, "not reproduced")],
)
def test_differences_are_told_in_db(
    project: Project, rounding: str, status: int, words: str
) -> None:
    shutil.rmtree(project.folder / "runs")
    shutil.rmtree(project.folder / ".dvc/cache")
    project.mesr("repro", ROUNDING=rounding)
    said = project.verified(status)
    assert said.startswith(f"{words}: mean PSNR to within {float(rounding):.4f} dB (a on toy)")
    assert "0 of 3 outputs equal" in said
    assert project.verified(status, "-v").splitlines()[0] == "differs: runs/a"
    project.verified(0, "--optional")


def test_nothing_to_compare_with(project: Project) -> None:
    assert "no git checkout with revision 'nope'" in project.verified(9, "--revision", "nope")
    project.replace("params.yaml", "profile: toy", "profile: own")
    assert "is of profile toy, params.yaml here of profile own" in project.verified(9)
    assert project.verified(0, "--optional") == ""
    shutil.rmtree(project.folder / ".git")
    assert project.verified(9).startswith("cannot be compared: ")


def test_a_kept_study_is_what_is_compared_with(project: Project) -> None:
    kept = project.folder / "studies/toy"
    kept.mkdir(parents=True)
    for name in ("dvc.lock", "params.yaml"):
        shutil.copy(project.folder / name, kept)
    assert "equal those of studies/toy" in project.verified(0)


def test_the_report_is_told(project: Project) -> None:
    (project.folder / "reports/build").mkdir(parents=True)
    said = project.verified(0)
    text = (project.folder / "reports/build/verified.js").read_text(encoding="utf-8")
    facts = json.loads(text.removeprefix("window.reportVerified = ").rstrip(";\n"))
    assert facts == {"reproduced": True, "sentence": said.strip()}


def test_single_stages(project: Project, tmp_path: Path, original: Project) -> None:
    clone = original.cloned(tmp_path / "clone")
    said = clone.mesr("verify", "train@a")
    assert "reproduced: all 1 outputs were computed here" in said
    project.mesr("verify", "nope", status=1)
