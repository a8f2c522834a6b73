"""Weights that do not fit a network are refused by name, and the network keeps its own."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from baselines.dasr import DASR
from baselines.vdsr import VDSR
from pipeline.models.weights import load_state, load_weights
from pipeline.support.errors import UserError

BIAS = "convs.1.bias"
SPOILED: list[tuple[dict[str, Tensor | None], str]] = [
    ({BIAS: None}, r"do not fit VDSR.*convs\.1\.bias is missing; .* \(1 in all\)"),
    ({"extra": torch.ones(1)}, r"extra is \(\(1,\), torch\.float32\); expected none"),
    ({BIAS: torch.ones(5)}, r"\.bias is \(\(5,\), torch\.float32\); expected \(\(4,\)"),
    ({BIAS: torch.ones(4).half()}, r"bias is \(\(4,\), torch\.float16\)"),
    ({BIAS: torch.ones(4).int()}, r"bias is \(\(4,\), torch\.int32\)"),
    ({BIAS: torch.tensor([1, 2, torch.nan, 0])}, r"convs\.1\.bias holds NaN"),
    ({BIAS: torch.tensor([1, 2, -torch.inf, 0])}, r"bias holds NaN or infinity"),
]


@pytest.mark.parametrize(("change", "message"), SPOILED)
def test_weights_that_do_not_fit_are_refused_by_name(
    tmp_path: Path, change: dict[str, Tensor | None], message: str
) -> None:
    network, path = VDSR(2, features=4, depth=3), tmp_path / "weights.safetensors"
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    save_file({name: t for name, t in (before | change).items() if t is not None}, path)
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


def test_a_tensor_that_would_unfold_is_refused_by_its_shape() -> None:
    network = VDSR(2, features=4, depth=3)
    state = network.state_dict() | {BIAS: torch.ones(1).expand(1 << 40)}
    with pytest.raises(UserError, match=r"convs\.1\.bias is \(\(1099511627776,\)"):
        load_state(network, state, "a file", "Make another.")


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none: not found; train the network first"):
        load_weights(VDSR(2, features=4, depth=3), tmp_path / "none")
