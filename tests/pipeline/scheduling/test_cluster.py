"""`mesr repro --cluster slurm` on a real Slurm of one node."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from pipeline.scheduling.cluster import CONF, load_settings
from pipeline.support.errors import UserError
from tests.pipeline.scheduling.slurm import needs_slurm, slurm
from tests.pipeline.scheduling.toy import ROOT, Toy, wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
pytest.importorskip("submitit", reason="the extra `cluster` is not installed")

SETTINGS = """\
executor: slurm
submit: [train]
at_once: 8
kill_delay_s: 30
resources:
  default: {hours: 1, gpus: 0, cpus: 1}
"""
KINDS = ("fetch", "train", "evaluate")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("slurm")
    with slurm(folder) as environment:
        yield environment


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    toy = Toy(tmp_path_factory.mktemp("toy") / "fresh")
    (toy.folder / "conf/cluster").mkdir(parents=True)
    (toy.folder / "conf/cluster/slurm.yaml").write_text(SETTINGS)
    alone = SETTINGS.replace("executor: slurm", "executor: local").replace(
        "at_once: 8", "at_once: 2"
    )
    (toy.folder / "conf/cluster/local.yaml").write_text(alone)
    return toy


@pytest.fixture(scope="module")
def serial(fresh: Toy, tmp_path_factory: pytest.TempPathFactory) -> Toy:
    toy = fresh.copy(tmp_path_factory.mktemp("toy") / "serial")
    toy.run("dvc", "repro")
    return toy


@pytest.fixture
def toy(fresh: Toy, cluster: dict[str, str], tmp_path: Path) -> Toy:
    twin = fresh.copy(tmp_path / "project")
    twin.environment |= cluster
    return twin


@needs_slurm
def test_jobs_give_the_outcome_of_serial_repro_and_a_failure_costs_what_needs_it(
    toy: Toy, serial: Toy
) -> None:
    (toy.folder / "break_train_b_y").touch()
    done = toy.repro("--cluster", "slurm", check=False)
    assert done.returncode == 1
    assert "1 of 13 stages failed; 3 that need them were left out" in done.stderr
    assert "train@b-y: job" in done.stderr and "exit status 3" in done.stderr
    assert "| what went wrong" in done.stderr
    assert "train@a-x started as a job" in done.stderr
    (toy.folder / "break_train_b_y").unlink()
    toy.forget_started()
    toy.repro("--cluster", "slurm")
    kinds = [(kind, name) for kind, name, *_ in toy.started]
    assert kinds == [("train", "b_y"), ("evaluate", "b_y"), ("tables", ""), ("report", "")]
    assert toy.outcome == serial.outcome
    assert "didn't change" in toy.run("dvc", "repro").stdout


def test_processes_of_this_machine_stand_in_for_a_cluster(
    fresh: Toy, serial: Toy, tmp_path: Path
) -> None:
    toy = fresh.copy(tmp_path / "project")
    toy.repro("--cluster", "local")
    assert len(toy.started) == 12
    assert toy.outcome == serial.outcome


@needs_slurm
@pytest.mark.parametrize("way", ["time limit", "requeued by Slurm", "cancelled"])
def test_a_training_that_is_ended_goes_on_from_its_checkpoint(
    toy: Toy, serial: Toy, way: str
) -> None:
    toy.set_pace(0.4)
    process = toy.start_repro("--cluster", "slurm", "train@a-x")
    wait_for(lambda: toy.steps() and toy.steps()[0] >= 2)
    job = toy.run("squeue", "--noheader", "--array", "--format=%i").stdout.strip()
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
        toy.set_pace(0)
        toy.repro("--cluster", "slurm", "train@a-x")
    else:
        said = process.communicate(timeout=240)[0]
        assert process.returncode == 0, said
    assert toy.trainings() == ["a_x", "a_x"]
    assert not (toy.folder / "overlap.txt").exists()
    log = (toy.folder / "logs/stages/train@a-x.log").read_text()
    assert "step 10/10" in log and "step 1/10" not in log  # the second part only
    weights = "runs/a_x/weights"
    assert (toy.folder / weights).read_bytes() == (serial.folder / weights).read_bytes()


@needs_slurm
@pytest.mark.parametrize("ending", ["SIGTERM", "SIGKILL"])
def test_a_scheduler_that_is_ended_finds_its_jobs_again(toy: Toy, ending: str) -> None:
    toy.set_pace(0.5)
    process = toy.start_repro("--cluster", "slurm", "train@a-x", "train@b-x")
    wait_for(lambda: len(toy.steps()) == 2)
    if ending == "SIGTERM":
        process.terminate()
        assert "jobs stay in the queue" in process.communicate(timeout=60)[0]
        assert process.returncode == 143
    else:
        process.kill()
        process.wait()
    said = toy.repro("--cluster", "slurm", "train@a-x").stderr  # while it runs
    assert "train@a-x started in job" in said or "taken from an earlier run" in said
    wait_for(lambda: not toy.steps())
    said = toy.repro("train@b-x").stderr  # when it has ended, and without the cluster
    assert "train@b-x taken from an earlier run" in said
    assert toy.trainings() == ["a_x", "b_x"]


@needs_slurm
@pytest.mark.parametrize("when", ["queued", "running"])
def test_code_that_is_edited_while_a_job_waits_or_runs_refuses_its_outputs(
    toy: Toy, when: str
) -> None:
    toy.set_pace(0.3)
    held = toy.run("sbatch", "--wrap", "sleep 300", "--cpus-per-task=4").stdout.split()[-1]
    process = toy.start_repro("--cluster", "slurm", "train@a-x")
    wait_for(lambda: "mesr-train" in toy.run("squeue", "--format=%j", "--states=PENDING").stdout)
    if when == "queued":
        (toy.folder / "src/code").write_text("edited")
    toy.run("scancel", held)
    if when == "running":
        wait_for(toy.steps)
        (toy.folder / "src/code").write_text("edited")
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 1
    assert "src changed while " + ("the job waited" if when == "queued" else "it ran") in said
    assert "train@a-x" not in (toy.folder / "dvc.lock").read_text()
    assert toy.trainings() == (["a_x"] if when == "running" else [])
    toy.set_pace(0)
    toy.repro("--cluster", "slurm", "train@a-x")
    assert toy.trainings() == (["a_x", "a_x"] if when == "running" else ["a_x"])


def test_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"no conf/cluster/ours\.yaml\. Known: none"):
        load_settings("ours", KINDS)
    CONF.mkdir(parents=True)
    path = CONF / "ours.yaml"
    path.write_text(SETTINGS + "  train: {hours: 3.5, partition: gpu}\n")
    found = load_settings("ours", KINDS)
    train, fetch = found.resources_of("train"), found.resources_of("fetch")
    assert (train.hours, train.gpus, train.partition) == (3.5, 0, "gpu")
    assert (fetch.hours, fetch.partition) == (1, None)
    for text, message in (
        (SETTINGS.replace("at_once: 8", "at_once: many"), "at_once: Input should be a valid int"),
        (SETTINGS + "  tain: {hours: 3}\n", "resources: dvc.yaml has no stage tain"),
        (SETTINGS.replace("[train]", "[train, ablate]"), "submit: dvc.yaml has no stage ablate"),
        (SETTINGS + "folder: ../cluster\n", "folder: .* jobs work in the project's own folder"),
        ("- a list\n", "a list of settings was expected"),
        ("a: [", "YAML"),
    ):
        path.write_text(text)
        with pytest.raises(UserError, match=message):
            load_settings("ours", KINDS)


def test_the_settings_that_come_with_the_project_are_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    shutil.copytree(ROOT / "conf/cluster", tmp_path / "conf/cluster")
    monkeypatch.chdir(tmp_path)
    for path in CONF.glob("*.yaml"):
        assert load_settings(path.stem, kinds).submit == ["train", "tune"]


@needs_slurm
def test_without_slurm_there_is_a_message(toy: Toy) -> None:
    toy.environment["PATH"] = str(Path(sys.executable).parent)
    done = toy.repro("--cluster", "slurm", check=False)
    assert done.returncode == 1 and "no sbatch here" in done.stderr
