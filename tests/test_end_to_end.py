"""The real pipeline at toy size, in a copy of the project, by `mesr repro` and by `dvc repro`."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from PIL import Image
from safetensors.torch import load_file, save_file

from tests.pipeline.toy_study import ROOT, TOY

COUNT = "complexity"
CROP = "figures.crops=[{dataset: photos_test, image: chelsea, scale: x4, region: null}]"

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]


class Study:
    """A copy of the project in which commands are run as a user would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        binaries = str(Path(sys.executable).parent)
        people = {f"GIT_{who}_NAME": "study" for who in ("AUTHOR", "COMMITTER")}
        people |= {f"GIT_{who}_EMAIL": "study@example.org" for who in ("AUTHOR", "COMMITTER")}
        self.environment = (
            os.environ
            | people
            | {
                "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
                "GIT_CONFIG_GLOBAL": os.devnull,
                "OMP_NUM_THREADS": "2",
            }
        )
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

    def cloned(self, folder: Path) -> "Study":
        """Clone what this study has committed."""
        self.run("git", "clone", "-q", str(self.folder), str(folder))
        return Study(folder)

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
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    study = Study.copied(tmp_path_factory.mktemp("study"))
    study.run(
        "python", "-m", "pipeline.configure", *TOY, CROP, "tune.lrs=[0.005,0.001]", "tune.steps=2"
    )
    (study.folder / "dvc.lock").unlink()
    study.run("mesr", "repro", "--jobs", "2")
    assert changed(study) == set()
    study.run("git", "add", "-A")
    study.run("git", "commit", "-qm", "computed")
    return study


def changed(study: Study) -> set[str]:
    """Stages that `dvc status` lists as changed."""
    output = study.run("dvc", "status", "--json")
    return set(json.loads(output[output.index("{") :]))


CODE = (r"\Z", "# edited\n")
VDSR = {"train@vdsr_x4_s0", "train@vdsr-steps500_x4_s0"}
EDITED: list[tuple[str, tuple[str, str], set[str]]] = [
    ("pipeline/tools/tiling.py", CODE, set()),
    ("pipeline/scoring/metrics.py", CODE, {"evaluate@*"}),
    ("mesr/network.py", CODE, {"tune@mesr", "train@mesr_x4_s0", "train@mesr-no_rb_x4_s0", COUNT}),
    ("baselines/vdsr.py", CODE, {"tune@vdsr", *VDSR, COUNT}),
    ("baselines/bicubic.py", CODE, {"import_run@bicubic_x4", COUNT}),
    ("pipeline/training/patches.py", CODE, {"tune@*", "train@*"}),
    # One line of params.yaml is one training.
    (
        "params.yaml",
        (r"  vdsr_x4_s0: (.*)seed: 0(.*)\n", r"\g<0>  vdsr_x4_s1: \1seed: 1\2\n"),
        {"train@vdsr_x4_s1", COUNT, "tables"},
    ),
    (
        "params.yaml",
        (r"(  vdsr_x4_s0: .*)train: {}", r"\1train: {batch: 3}"),
        {"train@vdsr_x4_s0", COUNT, "tables"},
    ),
    ("params.yaml", (r"(code: mesr, lrs: )\[.*\]", r"\1[0.002]"), {"tune@mesr", "tables"}),
]


@pytest.mark.parametrize(("file", "edit", "expected"), EDITED)
def test_an_edit_changes_the_stages_that_it_can_change(
    study: Study, file: str, edit: tuple[str, str], expected: set[str]
) -> None:
    path = study.folder / file
    source = path.read_text(encoding="utf-8")
    try:
        path.write_text(re.sub(*edit, source, count=1), encoding="utf-8")
        assert path.read_text(encoding="utf-8") != source
        found = changed(study)
    finally:
        path.write_text(source, encoding="utf-8")
    whole = {name.partition("@")[0] for name in expected if name.endswith("@*")}
    shortened = {f"{kind}@*" if (kind := n.partition("@")[0]) in whole else n for n in found}
    assert shortened == expected


