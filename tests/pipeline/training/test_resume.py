"""Real training processes, killed at random points, end with the weights they would have had."""

import csv
import json
import multiprocessing
import os
import random
import resource
import signal
import sys
import time

import pytest

from pipeline.support.console import run
from pipeline.training.checkpoint import STATE
from tests.pipeline.training.toy import Toy, log_to, make_data, train_toy

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


class Slow(Toy):
    """Gives signals a chance to arrive."""

    def forward(self, x):
        time.sleep(0.004)
        return super().forward(x)


def target(folder, output, options, sabotage=None):
    """Body of a training process."""
    log_to(folder / f"{output}.log")
    if sabotage is not None:
        sabotage()
    sys.exit(run(lambda: train_toy(folder, output, Slow, **options)))


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


def result(folder):
    """Everything that must be equal bit by bit: weights, and the history but for its times."""
    with (folder / "history.csv").open() as file:
        rows = [tuple(row.values())[:5] for row in csv.DictReader(file)]
    weights = {path.name: path.read_bytes() for path in folder.glob("*.safetensors")}
    assert set(weights) == {"weights.safetensors", "last.safetensors"}
    return weights, rows


def when_saved(folder):
    """Return when the one checkpoint was written, None when there is none."""
    return next((p.stat().st_mtime_ns for p in folder.glob(f"checkpoints/*/{STATE}")), None)


def start_and_wait_for_checkpoint(folder, output, **options):
    """Start a process and return it when it has written a checkpoint (or ended)."""
    before = when_saved(folder)
    process = start(folder, output, **options)
    while process.is_alive() and when_saved(folder) in {None, before}:
        time.sleep(0.001)
    return process


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
    rows = result(folder / "uninterrupted")[1]
    assert [int(row[0]) for row in rows] == [17, 34, 51, 68, 85, 102, 119, 120]
    return result(folder / "uninterrupted")


def test_same_run_twice_is_equal_bit_by_bit(folder, uninterrupted):
    train_toy(folder, "again", Slow, **OPTIONS)
    assert result(folder / "again") == uninterrupted


@pytest.mark.parametrize(
    ("number", "exit_code"),
    [(signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_killed_at_random_points_it_ends_the_same(folder, uninterrupted, number, exit_code):
    delays = random.Random(int(number))
    output = f"killed_{number}"
    kills = 4
    for _ in range(kills):
        process = start_and_wait_for_checkpoint(folder, output)
        time.sleep(delays.uniform(0, 0.08))
        os.kill(process.pid, number)
        process.join()
        assert process.exitcode == exit_code
    process = start(folder, output)
    process.join()
    assert process.exitcode == 0
    assert result(folder / output) == uninterrupted
    run_json = json.loads((folder / output / "run.json").read_text())
    assert run_json["parts"] == kills + 1
    assert list((folder / "checkpoints").iterdir()) == []
    assert not list(folder.glob(".*.partial.*"))


def test_wall_seconds_add_up_over_parts(folder):
    process = start_and_wait_for_checkpoint(folder, "time", validate_every=4)
    os.kill(process.pid, signal.SIGTERM)
    process.join()
    (state,) = folder.glob("checkpoints/*/history.csv")
    with state.open() as file:
        first = list(csv.DictReader(file))
    time.sleep(0.5)  # between the parts: does not count
    process = start(folder, "time", validate_every=4)
    process.join()
    with (folder / "time" / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows[: len(first)] == first
    seconds = [float(row["seconds"]) for row in rows]
    assert seconds == sorted(seconds)
    total = json.loads((folder / "time" / "run.json").read_text())["wall_seconds"]
    assert seconds[-1] <= total + 0.01


def test_killed_while_writing_a_checkpoint_it_goes_on_from_the_previous(folder, uninterrupted):
    process = start(folder, "torn", kill_in_third_fsync)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    (checkpoint,) = (folder / "checkpoints").iterdir()
    assert list(checkpoint.glob(".*.partial.*"))
    process = start(folder, "torn")
    process.join()
    assert process.exitcode == 0
    assert result(folder / "torn") == uninterrupted
    assert json.loads((folder / "torn" / "run.json").read_text())["parts"] == 2
    assert list((folder / "checkpoints").iterdir()) == []


def test_full_disk_is_told_and_costs_nothing(folder, uninterrupted):
    process = start_and_wait_for_checkpoint(folder, "full")
    os.kill(process.pid, signal.SIGKILL)
    process.join()
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
    assert result(folder / "full") == uninterrupted


def test_another_setting_begins_anew_and_leaves_the_other_checkpoint(folder):
    process = start_and_wait_for_checkpoint(folder, "other")
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    (left,) = (folder / "checkpoints").iterdir()
    process = start(folder, "other", lr=1e-3)
    process.join()
    assert "starting; step 0 of 120" in (folder / "other.log").read_text()
    assert list((folder / "checkpoints").iterdir()) == [left]
    process = start(folder, "other")
    process.join()
    assert "resuming at step" in (folder / "other.log").read_text()
    assert list((folder / "checkpoints").iterdir()) == []
