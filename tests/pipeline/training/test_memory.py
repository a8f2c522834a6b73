import pytest
import torch
from torch import nn

from mesr.common.base import SRNetwork
from pipeline.support.errors import UserError
from pipeline.training import memory
from pipeline.training.memory import check_memory, saved_bytes, step_memory
from pipeline.training.processes import Processes
from tests.pipeline.training.toy import Toy, train_toy

MIB = 2**20


class TwoConvolutions(SRNetwork):
    """Saves for its backward pass: its input, and what lies between the convolutions."""

    def __init__(self):
        super().__init__(2)
        self.first = nn.Conv2d(3, 5, 3, padding=1)
        self.second = nn.Conv2d(5, 12, 3, padding=1)
        self.frozen = nn.Parameter(torch.zeros(1000), requires_grad=False)

    def forward(self, x):
        return (nn.functional.pixel_shuffle(self.second(self.first(x).relu()), 2),)


def loss_of(network, patches):
    return network(torch.ones(patches, 3, 6, 7))[0].sum()


def test_saved_tensors_are_counted_once():
    floats_per_patch = (3 + 5) * 6 * 7  # ReLU and the second convolution share what they save
    for patches in (1, 5):
        assert saved_bytes(TwoConvolutions(), loss_of, patches) == 4 * patches * floats_per_patch


def test_weights_gradients_and_moments_are_fixed():
    trained = 3 * 5 * 9 + 5 + 5 * 12 * 9 + 12
    per_patch = 4 * (3 + 5) * 6 * 7
    assert step_memory(TwoConvolutions(), loss_of) == (4 * (4 * trained + 1000), per_patch)


def test_sparse_matrices_of_the_resizing_are_passed_over():
    weights = torch.eye(12).to_sparse()

    def resized(network, patches):
        planes = network(torch.ones(patches, 3, 6, 7))[0].flatten(0, 1)
        return sum((weights @ plane).sum() for plane in planes)

    assert saved_bytes(TwoConvolutions(), resized, 2) > 0


def test_the_network_is_not_changed():
    network = Toy()  # has batch statistics
    before = {name: value.clone() for name, value in network.state_dict().items()}
    step_memory(network, loss_of)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])
    assert all(parameter.grad is None for parameter in network.parameters())


def test_the_largest_batch_that_fits_is_named(monkeypatch):
    monkeypatch.setattr(memory, "step_memory", lambda *_: (100 * MIB, 9 * MIB))
    monkeypatch.setattr(memory, "available_memory", lambda _: 1000 * MIB)
    cpu = torch.device("cpu")
    check_memory(Toy(), loss_of, 100, Processes(cpu))
    with pytest.raises(UserError, match=r"needs at least 1\.0 GiB") as caught:
        check_memory(Toy(), loss_of, 101, Processes(cpu, count=2))
    message = str(caught.value)
    assert "train.batch is 202" in message
    assert "9.00 MiB a patch and 100.00 MiB for weights" in message
    assert "1.0 GiB are available on" in message
    assert "Lower train.batch to 200 at most" in message
    monkeypatch.setattr(memory, "available_memory", lambda _: 90 * MIB)
    with pytest.raises(UserError, match="Not even one patch fits"):
        check_memory(Toy(), loss_of, 1, Processes(cpu))


def test_a_batch_that_does_not_fit_is_refused_before_anything_is_read(folder, monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda _: 2**30)
    with pytest.raises(UserError, match=r"train\.batch is 1000000: .* train\.batch to \d+ at"):
        train_toy(folder, "x", batch=1_000_000)
    assert not (folder / "checkpoints").exists()
