"""`mesr repro` against serial `dvc repro` of the same toy project."""

import json
import os
import shutil
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
    toy.repro("-j", jobs, "evaluate@b-y")  # what is wanted first does not change the lock file
    toy.repro("-j", jobs)
    assert toy.outcome == serial.outcome
    assert len(toy.started) == 12
    assert "up to date" in toy.run("dvc", "status").stdout
    toy.forget_started()
    assert toy.repro().stdout == "13 stages are up to date\n"
    assert "didn't change" in toy.run("dvc", "repro").stdout
    assert toy.started == []
    assert toy.outcome == serial.outcome
    # One log a stage, and nothing in the way of other DVC commands.
    assert "step 10/10" in (toy.folder / "logs/stages/train@a-x.log").read_text()
    rwlock = json.loads((toy.folder / ".dvc/tmp/rwlock").read_text())
    assert not any(rwlock.values())


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
        assert len(parallel.started) == (4 if lr == 2 else 0)
        assert ("0 stages ran, 4 were restored" in said) == (lr == 1)
    shutil.rmtree(parallel.folder / "runs")  # the run cache has them
    parallel.repro()
    assert parallel.started == [] and parallel.outcome == twin.outcome


@pytest.mark.parametrize("name", STOPS)
def test_a_signal_stops_all_within_a_step_and_nothing_is_lost(
    toy: Toy, serial: Toy, name: str
) -> None:
    toy.set_pace(0.3)
    process = toy.start_repro("-j", "3")
    wait_for(lambda: len(toy.steps()) == 3)
    process.send_signal(STOPS[name])
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 128 + STOPS[name], said
    assert not any(alive(pid) for *_, pid in toy.started)
    assert len(toy.steps()) == 3 and all(0 < steps < 10 for steps in toy.steps())
    assert "fetch@x" in (toy.folder / "dvc.lock").read_text()
    toy.set_pace(0)
    toy.repro("-j", "2")
    assert toy.outcome == serial.outcome
    # Each training went on: its log does not begin with the first step.
    log = (toy.folder / "logs/stages/train@a-x.log").read_text()
    assert not log.startswith("step 1/10")


def test_after_sigkill_the_next_run_goes_on_and_no_training_runs_twice_at_a_time(
    toy: Toy, serial: Toy
) -> None:
    toy.set_pace(0.3)
    process = toy.start_repro("-j", "3")
    wait_for(lambda: len(toy.steps()) == 3)
    process.kill()
    process.wait()
    toy.set_pace(0)
    toy.repro("-j", "3")  # waits for the processes that are still stopping
    assert toy.outcome == serial.outcome
    assert not any(alive(pid) for *_, pid in toy.started)
    assert not (toy.folder / "overlap.txt").exists()
    log = (toy.folder / "logs/stages/train@a-x.log").read_text()
    assert not log.startswith("step 1/10")


def test_what_ends_well_after_sigkill_is_taken_unless_its_inputs_or_outputs_changed(
    toy: Toy, serial: Toy, tmp_path: Path
) -> None:
    (toy.folder / "deaf").touch()  # trainings go on to their end
    toy.set_pace(1.0)  # longer than the next scheduler needs to start
    process = toy.start_repro("-j", "4", "train")
    wait_for(lambda: len(toy.steps()) == 4)
    process.kill()
    process.wait()
    waiting = toy.start_repro("-j", "1", "train@a-x")
    said = waiting.communicate(timeout=60)[0]
    assert "train@a-x taken from an earlier run" in said
    assert not (toy.folder / "overlap.txt").exists()
    assert toy.trainings() == ["a_x", "a_y", "b_x", "b_y"]
    wait_for(lambda: len(list((toy.folder / "runs").iterdir())) == 4 and not toy.steps())
    wait_for(lambda: not any(alive(pid) for *_, pid in toy.started))
    toy.set_pace(0)
    changed = toy.copy(tmp_path / "changed")
    (toy.folder / "runs/b_x/weights").write_text("not what the training wrote")
    toy.repro()
    assert toy.trainings() == ["a_x", "a_y", "b_x", "b_x", "b_y"]
    assert toy.outcome == serial.outcome
    (changed.folder / "params.yaml").write_text("lr: 2\n")
    changed.repro("train")
    assert len(changed.trainings()) == 8


def test_a_job_that_is_killed_is_named_and_goes_on_with_the_next_run(toy: Toy, serial: Toy) -> None:
    toy.set_pace(0.2)
    process = toy.start_repro("-j", "2", "train@a-x", "train@a-y")
    wait_for(lambda: len(toy.steps()) == 2)
    os.kill(next(int(pid) for _, name, _, pid in toy.started if name == "a_x"), signal.SIGKILL)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 1
    assert "train@a-x: killed by SIGKILL" in said and "train@a-y done" in said
    toy.set_pace(0)
    toy.repro("-j", "2")
    assert "step 1/10" not in (toy.folder / "logs/stages/train@a-x.log").read_text()
    assert toy.outcome == serial.outcome


def test_a_failure_stops_what_needs_it_and_nothing_else(toy: Toy, serial: Toy) -> None:
    (toy.folder / "break_train_b_x").touch()
    (toy.folder / "break_evaluate_a_x").touch()
    done = toy.repro("-j", "3", check=False)
    assert done.returncode == 1
    assert "2 of 13 stages failed; 3 that need them were left out" in done.stderr
    assert "train@b-x: exit status 3" in done.stderr
    assert "evaluate@a-x: exit status 3" in done.stderr
    assert "  | what went wrong" in done.stderr
    assert len(toy.started) == 2 + 4 + 3
    for path in toy.folder.glob("break_*"):
        path.unlink()
    toy.forget_started()
    toy.repro("-j", "3")
    kinds = ["evaluate", "evaluate", "report", "tables", "train"]
    assert sorted(kind for kind, *_ in toy.started) == kinds
    assert toy.outcome == serial.outcome


