"""Real training processes, killed at random points, leave the bytes they would have left."""

import multiprocessing
import os
import random
import resource
import signal
import sys
import time

import pytest

from pipeline.support.console import run
from pipeline.training.checkpoint import STATE, read_tensors
from pipeline.training.patches import PatchSampler
from tests.pipeline.training.toy import Toy, files, log_of, log_to, make_data, train_toy

# Every kind of state is on: moments, moving average, best weights, losses since the last row.
# Checkpoints lie between the rows of the history.
OPTIONS = {
    "steps": 120,
    "validate_every": 17,
    "checkpoint_every_steps": 5,
    "ema": 0.9,
    "keep": "best",
    "grad_clip": 1.0,
}

# Forked from a server that has imported everything: a process that trains within milliseconds.
context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(
    ["torch._dynamo", "tests.pipeline.training.toy"]
)  # Adam imports dynamo


class Talking(Toy):
    """Says which pass it begins, so that tests can act then, and gives signals time to arrive."""

    passes = 0
    stuck = False

    def forward(self, x):
        self.passes += 1
        kind = "training" if self.training else "validation"
        print(f"{kind} pass {self.passes}", file=sys.stderr, flush=True)
        time.sleep(60 if self.stuck else 0.004)
        return super().forward(x)


def target(folder, output, options, sabotage=None):
    """Body of a training process."""
    log_to(folder / f"{output}.log")
    if sabotage is not None:
        sabotage()
    sys.exit(run(lambda: train_toy(folder, output, Talking, **options)))


def kill_in_third_fsync():
    """Die when the third checkpoint is written but has not taken the place of the second."""
    calls = 0
    fsync = os.fsync

    def deadly(descriptor):
        nonlocal calls
        calls += 1
        # Two calls a checkpoint: the file, then its folder.
        if calls == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        fsync(descriptor)

    os.fsync = deadly


