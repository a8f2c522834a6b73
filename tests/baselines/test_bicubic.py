import torch

from baselines.bicubic import Bicubic
from mesr.common.imresize import imresize


def test_enlarges_as_matlab_does_without_parameters() -> None:
    network, x = Bicubic(3), torch.rand(2, 3, 5, 7)
    (y,) = network(x)
    assert torch.equal(y, imresize(x, scale=3))
    assert not list(network.parameters())
