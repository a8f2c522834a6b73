"""Files and folders appear in one step, whatever ends the process that writes them."""

import fnmatch
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from pipeline.support.errors import UserError
from pipeline.support.files import EARLIER, atomic_path

ROOT = Path(__file__).parents[3]


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def write_folder(target: Path, *files: str) -> None:
    with atomic_path(target) as temporary:
        temporary.mkdir()
        for file in files:
            (temporary / file).write_text(file)


def test_a_file_or_folder_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    for content in ("first", "second"):
        with atomic_path(tmp_path / "new" / "file.txt") as temporary:
            temporary.write_text(content)
            assert temporary.suffix == ".txt"
        assert (tmp_path / "new/file.txt").read_text() == content
        write_folder(tmp_path / "new" / "folder", content)
        assert names(tmp_path) == ["new", "new/file.txt", "new/folder", f"new/folder/{content}"]


WRITER = """
import sys
from pathlib import Path
from pipeline.support.files import atomic_path

with atomic_path(Path(sys.argv[1])) as temporary:
    if sys.argv[2] == "folder":
        temporary.mkdir()
        (temporary / "half").touch()
    else:
        temporary.touch()
    print("writing", flush=True)
    sys.stdin.read()
"""


def start_writer(target: Path, kind: str = "folder") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(target), kind]
    environment, pipe = {**os.environ, "PYTHONPATH": str(ROOT)}, subprocess.PIPE
    process = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True)
    assert process.stdout
    assert process.stdout.readline() == "writing\n"
    return process


def kill_writer(target: Path, kind: str = "folder") -> None:
    process = start_writer(target, kind)
    process.kill()
    process.wait()


@pytest.mark.parametrize(("kind", "name"), [("file", "[a]*.csv"), ("folder", "ä" * 120 + ".csv")])
def test_what_a_killed_process_left_is_removed_by_the_next_one(
    tmp_path: Path, kind: str, name: str
) -> None:
    target = tmp_path / name
    for _ in range(2):
        kill_writer(target, kind)
    (left,) = tmp_path.iterdir()  # of the second one, which removed what the first one left
    assert fnmatch.fnmatch(left.name, ".*.partial.*")
    assert left.suffix != ".csv"
    write_folder(target, "new")
    assert names(tmp_path) == [name, f"{name}/new"]


def test_what_a_killed_process_left_is_no_input_of_dvc(tmp_path: Path) -> None:
    def dvc(*arguments: str) -> str:
        command = [sys.executable, "-m", "dvc", *arguments]
        return subprocess.check_output(command, cwd=tmp_path, text=True)

    dvc("init", "--no-scm")
    shutil.copy(ROOT / ".dvcignore", tmp_path)
    write_folder(tmp_path / "evaluations/run", "a.csv")
    dvc("stage", "add", "--run", "-n", "tables", "-d", "evaluations", "-o", "out", "touch out")
    for target, kind in (("evaluations/run", "folder"), ("evaluations/run/a.csv", "file")):
        kill_writer(tmp_path / target, kind)
    assert len([*tmp_path.rglob(".*.partial.*/*")]) == 4  # what was written, and the locks
    assert "up to date" in dvc("status")
    (tmp_path / "evaluations/run/b.csv").touch()
    assert "evaluations" in dvc("status")


def test_what_other_processes_write_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "out"
    other, same = start_writer(tmp_path / "out2"), start_writer(target)
    write_folder(target, "mine")
    assert names(target) == ["mine"]
    for process in (other, same):
        process.communicate()
        assert process.returncode == 0
    assert names(tmp_path) == ["out", "out/half", "out2", "out2/half"]


def test_a_folder_that_a_killed_process_had_moved_away_comes_back(tmp_path: Path) -> None:
    write_folder(tmp_path / "out", "first")
    kill_writer(tmp_path / "out")
    (left,) = tmp_path.glob(".out.partial.*")
    (tmp_path / "out").rename(left / EARLIER)  # between the two renames
    with pytest.raises(RuntimeError), atomic_path(tmp_path / "out"):
        raise RuntimeError
    assert names(tmp_path) == ["out", "out/first"]


def test_a_link_in_the_place_of_a_leftover_is_not_followed(tmp_path: Path) -> None:
    write_folder(tmp_path / "elsewhere", "precious")
    (tmp_path / ".out.partial.abc").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / ".out.partial.def")
    write_folder(tmp_path / "out", "new")
    assert names(tmp_path / "elsewhere") == ["precious"]
    assert names(tmp_path / "out") == ["new"]


def test_the_earlier_folder_is_deleted_only_when_the_new_one_is_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "folder", "first")
    seen = []
    rmtree = shutil.rmtree

    def watch(path: str, **options: Any) -> None:
        seen.append(names(tmp_path / "folder"))
        assert Path(path, EARLIER, "first").exists()
        rmtree(path, **options)

    monkeypatch.setattr(shutil, "rmtree", watch)
    write_folder(tmp_path / "folder", "second")
    assert seen == [["second"]]
    assert names(tmp_path) == ["folder", "folder/second"]


@pytest.mark.parametrize("error", [RuntimeError, OSError(5, "I/O error"), KeyboardInterrupt])
def test_the_earlier_folder_comes_back_when_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    write_folder(tmp_path / "folder", "first")
    if error is not RuntimeError:
        monkeypatch.setattr(Path, "replace", Mock(side_effect=error))
    with (
        pytest.raises((UserError, RuntimeError, KeyboardInterrupt)) as raised,
        atomic_path(tmp_path / "folder") as temporary,
    ):
        temporary.mkdir()
        (temporary / "second").write_text("half")
        if error is RuntimeError:
            raise RuntimeError
    assert raised.type is (UserError if isinstance(error, OSError) else error)
    assert names(tmp_path) == ["folder", "folder/first"]