@pytest.mark.parametrize(
    ("name", "text", "after"),
    [
        ("src/code", "edited", "code"),
        ("params.yaml", "lr: 2\n", "lr: 1\n"),
        ("data/x", "?", "rawx"),
    ],
)
def test_outputs_whose_inputs_changed_while_the_command_ran_are_refused(
    toy: Toy, serial: Toy, name: str, text: str, after: str
) -> None:
    toy.set_pace(0.2)
    process = toy.start_repro("-j", "2", "train@a-x")
    wait_for(toy.steps)
    (toy.folder / name).write_text(text)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 1
    named = {"src/code": "src", "params.yaml": "params.yaml:lr"}.get(name, name)
    assert f"train@a-x: {named} changed while it ran; its outputs are not taken" in said
    assert "train@a-x" not in (toy.folder / "dvc.lock").read_text()
    (toy.folder / name).write_text(after)  # as before: still nobody knows what computed them
    toy.set_pace(0)
    toy.repro()
    assert toy.trainings().count("a_x") == 2
    assert toy.outcome == serial.outcome


def test_missing_input_and_missing_output_are_named(toy: Toy) -> None:
    pipeline = PIPELINE.replace("python step.py fetch", "exit 0; #")
    (toy.folder / "dvc.yaml").write_text(pipeline)
    done = toy.repro("-j", "3", check=False)
    assert done.returncode == 1
    assert "fetch@x: output 'data/x' does not exist" in done.stderr
    (toy.folder / "raw.txt").unlink()
    next((toy.folder / ".dvc/cache").rglob("*/md5/*/*")).unlink()
    done = toy.repro(check=False)
    assert done.returncode == 1
    assert "raw.txt" in done.stderr and toy.started == []


def test_targets_run_with_what_they_need_and_every_job_gets_a_gpu_of_its_own(toy: Toy) -> None:
    toy.set_pace(0.05)
    toy.environment["CUDA_VISIBLE_DEVICES"] = "3,5"
    toy.repro("train@a-x", "train@a-y")
    trainings = [gpu for kind, _, gpu, _ in toy.started if kind == "train"]
    assert sorted(trainings) == ["3", "5"]
    assert len(toy.started) == 4
    done = toy.repro("train@none", check=False)
    assert done.returncode == 1 and "train@none" in done.stderr


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
    for name in ("raw.txt.dvc", "runs/a_x/weights"):
        assert (parallel.folder / name).read_text() == (twin.folder / name).read_text()


def test_pull_takes_everything_from_the_remote(serial: Toy, tmp_path: Path) -> None:
    source = serial.copy(tmp_path / "source")
    source.run("dvc", "remote", "add", "-d", "shared", str(tmp_path / "remote"))
    source.run("dvc", "push", "-q", "--run-cache")
    source.run("git", "add", ".dvc/config")
    source.run("git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "remote")
    clone = Toy.at(tmp_path / "clone", source.environment)
    source.run("git", "clone", "-q", str(source.folder), str(clone.folder))
    clone.repro("--pull", "-j", "2")
    # Not cached, hence not in the run cache.
    assert {kind for kind, *_ in clone.started} == {"tables"}
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
    with make_lock(str(rwlock.with_name("rwlock.lock")), wait=True):
        found = json.loads(rwlock.read_text())
        del found["write"][path]
        rwlock.write_text(json.dumps(found))
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 0, said
    assert (toy.folder / "runs/a_x/weights").exists()


def test_two_schedulers_in_one_project_are_refused_and_other_dvc_commands_are_not(
    toy: Toy,
) -> None:
    toy.set_pace(0.3)
    process = toy.start_repro("-j", "2")
    wait_for(toy.steps)
    done = toy.repro(check=False)
    assert done.returncode == 1
    assert f"another `mesr repro` (process {process.pid})" in done.stderr
    assert "up to date" in toy.run("dvc", "status", "fetch@x").stdout
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)


def test_the_interpreter_that_runs_mesr_runs_the_stages(toy: Toy, tmp_path: Path) -> None:
    # No environment is activated: `python` is another program, or none.
    python = tmp_path / "bin/python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\nexit 7\n")
    python.chmod(0o755)
    toy.environment["PATH"] = f"{python.parent}:/usr/bin:/bin"
    toy.repro("-j", "2", "evaluate@a-x")
    assert len(toy.started) == 3


def test_without_a_project_or_the_right_to_write_there_is_a_message(
    toy: Toy, tmp_path: Path
) -> None:
    # Root without its privileges may not write either.
    bare = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] if os.geteuid() == 0 else []
    folders = [path for path in (toy.folder, *toy.folder.rglob("*")) if path.is_dir()]
    for path in folders:
        path.chmod(0o555)
    done = toy.run(*bare, sys.executable, "-m", "pipeline.cli", "repro", check=False)
    for path in folders:
        path.chmod(0o755)
    assert done.returncode == 1
    assert "may not be written" in done.stderr and "Traceback" not in done.stderr
    toy.folder = tmp_path
    done = toy.repro(check=False)
    assert done.returncode == 1
    assert "no DVC project" in done.stderr
