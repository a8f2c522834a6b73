"""No value of params.yaml can be read as shell code, whoever wrote it there.

Parameters that the project itself writes hold names only (pipeline/study/params.py). A file edited
by hand, or changed by `dvc exp run -S`, reaches DVC first.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.repo import Repo
from dvc.stage import PipelineStage
from dvc.stage.run import _enforce_cmd_list

ROOT = Path(__file__).parents[1]
STAGES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))["stages"]
AXES = [(name, axis) for name, stage in STAGES.items() for axis in stage.get("matrix", {})]
CANARY = "canary"
HOSTILE = [
    "a$(touch canary)",
    "a;touch canary;",
    "a`touch canary`",
    "a'; touch canary; '",
    'a"; touch canary; "',
    "a && touch canary || touch canary",
    "a | touch canary > canary",
    "a\\'; touch canary #",
    "a\ntouch canary\nb",
    "a'\ntouch canary\n'b",
    "--option=$(touch canary)",
    "${IFS}touch${IFS}canary",
    "a b",
    "*",
    "~",
    "-",
]
# In place of python: prints the words it was given, ended by NUL.
SHIM = "#!/bin/sh\nprintf '%s\\0' \"$@\"\n"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A DVC project without stages, `python` being the shim."""
    folder = tmp_path / "project"
    folder.mkdir()
    shim = tmp_path / "bin/python"
    shim.parent.mkdir()
    shim.write_text(SHIM)
    shim.chmod(0o755)
    with chdir(folder):
        Repo.init(no_scm=True).close()
        yield folder


def parameters(axis: tuple[str, str], values: list[Any]) -> dict[str, Any]:
    """Return the committed parameters with the hostile values on `axis`, one on each other."""
    params: dict[str, Any] = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))
    for name, stage in STAGES.items():
        for key, template in stage.get("matrix", {}).items():
            path = template.removeprefix("${").removesuffix("}").split(".")
            holder = params
            for part in path[:-1]:
                holder = holder[part]
            harmless = (holder[path[-1]] or ["harmless"])[:1]
            if (name, key) == axis:
                target = holder, path[-1]
            holder[path[-1]] = harmless
    target[0][target[1]] = values
    return params


def stages(project: Path, name: str, params: dict[str, Any]) -> list[PipelineStage]:
    """Return what DVC makes of one entry of dvc.yaml; all of them would take it far longer."""
    graph = {"stages": {name: STAGES[name]}}
    (project / "dvc.yaml").write_text(yaml.safe_dump(graph), encoding="utf-8")
    (project / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    with Repo() as repo:
        return [stage for stage in repo.index.stages if isinstance(stage, PipelineStage)]


@pytest.mark.parametrize("axis", AXES, ids="-".join)
def test_hostile_value_stays_one_word(project: Path, axis: tuple[str, str]) -> None:
    name, key = axis
    path = os.pathsep.join([str(project.parent / "bin"), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path}
    found = stages(project, name, parameters(axis, HOSTILE))
    assert len(found) == len(HOSTILE)
    for value, stage in zip(HOSTILE, found, strict=True):
        words = []
        for command in _enforce_cmd_list(stage.cmd):
            done = subprocess.run(
                ["/bin/bash", "-c", command], env=environment, capture_output=True, check=False
            )
            words += done.stdout.decode().split("\0")[:-1]
            if done.returncode:  # where DVC stops
                assert "\n" in value
                break
        else:
            assert words[words.index(f"--{key}") + 1] == value
        assert not (project / CANARY).exists(), value


@pytest.mark.parametrize("axis", AXES, ids="-".join)
def test_only_text_can_stand_on_an_axis(project: Path, axis: tuple[str, str]) -> None:
    # DVC would make unquoted options of the keys of a mapping.
    for value in ({"$(touch canary)": 1}, ["$(touch canary)", "b"]):
        with pytest.raises(Exception, match="Cannot interpolate data of type"):
            stages(project, axis[0], parameters(axis, [value]))


@pytest.mark.parametrize("name", STAGES)
def test_no_other_value_reaches_a_command(name: str) -> None:
    command = STAGES[name]["cmd"]
    assert isinstance(command, str)
    assert command.replace("${item}", "").count("$") == 0
    assert ("${item}" in command) == ("matrix" in STAGES[name])


@pytest.mark.parametrize(
    "command",
    [
        ("repro", "fetch"),
        ("repro", "-s", "fetch@a;touch canary;"),
        ("exp", "run", "-S", "data.images=['$(touch canary)','a;touch canary;']", "fetch"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_real_commands_of_dvc(tmp_path: Path, command: tuple[str, ...]) -> None:
    names = ["dvc.yaml", "params.yaml", ".dvc/config", ".dvcignore", ".gitignore"]
    for file in names:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    for folder in ("pipeline", "mesr", "baselines"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    if command[0] == "repro":
        params = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))
        params["data"]["images"] = ["a;touch canary;", "a$(touch canary)"]
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    environment = os.environ | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(tmp_path), "DVC_NO_ANALYTICS": "1",
        **{f"GIT_{who}_{what}": "test@example.org"
           for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }  # fmt: skip
    for git in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "a")):
        subprocess.run(["git", *git], cwd=tmp_path, env=environment, check=True)
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *command],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "touch canary" in said
    assert "is not known" in said or "expected letters, digits and underscores" in said, said
    assert not list(tmp_path.rglob(CANARY))
