"""The real pipeline at toy size, in a copy of the project, by `mesr repro` and by `dvc repro`."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from safetensors.torch import load_file, save_file
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser import needs_chromium, start_browser

ROOT = Path(__file__).parents[1]
TOY = [
    "profile=quick",
    "scales=[x4]",
    "variants=[no_rb]",
    "baselines=[vdsr]",
    "networks.mesr={features: 4, branch_features: 2, blocks: 1, refinement_features: 2}",
    "networks.vdsr={features: 4, depth: 3}",
    "train.steps=4",
    "train.schedule=cosine",
    "tune.lrs=[0.005,0.001]",
    "tune.steps=2",
    "readings.trained=[charbonnier_image]",
    "readings.seeds=[s0]",
    "+readings.changes.charbonnier_image.train.charbonnier=image",
    "ladder={models: [mesr], baselines: [vdsr], steps: [2], seeds: [s0]}",
    "train.batch=2",
    "train.patch=12",
    "train.validate_every=2",
    "train.validation_crop=16",
    "tables.complexity_scale=x4",
    "statistics.resamples=100",
    "figures.crops=[{dataset: photos_test, image: chelsea, scale: x4, region: null}]",
]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]


class Study:
    """A copy of the project in which commands are run as a user would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        binaries = str(Path(sys.executable).parent)
        self.environment = os.environ | {
            "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_AUTHOR_NAME": "study",
            "GIT_AUTHOR_EMAIL": "study@example.org",
            "GIT_COMMITTER_NAME": "study",
            "GIT_COMMITTER_EMAIL": "study@example.org",
            "OMP_NUM_THREADS": "2",
        }
        # As on users' machines: Python writes its byte code beside the sources.
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self.environment["PYTHONPATH"] = str(folder)

    @classmethod
    def copied(cls, folder: Path) -> "Study":
        """Copy the project's files, tests apart, into a git repository of its own."""
        study = cls(folder)
        listing = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", "-z"],
            cwd=ROOT, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        for name in filter(None, listing.split("\0")):
            target = folder / name
            if (ROOT / name).is_file() and not name.startswith("tests/"):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, target)
        # Of the published counts, each of which is a network to build and count, the first few.
        counts = folder / "published/complexity.csv"
        lines = counts.read_text(encoding="utf-8").splitlines(keepends=True)
        counts.write_text("".join(lines[:4]), encoding="utf-8")
        study.run("git", "init", "-q")
        return study

    @classmethod
    def cloned(cls, source: "Study", folder: Path) -> "Study":
        """Clone what `source` has committed."""
        source.run("git", "clone", "-q", str(source.folder), str(folder))
        return cls(folder)

    def run(self, *command: str, status: int | None = 0) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        output = done.stdout + done.stderr
        assert status in (None, done.returncode), output
        return output

    def repro(self, *arguments: str) -> list[str]:
        """Run `dvc repro` and return the names of the stages whose command was run."""
        output = self.run("dvc", "repro", *arguments)
        return re.findall(r"^Running stage '([^']+)'", output, re.MULTILINE)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    study = Study.copied(tmp_path_factory.mktemp("study"))
    study.run("python", "-m", "pipeline.configure", *TOY)
    (study.folder / "dvc.lock").unlink()
    study.run("mesr", "repro", "--jobs", "2")
    assert changed(study) == set()
    study.run("git", "add", "-A")
    study.run("git", "commit", "-qm", "computed")
    yield study


def changed(study: Study) -> set[str]:
    """Stages that `dvc status` lists as changed."""
    output = study.run("dvc", "status", "--json")
    return set(json.loads(output[output.index("{") :]))


def kinds_of(stages: Iterable[str]) -> set[str]:
    return {name.partition("@")[0] for name in stages}


def test_byte_code_is_no_input(study: Study) -> None:
    modules = "mesr, baselines.vdsr, pipeline.imaging.inference, pipeline.training, reports.render"
    study.run("python", "-c", f"import {modules}")
    assert list((study.folder / "mesr").rglob("*.pyc"))
    assert changed(study) == set()


