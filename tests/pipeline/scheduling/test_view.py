"""What a run shows while it goes on."""

import os
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.scheduling.view import LiveView, Running, State, View, duration, for_stderr
from tests.pipeline.scheduling.toy import Toy

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def frame(state: State, **size: int) -> list[str]:
    """Return the lines of the table as a terminal of this size shows them."""
    view = LiveView(state)
    view.console = Console(**{"width": 100, "height": 24} | size, color_system=None)  # type: ignore[arg-type]
    with view.console.capture() as capture:
        view.console.print(view._frame())
    return [line.rstrip() for line in capture.get().rstrip().splitlines()]


def running(folder: Path, name: str, line: str, where: str = "", seconds: float = 0) -> Running:
    log = folder / f"{name}.log"
    log.write_text(f"an earlier line 9/9\n{line}\n")
    return Running(name, log, where, time.monotonic() - seconds)


def test_the_table_has_the_run_and_each_running_stage_with_its_progress(tmp_path: Path) -> None:
    train = running(tmp_path, "train@a", "run: step 300/400  loss 0.1", "GPU 1", 65)
    fetch = running(tmp_path, "fetch@x", "no count of steps here")
    state = State(9, 3, 1, {"train@a": train, "fetch@x": fetch}, 3700.0, "waiting for a lock")
    head, first, second = frame(state, width=160)
    assert head == (
        "stages: 3 done, 2 running, 3 waiting, 1 failed or left out, 0:00 elapsed, "
        "about 1:01:40 left, waiting for a lock"
    )
    assert first.startswith("train@a GPU 1 ") and " 1:05 " in first
    assert first.endswith("run: step 300/400  loss 0.1")
    bar = first.removeprefix("train@a GPU 1").split("1:05")[0].strip()
    assert bar and len(bar) == pytest.approx(0.75 * 20, abs=5)
    assert second.split() == ["fetch@x", "0:00", "no", "count", "of", "steps", "here"]


def test_a_part_is_read_from_the_last_fraction_that_can_be_one(tmp_path: Path) -> None:
    for line, part in (
        ("step 3/10 of 1/2 runs", 0.5),
        ("5/0 images, 2/8", 0.25),
        ("12/10", None),  # no part of a whole
        ("", 1.0),  # the last line that says something
    ):
        assert running(tmp_path, "s", line).progress()[0] == part, line
    assert Running("s", tmp_path / "none.log").progress() == (None, "")


def test_a_small_terminal_shows_as_many_stages_as_it_has_room_for(tmp_path: Path) -> None:
    stages = {str(n): running(tmp_path, str(n), "x" * 300) for n in range(20)}
    lines = frame(State(20, running=stages), width=60, height=8)
    assert len(lines) == 1 + 5
    assert all(len(line) <= 60 for line in lines)


def test_durations() -> None:
    assert [duration(s) for s in (0.4, 59.6, 3599.6, 90061)] == [
        "0:00",
        "1:00",
        "1:00:00",
        "25:01:01",
    ]


def test_plain_lines_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    with for_stderr(State(7, done=2, failed=1)) as view:
        assert type(view) is View
        view.refresh()
        view.say("train@a started")
    assert capsys.readouterr().err == "[3/7] train@a started\n"


@pytest.mark.skipif(sys.platform != "linux", reason="needs a pseudo-terminal of Linux")
def test_a_terminal_sees_the_stages_move_and_is_left_clean(tmp_path: Path) -> None:
    import pty  # noqa: PLC0415
    import termios  # noqa: PLC0415

    toy = Toy(tmp_path / "toy")
    toy.set_pace(0.15)
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (30, 120))
    with subprocess.Popen(
        [sys.executable, *toy.command, "-j", "2", "train"],
        cwd=toy.folder, env=toy.environment | {"TERM": "xterm"},
        stdin=theirs, stdout=theirs, stderr=theirs,
    ) as process:  # fmt: skip
        os.close(theirs)
        seen = b""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if select.select([ours], [], [], 0.2)[0]:
                try:
                    seen += os.read(ours, 1 << 16)
                except OSError:  # the other end is closed
                    break
    os.close(ours)
    text = seen.decode()
    shown = ESCAPES.sub("", text)
    assert process.returncode == 0
    assert re.search(r"stages: \d+ done, 2 running, \d+ waiting", shown)
    steps = {int(step) for step in re.findall(r"train@a-x .*?step (\d+)/10", shown)}
    assert len(steps) > 2, shown  # the same stage at several moments
    assert "train@c-y done in" in shown
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") > 0  # the cursor is back
    assert shown.rstrip().splitlines()[-1].strip() and "stages:" not in shown.splitlines()[-1]
