"""`mesr repro --cluster slurm` on a real Slurm of one node."""

import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("submitit", reason="the extra `cluster` is not installed")

from pipeline.scheduling.cluster import CONF, load_settings
from pipeline.support.errors import UserError
from tests.pipeline.scheduling.slurm import needs_slurm, slurm
from tests.pipeline.scheduling.toy import ENVIRONMENT, ROOT, SLURM, Toy, wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with slurm(tmp_path_factory.mktemp("slurm")) as environment:
        yield environment


@pytest.fixture
def node(toy: Toy, cluster: dict[str, str]) -> Iterator[Toy]:
    """A project beside a Slurm that has no other jobs, whatever becomes of the test."""
    toy.environment |= cluster
    yield toy
    toy.close()
    toy.environment = ENVIRONMENT | cluster
    # Not SIGTERM, after which a job waits for Slurm; a requeued one is pending, and just goes.
    toy.run("scancel", "--user=root", "--signal=KILL", "--full", check=False)
    toy.run("scancel", "--user=root", check=False)
    wait_for(lambda: not toy.run("squeue", "--noheader").stdout)


@needs_slurm
def test_jobs_give_the_outcome_of_serial_repro_and_a_failure_costs_what_needs_it(
    node: Toy, serial: Toy
) -> None:
    node.write("break_train_b_y", "")
    said = node.refused("--cluster", "slurm")
    assert "1 of 13 stages failed; 3 that need them were left out" in said
    assert "train@b-y: job" in said and "exit status 3" in said and "| what went wrong" in said
    assert "train@a-x started as a job" in said
    (node.folder / "break_train_b_y").unlink()
    node.forget_started()
    node.repro("--cluster", "slurm")
    kinds = [(kind, name) for kind, name, *_ in node.started]
    assert kinds == [("train", "b_y"), ("evaluate", "b_y"), ("tables", ""), ("report", "")]
    assert node.outcome == serial.outcome
    assert "didn't change" in node.run("dvc", "repro").stdout


def test_processes_of_this_machine_stand_in_for_a_cluster(toy: Toy, serial: Toy) -> None:
    toy.repro("--cluster", "local")
    assert len(toy.started) == 12
    assert toy.outcome == serial.outcome


@needs_slurm
@pytest.mark.parametrize("way", ["time limit", "requeued by Slurm", "cancelled"])
def test_a_training_that_is_ended_goes_on_from_its_checkpoint(
    node: Toy, serial: Toy, way: str
) -> None:
    node.set_pace(0.4)
    process = node.start_repro("--cluster", "slurm", "train@a-x")
    wait_for(lambda: node.steps() and node.steps()[0] >= 2)
    job = node.run("squeue", "--noheader", "--array", "--format=%i").stdout.strip()
    command = {
        "time limit": ["scancel", "--signal=USR2", job],  # as Slurm does before a time limit
        "requeued by Slurm": ["scontrol", "requeue", job],  # as after a preemption
        "cancelled": ["scancel", job],
    }[way]
    node.run(*command)
    if way == "cancelled":
        said = node.ended(process, 1)
        assert "train@a-x: job" in said and "died" in said
        node.set_pace(0)
        node.repro("--cluster", "slurm", "train@a-x")
    else:
        node.ended(process, 0)
    assert node.trainings() == ["a_x", "a_x"]
    assert node.alone() and node.went_on()
    assert node.read("runs/a_x/weights") == serial.read("runs/a_x/weights")


@needs_slurm
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_scheduler_that_is_ended_finds_its_jobs_again(node: Toy, number: signal.Signals) -> None:
    node.set_pace(0.5)
    process = node.start_repro("--cluster", "slurm", "train@a-x", "train@b-x")
    wait_for(lambda: len(node.steps()) == 2)
    process.send_signal(number)
    said = node.ended(process, 143 if number == signal.SIGTERM else -number)
    assert ("jobs stay in the queue" in said) == (number == signal.SIGTERM)
    said = node.repro("--cluster", "slurm", "train@a-x").stderr  # while it runs
    assert "train@a-x started in job" in said or "taken from an earlier run" in said
    wait_for(node.alone)
    said = node.repro("train@b-x").stderr  # when it has ended, and without the cluster
    assert "train@b-x taken from an earlier run" in said
    assert node.trainings() == ["a_x", "b_x"]


@needs_slurm
@pytest.mark.parametrize("when", ["queued", "running"])
def test_code_that_is_edited_while_a_job_waits_or_runs_refuses_its_outputs(
    node: Toy, when: str
) -> None:
    node.set_pace(0.3)
    held = node.run("sbatch", "--wrap", "sleep 300", "--cpus-per-task=4").stdout.split()[-1]
    process = node.start_repro("--cluster", "slurm", "train@a-x")
    wait_for(lambda: "mesr-train" in node.run("squeue", "--format=%j", "--states=PENDING").stdout)
    if when == "queued":
        node.write("src/code", "edited")
    node.run("scancel", held)
    if when == "running":
        wait_for(node.steps)
        node.write("src/code", "edited")
    said = node.ended(process, 1)
    assert "src changed while " + ("the job waited" if when == "queued" else "it ran") in said
    assert "train@a-x" not in node.read("dvc.lock")
    ran = ["a_x"] if when == "running" else []
    assert node.trainings() == ran
    node.set_pace(0)
    node.repro("--cluster", "slurm", "train@a-x")
    assert node.trainings() == [*ran, "a_x"]


@needs_slurm
def test_what_the_cluster_cannot_do_is_a_message(node: Toy) -> None:
    node.write("conf/cluster/slurm.yaml", SLURM.replace("hours: 1", "partition: none"))
    said = node.refused("--cluster", "slurm", "train@a-x")
    assert "no job for train: " in said and "invalid partition" in said
    assert node.trainings() == []
    node.environment["PATH"] = str(Path(sys.executable).parent)
    assert "no sbatch here" in node.refused("--cluster", "slurm")


def test_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "conf/cluster", tmp_path / CONF)
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    for path in CONF.glob("*.yaml"):
        assert load_settings(path.stem).submit == ["train", "tune"]
    with pytest.raises(UserError, match=r"ours\.yaml: not found in .* --cluster: local, slurm"):
        load_settings("ours")
    own = "  train: {hours: 3.5, partition: gpu, setup: [module load cuda]}\n"
    Path("conf/cluster/ours.yaml").write_text(SLURM + own)
    found = load_settings("ours")
    train = {"timeout_min": 210, "slurm_partition": "gpu", "slurm_setup": ["module load cuda"]}
    assert found.resources_of("train") == train | {"cpus_per_task": 1}  # no GPUs: none is asked for
    assert found.resources_of("fetch") == {"timeout_min": 60, "cpus_per_task": 1}
    for text, message in (
        (SLURM.replace("at_once: 8", "at_once: many"), r"at_once: should be a valid int"),
        (SLURM + "  tain: {hours: 3}\n", "dvc.yaml has no stage tain"),
        (SLURM.replace("[train]", "[train, ablate]"), "dvc.yaml has no stage ablate"),
        (SLURM + "folder: ../cluster\n", r"(?s)folder: .*conf/cluster/slurm\.yaml explains"),
        (SLURM + "1: x\n", "1: "),
    ):
        Path("conf/cluster/ours.yaml").write_text(text)
        with pytest.raises(UserError, match=message):
            load_settings("ours")