def fill_disk():
    """Let no file grow beyond 6 kB, which is less than a checkpoint."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))


def start(folder, output, sabotage=None, **options):
    process = context.Process(target=target, args=(folder, output, OPTIONS | options, sabotage))
    process.start()
    return process


def start_and_wait(folder, output, line, sabotage=None, **options):
    """Start a process and return it when its log holds a line (or it ended)."""
    log = folder / f"{output}.log"
    log.unlink(missing_ok=True)
    process = start(folder, output, sabotage, **options)
    while process.is_alive() and not (log.exists() and f"{line}\n" in log.read_text()):
        time.sleep(0.001)
    return process


def stop(process, number):
    os.kill(process.pid, number)
    process.join()
    return process.exitcode


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("resume")
    make_data(path)
    return path


@pytest.fixture(scope="module")
def uninterrupted(folder):
    process = start(folder, "uninterrupted")
    process.join()
    assert process.exitcode == 0
    left = files(folder / "uninterrupted")
    assert set(left) == {"weights.safetensors", "last.safetensors", "history.csv", "run.json"}
    steps = [line.split(",")[0] for line in left["history.csv"].decode().splitlines()]
    assert steps == ["step", "17", "34", "51", "68", "85", "102", "119", "120"]
    return left


def test_same_run_twice_leaves_the_same_bytes(folder, uninterrupted):
    train_toy(folder, "again", Talking, **OPTIONS)
    assert files(folder / "again") == uninterrupted
    logs = [log_of(folder, output) for output in ("uninterrupted", "again")]
    assert logs[0]["rows"] != logs[1]["rows"]  # they took different times


@pytest.mark.parametrize(
    ("number", "exit_code"),
    [(signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_killed_at_random_points_it_leaves_the_same_bytes(folder, uninterrupted, number, exit_code):
    passes = random.Random(int(number))
    output = f"killed_{number}"
    kills = 4
    for _ in range(kills):
        # Six passes at least: one checkpoint further than the part before.
        process = start_and_wait(folder, output, f"training pass {passes.randint(7, 16)}")
        assert stop(process, number) == exit_code
    process = start(folder, output)
    process.join()
    assert process.exitcode == 0
    assert files(folder / output) == uninterrupted
    assert log_of(folder, output)["parts"] == kills + 1
    assert list((folder / "checkpoints").iterdir()) == []
    assert not list(folder.glob(".*.partial.*"))


def test_stopped_while_validating_it_leaves_the_same_bytes(folder, uninterrupted):
    process = start_and_wait(folder, "validating", "validation pass 1")
    assert stop(process, signal.SIGTERM) == 143
    process = start(folder, "validating")
    process.join()
    assert files(folder / "validating") == uninterrupted


def get_stuck():
    Talking.stuck = True


def read_for_ever():
    def batch(self, step, indices):
        print("reading", file=sys.stderr, flush=True)
        time.sleep(60)

    PatchSampler.batch = batch


@pytest.mark.parametrize(
    ("line", "sabotage"), [("training pass 1", get_stuck), ("reading", read_for_ever)]
)
@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signal_in_the_first_step_acts_at_once(folder, line, sabotage, number, exit_code):
    process = start_and_wait(folder, "first", line, sabotage)
    assert stop(process, number) == exit_code
    assert "Traceback" not in (folder / "first.log").read_text()
    assert not (folder / "first").exists()
    assert not list(folder.glob("checkpoints/*"))


def test_seconds_add_up_over_parts(folder):
    process = start_and_wait(folder, "time", "training pass 11", validate_every=4)
    assert stop(process, signal.SIGTERM) == 143
    (state,) = folder.glob(f"checkpoints/*/{STATE}")
    first = read_tensors(state)[1]
    process = start(folder, "time", validate_every=4)
    process.join()
    log = log_of(folder, "time")
    assert len(first["history"]) >= 2
    assert log["rows"][: len(first["history"])] == [
        {"step": row["step"], "seconds": row["seconds"]} for row in first["history"]
    ]
    seconds = [row["seconds"] for row in log["rows"]]
    assert seconds == sorted(seconds)
    assert first["seconds"] <= seconds[len(first["history"])]
    assert seconds[-1] <= log["training_seconds"] + 0.01


def test_killed_while_writing_a_checkpoint_it_goes_on_from_the_previous(folder, uninterrupted):
    process = start(folder, "torn", kill_in_third_fsync)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    (checkpoint,) = (folder / "checkpoints").iterdir()
    assert list(checkpoint.glob(".*.partial.*"))
    process = start(folder, "torn")
    process.join()
    assert process.exitcode == 0
    assert files(folder / "torn") == uninterrupted
    assert log_of(folder, "torn")["parts"] == 2
    assert list((folder / "checkpoints").iterdir()) == []


def test_full_disk_is_told_and_costs_nothing(folder, uninterrupted):
    process = start_and_wait(folder, "full", "training pass 7")
    stop(process, signal.SIGKILL)
    (checkpoint,) = folder.glob(f"checkpoints/*/{STATE}")
    before = checkpoint.read_bytes()
    assert len(before) > 6000
    process = start(folder, "full", fill_disk)
    process.join()
    assert process.exitcode == 1
    message = (folder / "full.log").read_text()
    assert f"error: {checkpoint}: could not be written (File too large)" in message
    assert "Traceback" not in message
    assert checkpoint.read_bytes() == before
    assert not list(checkpoint.parent.glob(".*.partial.*"))
    process = start(folder, "full")
    process.join()
    assert files(folder / "full") == uninterrupted


def test_another_setting_begins_anew_and_leaves_the_other_checkpoint(folder):
    process = start_and_wait(folder, "other", "training pass 7")
    stop(process, signal.SIGKILL)
    (left,) = (folder / "checkpoints").iterdir()
    process = start(folder, "other", lr=1e-3)
    process.join()
    assert "starting; step 0 of 120" in (folder / "other.log").read_text()
    assert list((folder / "checkpoints").iterdir()) == [left]
    process = start(folder, "other")
    process.join()
    assert "resuming at step" in (folder / "other.log").read_text()
    assert list((folder / "checkpoints").iterdir()) == []
