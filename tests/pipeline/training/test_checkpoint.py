import json
from types import SimpleNamespace

import pytest
import torch

from pipeline.training import checkpoint
from pipeline.training.checkpoint import (
    CheckpointFolder,
    TrainingState,
    read_tensors,
    write_tensors,
)
from tests.pipeline.training.toy import Toy, settings


def test_tensors_and_state_survive_bit_by_bit(tmp_path):
    shared = torch.randn(5)
    tensors = {
        "channels_last": torch.randn(4, 3, 3, 3).to(memory_format=torch.channels_last),
        "scalar": torch.tensor(0.1),
        "step": torch.tensor(7, dtype=torch.int64),
        "half": torch.randn(3).bfloat16(),
        "special": torch.tensor([float("nan"), float("inf"), -0.0, 1e-45]),
        "shared": shared,
        "view": shared[1:3],
        "grad": torch.ones(2, requires_grad=True),
    }
    state = {"step": 3, "losses": [0.1, 1e-300, 2 / 3], "history": [{"psnr_db": None}]}
    path = tmp_path / "new" / "state.safetensors"
    write_tensors(path, tensors, state)
    found, found_state = read_tensors(path)
    assert found_state == state
    assert found.keys() == tensors.keys()
    for name, value in tensors.items():
        assert found[name].dtype == value.dtype
        torch.testing.assert_close(found[name], value.detach(), rtol=0, atol=0, equal_nan=True)
    assert [p.name for p in path.parent.iterdir()] == ["state.safetensors"]


@pytest.fixture
def state():
    return TrainingState(Toy(), settings())


def test_folder_is_keyed_by_the_facts(tmp_path, state):
    one = CheckpointFolder(tmp_path, {"seed": 1, "lr": [0.1]})
    assert one.load() is None
    state.step = 5
    one.save(state)
    assert CheckpointFolder(tmp_path, {"lr": [0.1], "seed": 1}).load()[1]["step"] == 5
    for other in ({"seed": 1, "lr": [0.2]}, {"seed": "1", "lr": [0.1]}, {"seed": 1}):
        assert CheckpointFolder(tmp_path, other).load() is None
    assert json.loads((one.path / "facts.json").read_text()) == {"seed": 1, "lr": [0.1]}
    one.remove()
    assert not one.path.exists()
    one.remove()


def test_when_the_next_checkpoint_is_due(tmp_path, monkeypatch, state):
    clock = SimpleNamespace(perf_counter=lambda: clock.now, now=100.0)
    monkeypatch.setattr(checkpoint, "time", clock)
    folder = CheckpointFolder(tmp_path, {"seed": 1})
    clock.now += 10
    assert folder.due(10)
    assert not folder.due(11)
    assert not folder.due(0)
    folder.save(state)
    assert not folder.due(10)
