import pytest
import torch

from pipeline.imaging import backend
from pipeline.imaging.backend import backend_flags, choose_device, device_name, resolve_precision


@pytest.mark.parametrize("available", [True, False])
def test_the_gpu_is_chosen_where_there_is_one(monkeypatch, available):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    assert choose_device().type == ("cuda" if available else "cpu")


def test_name_tells_the_vector_instructions():
    assert torch.backends.cpu.get_cpu_capability() in device_name(torch.device("cpu"))


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
@pytest.mark.parametrize("tf32", [True, False])
def test_switches_are_set_and_put_back(deterministic, tf32):
    before = switches()
    with backend_flags(deterministic=deterministic, tf32=tf32):
        precision = "tf32" if tf32 else "ieee"
        found = switches()
        assert found[0] == before[0]
        assert found[1] == deterministic
        assert found[3:] == (deterministic, not deterministic, precision, precision)
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
