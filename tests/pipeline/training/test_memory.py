import re

import pytest
import torch
from torch import nn

from mesr.common.base import SRNetwork
from pipeline.models.networks import NETWORKS
from pipeline.support.errors import UserError
from pipeline.training import trainer
from pipeline.training.memory import check_memory, saved_bytes, step_memory
from tests.pipeline.models.tiny import build_tiny
from tests.pipeline.training.toy import Toy, make_data, train_toy


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
    for patches in (1, 2, 5):
        assert saved_bytes(TwoConvolutions(), loss_of, patches) == 4 * patches * floats_per_patch


def test_weights_gradients_and_moments_are_fixed():
    network = TwoConvolutions()
    trained = 3 * 5 * 9 + 5 + 5 * 12 * 9 + 12
    per_patch = 4 * (3 + 5) * 6 * 7
    assert step_memory(network, loss_of, ema=False) == (4 * (4 * trained + 1000), per_patch)
    assert step_memory(network, loss_of, ema=True) == (4 * (5 * trained + 2000), per_patch)


def test_the_network_is_not_changed():
    network = Toy()  # has batch statistics
    before = {name: value.clone() for name, value in network.state_dict().items()}
    step_memory(network, loss_of, ema=False)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "bicubic"])
def test_every_network_can_be_estimated(name):
    network = build_tiny(name, 2)
    channels = 1 if network.domain == "y" else 3

    def loss_of(copy, patches):
        side = 24 if copy.preupsampled else 12
        return torch.stack([y.sum() for y in copy(torch.rand(patches, channels, side, side))]).sum()

    fixed, per_patch = step_memory(network, loss_of, ema=False)
    trained = sum(p.nbytes for p in network.parameters() if p.requires_grad)
    assert fixed >= sum(p.nbytes for p in network.parameters()) + 3 * trained
    assert per_patch >= 4 * channels * 24 * 24


def test_the_largest_batch_that_fits_is_named():
    mib = 2**20
    room = {"available": 1000 * mib, "where": "a CPU"}
    check_memory(100 * mib, 9 * mib, patches=100, processes=1, **room)
    with pytest.raises(UserError, match=re.escape("needs at least 1.0 GiB")) as caught:
        check_memory(100 * mib, 9 * mib, patches=101, processes=2, **room)
    message = str(caught.value)
    assert "train.batch is 202" in message
    assert "9.00 MiB a patch and 100.00 MiB for weights" in message
    assert "1.0 GiB are available on a CPU" in message
    assert "Lower train.batch to 200 at most" in message
    with pytest.raises(UserError, match="Not even one patch fits"):
        check_memory(1001 * mib, mib, patches=1, processes=1, **room)


@pytest.mark.parametrize("batch", [200_000, 1_000_000_000])
def test_a_batch_that_does_not_fit_is_refused_before_anything_is_read(tmp_path, monkeypatch, batch):
    make_data(tmp_path)
    monkeypatch.setattr(trainer, "available_memory", lambda _: 2**30)
    with pytest.raises(UserError, match=rf"train\.batch is {batch}: .* train\.batch to \d+ at"):
        train_toy(tmp_path, "x", batch=batch)
    assert not (tmp_path / "checkpoints").exists()


def test_sparse_matrices_of_the_resizing_are_passed_over():
    weights = torch.eye(6).to_sparse()

    def resized(network, patches):
        return sum((weights @ plane).sum() for plane in loss_inputs(network, patches))

    def loss_inputs(network, patches):
        return network(torch.ones(patches, 3, 3, 7))[0].flatten(0, 1)

    assert saved_bytes(TwoConvolutions(), resized, 2) > 0
