"""`mesr repro` against serial `dvc repro` of the same toy project."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest
from dvc.lock import make_lock

from tests.pipeline.scheduling.toy import PIPELINE, STOPS, Toy, alive, wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    return Toy(tmp_path_factory.mktemp("toy") / "fresh")


@pytest.fixture(scope="module")
def serial(fresh: Toy, tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """The project after `dvc repro`."""
    toy = fresh.copy(tmp_path_factory.mktemp("toy") / "serial")
    toy.run("dvc", "repro")
    return toy


@pytest.fixture
def toy(fresh: Toy, tmp_path: Path) -> Toy:
    return fresh.copy(tmp_path / "toy")


@pytest.mark.parametrize("jobs", ["1", "4"])
def test_the_outcome_is_that_of_serial_repro_and_the_next_run_does_nothing(
    toy: Toy, serial: Toy, jobs: str
) -> None:
    toy.set_pace(0.01)
    toy.repro("-j", jobs)
    assert toy.outcome == serial.outcome
    assert len(toy.started) == 16
    assert "up to date" in toy.run("dvc", "status").stdout
    toy.forget_started()
    assert toy.repro().stdout == "17 stages are up to date\n"
    assert "didn't change" in toy.run("dvc", "repro").stdout
    assert toy.started == []
    assert toy.outcome == serial.outcome
    # One log a stage, and nothing in the way of other DVC commands.
    assert "step 10/10" in (toy.folder / "logs/stages/train@a-x.log").read_text()
    assert json.loads((toy.folder / ".dvc/tmp/rwlock").read_text()) in (
        {"write": {}},
        {"read": {}, "write": {}},
        {},
    )


def test_a_change_runs_what_it_concerns_and_going_back_restores_it(
    serial: Toy, tmp_path: Path
) -> None:
    parallel, twin = serial.copy(tmp_path / "parallel"), serial.copy(tmp_path / "twin")
    for lr in (2, 1):
        parallel.forget_started()
        for each in (parallel, twin):
            (each.folder / "params.yaml").write_text(f"lr: {lr}\n")
        said = parallel.repro("-j", "3").stderr
        twin.run("dvc", "repro")
        assert parallel.outcome == twin.outcome
        # lr is in no output: evaluations are equal and nothing that needs them runs.
        assert len(parallel.started) == (6 if lr == 2 else 0)
        assert ("0 stages ran, 6 were restored" in said) == (lr == 1)


@pytest.mark.parametrize("name", STOPS)
def test_a_signal_stops_all_within_a_step_and_nothing_is_lost(
    toy: Toy, serial: Toy, name: str
) -> None:
    toy.set_pace(0.3)
    process = toy.start_repro("-j", "3")
    checkpoints = toy.folder / "checkpoints"
    wait_for(lambda: len(list(checkpoints.glob("*"))) == 3)
    process.send_signal(STOPS[name])
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 128 + STOPS[name], said
    assert not any(alive(pid) for *_, pid in toy.started)
    saved = {path.name: path.read_text() for path in checkpoints.iterdir()}
    assert len(saved) == 3 and all(0 < len(text) < 10 for text in saved.values())
    assert "fetch@x" in (toy.folder / "dvc.lock").read_text()
    toy.set_pace(0)
    toy.repro("-j", "2")
    assert toy.outcome == serial.outcome
    # Each training went on: its log does not begin with the first step.
    log = (toy.folder / f"logs/stages/train@{min(saved).replace('_', '-')}.log").read_text()
    assert not log.startswith("step 1/10")


def test_after_sigkill_no_process_is_left_and_the_next_run_goes_on(toy: Toy, serial: Toy) -> None:
    toy.set_pace(0.3)
    process = toy.start_repro("-j", "3")
    wait_for(lambda: len(list((toy.folder / "checkpoints").glob("*"))) == 3)
    process.kill()
    process.wait()
    toy.set_pace(0)
    toy.repro("-j", "3")  # waits for the processes that are still stopping
    assert toy.outcome == serial.outcome
    assert not any(alive(pid) for *_, pid in toy.started)


def test_after_sigkill_dvc_itself_needs_no_hand(toy: Toy) -> None:
    toy.set_pace(0.1)
    process = toy.start_repro("-j", "2")
    wait_for(lambda: len(list((toy.folder / "checkpoints").glob("*"))) == 2)
    process.kill()
    process.wait()
    wait_for(lambda: not any(alive(pid) for *_, pid in toy.started))
    toy.set_pace(0)
    toy.run("dvc", "repro")
    assert "up to date" in toy.run("dvc", "status").stdout


def test_a_failure_stops_what_needs_it_and_nothing_else(toy: Toy, serial: Toy) -> None:
    (toy.folder / "break_train_b_x").touch()
    done = toy.repro("-j", "3", check=False)
    assert done.returncode == 1
    assert "1 of 17 stages failed; 3 that need them were left out" in done.stderr
    assert "train@b-x: exit status 3" in done.stderr
    assert "  | what went wrong" in done.stderr
    assert len(toy.started) == 2 + 6 + 5
    (toy.folder / "break_train_b_x").unlink()
    toy.forget_started()
    toy.repro("-j", "3")
    assert [kind for kind, *_ in toy.started] == ["train", "evaluate", "tables", "report"]
    assert toy.outcome == serial.outcome


def test_missing_input_and_missing_output_are_named(toy: Toy) -> None:
    (toy.folder / "raw.txt").unlink()
    cache = next((toy.folder / ".dvc/cache").rglob("*/md5/*/*"))
    cache.unlink()
    done = toy.repro(check=False)
    assert done.returncode == 1
    assert "raw.txt" in done.stderr
    assert toy.started == []


def test_a_stage_whose_command_makes_no_output_fails(toy: Toy) -> None:
    pipeline = PIPELINE.replace("python step.py report", "exit 0")
    (toy.folder / "dvc.yaml").write_text(pipeline)
    done = toy.repro("-j", "3", check=False)
    assert done.returncode == 1
    assert "report: output 'build' does not exist" in done.stderr


def test_every_job_gets_a_gpu_of_its_own(toy: Toy) -> None:
    toy.set_pace(0.05)
    toy.environment["CUDA_VISIBLE_DEVICES"] = "3,5"
    toy.repro("train@a-x", "train@a-y")
    trainings = [gpu for kind, _, gpu, _ in toy.started if kind == "train"]
    assert sorted(trainings) == ["3", "5"]
    assert len(toy.started) == 4  # targets and what they need, nothing else


def test_frozen_stages_and_dvc_files_are_handled_as_dvc_does(serial: Toy, tmp_path: Path) -> None:
    parallel, twin = serial.copy(tmp_path / "parallel"), serial.copy(tmp_path / "twin")
    for each in (parallel, twin):
        frozen = PIPELINE.replace("  tables:\n", "  tables:\n    frozen: true\n")
        (each.folder / "dvc.yaml").write_text(frozen)
        (each.folder / "raw.txt").unlink()
        (each.folder / "raw.txt").write_text("changed")
    parallel.repro("-j", "3")
    twin.run("dvc", "repro")
    assert parallel.outcome == twin.outcome
    assert (parallel.folder / "raw.txt.dvc").read_text() == (
        twin.folder / "raw.txt.dvc"
    ).read_text()


def test_pull_takes_everything_from_the_remote(serial: Toy, tmp_path: Path) -> None:
    source = serial.copy(tmp_path / "source")
    source.run("dvc", "remote", "add", "-d", "shared", str(tmp_path / "remote"))
    source.run("dvc", "push", "-q", "--run-cache")
    source.run("git", "add", ".dvc/config")
    source.run("git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "remote")
    clone = Toy.at(tmp_path / "clone", source.environment)
    source.run("git", "clone", "-q", str(source.folder), str(clone.folder))
    clone.repro("--pull", "-j", "2")
    assert {kind for kind, *_ in clone.started} == {
        "tables"
    }  # not cached, hence not in the run cache
    assert clone.outcome == serial.outcome


def test_a_stage_whose_files_another_dvc_process_writes_waits_for_it(toy: Toy) -> None:
    path = str(toy.folder / "data/x")
    owner = {"pid": os.getpid(), "cmd": "another"}
    (toy.folder / ".dvc/tmp").mkdir(exist_ok=True)
    rwlock = toy.folder / ".dvc/tmp/rwlock"
    rwlock.write_text(json.dumps({"write": {path: owner}, "read": {}}))
    process = toy.start_repro("-j", "4", "train@a-x", "train@a-y")
    wait_for((toy.folder / "runs/a_y/weights").exists)
    assert {name for kind, name, *_ in toy.started} == {"y", "a_y"}
    wait_for(lambda: "data/y" not in rwlock.read_text() and "a_y" not in rwlock.read_text())
    _release(rwlock, path)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 0, said
    assert (toy.folder / "runs/a_x/weights").exists()


def _release(rwlock: Path, path: str) -> None:
    """Take a file out of the record as DVC does, while nobody else reads or writes the record."""
    with make_lock(str(rwlock.with_name("rwlock.lock")), wait=True):
        found = json.loads(rwlock.read_text())
        del found["write"][path]
        rwlock.write_text(json.dumps(found))


def test_two_schedulers_in_one_project_are_refused(toy: Toy) -> None:
    toy.set_pace(0.3)
    process = toy.start_repro("-j", "2")
    wait_for((toy.folder / "checkpoints").exists)
    done = toy.repro(check=False)
    assert done.returncode == 1
    assert f"another `mesr repro` (process {process.pid})" in done.stderr
    # Other DVC commands are not locked out while commands run.
    assert "up to date" in toy.run("dvc", "status", "fetch@x").stdout
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)


def test_outside_a_project(tmp_path: Path, toy: Toy) -> None:
    toy.folder = tmp_path
    done = toy.repro(check=False)
    assert done.returncode == 1
    assert "no DVC project" in done.stderr
