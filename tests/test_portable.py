"""Portable arithmetic: this processor, an emulated Intel and an emulated AMD one give equal bits.

Under emulation every instruction is carried out by software, and the libraries see another vendor
and other features, so that they choose other code wherever they can. Each network is trained for a
few steps and scored, and the statistics of the tables are computed; see portable_program.py.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pipeline.models.networks import network_names
from pipeline.support.arithmetic import MACHINE, missing_hardware

ROOT = Path(__file__).parents[1]
PROCESSORS = ("here", "Haswell", "EPYC-Rome")
TRAINED = [name for name in network_names() if name != "bicubic"]

pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        shutil.which("qemu-x86_64") is None, reason="needs qemu-x86_64 (Debian: qemu-user)"
    ),
    pytest.mark.skipif(bool(missing_hardware()), reason=missing_hardware() or "-"),
]


def run_on(
    processors: Sequence[str], folder: Path, arithmetic: str, networks: Sequence[str]
) -> list[dict[str, Any]]:
    """What the program says on each of the processors, side by side."""
    running = []
    for processor in processors:
        place = folder / processor
        (place / "work").mkdir(parents=True)
        (place / "params.yaml").write_text(f"arithmetic: {arithmetic}\n", encoding="utf-8")
        emulator = [] if processor == "here" else ["qemu-x86_64", "-cpu", processor]
        python = str(Path(sys.executable).resolve())
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])
        }
        process = subprocess.Popen(
            [*emulator, python, "-m", "tests.portable_program", "work", *networks], cwd=place,
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        running.append(process)
    found = []
    for process in running:
        out, err = process.communicate()
        assert process.returncode == 0, err[-2000:]
        found.append(json.loads(out.splitlines()[-1]))
    names = [of["processor"] for of in found]
    assert names[1].startswith("Intel")
    assert len(set(names)) >= 2
    return found


def differing(found: list[dict[str, Any]]) -> set[str]:
    here = found[0]["found"]
    return {name for of in found for name in here if of["found"][name] != here[name]}


def test_the_same_bits_on_every_processor(tmp_path: Path) -> None:
    found = run_on(PROCESSORS, tmp_path, "portable", TRAINED)
    for of in found:
        computed = of["computed on"]
        assert computed["arithmetic"] == "portable"
        assert (computed["device"], computed["machine"], computed["threads"]) == ("cpu", MACHINE, 1)
        assert "+" not in computed["torch"]
    assert {f"{name} weights" for name in TRAINED} < set(found[0]["found"])
    assert differing(found) == set()


def test_without_it_they_differ(tmp_path: Path) -> None:
    found = run_on(PROCESSORS[:2], tmp_path, "native", ["vdsr", "lapsrn"])
    assert {of["computed on"]["arithmetic"] for of in found} == {"native"}
    assert any(name.endswith("weights") for name in differing(found))
