"""The graph in dvc.yaml against the code and the parameters it stands for."""

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.study.params import Params

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
STAGES: dict[str, dict[str, Any]] = {
    name: stage | stage.get("do", {}) for name, stage in yaml.safe_load(TEXT)["stages"].items()
}
# Packages that name things, check them and write files; a module of theirs that computes is listed.
NAMING = (
    *("pipeline/models", "pipeline/study", "pipeline/support", "pipeline/__init__.py"),
    *("pipeline/training/settings.py", "pipeline/assets/registry.py"),  # limits; names and digests
)
COMPUTING = {
    "pipeline/models/counting.py",
    "pipeline/support/arithmetic.py",
}


def source_of(module: str) -> Path | None:
    base = ROOT / module.replace(".", "/")
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def imported(module: str, seen: set[str] | None = None) -> set[str]:
    """Project files that importing `module` runs, or that its functions import."""
    seen = set() if seen is None else seen
    path = source_of(module)
    if path is None or (name := path.relative_to(ROOT).as_posix()) in seen:
        return seen
    seen.add(name)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                imported(alias.name, seen)
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported(node.module, seen)
            for alias in node.names:
                imported(f"{node.module}.{alias.name}", seen)
    return seen


def files_in(dep: str) -> set[str]:
    """Python files that a dep stands for: itself, or all of a folder."""
    path = ROOT / dep
    if path.is_dir():
        return {p.relative_to(ROOT).as_posix() for p in path.rglob("*.py")}
    return {dep} if dep.endswith(".py") else set()


def test_the_graph_is_read_in_five_minutes() -> None:
    assert len(TEXT.splitlines()) <= 130
    assert len(STAGES) <= 13


def module_of(name: str) -> str:
    return str(STAGES[name]["cmd"].split()[2])


@pytest.mark.parametrize("name", STAGES)
def test_stage_is_named_after_its_module_described_and_lists_code_that_exists(name: str) -> None:
    assert module_of(name) == ("reports.render" if name == "report" else f"pipeline.{name}")
    assert source_of(module_of(name)) is not None
    assert STAGES[name]["desc"]
    code = [d for d in STAGES[name]["deps"] if d.split("/")[0] in ("pipeline", "mesr", "reports")]
    assert [dep for dep in code if not (ROOT / dep).exists()] == []


@pytest.mark.parametrize("name", [name for name in STAGES if name not in ("tables", "report")])
def test_stage_lists_the_code_it_runs_and_no_other(name: str) -> None:
    stage = STAGES[name]
    deps = [dep for dep in stage["deps"] if dep.split("/")[0] in ("baselines", "mesr", "pipeline")]
    listed = {file for dep in deps for file in files_in(dep)}
    run = imported(module_of(name))
    needed = {
        file
        for file in run
        if file in COMPUTING or not file.startswith((*NAMING, "mesr/__init__", "baselines/"))
    }
    if "mesr/common" not in deps:  # no network is built, only names of the package are used
        needed = {file for file in needed if not file.startswith("mesr/common")}
    if "arithmetic" not in stage.get("params", []):
        needed.discard("pipeline/support/arithmetic.py")
    assert needed - listed == set(), "run but not listed"
    own = {dep for dep in deps if "$" not in dep and dep.startswith("pipeline")}
    assert {dep for dep in own if not files_in(dep) & run} == set(), "listed but not run"


def test_trainings_depend_on_what_decides_them() -> None:
    for name in ("tune", "train"):
        stage = STAGES[name]
        assert {"arithmetic", "data.train", "data.exclude", "train"} < set(stage["params"])
        assert "${item.code}" in stage["deps"]
    assert {"trainings.${key}", "networks.${item.network}"} < set(STAGES["train"]["params"])
    assert "tuning/${item.network}.json" in STAGES["train"]["deps"]
    assert {"tuned.${key}", "networks.${key}", "tune"} < set(STAGES["tune"]["params"])


def test_tables_depend_on_all_parameters_but_those_that_change_no_result() -> None:
    fields = set(Params.model_fields)
    assert set(STAGES["tables"]["params"]) == fields - {"running", "format", "fetched", "degraded"}
