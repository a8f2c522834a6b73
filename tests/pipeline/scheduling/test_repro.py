"""`mesr repro` against serial `dvc repro` of the same toy project."""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest
from dvc.lock import make_lock

from tests.pipeline.scheduling.toy import PIPELINE, Toy, wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


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
    assert "step 10/10" in toy.read("logs/stages/train@a-x.log")
    assert not any(json.loads(toy.read(".dvc/tmp/rwlock")).values())


def test_a_change_runs_what_it_concerns_and_going_back_restores_it(
    serial: Toy, tmp_path: Path
) -> None:
    parallel, twin = serial.copy(tmp_path / "parallel"), serial.copy(tmp_path / "twin")
    for lr in (2, 1):
        parallel.forget_started()
        for each in (parallel, twin):
            each.write("params.yaml", f"lr: {lr}\n")
        said = parallel.repro("-j", "3").stderr
        twin.run("dvc", "repro")
        assert parallel.outcome == twin.outcome
        # lr is in no output: evaluations are equal and nothing that needs them runs.
        assert len(parallel.started) == (4 if lr == 2 else 0)
        assert ("0 stages ran, 4 were restored" in said) == (lr == 1)
    shutil.rmtree(parallel.folder / "runs")  # the cache has them
    shutil.rmtree(parallel.folder / ".dvc/cache/runs")
    parallel.repro()
    assert parallel.started == [] and parallel.outcome == twin.outcome


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_all_within_a_step_and_nothing_is_lost(
    toy: Toy, serial: Toy, number: signal.Signals
) -> None:
    toy.set_pace(3 if number == signal.SIGINT else 0.3)
    process = toy.start_repro("-j", "3")
    wait_for(lambda: len(toy.steps()) == 3)
    if number == signal.SIGINT:  # other DVC commands are welcome meanwhile, another run is not
        assert f"another `mesr repro` (process {process.pid})" in toy.refused()
        assert "up to date" in toy.run("dvc", "status", "fetch@x").stdout
    process.send_signal(number)
    toy.ended(process, 128 + number)
    assert toy.alone()
    assert len(toy.steps()) == 3 and all(0 < steps < 10 for steps in toy.steps())
    assert "fetch@x" in toy.read("dvc.lock")
    toy.set_pace(0)
    toy.repro("-j", "2")
    assert toy.outcome == serial.outcome and toy.went_on()


def test_after_sigkill_the_next_run_goes_on_and_no_training_runs_twice_at_a_time(
    toy: Toy, serial: Toy
) -> None:
    toy.set_pace(0.3)
    process = toy.start_repro("-j", "3")
    wait_for(lambda: len(toy.steps()) == 3)
    process.kill()
    toy.ended(process, -signal.SIGKILL)
    toy.set_pace(0)
    toy.repro("-j", "3")  # waits for the processes that are still stopping
    assert toy.outcome == serial.outcome and toy.went_on()
    assert toy.alone()


def test_what_ends_well_after_sigkill_is_taken_unless_its_inputs_or_outputs_changed(
    toy: Toy, serial: Toy
) -> None:
    toy.write("deaf", "")  # trainings go on to their end
    toy.set_pace(3)
    process = toy.start_repro("-j", "4", "train")
    wait_for(lambda: len(toy.steps()) == 4)
    process.kill()
    process.wait()
    waiting = toy.start_repro("-j", "1", "train@a-x")
    wait_for(lambda: str(waiting.pid) in toy.read(".dvc/tmp/repro/running"))
    time.sleep(5)  # by now it would have started a training of its own
    toy.set_pace(0)
    assert "train@a-x taken from an earlier run" in toy.ended(waiting, 0)
    wait_for(toy.alone)
    assert toy.trainings() == ["a_x", "a_y", "b_x", "b_y"]
    toy.write("params.yaml", "lr: 2\n")
    toy.repro("train@a-y")
    toy.write("params.yaml", "lr: 1\n")
    toy.write("runs/b_x/weights", "not what the training wrote")
    toy.repro()
    assert toy.trainings() == ["a_x", "a_y", "a_y", "a_y", "b_x", "b_x", "b_y"]
    assert toy.outcome == serial.outcome


def test_a_job_that_is_killed_is_named_and_goes_on_with_the_next_run(toy: Toy, serial: Toy) -> None:
    toy.set_pace(0.2)
    process = toy.start_repro("-j", "2", "train@a-x", "train@a-y")
    wait_for(lambda: len(toy.steps()) == 2)
    os.kill(next(int(pid) for _, name, _, pid in toy.started if name == "a_x"), signal.SIGKILL)
    said = toy.ended(process, 1)
    assert "train@a-x: killed by SIGKILL" in said and "train@a-y done" in said
    toy.set_pace(0)
    toy.repro("-j", "2")
    assert toy.outcome == serial.outcome and toy.went_on()


