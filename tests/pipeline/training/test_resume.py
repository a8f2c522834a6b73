"""Real training processes, killed at random points, leave the bytes they would have left."""

import os
import random
import resource
import signal
import sys
import time
from collections import Counter
from itertools import count

import pytest

from pipeline.support.console import run
from pipeline.training.checkpoint import STATE, CheckpointFolder, read_tensors
from tests.pipeline.training.toy import (
    Toy,
    context,
    files,
    log_of,
    log_to,
    make_data,
    train_toy,
)

# Every kind of state is on: moments, best weights, losses since the last row. A checkpoint comes
# every five steps, between the rows of the history.
OPTIONS = {"steps": 60, "validate_every": 17}


class Talking(Toy):
    """Says which pass it begins, so that tests can act then, and gives signals time to arrive."""

    stuck = False

    def __init__(self):
        super().__init__()
        self.passes = Counter()

    def forward(self, x):
        kind = "training" if self.training else "validation"
        self.passes[kind] += 1
        print(f"{kind} pass {self.passes[kind]}", file=sys.stderr, flush=True)
        time.sleep(60 if self.stuck else 0.004)
        return super().forward(x)


def target(folder, output, options, sabotage=None):
    """Body of a training process."""
    log_to(folder / f"{output}.log")
    calls = count()
    CheckpointFolder.due = lambda *_: next(calls) % 5 == 4
    if sabotage is not None:
        sabotage()
    sys.exit(run(lambda: train_toy(folder, output, Talking, **options)))


def kill_in_third_fsync():
    """Die when the third checkpoint is written but has not taken the place of the second."""
    calls, fsync = count(1), os.fsync

    def deadly(descriptor):
        # Two calls a checkpoint: the file, then its folder.
        if next(calls) == 5:
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


def finish(folder, output, **options):
    process = start(folder, output, **options)
    process.join()
    assert process.exitcode == 0
    return files(folder / output)


def start_and_wait(folder, output, line, sabotage=None):
    """Start a process and return it when its log holds a line (or it ended)."""
    log = folder / f"{output}.log"
    log.unlink(missing_ok=True)
    process = start(folder, output, sabotage)
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
    left = finish(folder, "uninterrupted")
    assert set(left) == {"weights.safetensors", "best.safetensors", "history.csv", "run.json"}
    steps = [line.split(",")[0] for line in left["history.csv"].decode().splitlines()]
    assert steps == ["step", "17", "34", "51", "60"]
    return left


@pytest.mark.parametrize(
    ("number", "exit_code"),
    [(signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_killed_at_random_points_it_leaves_the_same_bytes(folder, uninterrupted, number, exit_code):
    passes, output, kills = random.Random(int(number)), f"killed_{number}", 3
    # Six passes at least: one checkpoint further than the part before; once while validating.
    lines = [f"training pass {passes.randint(7, 16)}" for _ in range(kills - 1)]
    for line in ["validation pass 1", *lines]:
        assert stop(start_and_wait(folder, output, line), number) == exit_code
    assert finish(folder, output) == uninterrupted
    assert log_of(folder, output)["parts"] == kills + 1
    assert list((folder / "checkpoints").iterdir()) == []
    assert not list(folder.glob(".*.partial.*"))


def get_stuck():
    Talking.stuck = True


def test_signal_in_the_first_step_acts_at_once(folder):
    process = start_and_wait(folder, "first", "training pass 1", get_stuck)
    assert stop(process, signal.SIGTERM) == 143
    assert "Traceback" not in (folder / "first.log").read_text()
    assert not (folder / "first").exists()
    assert not list(folder.glob("checkpoints/*"))


def test_killed_while_writing_a_checkpoint_it_goes_on_from_the_previous(folder, uninterrupted):
    process = start(folder, "torn", kill_in_third_fsync)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    (checkpoint,) = (folder / "checkpoints").iterdir()
    assert list(checkpoint.glob(".*.partial.*"))
    first = read_tensors(checkpoint / STATE)[1]
    assert finish(folder, "torn") == uninterrupted
    log = log_of(folder, "torn")
    assert log["parts"] == 2
    assert log["training_seconds"] >= first["seconds"]  # they add up over the parts
    assert list((folder / "checkpoints").iterdir()) == []


def test_full_disk_is_told_and_costs_nothing(folder, uninterrupted):
    stop(start_and_wait(folder, "full", "training pass 9"), signal.SIGKILL)
    (checkpoint,) = folder.glob(f"checkpoints/*/{STATE}")
    before = checkpoint.read_bytes()
    assert len(before) > 6000
    process = start(folder, "full", fill_disk)
    process.join()
    assert process.exitcode == 1
    message = (folder / "full.log").read_text()
    place = checkpoint.relative_to(folder)
    assert f"error: {place}: could not be written (File too large)" in message
    assert "Traceback" not in message
    assert checkpoint.read_bytes() == before
    assert not list(checkpoint.parent.glob(".*.partial.*"))
    assert finish(folder, "full") == uninterrupted


def test_another_setting_begins_anew_and_leaves_the_other_checkpoint(folder):
    stop(start_and_wait(folder, "other", "training pass 9"), signal.SIGKILL)
    (left,) = (folder / "checkpoints").iterdir()
    finish(folder, "other", lr=1e-3)
    assert "starting; step 0 of 60" in (folder / "other.log").read_text()
    assert list((folder / "checkpoints").iterdir()) == [left]
    finish(folder, "other")
    assert "resuming at step" in (folder / "other.log").read_text()
    assert list((folder / "checkpoints").iterdir()) == []
