"""Signals; two processes on the CPU (gloo) train as one does."""

import json
import os
import signal
import socket
import sys
import time

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from pipeline.support.console import run
from pipeline.training.processes import StopRequest
from tests.pipeline.training import toy
from tests.pipeline.training.toy import PlainToy, files, history, log_of, train_toy

OPTIONS = {"steps": 16, "validate_every": 5, "validation_images": 3}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_signal_asks_second_one_acts(number):
    came = []
    former = signal.signal(number, lambda *_: came.append("acted"))
    try:
        with StopRequest() as stop:
            os.kill(os.getpid(), number)
            assert came == ["acted"]
            stop.listen()
            stop.listen()
            assert not stop.requested
            os.kill(os.getpid(), number)
            assert (stop.number, len(came)) == (number, 1)
            os.kill(os.getpid(), number)
            assert len(came) == 2
        os.kill(os.getpid(), number)
        assert len(came) == 3
    finally:
        signal.signal(number, former)
    with pytest.raises(SystemExit if number == signal.SIGTERM else KeyboardInterrupt):
        stop.stop()


class Partial(PlainToy):
    """Has a parameter that gets no gradient; says which pass it begins."""

    passes = 0

    def __init__(self):
        super().__init__()
        self.unused = nn.Parameter(torch.ones(3))

    def forward(self, x):
        self.passes += 1
        print(f"pass {self.passes}", file=sys.stderr, flush=True)
        time.sleep(0.004)
        return super().forward(x)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("processes")
    toy.make_data(path)
    return path


def target(rank, port, folder, output, options):
    """What a launcher does for each process."""
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "OMP_NUM_THREADS": "1"}
    os.environ |= {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    toy.log_to(folder / f"{output}.{rank}.log")
    sys.exit(run(lambda: train_toy(folder, output, Partial, **options)))


def start_two(folder, output, **options):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = [
        toy.context.Process(target=target, args=(rank, port, folder, output, OPTIONS | options))
        for rank in range(2)
    ]
    for process in processes:
        process.start()
    return processes


def join(processes):
    for process in processes:
        process.join(400)
    return [process.exitcode for process in processes]


def test_two_processes_give_the_loss_curve_of_one(folder):
    assert join(start_two(folder, "whole")) == [0, 0]
    train_toy(folder, "alone", PlainToy, **OPTIONS)
    two, one = history(folder / "whole"), history(folder / "alone")
    assert [(row["step"], row["lr"]) for row in two] == [(row["step"], row["lr"]) for row in one]
    for row, expected in zip(two, one, strict=True):
        assert float(row["loss"]) == pytest.approx(float(expected["loss"]), rel=2e-3)
        assert float(row["psnr_db"]) == pytest.approx(float(expected["psnr_db"]), abs=0.05)
    assert float(two[0]["loss"]) == pytest.approx(float(one[0]["loss"]), rel=1e-5)
    run_json = json.loads((folder / "whole/run.json").read_text())
    assert (run_json["processes"], run_json["device"]) == (2, "cpu")
    unused = load_file(folder / "whole/weights.safetensors")["unused"]
    assert unused.tolist() == [1, 1, 1]
    spoke = ["starting" in (folder / f"whole.{rank}.log").read_text() for rank in range(2)]
    assert spoke == [True, False]  # the main process alone


def test_two_processes_stop_and_resume_bit_by_bit(folder):
    processes = start_two(folder, "parts")
    log = folder / "parts.1.log"
    while not (log.exists() and "pass 8\n" in log.read_text()):
        assert processes[0].is_alive()
        time.sleep(0.001)
    os.kill(processes[1].pid, signal.SIGTERM)  # one is told, both stop after the same step
    assert join(processes) == [130, 143]
    assert join(start_two(folder, "parts")) == [0, 0]
    assert log_of(folder, "parts")["parts"] == 2
    assert files(folder / "parts") == files(folder / "whole")


def test_batch_that_cannot_be_shared_is_refused(folder):
    assert join(start_two(folder, "odd", batch=5)) == [1, 1]
    message = (folder / "odd.0.log").read_text()
    assert message.startswith("error: train.batch is 5, which 2 processes cannot share equally")
    assert not (folder / "odd").exists()
