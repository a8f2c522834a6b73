import pytest
import torch
from torch import nn

from mesr.common.base import SRNetwork
from pipeline.support.errors import UserError
from pipeline.training import memory
from pipeline.training.memory import check_memory, saved_bytes
from pipeline.training.processes import Processes
from tests.pipeline.training.toy import Toy

CPU = Processes(torch.device("cpu"))


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


def test_the_network_is_not_changed():
    network = Toy()  # has batch statistics
    before = {name: value.clone() for name, value in network.state_dict().items()}
    check_memory(network, loss_of, 1, CPU)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])
    assert all(parameter.grad is None for parameter in network.parameters())


def test_the_largest_batch_that_fits_is_named(monkeypatch):
    trained = 3 * 5 * 9 + 5 + 5 * 12 * 9 + 12
    fixed, per_patch = 4 * (4 * trained + 1000), 4 * (3 + 5) * 6 * 7  # weights, gradients, moments
    monkeypatch.setattr(memory, "available_memory", lambda _: fixed + 100 * per_patch)
    check_memory(TwoConvolutions(), loss_of, 100, CPU)
    two = Processes(torch.device("cpu"), count=2)
    with pytest.raises(UserError, match=r"train\.batch is 202: .* train\.batch to 200 at most"):
        check_memory(TwoConvolutions(), loss_of, 101, two)
    monkeypatch.setattr(memory, "available_memory", lambda _: 2**30)
    with pytest.raises(UserError, match=r"at least 2\.\d\d GiB .* 1\.00 GiB are available on"):
        check_memory(TwoConvolutions(), loss_of, 2 * 2**30 // per_patch, CPU)
