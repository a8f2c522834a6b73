"""The graph in dvc.yaml against the code and the parameters it stands for."""

import ast
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

ROOT = Path(__file__).parents[1]
STAGES: dict[str, dict[str, Any]] = OmegaConf.to_container(  # type: ignore[assignment]
    OmegaConf.load(ROOT / "dvc.yaml"), resolve=False
)["stages"]

# Cannot change a result: see the head of dvc.yaml.
NEUTRAL = {
    "pipeline/__init__.py",
    "pipeline/support/console.py",
    "pipeline/support/errors.py",
    "pipeline/support/files.py",
    "pipeline/models/networks.py",
    "pipeline/support/revision.py",
    "pipeline/study/params.py",
    "pipeline/training/settings.py",
    "baselines/__init__.py",
    "reports/__init__.py",
    "reports/figures/__init__.py",
    "reports/latex/__init__.py",
    "reports/tables/__init__.py",
}
READERS = ("baselines/weights/", "pipeline/models/published_weights.py")


def source_of(module: str) -> Path | None:
    base = ROOT / module.replace(".", "/")
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def imported(module: str, seen: set[Path] | None = None) -> set[Path]:
    """Project files that importing `module` runs, or that its functions import."""
    seen = set() if seen is None else seen
    path = source_of(module)
    if path is None or path in seen:
        return seen
    seen.add(path)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                imported(alias.name, seen)
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported(node.module, seen)
            for alias in node.names:
                imported(f"{node.module}.{alias.name}", seen)
    return seen


def listed(stage: dict[str, Any]) -> set[str]:
    """Python files among the deps; folders stand for every file in them."""
    files = set()
    for dep in stage["deps"]:
        path = ROOT / dep
        if path.is_dir():
            files |= {str(p.relative_to(ROOT)) for p in path.rglob("*.py")}
        elif dep.endswith(".py"):
            files.add(dep)
    return files


def module_of(stage: dict[str, Any]) -> str:
    return str(stage["cmd"].split()[2])


@pytest.mark.parametrize("name", STAGES)
def test_stage_is_named_after_its_module_and_described(name: str) -> None:
    module = module_of(STAGES[name])
    expected = "reports.render" if name == "report" else f"pipeline.{name.partition('_')[0]}"
    if source_of(f"pipeline.{name}"):
        expected = f"pipeline.{name}"
    assert module == expected
    assert source_of(module) is not None
    assert STAGES[name]["desc"]


@pytest.mark.parametrize("name", STAGES)
def test_stage_lists_the_code_it_runs_and_no_other(name: str) -> None:
    stage = STAGES[name]
    needed = {str(p.relative_to(ROOT)) for p in imported(module_of(stage))} - NEUTRAL
    per_network = {d for d in stage["deps"] if d.startswith("baselines/${")}
    for dep in per_network:  # what any baseline may import
        for path in (ROOT / "baselines").glob("*.py"):
            module = f"baselines.{path.stem}"
            if path.stem not in ("__init__",) and f"baselines/{path.stem}.py" not in stage["deps"]:
                needed |= {
                    str(p.relative_to(ROOT)) for p in imported(module) if p != path
                } - NEUTRAL
        needed -= {dep}
    if name not in ("certify", "complexity", "evaluate_published", "tables"):
        needed = {f for f in needed if not f.startswith(READERS)}
    have = {f for f in listed(stage) if f not in NEUTRAL and "$" not in f}
    if any(d == "mesr" for d in stage["deps"]):  # the network itself is resolved by name
        needed |= {f for f in have if f.startswith("mesr/")}
    if "baselines" in stage["deps"]:  # any of the networks
        needed |= {f for f in have if f.startswith("baselines/")}
    assert {"listed but not run": have - needed, "run but not listed": needed - have} == {
        "listed but not run": set(),
        "run but not listed": set(),
    }


def test_training_stages_depend_on_the_parameters_they_read() -> None:
    for name in ("train", "ablate", "train_baseline"):
        assert {"data.train", "train"} < set(STAGES[name]["params"])
        assert any(p.startswith("networks.") for p in STAGES[name]["params"])
    for name in ("fetch", "degrade"):
        assert "params" not in STAGES[name]


def test_names_in_matrices_are_safe_for_dvc() -> None:
    params = OmegaConf.to_container(OmegaConf.load(ROOT / "params.yaml"))
    assert isinstance(params, dict)
    lists = [params[k] for k in ("scales", "seeds", "models", "variants", "baselines")]
    lists += [v for v in params["data"].values() if isinstance(v, list)]
    for value in (v for values in lists for v in values):
        assert isinstance(value, str)
        assert "-" not in value
        assert "/" not in value
