import platform
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from pipeline.imaging import backend
from pipeline.imaging.backend import (
    available_memory,
    backend_flags,
    choose_device,
    keep_heap,
    resolve_precision,
)


@pytest.mark.parametrize("available", [True, False])
def test_the_gpu_is_chosen_where_there_is_one(monkeypatch, available):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    assert choose_device().type == ("cuda" if available else "cpu")


@pytest.mark.parametrize(
    ("device", "capability", "expected"),
    [
        ("cpu", {"amx_bf16": True, "avx512_bf16": True}, "bf16"),
        ("cpu", {"amx_bf16": False, "avx512_bf16": True}, "bf16"),
        ("cpu", {"avx512_f": True, "avx512_bf16": False}, "fp32"),
        ("cpu", {}, "fp32"),
        ("cuda", (7, 5), "fp32"),
        ("cuda", (8, 0), "bf16"),
        ("mps", None, "fp32"),
    ],
)
def test_auto_precision_follows_the_hardware(monkeypatch, device, capability, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capability)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    device = torch.device(device)
    assert resolve_precision("auto", device) == expected
    assert resolve_precision("fp32", device) == "fp32"
    assert resolve_precision("bf16", device) == "bf16"


def switches():
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    return (
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
        torch.utils.deterministic.fill_uninitialized_memory,
        cudnn.deterministic,
        cudnn.benchmark,
        cudnn.conv.fp32_precision,
        matmul.fp32_precision,
    )


@pytest.mark.parametrize("deterministic", [True, False])
def test_switches_are_set_and_put_back(deterministic):
    before = switches()
    with backend_flags(deterministic=deterministic):
        found = switches()
        assert found[:2] == (before[0], deterministic)
        assert found[3:] == (deterministic, not deterministic, "ieee", "ieee")
        with backend_flags():  # inference while training
            assert switches()[1:] == (True, False, True, False, "ieee", "ieee")
        assert switches() == found
    assert switches() == before


def test_more_threads_than_processors_are_not_used(monkeypatch):
    before = torch.get_num_threads()
    monkeypatch.setattr(backend.joblib, "cpu_count", lambda: 4)
    with backend_flags(threads=3):
        assert torch.get_num_threads() == 3
    assert torch.get_num_threads() == before
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    with pytest.warns(UserWarning, match="64 threads.*using 2"), backend_flags(threads=64):
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 10_000),
        ({"memory.max": "max\n", "memory.current": "7", "memory.stat": ""}, 10_000),
        ({"memory.max": "5000", "memory.current": "4500", "memory.stat": "anon 9"}, 500),
        (
            {"memory.max": "5000", "memory.current": "4500",
             "memory.stat": "active_file 99\ninactive_file 1500\n"},
            2000,
        ),
        (
            {"memory/memory.limit_in_bytes": "800", "memory/memory.usage_in_bytes": "700",
             "memory/memory.stat": "inactive_file 1\ntotal_inactive_file 100\n"},
            200,
        ),
        ({"memory.max": "5", "memory.current": "9", "memory.stat": ""}, 0),
    ],
)  # fmt: skip
def test_memory_of_the_container_counts(monkeypatch, tmp_path, files, expected):
    free = SimpleNamespace(available=10_000)
    monkeypatch.setattr(backend.psutil, "virtual_memory", lambda: free)
    (tmp_path / "memory").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert available_memory(torch.device("cpu"), tmp_path) == expected
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert available_memory(torch.device("cpu"), tmp_path) == expected // 2


FAULTS = """
import resource
import torch
from pipeline.imaging.backend import backend_flags

with backend_flags():
    torch.ones(1_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(100):
        torch.ones(1_000_000)
    print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) * resource.getpagesize())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs the GNU C library")
def test_memory_of_freed_tensors_is_kept(monkeypatch):
    done = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, check=True)
    # Of 100 tensors, what the kernel hands out anew is one or two; without it, all of them.
    assert int(done.stdout) < 0.05 * 100 * 4_000_000
    monkeypatch.setenv("MALLOC_MMAP_THRESHOLD_", "131072")  # the user's own choice
    assert keep_heap.__wrapped__() is False


def test_other_c_libraries_are_left_alone(monkeypatch):
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(backend.ctypes, "CDLL", None)
    assert keep_heap.__wrapped__() is False
