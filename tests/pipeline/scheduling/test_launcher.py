"""Stages forked from a process that has imported the libraries."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.scheduling.launcher import Forked, Launcher, module_of

ROOT = Path(__file__).parents[3]
HERE = {"PATH": str(Path(sys.executable).parent)}
STAGE = """
import json, os, sys, time
import colorsys
if __name__ == "__main__":
    print(json.dumps([sys.argv[1:], os.environ.get("ANSWER"), os.getcwd(), "json" in LOADED]))
    print("to stderr", file=sys.stderr)
    print(input() if sys.argv[1] == "read" else "", end="")
    if sys.argv[1] == "exit":
        sys.exit(int(sys.argv[2]))
    if sys.argv[1] == "fail":
        raise ValueError("on purpose")
    if sys.argv[1] == "wait":
        time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    text = "import sys; LOADED = set(sys.modules)\n" + STAGE
    (tmp_path / "a_stage.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def launcher(folder: Path) -> Iterator[Launcher]:
    launcher = Launcher({**os.environ, "PYTHONPATH": str(ROOT)}, ["colorsys", "not_installed"])
    yield launcher
    launcher.close()
    assert launcher.process.poll() is not None


def start(launcher: Launcher, folder: Path, *arguments: str) -> Forked:
    environment = {"ANSWER": "42", "PYTHONPATH": str(ROOT)}
    for _ in range(2000):
        log = folder / "log"
        stage = launcher.start(["a_stage", *arguments], environment, str(folder), log)
        if stage is not None:
            return stage
        time.sleep(0.01)
    raise AssertionError("the launcher was not ready")


def ending(stage: Forked) -> int:
    while (status := stage.poll()) is None:
        time.sleep(0.01)
    return status


def test_a_stage_has_arguments_environment_folder_and_log_of_its_own(
    launcher: Launcher, folder: Path
) -> None:
    assert ending(start(launcher, folder, "exit", "0")) == 0
    first, second, *rest = (folder / "log").read_text().splitlines()
    assert first == f'[["exit", "0"], "42", "{folder}", true]'
    assert (second, rest) == ("to stderr", [])
    (folder / "log").unlink()
    # The project's code is imported afresh: what was edited meanwhile counts.
    (folder / "a_stage.py").write_text("print('edited')")
    assert ending(start(launcher, folder)) == 0
    assert (folder / "log").read_text() == "edited\n"


@pytest.mark.parametrize(("status", "expected"), [("0", 0), ("3", 3), ("143", 143)])
def test_exit_statuses_are_those_of_a_process(
    launcher: Launcher, folder: Path, status: str, expected: int
) -> None:
    assert ending(start(launcher, folder, "exit", status)) == expected


def test_an_exception_leaves_its_traceback_in_the_log(launcher: Launcher, folder: Path) -> None:
    assert ending(start(launcher, folder, "fail")) == 1
    assert "ValueError: on purpose" in (folder / "log").read_text()
    assert ending(start(launcher, folder, "read")) == 1  # there is nothing to read
    assert "EOFError" in (folder / "log").read_text()


def test_several_run_at_a_time_each_in_a_process_group(launcher: Launcher, folder: Path) -> None:
    stages = [start(launcher, folder, "wait") for _ in range(3)]
    assert len({os.getpgid(stage.pid) for stage in stages}) == 3
    assert [stage.poll() for stage in stages] == [None] * 3
    for stage, number in zip(stages, (signal.SIGTERM, signal.SIGKILL, signal.SIGTERM), strict=True):
        os.killpg(stage.pid, number)
    assert [ending(stage) for stage in stages] == [-15, -9, -15]


def test_a_launcher_that_died_starts_nothing(launcher: Launcher, folder: Path) -> None:
    stage = start(launcher, folder, "wait")
    launcher.process.kill()
    launcher.process.wait()
    try:
        assert launcher.start(["a_stage", "exit", "0"], {}, str(folder), folder / "log") is None
        assert ending(stage) == -signal.SIGKILL
    finally:
        os.killpg(stage.pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("python -m pipeline.train --model mesr", ["pipeline.train", "--model", "mesr"]),
        ("python -m a --image 'it is'  --to x.h5", ["a", "--image", "it is", "--to", "x.h5"]),
        ("python -m a 'b; c'", ["a", "b; c"]),
        *((f"python -m a {odd}", None) for odd in ("; b", "> c", "$HOME", "`b`", "a*", "&", '"b"')),
        ("python script.py", None),
        ("python -m", None),
        ("echo python -m a", None),
    ],
)
def test_only_plain_modules_are_forked(command: str, expected: list[str] | None) -> None:
    assert module_of(["/bin/sh", "-c", command], HERE) == expected
    assert module_of(["/bin/sh", "-c", command], {"PATH": "/nowhere"}) is None
    assert module_of([command], HERE) is None
