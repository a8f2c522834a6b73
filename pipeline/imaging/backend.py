"""What PyTorch computes on and how: the choice of device, and the back-end's global switches.

The one place for both. Training and evaluation enter `backend_flags`; nothing else touches
``torch.backends``, the number of threads, or asks whether there is a GPU.
"""

import ctypes
import os
import platform
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, cast

import joblib  # type: ignore[import-untyped]
import psutil  # type: ignore[import-untyped]
import torch

from pipeline.support import arithmetic

# Of malloc.h: from which size memory is asked of the kernel directly, and how much may lie free
# at the end of the heap.
M_MMAP_THRESHOLD, M_TRIM_THRESHOLD = -3, -1


def choose_device() -> torch.device:
    """Return the first CUDA GPU where there is one, the CPU otherwise and in portable arithmetic.

    Interpolation and metrics compute in float64, which Apple's GPUs lack. CUDA_VISIBLE_DEVICES
    chooses among several GPUs; set to "" it hides them all.
    """
    cuda = not arithmetic.portable() and torch.cuda.is_available()
    return torch.device("cuda" if cuda else "cpu")


def device_name(device: torch.device) -> str:
    """Name the kind of processor, not the host, e.g. ``"AMD EPYC (AVX2)"``."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "cpu":
        name = torch.cpu.get_capabilities().get("cpu_name") or platform.machine()
        return f"{name} ({torch.backends.cpu.get_cpu_capability()})"
    return device.type


def computed_on(device: torch.device) -> dict[str, Any]:
    """Return what outputs record of how they were computed.

    In portable arithmetic neither the processor nor the build of PyTorch matters, and so neither
    is named.
    """
    portable, version = arithmetic.portable(), str(torch.__version__)
    return {
        "device": device.type,
        "arithmetic": arithmetic.arithmetic(),
        "machine": arithmetic.MACHINE if portable else device_name(device),
        "threads": torch.get_num_threads(),
        "torch": version.partition("+")[0] if portable else version,
    }


@cache
def keep_heap() -> bool:
    """Let this process keep the memory of freed tensors for the next ones; return whether it does.

    The GNU C library gives memory back to the kernel as soon as a large tensor is freed, which
    then clears every page of it anew at the next step. On other C libraries nothing is done, nor
    where the environment says how the library should behave. Results do not depend on it.
    """
    chosen = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES")
    if platform.libc_ver()[0] != "glibc" or any(name in os.environ for name in chosen):
        return False
    mallopt = ctypes.CDLL(None).mallopt
    # Tensors of up to 1 GiB come from the heap, and its end is not cut off while it is below 2 GiB.
    return bool(mallopt(M_MMAP_THRESHOLD, 2**30) and mallopt(M_TRIM_THRESHOLD, 2**31 - 1))


# Limit, use, and statistics of a container's memory, in control groups of version 2 and 1.
CONTAINERS = (
    ("memory.max", "memory.current", "memory.stat"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"),
)


def available_memory(device: torch.device, groups: Path = Path("/sys/fs/cgroup")) -> int:
    """Return the bytes that this process can still use on a device.

    On a CPU: what is free or can be freed of the machine's memory, or of what the container may
    use, shared among the processes of this training on this host.

    Parameters
    ----------
    device : torch.device
        A GPU or the CPU.
    groups : Path
        Where the kernel shows the limits of containers.
    """
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    available = int(psutil.virtual_memory().available)
    for limit, used, statistics in CONTAINERS:
        try:
            allowed = int((groups / limit).read_text())
            in_use = int((groups / used).read_text())
            words = (groups / statistics).read_text().split()
        except (OSError, ValueError):  # no such group, or "max": no limit
            continue
        facts = dict(zip(words[::2], words[1::2], strict=False))
        cached = int(facts.get("total_inactive_file", facts.get("inactive_file", 0)))
        available = min(available, max(0, allowed - in_use + cached))
    return available // _local_processes()


def resolve_precision(precision: str, device: torch.device) -> str:
    """Turn ``"auto"`` into ``"bf16"`` where that is faster than ``"fp32"``.

    By what the hardware is, not by a stop-watch: the choice is part of what determines a run.
    CPUs with AMX or AVX-512 BF16 and GPUs from compute capability 8 on multiply bfloat16 matrices
    at twice the rate of float32 or more (docs/training.md has measurements).
    """
    if precision != "auto":
        return precision
    if arithmetic.portable():
        return "fp32"
    if device.type == "cuda":
        return "bf16" if torch.cuda.get_device_capability(device)[0] >= 8 else "fp32"
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        fast = capabilities.get("amx_bf16", False) or capabilities.get("avx512_bf16", False)
        return "bf16" if fast else "fp32"
    return "fp32"


def seed_generator(device: torch.device, seed: int) -> None:
    """Seed the random numbers of one device; `torch.manual_seed` does all, at 1 ms a call."""
    if device.type == "cpu":
        torch.default_generator.manual_seed(seed)
    else:
        torch.get_device_module(device).manual_seed(seed)


@contextmanager
def backend_flags(*, deterministic: bool = True, threads: int | None = None) -> Iterator[None]:
    """Set PyTorch's global switches, and put them back afterwards. The heap is kept from now on.

    float32 is float32: GPUs would compute convolutions with 10-bit mantissas by default (TF32), and
    figures would depend on the GPU.

    Parameters
    ----------
    deterministic : bool
        Ask for deterministic algorithms; an operation that has none warns. False lets cuDNN
        search for the fastest.
    threads : int, optional
        CPU threads of this process, at most its share of the processors (a warning says so).
        None leaves their number alone. Portable arithmetic has one.
    """
    keep_heap()
    threads = 1 if arithmetic.portable() else threads
    backends = cast(Any, torch.backends)
    switches = [
        (backends.cudnn, "deterministic", deterministic),
        (backends.cudnn, "benchmark", not deterministic),
        (backends.cudnn.conv, "fp32_precision", "ieee"),
        (backends.cuda.matmul, "fp32_precision", "ieee"),
        # Would fill each new tensor with NaN, a check that nobody here needs.
        (torch.utils.deterministic, "fill_uninitialized_memory", False),
    ]
    former = [getattr(where, name) for where, name, _ in switches]
    former_threads = torch.get_num_threads()
    former_mode = torch.get_deterministic_debug_mode()
    try:
        if threads is not None:
            torch.set_num_threads(_available(threads))
        if deterministic:
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS asks for it
            torch.use_deterministic_algorithms(True, warn_only=True)
        for where, name, value in switches:
            setattr(where, name, value)
        yield
    finally:
        if threads is not None:
            torch.set_num_threads(former_threads)
        torch.set_deterministic_debug_mode(former_mode)
        for (where, name, _), value in zip(switches, former, strict=True):
            setattr(where, name, value)


def _available(threads: int) -> int:
    # joblib heeds CPU affinity and the limits of containers.
    available = max(1, joblib.cpu_count() // _local_processes())
    if threads > available:
        warnings.warn(
            f"{threads} threads were asked for; using {available}, this process's share of the "
            "processors. Results depend on the number of threads.",
            stacklevel=4,
        )
    return min(threads, available)


def _local_processes() -> int:
    """Return how many processes train together on this host, as torchrun tells them."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