@pytest.mark.parametrize(
    ("edited", "kinds"),
    [
        ("pipeline/tools/tiling.py", set()),
        ("pipeline/scoring/metrics.py", {"evaluate"}),
        (
            "mesr/network.py",
            {
                *("tune", "train", "ablate", "readings", "ladder", "complexity", "evaluate"),
                *("evaluate_ablation", "evaluate_readings", "evaluate_ladder"),
            },
        ),
        (
            "baselines/vdsr.py",
            {
                *("tune_baseline", "train_baseline", "ladder_baseline", "complexity"),
                *("evaluate_baseline", "evaluate_ladder_baseline"),
            },
        ),
        ("baselines/lapar.py", {"complexity"}),
        (
            "pipeline/training/patches.py",
            {
                *("tune", "tune_baseline", "train", "ablate", "train_baseline"),
                *("readings", "ladder", "ladder_baseline"),
            },
        ),
        ("pipeline/scheduling/__init__.py", set()),
    ],
)
def test_an_edit_changes_the_stages_that_it_can_change(
    study: Study, edited: str, kinds: set[str]
) -> None:
    path = study.folder / edited
    source = path.read_text(encoding="utf-8")
    try:
        path.write_text(f"{source}# edited\n", encoding="utf-8")
        found = kinds_of(changed(study))
    finally:
        path.write_text(source, encoding="utf-8")
    if kinds == {"evaluate"}:  # whatever its subject
        kinds = {name for name in found if name.startswith(("evaluate", "certify"))}
        assert {"evaluate", "evaluate_bicubic", "evaluate_ablation"} < kinds
    assert found == kinds


