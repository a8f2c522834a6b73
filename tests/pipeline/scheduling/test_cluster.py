"""`mesr repro --cluster slurm` on a real Slurm of one node."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from pipeline.scheduling.cluster import ClusterSettings, Resources, load_settings, snapshot
from pipeline.support.errors import UserError
from tests.pipeline.scheduling.slurm import needs_slurm, slurm
from tests.pipeline.scheduling.toy import PIPELINE, ROOT, Toy, wait_for
from tests.test_end_to_end import TOY, Study

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
pytest.importorskip("submitit", reason="the extra `cluster` is not installed")

SETTINGS = """\
executor: slurm
folder: ../cluster
submit: [train]
at_once: 8
kill_delay_s: 30
resources:
  default: {hours: 1, gpus: 0, cpus: 1}
"""
# Ten trainings, so ten jobs; two evaluations each that travel with them.
WIDE = PIPELINE.replace("net: [a, b, c]", "net: [a, b, c, d, e]")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("slurm")
    with slurm(folder) as environment:
        yield environment


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    toy = Toy(tmp_path_factory.mktemp("toy") / "fresh", WIDE)
    (toy.folder / "conf/cluster").mkdir(parents=True)
    (toy.folder / "conf/cluster/slurm.yaml").write_text(SETTINGS)
    alone = SETTINGS.replace("executor: slurm", "executor: local")
    (toy.folder / "conf/cluster/local.yaml").write_text(alone.replace("at_once: 8", "at_once: 2"))
    # Not committed: the jobs must get the files as they are.
    (toy.folder / "params.yaml").write_text("lr: 7\n")
    # Signals and failures reach the jobs through files that all of them see.
    step = (toy.folder / "step.py").read_text()
    step = step.replace('"started.txt"', f'"{toy.folder.parent}/started.txt"')
    step = step.replace('Path("pace")', f'Path("{toy.folder.parent}/pace")')
    step = step.replace('Path(f"break_', f'Path(f"{toy.folder.parent}/break_')
    (toy.folder / "step.py").write_text(step)
    return toy


@pytest.fixture(scope="module")
def serial(fresh: Toy, tmp_path_factory: pytest.TempPathFactory) -> Toy:
    toy = fresh.copy(tmp_path_factory.mktemp("toy") / "serial")
    toy.run("dvc", "repro")
    return toy


class Switches:
    """What all commands, wherever they run, look at: beside the first project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def clear(self) -> None:
        for path in [*self.folder.glob("break_*"), self.folder / "pace"]:
            path.unlink(missing_ok=True)
        (self.folder / "started.txt").write_text("")

    @property
    def started(self) -> list[str]:
        lines = (self.folder / "started.txt").read_text().splitlines()
        return [" ".join(line.split(" ")[:2]).strip() for line in lines]


@pytest.fixture
def switches(fresh: Toy, serial: Toy) -> Switches:
    found = Switches(fresh.folder.parent)
    found.clear()
    return found


# Slurm is asked every second, and there is one host: a result file is there when its job is over.
HURRIED = """
from pipeline.scheduling import cluster
cluster.POLL_S, cluster.PATIENCE_S = 1, 3
from pipeline.cli import main
main()
"""


@pytest.fixture
def toy(fresh: Toy, serial: Toy, cluster: dict[str, str], tmp_path: Path) -> Toy:
    twin = fresh.copy(tmp_path / "project")
    twin.environment |= cluster
    twin.command = ("-c", HURRIED, "repro")
    return twin


@needs_slurm
def test_ten_jobs_give_the_outcome_of_serial_repro_and_the_second_start_runs_nothing(
    toy: Toy, serial: Toy, switches: Switches
) -> None:
    said = toy.repro("--cluster", "slurm").stderr
    assert toy.outcome == serial.outcome
    jobs = list((toy.folder.parent / "cluster/jobs").iterdir())
    assert len(jobs) == 10  # each training with its evaluation
    assert sorted(switches.started) == sorted({*switches.started})  # nothing ran twice
    assert len(switches.started) == 2 + 10 + 10 + 2
    assert "in the job of train@a-x" in said
    switches.clear()
    toy.repro("--cluster", "slurm")
    toy.repro()
    assert "didn't change" in toy.run("dvc", "repro", "--pull").stdout
    assert switches.started == []
    assert toy.outcome == serial.outcome
    assert list((toy.folder.parent / "cluster/clones").iterdir()) == []


