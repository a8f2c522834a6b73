import os
import shutil
from pathlib import Path

import pytest

from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path


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


def test_a_failing_body_leaves_the_earlier_folder(tmp_path: Path) -> None:
    write_folder(tmp_path / "folder", "first")
    with pytest.raises(RuntimeError), atomic_path(tmp_path / "folder") as temporary:
        temporary.mkdir()
        (temporary / "second").write_text("half")
        raise RuntimeError
    assert names(tmp_path) == ["folder", "folder/first"]


def test_what_a_killed_process_of_the_same_number_left_is_removed_first(tmp_path: Path) -> None:
    for word in ("partial", "earlier.partial"):
        leftover = tmp_path / f".{os.getpid()}.{word}.folder"
        leftover.mkdir()
        (leftover / "old").write_text("half")
    write_folder(tmp_path / "folder", "new")
    assert names(tmp_path) == ["folder", "folder/new"]
    (tmp_path / f".{os.getpid()}.partial.folder").write_text("a file this time")
    write_folder(tmp_path / "folder", "newer")
    assert names(tmp_path) == ["folder", "folder/newer"]


def test_the_earlier_folder_is_deleted_only_when_the_new_one_is_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "folder", "first")
    seen = []
    rmtree = shutil.rmtree

    def watch(path: Path, **options: bool) -> None:
        seen.append(names(tmp_path / "folder"))
        rmtree(path, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(shutil, "rmtree", watch)
    write_folder(tmp_path / "folder", "second")
    assert seen == [["second"]]
    assert names(tmp_path) == ["folder", "folder/second"]


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), KeyboardInterrupt()])
def test_the_earlier_folder_comes_back_when_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    write_folder(tmp_path / "folder", "first")

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(Path, "replace", fail)
    expected = UserError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        write_folder(tmp_path / "folder", "second")
    assert names(tmp_path) == ["folder", "folder/first"]
