"""No name in params.yaml is read as shell code by `mesr repro` or a check, whoever wrote it there.

Parameters that the project itself writes hold names only. A file edited by hand, or a foreign one,
is refused before a command runs.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.scheduling.project import Project
from pipeline.study.params import load_params
from pipeline.support.errors import UserError

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
HOSTILE = [
    "a$(touch canary)",
    "a;touch canary;",
    "a`touch canary`",
    "a'; touch canary; '",
    "a\ntouch canary\nb",
    "$IFS",
    "*",
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's graph in a repository of its own."""
    folder = tmp_path_factory.mktemp("injection")
    for name in ("dvc.yaml", ".dvc/config", ".dvcignore", ".gitignore"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    return folder


def spoiled(where: str, value: str) -> dict[str, Any]:
    """Return the committed parameters with a hostile name in one place."""
    params: dict[str, Any] = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    place = params
    *outer, last = where.split(".")
    for name in outer:
        place = place[name]
    if isinstance(place[last], dict):
        place[last] = {value: next(iter(place[last].values()))}
    else:
        place[last] = [value]
    return params


@pytest.mark.parametrize(
    ("where", "value"),
    [
        *(("trainings", value) for value in HOSTILE),
        *((where, HOSTILE[1]) for where in ("fetched", "tuned", "evaluated", "data.test")),
    ],
)
def test_a_hostile_name_is_refused_before_anything_runs(
    project: Path, where: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project / "params.yaml"
    path.write_text(yaml.safe_dump(spoiled(where, value)), encoding="utf-8")
    monkeypatch.chdir(project)
    with pytest.raises(UserError, match=r"names in params\.yaml hold letters, digits"):
        Project()
    with pytest.raises(UserError, match=where.partition(".")[0]):
        load_params(path)
    if value == HOSTILE[0]:  # as users see it
        command = [sys.executable, "-m", "pipeline.cli", "repro"]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "DVC_NO_ANALYTICS": "1"}
        done = subprocess.run(command, env=environment, text=True, capture_output=True, check=False)
        assert done.returncode == 1
        assert "names in params.yaml hold letters, digits" in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    assert not list(project.rglob("canary"))


def test_commands_hold_names_and_nothing_else() -> None:
    """No setting of a network or of a training stands in a command."""
    stages = yaml.safe_load(TEXT)["stages"]
    words = {
        word
        for stage in stages.values()
        for word in (stage | stage.get("do", {}))["cmd"].split()
        if "$" in word
    }
    assert words == {
        "${key}", "${item}", "${item.run}", "${item.dataset}", "${item.network}"
    }  # fmt: skip