def test_processes_of_this_machine_stand_in_for_a_cluster(
    fresh: Toy, serial: Toy, switches: Switches, tmp_path: Path
) -> None:
    toy = fresh.copy(tmp_path / "project")
    toy.command = ("-c", HURRIED, "repro")
    (switches.folder / "break_train_b_y").touch()
    done = toy.repro("--cluster", "local", check=False)
    assert done.returncode == 1
    assert "train@b-y: job" in done.stderr and "| what went wrong" in done.stderr
    switches.clear()
    toy.repro("--cluster", "local")
    assert switches.started == ["train b_y", "evaluate b_y", "tables", "report"]
    assert toy.outcome == serial.outcome
    switches.clear()
    toy.repro("--cluster", "local")
    toy.repro()
    assert switches.started == []
    assert list((toy.folder.parent / "cluster/clones").iterdir()) == []


@needs_slurm
@pytest.mark.parametrize("way", ["time limit", "requeued by Slurm", "cancelled"])
def test_a_training_that_is_ended_goes_on_from_its_checkpoint(
    toy: Toy, serial: Toy, switches: Switches, way: str
) -> None:
    (switches.folder / "pace").write_text("0.4")
    process = toy.start_repro("--cluster", "slurm", "evaluate@a-x")
    checkpoint = toy.folder / "checkpoints/a_x"
    wait_for(lambda: checkpoint.exists() and len(checkpoint.read_text()) >= 2)
    record = toy.folder.parent / "cluster/jobs/train-a-x.json"
    wait_for(record.exists)
    job = record.read_text().split('"')[3]
    command = {
        "time limit": ["scancel", "--signal=USR2", job],  # as Slurm does before a time limit
        "requeued by Slurm": ["scontrol", "requeue", job],  # as after a preemption
        "cancelled": ["scancel", job],
    }[way]
    toy.run(*command)
    if way == "cancelled":
        said = process.communicate(timeout=240)[0]
        assert process.returncode == 1
        assert "train@a-x: job" in said and "died" in said
        (switches.folder / "pace").write_text("0")
        toy.repro("--cluster", "slurm", "evaluate@a-x")
    else:
        wait_for(lambda: switches.started.count("train a_x") == 2, 180)
        said = process.communicate(timeout=240)[0]
        assert process.returncode == 0, said
    assert switches.started.count("train a_x") == 2
    log = (toy.folder / "logs/stages/train@a-x.log").read_text()
    assert "step 10/10" in log and "step 1/10" not in log  # the second part only
    for name in ("runs/a_x/weights", "evaluations/a_x.csv"):
        assert (toy.folder / name).read_bytes() == (serial.folder / name).read_bytes()


@needs_slurm
def test_a_failure_is_reported_by_name_and_costs_nothing_else(
    toy: Toy, serial: Toy, switches: Switches
) -> None:
    (switches.folder / "break_evaluate_b_y").touch()
    done = toy.repro("--cluster", "slurm", check=False)
    assert done.returncode == 1
    assert "1 of 25 stages failed; 2 that need them were left out" in done.stderr
    assert "evaluate@b-y: job" in done.stderr and "| what went wrong" in done.stderr
    assert (toy.folder / "runs/b_y/weights").exists()
    switches.clear()
    toy.repro("--cluster", "slurm")
    assert switches.started == ["evaluate b_y", "tables", "report"]
    assert toy.outcome == serial.outcome


@needs_slurm
def test_a_scheduler_that_is_stopped_finds_its_jobs_again(
    toy: Toy, serial: Toy, switches: Switches
) -> None:
    (switches.folder / "pace").write_text("0.5")
    process = toy.start_repro("--cluster", "slurm", "train@a-x", "train@b-x")
    wait_for(lambda: switches.started.count("train a_x") + switches.started.count("train b_x") == 2)
    process.terminate()
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 143
    assert "jobs stay in the queue" in said
    toy.repro("--cluster", "slurm", "train@a-x", "train@b-x")
    assert switches.started.count("train a_x") == switches.started.count("train b_x") == 1
    assert (toy.folder / "runs/a_x/weights").exists()


