"""Who may import whom. ARCHITECTURE.md explains the rooms; this table is the rule."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

ROOT = Path(__file__).parents[1]

# Room: what its modules may import beside the room itself. Each room may import the rooms above
# it in this table only, so there is no circle.
ROOMS: dict[str, set[str]] = {
    "mesr.common": set(),
    "mesr": {"mesr.common"},
    "baselines.weights": {"mesr.common"},
    "baselines": {"mesr.common", "baselines.weights"},
    "pipeline.support": set(),
    "pipeline.imaging": {"mesr.common", "pipeline.support"},
    "pipeline.assets": {"pipeline.support", "pipeline.imaging"},
    "pipeline.scoring": {"mesr.common", "pipeline.support", "pipeline.imaging"},
    "pipeline.models": {
        "mesr.common", "mesr", "baselines.weights", "baselines", "pipeline.support",
        "pipeline.imaging", "pipeline.assets",
    },
    # Not scoring: an edit of a metric trains nothing again.
    "pipeline.training": {"mesr.common", "pipeline.support", "pipeline.imaging"},
    "pipeline.study": {
        "mesr.common", "pipeline.support", "pipeline.imaging", "pipeline.assets", "pipeline.models",
        "pipeline.scoring", "pipeline.training",
    },
    "pipeline.tools": {
        "mesr.common", "baselines", "baselines.weights", "pipeline.support", "pipeline.imaging",
        "pipeline.assets", "pipeline.models", "pipeline.scoring", "pipeline.study",
    },
    "pipeline.collation": {"pipeline.support", "pipeline.models", "pipeline.study"},
    "pipeline.scheduling": {"pipeline.support", "pipeline.study"},
}  # fmt: skip
# Stages may import every room of `pipeline` and MESR; the other stage that some of them extend:
STAGES_THAT_EXTEND = {
    ("pipeline.ablate", "pipeline.train"),
    ("pipeline.ladder", "pipeline.train"),
    ("pipeline.readings", "pipeline.train"),
}
# Entry points may import the stages as well.
ENTRY_POINTS = {"pipeline.cli", "pipeline.configure", "pipeline.measure"}
# What the report may know of the pipeline: contracts that need no PyTorch.
CONTRACTS = (
    "pipeline.study.columns", "pipeline.study.comparisons", "pipeline.study.keys",
    "pipeline.study.paths", "pipeline.study.results", "pipeline.study.statistics",
    "pipeline.support",
)  # fmt: skip
PACKAGES = ("mesr", "baselines", "pipeline", "reports")


def modules() -> dict[str, Path]:
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports(module: str) -> set[str]:
    """Modules of the project that `module` imports, inside functions too."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1])
            source = ".".join(filter(None, (base if node.level else "", node.module)))
            # `from a import b`: module a.b where there is one, otherwise a name in a.
            names |= {
                full if (full := f"{source}.{alias.name}") in MODULES else source
                for alias in node.names
            }
    return {name for name in names if name in MODULES and name != module}


def room(module: str) -> str:
    """The room of `module`; "pipeline" for stages and entry points."""
    fitting = [name for name in ROOMS if module == name or module.startswith(f"{name}.")]
    return max(fitting, key=len, default=module.partition(".")[0])


def stages() -> set[str]:
    graph: Any = OmegaConf.to_container(OmegaConf.load(ROOT / "dvc.yaml"), resolve=False)
    commands = [str(stage["cmd"]) for stage in graph["stages"].values()]
    return {m for command in commands for m in re.findall(r"-m (pipeline\.\w+)", command)}


def allowed(module: str, target: str) -> bool:
    if target in ("pipeline", "mesr.common"):
        return True
    home, goal = room(module), room(target)
    if home == goal != "pipeline":
        return True
    if home == "reports":
        return target.startswith(CONTRACTS)
    if home in ROOMS:
        return goal in ROOMS[home]
    # Stages and entry points.
    if goal == "pipeline":
        return module in ENTRY_POINTS or (module, target) in STAGES_THAT_EXTEND
    return goal in ROOMS and not goal.startswith("baselines")


@pytest.mark.parametrize("module", sorted(MODULES))
def test_module_imports_only_what_its_room_may(module: str) -> None:
    wrong = {target for target in imports(module) if not allowed(module, target)}
    assert not wrong, f"{module} (room {room(module)}) imports {', '.join(sorted(wrong))}"


def test_rooms_stand_on_floors() -> None:
    names = list(ROOMS)
    for position, name in enumerate(names):
        assert ROOMS[name] <= set(names[:position]), name


def test_every_package_of_the_pipeline_is_a_room() -> None:
    packages = {m for m, path in MODULES.items() if path.name == "__init__.py"}
    packages = {m for m in packages if room(m) != "reports"}
    assert packages - {"pipeline"} <= set(ROOMS)


def test_top_of_the_pipeline_holds_stages_and_entry_points_only() -> None:
    top = {m for m, p in MODULES.items() if p.parent == ROOT / "pipeline"} - {"pipeline"}
    assert top == stages() | ENTRY_POINTS


def test_report_needs_no_torch() -> None:
    code = "import sys, reports.render; sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
