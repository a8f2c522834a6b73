"""Portable arithmetic: the same bits on every x86-64 processor with AVX2.

PyTorch, oneDNN, MKL, OpenBLAS and NumPy choose their code by the processor, each when it is
imported or first used, and what they choose differs in the last bits. Environment variables hold
all of them to what every processor with AVX2 computes alike; they must be set before the libraries
are imported. So packages `pipeline` and `reports` call `prepare` when they are imported, before any
module of theirs, which reads nothing but the line ``arithmetic:`` of params.yaml. Standard library
only, for the same reason.
"""

import os
import platform
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

Arithmetic = Literal["portable", "native"]

PARAMS = Path("params.yaml")
VARIABLES = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_CBWR": "COMPATIBLE",
    "OPENBLAS_CORETYPE": "Haswell",
    # The names of NumPy 2.4 and, of the groups that X86_V4 took the place of, those before it.
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    # Sums over several threads are added in another order.
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
LIBRARIES = ("torch", "numpy")
# What outputs name as the machine, where its processor does not matter.
MACHINE = "x86-64 (AVX2)"

_NEEDED = {"avx2", "fma", "bmi2", "f16c"}


class _Process:
    asked: Arithmetic = "native"
    portable = False
    obstacle = ""


def prepare() -> None:
    """Hold the libraries to portable arithmetic where params.yaml asks for it.

    What a parent process did holds for what it forks. Tools such as ``mesr upscale`` are left
    alone: they are for the machine that they run on.
    """
    if _Process.portable or _is_tool(sys.orig_argv):
        return
    _Process.asked = asked_for(PARAMS)
    if _Process.asked == "native":
        return
    if found := next((name for name in LIBRARIES if name in sys.modules), ""):
        _Process.obstacle = f"{found} was imported before"
    else:
        _Process.obstacle = missing_hardware()
    if not _Process.obstacle:
        os.environ.update(VARIABLES)
        _Process.portable = True


def portable() -> bool:
    """Whether this process computes in portable arithmetic: on the CPU, with one thread."""
    return _Process.portable


def arithmetic() -> Arithmetic:
    """Name the arithmetic of this process, as outputs record it."""
    return "portable" if _Process.portable else "native"


def describe() -> str:
    """Name the arithmetic of this process for people, and say why it is not the one asked for."""
    why = f", although params.yaml asks for portable: {_Process.obstacle}"
    return f"{arithmetic()} arithmetic{why if _Process.obstacle else ''}"


def asked_for(params: Path) -> Arithmetic:
    """Return what a params.yaml says of the arithmetic, without a parser for the rest of it."""
    try:
        text = params.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "native"
    found = re.search(r"^arithmetic:[ \t]*['\"]?portable\b", text, re.MULTILINE)
    return "portable" if found else "native"


def missing_hardware(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Say what this machine lacks for portable arithmetic; empty if nothing."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "AMD64"):
        return f"{platform.system()} on {platform.machine()}, not Linux on x86-64"
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return f"{cpuinfo} cannot be read"
    flags = re.search(r"^flags\s*:(.*)$", text, re.MULTILINE)
    missing = sorted(_NEEDED.difference(flags[1].split() if flags else ()))
    return f"the processor lacks {', '.join(missing)}" if missing else ""


def _is_tool(words: Sequence[str]) -> bool:
    """Whether a command line is of a program that is no part of a study."""
    arguments = list(words[1:])
    while arguments and arguments[0].startswith("-") and arguments[0] != "-m":
        arguments.pop(0)
    if arguments[:1] == ["-m"]:
        arguments.pop(0)
    program, command = (*(Path(word).name for word in arguments[:2]), "", "")[:2]
    if program in ("mesr", "pipeline.cli"):
        return command not in ("repro", "verify")
    return program == "pipeline.measure"