@needs_slurm
@pytest.mark.e2e
def test_a_real_training_killed_in_its_job_ends_with_the_weights_of_an_undisturbed_one(
    cluster: dict[str, str], tmp_path: Path
) -> None:
    undisturbed = Study.copied(tmp_path / "undisturbed")
    undisturbed.environment["OMP_NUM_THREADS"] = "1"
    settings = ["train.steps=80", "running.checkpoint_every_steps=5"]
    undisturbed.run("python", "-m", "pipeline.configure", *TOY, *settings)
    slurm_yaml = undisturbed.folder / "conf/cluster/slurm.yaml"
    slurm_yaml.write_text(SETTINGS)
    undisturbed.run("git", "add", "-A")
    undisturbed.run("git", "commit", "-qm", "study")
    study = Study.cloned(undisturbed, tmp_path / "study")
    study.environment |= undisturbed.environment | cluster | {"PYTHONPATH": str(study.folder)}

    stage, weights = "train@mesr-x4-s0", "runs/mesr_x4_s0/weights.safetensors"
    undisturbed.run("python", "-m", "pipeline.cli", "repro", stage)
    command = ["python", "-m", "pipeline.cli", "repro", "--cluster", "slurm", stage]
    with subprocess.Popen(
        command, cwd=study.folder, env=study.environment, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        wait_for(lambda: list((study.folder / "checkpoints").glob("*/state.safetensors")), 300)
        # A stage is started as a program, or forked from the launcher.
        found = [*_processes("pipeline.train --model"), *_processes("scheduling.launcher")]
        trainings = [pid for pid in found if "clones" in _folder(pid)]
        for pid in trainings:
            os.kill(pid, signal.SIGKILL)
        said = process.communicate()[0]
    assert process.returncode == 1
    assert f"{stage}: job" in said
    assert not (study.folder / weights).exists()
    study.run(*command)
    assert "resuming at step" in (study.folder / f"logs/stages/{stage}.log").read_text()
    assert (study.folder / weights).read_bytes() == (undisturbed.folder / weights).read_bytes()


def _processes(command: str) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if command in words:
            found.append(int(folder.name))
    return found


def _folder(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink())
    except OSError:
        return ""


def test_the_snapshot_has_changed_and_new_files_and_leaves_the_index_alone(fresh: Toy) -> None:
    (fresh.folder / "new.txt").write_text("new")
    before = fresh.run("git", "status", "--short").stdout
    commit = snapshot(fresh.folder)
    assert fresh.run("git", "show", f"{commit}:params.yaml").stdout == "lr: 7\n"
    assert fresh.run("git", "show", f"{commit}:new.txt").stdout == "new"
    assert fresh.run("git", "status", "--short").stdout == before
    assert "runs" not in fresh.run("git", "ls-tree", "--name-only", commit).stdout
    (fresh.folder / "new.txt").unlink()


def test_a_folder_without_git_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="needs a git repository"):
        snapshot(tmp_path)


def test_resources_of_a_kind_add_to_the_default() -> None:
    settings = ClusterSettings(
        executor="slurm", folder="x", submit=[], at_once=1, kill_delay_s=1,
        resources={"default": Resources(hours=24, gpus=1), "certify": Resources(hours=2)},
    )  # fmt: skip
    assert settings.resources_of("certify") == Resources(hours=2, gpus=1)
    assert settings.resources_of("train") == Resources(hours=24, gpus=1)


def test_settings_of_this_project_are_valid_and_errors_name_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    trainings = {name for name, stage in stages.items() if "pipeline/training" in stage["deps"]}
    assert {"train", "tune_baseline", "ladder_longer"} < trainings
    for name in ("slurm", "local"):
        assert trainings | {"certify"} <= set(load_settings(name).submit) <= set(stages)
    with pytest.raises(UserError, match=r"Known: local, slurm"):
        load_settings("none")
    (tmp_path / "conf/cluster").mkdir(parents=True)
    (tmp_path / "conf/cluster/mine.yaml").write_text(SETTINGS + "  train: {gpu: 1}\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"mine.yaml: resources.train.gpu: Extra"):
        load_settings("mine")


def test_without_slurm_the_user_is_told(fresh: Toy, tmp_path: Path) -> None:
    toy = fresh.copy(tmp_path / "project")
    binaries = tmp_path / "bin"
    binaries.mkdir()
    git = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout
    (binaries / "git").symlink_to(git.strip())
    toy.environment["PATH"] = str(binaries) + os.pathsep + str(Path(sys.executable).parent)
    done = toy.repro("--cluster", "slurm", check=False)
    assert done.returncode == 1
    assert "no sbatch here" in done.stderr
