import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.support.console import run
from pipeline.support.errors import UserError
from pipeline.training.processes import StopRequest

ROOT = Path(__file__).parents[3]

STUCK = """
import sys, time
from pathlib import Path
from pipeline.support.console import run
from pipeline.support.files import atomic_path

def main():
    with atomic_path(Path(sys.argv[1])) as folder:
        folder.mkdir()
        (folder / "half").touch()
        print("writing", flush=True)
        time.sleep(60)

raise SystemExit(run(main))
"""


def terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize(
    ("number", "status", "message"),
    [(signal.SIGTERM, 143, ""), (signal.SIGINT, 130, "stopped by the user")],
)
def test_a_signal_leaves_nothing_half_written(
    tmp_path: Path, number: signal.Signals, status: int, message: str
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", STUCK, str(tmp_path / "output")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "writing\n"
    assert len(list(tmp_path.iterdir())) == 1
    process.send_signal(number)
    _, said = process.communicate(timeout=20)
    assert process.returncode == status
    assert message in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_the_handler_of_sigterm_is_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as raised:
        run(terminate)
    assert raised.value.code == 143
    assert run(lambda: None) == 0
    assert signal.getsignal(signal.SIGTERM) == before


def test_the_trainer_finishes_its_step_on_the_first_signal_and_stops_on_the_second() -> None:
    steps = []

    def train() -> None:
        with StopRequest() as stop:
            stop.listen()
            terminate()
            steps.append(stop.requested)
            terminate()
            steps.append(False)

    with pytest.raises(SystemExit) as raised:
        run(train)
    assert raised.value.code == 143
    assert steps == [True]


def test_what_a_user_can_correct_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise UserError("put this right")

    assert run(fail) == 1
    assert capsys.readouterr().err == "error: put this right\n"
