"""When a process computes in portable arithmetic."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.configure import compose_params
from pipeline.support.arithmetic import VARIABLES, asked_for, missing_hardware
from pipeline.support.errors import UserError

ROOT = Path(__file__).parents[3]
here = pytest.mark.skipif(bool(missing_hardware()), reason=missing_hardware() or "-")

TELL = """\
import json, os
from pipeline.imaging.backend import choose_device, computed_on
from pipeline.configure import compose_params
from pipeline.support.arithmetic import VARIABLES, describe
import numpy, torch
features = numpy._core._multiarray_umath.__cpu_features__
print(json.dumps({
    "computed": computed_on(choose_device()), "described": describe(),
    "variables": {name: os.environ.get(name) for name in VARIABLES},
    "torch": torch.backends.cpu.get_cpu_capability(), "x86_v4": features.get("X86_V4", False),
}))
"""


def told(folder: Path, before: str = "", arithmetic: str = "portable") -> dict:
    (folder / "params.yaml").write_text(f"profile: toy\narithmetic: {arithmetic}\n")
    found = subprocess.run(
        [sys.executable, "-c", before + TELL], cwd=folder, env={"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(found.stdout)


@here
def test_the_libraries_are_held_to_it_before_they_are_imported(tmp_path: Path) -> None:
    found = told(tmp_path)
    assert found["computed"]["arithmetic"] == "portable"
    assert found["computed"]["device"] == "cpu"
    assert found["computed"]["threads"] == 1
    assert found["described"] == "portable arithmetic"
    assert found["variables"] == VARIABLES
    assert (found["torch"], found["x86_v4"]) == ("AVX2", False)


@pytest.mark.parametrize("library", ["torch", "numpy"])
def test_a_process_with_a_library_imported_before_is_not_portable(
    tmp_path: Path, library: str
) -> None:
    found = told(tmp_path, f"import {library}\n")
    assert found["computed"]["arithmetic"] == "native"
    assert found["variables"]["MKL_CBWR"] is None
    assert f"asks for portable: {library} was imported before" in found["described"]


def test_native_studies_are_left_alone(tmp_path: Path) -> None:
    found = told(tmp_path, arithmetic="native")
    assert found["described"] == "native arithmetic"
    assert set(found["variables"].values()) == {None}


@here
def test_what_is_forked_inherits_it_and_cannot_claim_it_otherwise(tmp_path: Path) -> None:
    fork = (
        "{first}\nimport os\npid = os.fork()\nif pid:\n    os._exit(os.waitpid(pid, 0)[1] >> 8)\n"
    )
    assert told(tmp_path, fork.format(first="import pipeline, torch"))["torch"] == "AVX2"
    found = told(tmp_path, fork.format(first="import torch"))
    assert found["computed"]["arithmetic"] == "native"


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
    from pipeline.support import arithmetic  # noqa: PLC0415

    (tmp_path / "params.yaml").write_text("arithmetic: portable\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "orig_argv", ["python", *words])
    monkeypatch.setattr(arithmetic, "LIBRARIES", ())
    monkeypatch.setattr(arithmetic, "missing_hardware", lambda: "")
    monkeypatch.setattr(arithmetic.os, "environ", {})
    monkeypatch.setattr(arithmetic, "_Process", type("Fresh", (arithmetic._Process,), {}))
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


def test_a_processor_that_lacks_something_is_named(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nflags\t\t: fpu sse2 avx fma f16c bmi2\n")
    if sys.platform == "linux":
        assert missing_hardware(cpuinfo) in ("the processor lacks avx2",) or "not Linux" in str(
            missing_hardware(cpuinfo)
        )


@pytest.mark.parametrize(
    "change",
    ["train.threads=2", "evaluate.threads=2", "train.precision=bf16"],
)
def test_settings_that_it_cannot_have_are_refused(change: str) -> None:
    with pytest.raises(UserError, match=f"{change.partition('=')[0]}.*portable arithmetic"):
        compose_params(["profile=quick", change], ROOT / "conf")
    compose_params(["profile=quick", change, "arithmetic=native"], ROOT / "conf")
