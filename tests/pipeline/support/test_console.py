"""Entry points: one message, an exit status, nothing half-written."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.support.console import run
from pipeline.support.errors import UserError

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


@pytest.mark.parametrize(
    ("number", "status", "message"),
    [(signal.SIGTERM, 143, ""), (signal.SIGINT, 130, "stopped by the user")],
)
def test_a_signal_leaves_nothing_half_written(
    tmp_path: Path, number: signal.Signals, status: int, message: str
) -> None:
    command = [sys.executable, "-c", STUCK, str(tmp_path / "output")]
    environment, pipe = {**os.environ, "PYTHONPATH": str(ROOT)}, subprocess.PIPE
    process = subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)
    assert process.stdout
    assert process.stdout.readline() == "writing\n"
    assert len(list(tmp_path.iterdir())) == 1
    process.send_signal(number)
    _, said = process.communicate(timeout=20)
    assert process.returncode == status
    assert message in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_what_a_user_can_correct_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise UserError("put this right")

    assert run(fail) == 1
    assert capsys.readouterr().err == "error: put this right\n"
