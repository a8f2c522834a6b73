"""What a run shows while it goes on."""

import contextlib
import os
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.scheduling.view import View, last_step
from tests.pipeline.scheduling.toy import REPRO, Toy

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def test_a_part_is_read_from_the_last_fraction_that_can_be_one(tmp_path: Path) -> None:
    log = tmp_path / "log"
    for line, part in (
        ("step 3/10 of 1/2 runs", 0.5),
        ("5/0 images, 2/8", 0.25),
        ("overwritten 1/2\rstep 3/4", 0.75),
        ("12/10", None),  # no part of a whole
        ("", 1.0),  # the last line that says something
    ):
        log.write_text(f"an earlier line 9/9\n{line}\n")
        assert last_step(log)[0] == part, line
    assert last_step(tmp_path / "none") == (None, "")


def test_plain_lines_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    view = View(7)
    with view.progress:
        view.closed = 3
        view.begin("train@a", tmp_path / "log", "")
        view.refresh()
        view.say("train@a started [on] it")
        view.end("train@a")
    assert capsys.readouterr().err == "[3/7] train@a started [on] it\n"


@pytest.mark.skipif(sys.platform != "linux", reason="needs a pseudo-terminal of Linux")
def test_a_terminal_sees_the_stages_move_and_is_left_clean(toy: Toy) -> None:
    import pty  # noqa: PLC0415
    import termios  # noqa: PLC0415

    toy.set_pace(0.15)
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (30, 120))
    command = [sys.executable, "-c", REPRO, "repro", "-j", "2", "train"]
    environment = toy.environment | {"TERM": "xterm"}
    with subprocess.Popen(
        command, cwd=toy.folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        seen = b""
        with contextlib.suppress(OSError):  # the other end is closed
            while select.select([ours], [], [], 120)[0]:
                seen += os.read(ours, 1 << 16)
    os.close(ours)
    text = seen.decode()
    shown = ESCAPES.sub("", text)
    assert process.returncode == 0
    assert re.search(r"stages .* \d+ of 7, 2 running", shown)
    steps = {int(step) for step in re.findall(r"train@a-x .*?step (\d+)/10", shown)}
    assert len(steps) > 2, shown  # the same stage at several moments
    assert "train@b-y done in" in shown
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") > 0  # the cursor is back
    assert "running" not in shown.rstrip().splitlines()[-1]
