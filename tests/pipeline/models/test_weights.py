"""Weights that do not fit a network are refused by name, and the network keeps its own."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from baselines.dasr import DASR
from baselines.vdsr import VDSR
from mesr.common.base import SRNetwork
from pipeline.models.weights import load_state, load_weights
from pipeline.support.errors import UserError

State = dict[str, Tensor]


@pytest.fixture
def network() -> SRNetwork:
    return VDSR(2, features=4, depth=3)


def _without(state: State) -> State:
    return {name: tensor for name, tensor in state.items() if name != "convs.1.bias"}


def _with(name: str, tensor: Tensor) -> Callable[[State], State]:
    return lambda state: {**state, name: tensor}


SPOILED: list[tuple[Callable[[State], State], str]] = [
    (_without, r"do not fit VDSR.*convs\.1\.bias is missing, 1 in all"),
    (_with("extra", torch.ones(1)), "extra is unexpected"),
    (
        _with("convs.1.bias", torch.ones(5)),
        r"convs\.1\.bias has shape \(5,\) and type torch\.float32; expected \(\(4,\)",
    ),
    (
        _with("convs.1.bias", torch.ones(4).half()),
        r"convs\.1\.bias has shape \(4,\) and type torch\.float16",
    ),
    (
        _with("convs.1.bias", torch.ones(4).double()),
        r"convs\.1\.bias has shape \(4,\) and type torch\.float64",
    ),
    (
        _with("convs.1.bias", torch.ones(4).int()),
        r"convs\.1\.bias has shape \(4,\) and type torch\.int32",
    ),
    (_with("convs.1.bias", torch.tensor([1, 2, torch.nan, 0])), r"convs\.1\.bias holds NaN"),
    (_with("convs.1.bias", torch.tensor([1, 2, -torch.inf, 0])), r"bias holds NaN or infinity"),
]


@pytest.mark.parametrize(("spoil", "message"), SPOILED)
def test_weights_that_do_not_fit_are_refused_by_name(
    network: SRNetwork, tmp_path: Path, spoil: Callable[[State], State], message: str
) -> None:
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    path = tmp_path / "weights.safetensors"
    save_file(spoil(before), path)
    with pytest.raises(UserError, match=rf"weights\.safetensors: .*{message}"):
        load_weights(network, path)
    after = network.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


def test_weights_that_fit_are_loaded_buffers_too(tmp_path: Path) -> None:
    source, target = (DASR(2, features=4, depth=1, blocks=1) for _ in range(2))
    source.train()(torch.rand(1, 3, 8, 8))  # counts a batch, an int64 buffer
    save_file(source.state_dict(), tmp_path / "weights.safetensors")
    load_weights(target, tmp_path / "weights.safetensors")
    found = target.state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in source.state_dict().items())


def test_a_tensor_that_would_unfold_is_refused_by_its_shape(network: SRNetwork) -> None:
    state = network.state_dict() | {"convs.1.bias": torch.ones(1).expand(1 << 40)}
    with pytest.raises(UserError, match=r"convs\.1\.bias has shape \(1099511627776,\)"):
        load_state(network, state, "a file", "Make another.")


@pytest.mark.parametrize("content", [b"", b"\x10", b"\x02\0\0\0\0\0\0\0{}", b"PK\x03\x04"])
def test_other_files_are_refused(network: SRNetwork, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.safetensors"
    with pytest.raises(UserError, match="not found"):
        load_weights(network, path)
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"weights\.safetensors: "):
        load_weights(network, path)
