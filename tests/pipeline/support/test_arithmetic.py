"""When a process computes in portable arithmetic."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.support import arithmetic
from pipeline.support.arithmetic import VARIABLES, asked_for, missing_hardware

ROOT = Path(__file__).parents[3]
here = pytest.mark.skipif(bool(missing_hardware()), reason=missing_hardware() or "-")

TELL = """\
import json, os
from pipeline.imaging.backend import choose_device, computed_on
from pipeline.support.arithmetic import VARIABLES, describe
import numpy, torch
features = numpy._core._multiarray_umath.__cpu_features__
print(json.dumps({
    "computed": computed_on(choose_device()), "described": describe(),
    "variables": {name: os.environ.get(name) for name in VARIABLES},
    "torch": torch.backends.cpu.get_cpu_capability(), "x86_v4": features.get("X86_V4", False),
}))
"""
FORK = "import {}, os\npid = os.fork()\nif pid:\n    os._exit(os.waitpid(pid, 0)[1] >> 8)\n"


def told(folder: Path, before: str, arithmetic: str = "portable") -> dict:
    (folder / "params.yaml").write_text(f"profile: toy\narithmetic: {arithmetic}\n")
    command, environment = [sys.executable, "-c", before + TELL], {"PYTHONPATH": str(ROOT)}
    return json.loads(subprocess.check_output(command, cwd=folder, env=environment, text=True))


@here
@pytest.mark.parametrize("before", ["", FORK.format("pipeline, torch")])
def test_the_libraries_are_held_to_it_and_what_is_forked_inherits_it(
    tmp_path: Path, before: str
) -> None:
    found = told(tmp_path, before)
    computed = {"arithmetic": "portable", "device": "cpu", "threads": 1}
    assert found["computed"] | computed == found["computed"]
    assert found["described"] == "portable arithmetic"
    assert found["variables"] == VARIABLES
    assert (found["torch"], found["x86_v4"]) == ("AVX2", False)


@pytest.mark.parametrize("before", ["import torch\n", "import numpy\n", FORK.format("torch")])
def test_a_process_with_a_library_imported_before_is_not_portable(
    tmp_path: Path, before: str
) -> None:
    found = told(tmp_path, before)
    assert found["computed"]["arithmetic"] == "native"
    assert found["variables"]["MKL_CBWR"] is None
    library = "numpy" if "numpy" in before else "torch"
    assert f"asks for portable: {library} was imported before" in found["described"]


def test_native_studies_are_left_alone(tmp_path: Path) -> None:
    found = told(tmp_path, "", arithmetic="native")
    assert found["described"] == "native arithmetic"
    assert set(found["variables"].values()) == {None}


@pytest.mark.parametrize(
    ("words", "portable"),
    [
        (["-m", "pipeline.train"], True),
        (["-X", "dev", "-m", "reports.render"], True),
        (["/home/me/.venv/bin/mesr", "repro", "-j", "2"], True),
        (["/home/me/.venv/bin/mesr", "upscale", "a.png"], False),
        (["-m", "pipeline.cli", "export"], False),
        (["-m", "pipeline.measure"], False),
    ],
)
def test_tools_use_what_the_machine_has(
    words: list[str], portable: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "params.yaml").write_text("arithmetic: portable\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "orig_argv", ["python", *words])
    fresh = type("Fresh", (arithmetic._Process,), {})
    for name, value in {"LIBRARIES": (), "missing_hardware": str, "_Process": fresh}.items():
        monkeypatch.setattr(arithmetic, name, value)
    monkeypatch.setattr(arithmetic.os, "environ", {})
    arithmetic.prepare()
    assert arithmetic.portable() is portable
    assert bool(arithmetic.os.environ) is portable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("arithmetic: portable\n", "portable"),
        ("# c\nscales: [x2]\narithmetic:   'portable'   # why\n", "portable"),
        ("arithmetic: native\n", "native"),
        ("running:\n  arithmetic: portable\n", "native"),
        ("", "native"),
    ],
)
def test_one_line_of_params_is_read(text: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(text)
    assert asked_for(tmp_path / "params.yaml") == expected
    assert asked_for(tmp_path / "none.yaml") == "native"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/cpuinfo")
def test_a_processor_that_lacks_something_is_named(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nflags\t\t: fpu sse2 avx fma f16c bmi2\n")
    assert missing_hardware(tmp_path / "cpuinfo") == "the processor lacks avx2"