def test_another_clone_restores_everything_from_a_remote(
    study: Study, tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = tmp_path_factory.mktemp("store")
    study.run("dvc", "remote", "add", "-f", "-d", "store", str(store))
    study.run("git", "commit", "-qam", "remote")
    study.run("dvc", "push", "-q", "--run-cache")
    clone = Study.cloned(study, tmp_path_factory.mktemp("clones") / "elsewhere" / "study")
    for path in clone.folder.rglob("*.py"):
        os.utime(path, (0, 0))
    output = clone.run("dvc", "repro", "--pull")
    assert "Running stage" not in output
    for name in ("runs/mesr_x4_s0/weights.safetensors", "reports/build/index.html"):
        assert (clone.folder / name).read_bytes() == (study.folder / name).read_bytes()
    assert clone.run("git", "status", "--porcelain") == ""
    assert changed(clone) == set()

    # The same without the lock: the run cache alone knows what the stages gave. Outputs that lie
    # in git (complexity, tables) are in no cache of DVC's.
    lock = clone.folder / "dvc.lock"
    before = lock.read_text(encoding="utf-8")
    lock.unlink()
    assert clone.repro("--pull", "--glob", "evaluate*") == []
    after = lock.read_text(encoding="utf-8")
    assert "\n  evaluate@mesr-x4-s0-photos_test:\n" in after
    assert set(after.splitlines()) < set(before.splitlines())


def test_the_same_study_computed_again_gives_the_same_lock_and_results(
    study: Study, tmp_path_factory: pytest.TempPathFactory
) -> None:
    clone = Study.cloned(study, tmp_path_factory.mktemp("again") / "study")
    clone.run("dvc", "config", "--local", "core.remote", "none")
    # All but complexity and tables, whose outputs lie in git and whose inputs come out equal.
    kinds = kinds_of(clone.repro())
    assert {"fetch", "degrade", "train", "ablate", "evaluate", "report"} < kinds
    clone.run("git", "diff", "--exit-code", "dvc.lock", "results/")
    # DVC sees no reason to run what git brought; `mesr repro` has it computed here too.
    assert "2 of " in clone.run("mesr", "verify", status=3)
    clone.run("mesr", "repro")
    clone.run("git", "diff", "--exit-code", "dvc.lock", "results/")
    assert clone.run("mesr", "verify").startswith("reproduced: all ")

    # One weight altered: verification names the run and the difference.
    path = clone.folder / "runs/mesr_x4_s0/weights.safetensors"
    weights = load_file(path)
    name = next(name for name in weights if name.endswith("weight"))
    weights[name].view(-1)[0] += 0.5
    path.chmod(0o644)
    save_file(weights, path)
    clone.run("dvc", "commit", "-f", "-q", "train@mesr-x4-s0")
    clone.repro()
    output = clone.run("mesr", "verify", "-v", status=None)
    assert "differs: runs/mesr_x4_s0\n" in output
    assert "differs: evaluations/mesr_x4_s0/quality/photos_test.csv\n" in output
    assert "runs/vdsr_x4_s0" not in output
    match = re.search(r"mean PSNR to within ([0-9.]+) dB \(mesr full x4 seed 0", output)
    assert match is not None
    assert float(match[1]) > 0


def test_results_hold_every_network_and_every_image(study: Study) -> None:
    quality = pd.read_csv(study.folder / "results/quality.csv")
    assert set(quality.model) == {"bicubic", "mesr", "vdsr"}
    assert set(quality.source) == {"none", "trained"}
    counts = quality.groupby(["model", "variant"], dropna=False).image.nunique()
    assert (counts == counts.iloc[0]).all()
    assert quality.psnr_db.between(5, 60).all()
    for table in (1, 2, 3, 4):
        assert len(pd.read_csv(study.folder / f"results/tables/table{table}.csv")) > 0


def test_report_is_there_in_both_formats(study: Study) -> None:
    build = study.folder / "reports/build"
    assert "Table 3" in (build / "index.html").read_text(encoding="utf-8")
    assert (build / "latex/table1.tex").is_file()
    assert list((build / "figures").glob("*.pdf"))


@needs_chromium
def test_report_opens_in_a_browser(study: Study, tmp_path: Path) -> None:
    browser = start_browser(tmp_path)
    try:
        browser.get((study.folder / "reports/build/index.html").as_uri())
        assert browser.get_log("browser") == []
        text = browser.find_element("id", "table3").text
        assert "VDSR" in text
        assert "trained here" in text.casefold()
        pictures = browser.find_elements(
            "css selector", "#figures img.in-light, #figures img.in-dark"
        )
        assert pictures
        for picture in pictures:
            browser.execute_script("arguments[0].loading = 'eager'", picture)
            WebDriverWait(browser, 20).until(
                lambda b, p=picture: b.execute_script("return arguments[0].naturalWidth > 0", p)
            )
    finally:
        browser.quit()


def test_second_run_runs_no_stage(study: Study) -> None:
    assert study.repro() == []
    assert study.run("git", "status", "--porcelain") == ""


def test_touching_a_template_renders_the_report_alone(study: Study) -> None:
    template = study.folder / "reports/page/templates/index.html.j2"
    template.write_text(template.read_text(encoding="utf-8") + "\n<!-- touched -->\n", "utf-8")
    assert study.repro() == ["report"]


def test_deleted_weights_come_back_from_the_cache_without_training(study: Study) -> None:
    run = study.folder / "runs/mesr_x4_s0"
    before = (run / "weights.safetensors").read_bytes()
    shutil.rmtree(run)
    assert study.repro() == []
    assert (run / "weights.safetensors").read_bytes() == before


STAGES = [
    ("pipeline.fetch", "--asset", "photos_test"),
    ("pipeline.degrade", "--asset", "photos_train", "--scale", "x4"),
    ("pipeline.train", "--model", "vdsr", "--scale", "x4", "--seed", "s0"),
    ("pipeline.ablate", "--variant", "no_rb", "--seed", "s0"),
    ("pipeline.evaluate", "bicubic", "--scale", "x4", "--dataset", "photos_test"),
    ("pipeline.certify", "--network", "bicubic", "--dataset", "photos_test"),
    ("pipeline.complexity",),
    ("pipeline.tables",),
    ("reports.render",),
]


@pytest.mark.parametrize("command", STAGES, ids=lambda command: command[0])
def test_ctrl_c_ends_in_a_message_and_spoils_nothing(
    study: Study, command: tuple[str, ...]
) -> None:
    def outputs() -> dict[str, bytes]:
        folders = ("data", "runs", "evaluations", "certificates", "results", "reports/build")
        files = (path for name in folders for path in (study.folder / name).rglob("*"))
        return {str(p.relative_to(study.folder)): p.read_bytes() for p in files if p.is_file()}

    before = outputs()
    process = subprocess.Popen(
        ["python", "-u", "-m", *command], cwd=study.folder, env=study.environment,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    first = process.stdout.readline()  # every stage says what it begins to do
    process.send_signal(signal.SIGINT)
    output = first + process.communicate(timeout=60)[0]
    # 0 where it was done before the signal came.
    assert process.returncode in (0, 130), output
    assert process.returncode == 0 or "stopped by the user" in output
    assert "Traceback" not in output
    assert outputs() == before
    assert not list(study.folder.rglob("*.partial.*"))


def test_nothing_has_to_be_repaired_after_interruptions(study: Study) -> None:
    study.repro()
    assert study.repro() == []
    assert not list(study.folder.rglob("*.partial.*"))


def test_another_learning_rate_trains_but_does_not_fetch_or_degrade(study: Study) -> None:
    params = study.folder / "params.yaml"
    text = params.read_text(encoding="utf-8")
    params.write_text(text.replace("  - 0.005\n  - 0.001\n", "  - 0.002\n"), encoding="utf-8")
    assert kinds_of(changed(study)) == {"tune", "tune_baseline", "tables"}
    trainings = {"train@mesr-x4-s0", "ablate@no_rb-s0"}
    assert set(study.repro(*trainings)) == {"tune@mesr", *trainings}


def test_mistyped_parameter_stops_before_any_work(study: Study) -> None:
    params = study.folder / "params.yaml"
    text = params.read_text(encoding="utf-8")
    try:
        params.write_text(text.replace("  eps:", "  epsilon:"), encoding="utf-8")
        output = study.run("python", "-m", "pipeline.configure", "--check", status=1)
        assert "train.epsilon: no stage knows this key" in output
        assert "Traceback" not in output
        train = ("pipeline.train", "--model", "mesr", "--scale", "x4", "--seed", "s0")
        output = study.run("python", "-m", *train, status=1)
        assert "train.epsilon" in output
        assert "Traceback" not in output
    finally:
        params.write_text(text, encoding="utf-8")