def test_a_failure_stops_what_needs_it_and_nothing_else(toy: Toy, serial: Toy) -> None:
    toy.write("break_train_b_x", "")
    toy.write("break_evaluate_a_x", "")
    said = toy.refused("-j", "3")
    assert "2 of 13 stages failed; 3 that need them were left out" in said
    for name in ("train@b-x", "evaluate@a-x"):
        assert f"{name}: exit status 3" in said
    assert "  | what went wrong" in said
    assert len(toy.started) == 2 + 4 + 3
    for path in toy.folder.glob("break_*"):
        path.unlink()
    toy.forget_started()
    toy.repro("-j", "3")
    kinds = ["evaluate", "evaluate", "report", "tables", "train"]
    assert sorted(kind for kind, *_ in toy.started) == kinds
    assert toy.outcome == serial.outcome


@pytest.mark.parametrize(
    ("name", "named", "text", "after"),
    [
        ("src/code", "src", "edited", "code"),
        ("params.yaml", "params.yaml:lr", "lr: 2\n", "lr: 1\n"),
        ("data/x", "data/x", "?", "rawx"),
    ],
)
def test_outputs_whose_inputs_changed_while_the_command_ran_are_refused(
    toy: Toy, serial: Toy, name: str, named: str, text: str, after: str
) -> None:
    toy.set_pace(0.2)
    process = toy.start_repro("-j", "2", "train@a-x")
    wait_for(toy.steps)
    toy.write(name, text)
    said = toy.ended(process, 1)
    assert f"train@a-x: {named} changed while it ran; its outputs are not taken" in said
    assert "train@a-x" not in toy.read("dvc.lock")
    toy.write(name, after)  # as before: still nobody knows what computed them
    toy.set_pace(0)
    toy.repro()
    assert toy.trainings().count("a_x") == 2
    assert toy.outcome == serial.outcome


def test_missing_input_and_missing_output_are_named(toy: Toy) -> None:
    toy.write("dvc.yaml", PIPELINE.replace("python step.py fetch", "exit 0; #"))
    assert "fetch@x: output 'data/x' does not exist" in toy.refused("-j", "3")
    (toy.folder / "raw.txt").unlink()
    next((toy.folder / ".dvc/cache").rglob("*/md5/*/*")).unlink()
    assert "raw.txt" in toy.refused() and toy.started == []


def test_targets_run_with_what_they_need_on_a_gpu_each_and_by_our_interpreter(
    toy: Toy, tmp_path: Path
) -> None:
    # No environment is activated: `python` is another program, or none.
    python = tmp_path / "bin/python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\nexit 7\n")
    python.chmod(0o755)
    toy.environment |= {"PATH": f"{python.parent}:/usr/bin:/bin", "CUDA_VISIBLE_DEVICES": "3,5"}
    toy.set_pace(0.05)
    toy.repro("train@a-x", "train@a-y")
    trainings = [gpu for kind, _, gpu, _ in toy.started if kind == "train"]
    assert sorted(trainings) == ["3", "5"]
    assert len(toy.started) == 4
    assert "train@none" in toy.refused("train@none")


def test_frozen_stages_and_dvc_files_are_handled_as_dvc_does(serial: Toy, tmp_path: Path) -> None:
    parallel, twin = serial.copy(tmp_path / "parallel"), serial.copy(tmp_path / "twin")
    for each in (parallel, twin):
        each.write("dvc.yaml", PIPELINE.replace("  tables:\n", "  tables:\n    frozen: true\n"))
        (each.folder / "raw.txt").unlink()
        each.write("raw.txt", "changed")
    parallel.repro("-j", "3")
    twin.run("dvc", "repro")
    assert parallel.outcome == twin.outcome
    for name in ("raw.txt.dvc", "runs/a_x/weights"):
        assert parallel.read(name) == twin.read(name)


def test_a_stage_whose_files_another_dvc_process_writes_waits_for_it(toy: Toy) -> None:
    path = str(toy.folder / "data/x")
    lock = {"write": {path: {"pid": os.getpid(), "cmd": "another"}}, "read": {}}
    toy.write(".dvc/tmp/rwlock", json.dumps(lock))
    process = toy.start_repro("-j", "4", "train@a-x", "train@a-y")
    wait_for((toy.folder / "runs/a_y/weights").exists)
    assert {name for kind, name, *_ in toy.started} == {"y", "a_y"}
    wait_for(lambda: "data/y" not in (held := toy.read(".dvc/tmp/rwlock")) and "a_y" not in held)
    with make_lock(str(toy.folder / ".dvc/tmp/rwlock.lock"), wait=True):
        found = json.loads(toy.read(".dvc/tmp/rwlock"))
        del found["write"][path]
        toy.write(".dvc/tmp/rwlock", json.dumps(found))
    toy.ended(process, 0)
    assert (toy.folder / "runs/a_x/weights").exists()


def test_without_a_project_or_the_right_to_write_there_is_a_message(
    toy: Toy, tmp_path: Path
) -> None:
    # Root without its privileges may not write either.
    bare = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] if os.geteuid() == 0 else []
    folders = [path for path in (toy.folder, *toy.folder.rglob("*")) if path.is_dir()]
    for mode in (0o555, 0o755):
        for path in folders:
            path.chmod(mode)
        if mode == 0o555:
            command = [*bare, sys.executable, "-m", "pipeline.cli", "repro"]
            done = toy.run(*command, check=False)
    assert done.returncode == 1
    assert "may not be written" in done.stderr and "Traceback" not in done.stderr
    toy.folder = tmp_path
    assert "no DVC project" in toy.refused()