def test_another_clone_restores_everything_from_a_remote(
    study: Study, tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = tmp_path_factory.mktemp("store")
    study.run("dvc", "remote", "add", "-f", "-d", "store", str(store))
    study.run("git", "commit", "-qam", "remote")
    study.run("dvc", "push", "-q", "--run-cache")
    clone = study.cloned(tmp_path_factory.mktemp("clones") / "elsewhere" / "study")
    for path in clone.folder.rglob("*.py"):
        os.utime(path, (0, 0))
    output = clone.run("dvc", "repro", "--pull")
    assert "Running stage" not in output
    for name in ("runs/mesr_x4_s0/weights.safetensors", "reports/build/index.html"):
        assert (clone.folder / name).read_bytes() == (study.folder / name).read_bytes()
    assert clone.run("git", "status", "--porcelain") == ""
    assert changed(clone) == set()

    # The same without the lock: the run cache alone knows what the stages gave.
    lock = clone.folder / "dvc.lock"
    before = lock.read_text(encoding="utf-8")
    lock.unlink()
    assert clone.repro("--pull", "--glob", "evaluate*") == []
    assert set(lock.read_text(encoding="utf-8").splitlines()) < set(before.splitlines())


def test_the_same_study_computed_again_gives_the_same_lock_and_results(
    study: Study, tmp_path_factory: pytest.TempPathFactory
) -> None:
    clone = study.cloned(tmp_path_factory.mktemp("again") / "study")
    clone.run("dvc", "config", "--local", "core.remote", "none")
    # All but complexity, overlap and tables: their outputs lie in git, their inputs come out equal.
    kinds = {name.partition("@")[0] for name in clone.repro()}
    assert {"fetch", "degrade", "train", "import_run", "evaluate", "report"} < kinds
    clone.run("git", "diff", "--exit-code", "dvc.lock", "results/")
    # DVC sees no reason to run what git brought; `mesr repro` has it computed here too.
    assert "but 3 of " in clone.run("mesr", "verify", status=3)
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
    clone.run("dvc", "commit", "-f", "-q", "train@mesr_x4_s0")
    clone.repro()
    output = clone.run("mesr", "verify", "-v", status=None)
    assert "differs: runs/mesr_x4_s0\n" in output
    assert "differs: evaluations/mesr_x4_s0/photos_test\n" in output
    assert "runs/vdsr_x4_s0" not in output
    match = re.search(r"mean PSNR to within ([0-9.]+) dB \(mesr_x4_s0 on photos_test", output)
    assert match is not None
    assert float(match[1]) > 0


def test_results_hold_every_network_and_every_image(study: Study) -> None:
    quality = pd.read_csv(study.folder / "results/quality.csv")
    assert set(quality.method) == {"bicubic", "mesr", "vdsr", "mesr-no_rb", "vdsr-steps500"}
    assert len(set(quality.groupby("method").image.nunique())) == 1
    comparison = pd.read_csv(study.folder / "results/comparisons.csv")
    assert set(comparison.name) == {"rb"}
    means = quality.groupby("method").psnr_db.mean()
    assert comparison.diff_db.iloc[0] == pytest.approx(means.mesr - means["mesr-no_rb"], abs=1e-5)


def test_nothing_runs_twice_and_a_template_renders_the_report_alone(study: Study) -> None:
    study.run("python", "-c", "import mesr, pipeline.imaging.inference, reports.render")
    assert list((study.folder / "mesr").rglob("*.pyc"))  # byte code is no input
    shutil.rmtree(study.folder / "runs/mesr_x4_s0")  # comes back from the cache
    assert study.repro() == []
    assert study.run("git", "status", "--porcelain") == ""
    template = study.folder / "reports/page/templates/index.html.j2"
    template.write_text(template.read_text(encoding="utf-8") + "\n<!-- touched -->\n", "utf-8")
    assert study.repro() == ["report"]


STAGES = [
    ("pipeline.fetch", "photos_test"),
    ("pipeline.train", "vdsr_x4_s0"),
    ("pipeline.evaluate", "bicubic_x4", "photos_test"),
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


QUESTION = """\
# @package _global_
profile: question
scales: [x4]
groups:
  main: {networks: [mesr, examplenet], scales: [x4], seeds: [0, 1]}
  ablation: null
  question: {networks: [mesr], variants: [gate_long], scales: [x4], seeds: [0, 1]}
variants:
  gate_long: {network: mesr, heading: Gate, settings: {gate_bias: -5.0}, train: {steps: 4}}
comparisons:
  gate: {a: mesr-gate_long, b: mesr, scale: x4, statement: a closed gate trained longer gains}
code: {examplenet: nets/examplenet.py}
data: {train: photos_train, test: [photos_test, my_photos]}
networks:
  mesr: {features: 8, branch_features: 4, blocks: 1, units: 1, refinement_features: 4}
  examplenet: {features: 16, blocks: 2}
tune: {lrs: [1.0e-3]}
train: {patch: 8, batch: 2, steps: 2, validate_every: 2, validation_images: 1, precision: fp32}
complexity: {hr: 128x72}
tables: {complexity_scale: x4}
figures: {refinement: null}
"""
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
(EXAMPLE,) = re.findall(r"^```python\n(.*?)^```", CONTRIBUTING, re.MULTILINE | re.DOTALL)
(PROFILE,) = re.findall(r"^```yaml\n(.*?)^```", CONTRIBUTING, re.MULTILINE | re.DOTALL)


def test_a_question_from_outside_is_answered_on_the_page(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A variant of another length, two seeds, CONTRIBUTING.md's network, a folder of images."""
    folder = tmp_path_factory.mktemp("question")
    study = Study.copied(folder / "study")
    (study.folder / "dvc.lock").unlink()
    images = folder / "images"
    images.mkdir()
    for index in range(3):
        pixels = np.random.default_rng(index).integers(0, 256, (96, 80, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((160, 144)).save(images / f"{index}.png")
    (study.folder / "nets").mkdir()
    (study.folder / "nets/examplenet.py").write_text(EXAMPLE, encoding="utf-8")
    for name, text in (("question", QUESTION), ("mine", PROFILE)):
        (study.folder / f"conf/profile/{name}.yaml").write_text(text, encoding="utf-8")
    study.run("mesr", "register", "my_photos", str(images))
    study.run("python", "-m", "pipeline.configure", "profile=mine")
    study.run("python", "-m", "pipeline.configure", "profile=question")
    study.run("mesr", "repro", "--jobs", "2")

    rows = pd.read_csv(study.folder / "results/comparisons.csv").set_index("dataset")
    assert set(rows.index) == {"photos_test", "my_photos"}
    assert set(rows["seeds"]) == {2}
    methods = pd.read_csv(study.folder / "results/methods.csv")
    assert {"mesr", "mesr-gate_long", "examplenet", "bicubic"} <= {
        *methods["method"], *pd.read_csv(study.folder / "results/variants.csv")["method"]
    }  # fmt: skip
    html = (study.folder / "reports/build/index.html").read_text(encoding="utf-8")
    page = BeautifulSoup(html, "html.parser")
    lines = [line.get_text(" ", strip=True) for line in page.find_all("tr")]
    (shown,) = [line for line in lines if "a closed gate trained longer gains" in line]
    datasets = ["photos_test", "my_photos"]  # side by side, in the order of the profile
    assert any(" ".join(datasets) in line for line in lines)
    differences = [f"{rows.loc[name, 'diff_db']:+.2f}".replace("-", "−") for name in datasets]
    assert re.search(rf"{re.escape(differences[0])} \[.*\] {re.escape(differences[1])} \[", shown)
    assert ("*" in shown) == (rows["verdict"] != "not significant").any()
    assert any("examplenet" in line.lower() for line in lines)
    # Weights and pixels of each convolution; biases count as parameters and not as Multi-Adds.
    features, blocks, low = 16, 2, 32 * 18
    block, stage, edge = 9 * features**2, 9 * features * 4 * features, 27 * features
    layers = [(edge, low), *[(block, low)] * 2 * blocks, (stage, low), (stage, 4 * low)]
    layers.append((edge, 16 * low))
    biases = features + 2 * blocks * features + 2 * 4 * features + 3
    sizes = pd.read_csv(study.folder / "results/sizes.csv").set_index("method").loc["examplenet"]
    assert sizes["params"] == sum(weights for weights, _ in layers) + biases
    assert sizes["multi_adds"] == sum(weights * pixels for weights, pixels in layers)
    # Other images under the name are refused.
    Path(study.folder, "datasets/my_photos/1.png").write_bytes((images / "2.png").read_bytes())
    assert "is not the registered image" in study.run("mesr", "repro", status=1)
