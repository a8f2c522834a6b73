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

# What a stage runs without listing it, because it cannot change the result; see dvc.yaml.
NEUTRAL = {
    "pipeline/support": "messages, files written in one step, logs",
    "pipeline/study": "names of runs, columns and paths; parameters are tracked as values",
    "pipeline/models": "the registry of networks, whose own files are listed",
    "pipeline/assets": "whether published weights are the registered ones",
    "baselines/weights": "readers of published weights in stages that read none",
    "pipeline/training/settings.py": "parameters",
    "mesr/common": "labels of networks, where no network is built",
    "mesr/__init__.py": "nothing",
    "mesr/variants.py": "names and settings of variants, which a run records",
    "pipeline/__init__.py": "nothing",
    "reports/__init__.py": "nothing",
    "baselines/__init__.py": "nothing",
}
# Stage files that only read their arguments and parameters, and name files.
THIN = {
    *("ablate", "certify", "certify_lr", "degrade", "evaluate", "fetch", "ladder", "readings"),
    *("tables", "train"),
}


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


def files_in(dep: str) -> set[str]:
    """Python files that a dep stands for: itself, or all of a folder."""
    path = ROOT / dep
    if path.is_dir():
        return {str(p.relative_to(ROOT)) for p in path.rglob("*.py")}
    return {dep} if dep.endswith(".py") else set()


def code_of(stage: dict[str, Any]) -> list[str]:
    rooms = ("baselines", "mesr", "pipeline", "reports")
    return [dep for dep in stage["deps"] if dep.split("/")[0] in rooms]


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


def networks_of(stage: dict[str, Any]) -> set[str]:
    """Files of the networks that a stage builds by name, and what they import."""
    code = code_of(stage)
    names: list[str] = []
    if "mesr" in code:
        names.append("mesr.network")
    if any(dep.startswith("baselines/${") for dep in code) or "baselines" in code:
        names += [f"baselines.{path.stem}" for path in (ROOT / "baselines").glob("[a-z]*.py")]
    if "baselines/bicubic.py" in code:
        names.append("baselines.bicubic")
    return {str(p.relative_to(ROOT)) for name in names for p in imported(name)}


@pytest.mark.parametrize("name", STAGES)
def test_stage_lists_the_code_it_runs_and_no_other(name: str) -> None:
    stage = STAGES[name]
    code = code_of(stage)
    run = {str(p.relative_to(ROOT)) for p in imported(module_of(stage))} | networks_of(stage)
    neutral = {dep for dep in NEUTRAL if dep not in code} | {f"pipeline/{t}.py" for t in THIN}
    listed = {file for dep in code for file in files_in(dep)}
    # A network's own file stands behind the template.
    one_network = any(dep.startswith("baselines/${") for dep in code)
    missing = {
        file
        for file in run - listed
        if not any(file == n or file.startswith(f"{n}/") for n in neutral)
        and not (one_network and file.count("/") == 1 and file.startswith("baselines/"))
    }
    assert missing == set(), "run but not listed"
    superfluous = {dep for dep in code if "$" not in dep and not files_in(dep) & run}
    assert superfluous == set(), "listed but not run"


def test_stage_files_that_are_not_listed_are_thin() -> None:
    for name in THIN:
        tree = ast.parse((ROOT / f"pipeline/{name}.py").read_text(encoding="utf-8"))
        lines = sum(
            node.end_lineno - node.body[0].end_lineno  # type: ignore[operator]
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef)
        )
        assert lines <= 75, f"pipeline/{name}.py holds {lines} lines of code beside its docstrings"


def test_code_is_listed_by_folders() -> None:
    # Stages that repeat another with other seeds share its list.
    lists = {(stage["cmd"], *code_of(stage)) for stage in STAGES.values()}
    assert sum(len(code) for _, *code in lists) <= 94


def test_training_stages_depend_on_the_parameters_they_read() -> None:
    kinds = ("train", "ablate", "readings", "ladder")
    for name, stage in STAGES.items():
        if name.startswith(("tune", *kinds)):
            assert {"data.train", "train"} < set(stage["params"])
            assert any(p.startswith("networks.") for p in stage["params"])
        if name.startswith(kinds):
            assert any(str(dep).startswith("tuning/") for dep in stage["deps"])
    assert "readings.changes.${item.reading}" in STAGES["readings"]["params"]
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
