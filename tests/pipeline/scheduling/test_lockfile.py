"""The lock file against DVC's own writer."""

from pathlib import Path

import pytest
from dvc.utils.serialize import dumps_yaml, load_yaml

from pipeline.scheduling.lockfile import LockFile
from pipeline.support.errors import UserError

PLAN = ["a", "b@x", "b@y", "c"]
ENTRIES = {
    name: {"cmd": f"echo {name} " + "word " * 40, "params": {"params.yaml": {"lr": 1e-5, "n": 2}}}
    for name in PLAN
}


def written(names: list[str]) -> str:
    """What DVC writes when stages finish in an order."""
    return dumps_yaml({"schema": "2.0", "stages": {name: ENTRIES[name] for name in names}})


def lock(folder: Path) -> LockFile:
    return LockFile(folder / "dvc.lock", PLAN, folder / "record.json")


def put(file: LockFile, *names: str) -> None:
    for name in names:
        file.put(name, ENTRIES[name])
    file.flush()


def test_new_entries_are_in_the_order_of_the_plan(tmp_path: Path) -> None:
    file = lock(tmp_path)
    put(file, "a", "b@y")
    assert file.path.read_text() == written(["a", "b@y"])
    put(file, "c", "b@x")
    assert file.path.read_text() == written(PLAN)
    assert load_yaml(file.path)["stages"] == ENTRIES


def test_entries_that_were_there_keep_their_place_as_with_dvc(tmp_path: Path) -> None:
    (tmp_path / "dvc.lock").write_text(written(["c", "a"]))
    file = lock(tmp_path)
    put(file, "b@y", "b@x", "c")
    assert file.path.read_text() == written(["c", "a", "b@x", "b@y"])


@pytest.mark.parametrize("finished", [True, False])
def test_entries_of_an_interrupted_run_count_as_new(tmp_path: Path, finished: bool) -> None:
    first = lock(tmp_path)
    put(first, "a", "b@y")
    if finished:
        first.complete()
    put(lock(tmp_path), "b@x", "c")
    expected = ["a", "b@y", "b@x", "c"] if finished else PLAN
    assert (tmp_path / "dvc.lock").read_text() == written(expected)


def test_what_another_process_wrote_meanwhile_is_kept(tmp_path: Path) -> None:
    file = lock(tmp_path)
    put(file, "a")
    (tmp_path / "dvc.lock").write_text(written(["a", "c"]))
    file.refresh()
    put(file, "b@x")
    assert file.path.read_text() == written(["a", "b@x", "c"])


def test_a_file_in_another_style_is_rewritten_and_a_foreign_one_refused(tmp_path: Path) -> None:
    text = "# by hand\n" + written(["a"]).replace("schema: '2.0'", 'schema: "2.0"')
    (tmp_path / "dvc.lock").write_text(text)
    file = lock(tmp_path)
    put(file, "c")
    assert file.path.read_text() == "# by hand\n" + written(["a", "c"])
    (tmp_path / "dvc.lock").write_text("- a list\n")
    with pytest.raises(UserError, match=r"dvc.lock: is not a lock file"):
        lock(tmp_path)
