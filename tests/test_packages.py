"""Which package may import which: imports point down, without exceptions."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from pipeline.training.record import CODE

ROOT = Path(__file__).parents[1]

# Package: what it may import beside itself; each may import packages above it in this table only,
# so that there is no circle. `pipeline` stands for the stages and entry points in its top folder.
PACKAGES: dict[str, set[str]] = {
    "mesr.common": set(),
    "mesr": {"mesr.common"},
    "baselines.weights": set(),
    "baselines": {"mesr.common", "baselines.weights"},
    "pipeline.support": set(),
    "pipeline.imaging": {"mesr.common", "pipeline.support"},
    "pipeline.assets": {"pipeline.support", "pipeline.imaging"},
    "pipeline.scoring": {"mesr.common", "pipeline.support", "pipeline.imaging"},
    "pipeline.training": {"mesr.common", "pipeline.support", "pipeline.imaging"},
    "pipeline.models": {
        "mesr.common", "baselines.weights", "pipeline.support", "pipeline.assets",
    },
    "pipeline.study": {
        "pipeline.support", "pipeline.assets", "pipeline.training", "pipeline.models",
    },
    "pipeline.tables": {"pipeline.support", "pipeline.models", "pipeline.study"},
    "pipeline.scheduling": {"pipeline.support"},
    "pipeline.tools": {
        "mesr.common", "baselines", "baselines.weights", "pipeline.support", "pipeline.imaging",
        "pipeline.assets", "pipeline.scoring", "pipeline.models", "pipeline.study",
        "pipeline.tables", "pipeline.scheduling",
    },
    "pipeline": {
        "mesr.common", "pipeline.support", "pipeline.imaging", "pipeline.assets",
        "pipeline.scoring", "pipeline.training", "pipeline.models", "pipeline.study",
        "pipeline.tools",
    },
    "reports": {"pipeline.support", "pipeline.tables"},
}  # fmt: skip


def modules() -> dict[str, Path]:
    """Dotted name of each module of the project -> its file."""
    found = {}
    for top in ("mesr", "baselines", "pipeline", "reports"):
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def package(module: str) -> str:
    """Return the longest name in `PACKAGES` that the module's name begins with."""
    names = [name for name in PACKAGES if f"{module}.".startswith(f"{name}.")]
    return max(names, key=len)


def imports(module: str) -> set[str]:
    """Modules of the project that a module imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are written in full"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return {name for name in found if name in MODULES and "." in name} - {module}


def misplaced(graph: dict[str, set[str]]) -> list[str]:
    """Imports that `PACKAGES` does not allow."""
    return [
        f"{module} imports {other}"
        for module, others in graph.items()
        for other in sorted(others)
        if package(other) not in {package(module), *PACKAGES[package(module)]}
    ]


def test_imports_point_down() -> None:
    assert misplaced({module: imports(module) for module in MODULES}) == []


def test_an_import_that_points_up_is_found() -> None:
    assert misplaced({"pipeline.imaging.colour": {"pipeline.study.params"}}) == [
        "pipeline.imaging.colour imports pipeline.study.params"
    ]


def test_the_table_has_no_circle_and_no_row_too_many() -> None:
    order = list(PACKAGES)
    for name, others in PACKAGES.items():
        assert all(order.index(other) < order.index(name) for other in others)
        used = {package(o) for m in MODULES if package(m) == name for o in imports(m)} - {name}
        assert others == used, name


@cache
def loaded(modules: str) -> set[str]:
    """Names of all modules that a process holds after importing some."""
    command = [sys.executable, "-c", f"import sys, {modules}; print(*sys.modules)"]
    return set(subprocess.check_output(command, cwd=ROOT, text=True).split())


TRAIN = "pipeline.train, baselines.msrn, mesr.network"


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("pipeline.tables.tables", {"torch"}),
        ("reports.render", {"torch"}),
        (TRAIN, {"accelerate", "omegaconf", "pandas", "PIL", "pipeline.study.params", "pydantic",
                 "skimage"}),
        ("pipeline.cli", {"torch", "pandas"}),
        ("pipeline.scoring.evaluation", {"pyiqa"}),
    ],
)  # fmt: skip
def test_what_a_process_does_not_load(module: str, heavy: set[str]) -> None:
    assert loaded(module) & heavy == set()


def test_a_training_imports_few_files_that_can_change_its_result() -> None:
    """So that a changed message, table or check of parameters trains nothing again."""
    naming = {"pipeline.support", "pipeline.study", "pipeline.models", "baselines.weights"}
    computing = {
        MODULES[name].relative_to(ROOT).as_posix()
        for name in MODULES.keys() & loaded(TRAIN)
        if name == "pipeline.support.arithmetic"
        or (package(name) not in naming and MODULES[name].name != "__init__.py")
    }
    assert len(computing) <= 24
    # All of it, but for the networks, counts as the code of a run.
    networks = ("mesr/", "baselines/msrn.py", "pipeline/train.py")
    assert {file for file in computing if not file.startswith((*networks, *CODE))} == set()
    assert {code for code in CODE if not any(file.startswith(code) for file in computing)} == set()
