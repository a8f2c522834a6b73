import torch

from baselines.bicubic import Bicubic
from mesr.common.imresize import imresize
from pipeline.imaging.inference import run_network
from pipeline.imaging.protocol import VDSR, Y


def test_enlarges_as_matlab_does_without_parameters() -> None:
    network, x = Bicubic(3), torch.rand(2, 3, 5, 7, dtype=torch.float64)
    (y,) = run_network(network, x, Y, None)
    assert torch.equal(y, imresize(x, scale=3))
    assert not list(network.parameters())


def test_is_clipped_where_the_protocol_clips_enlarged_images() -> None:
    x = torch.rand(1, 1, 9, 9, dtype=torch.float64)
    (y,) = run_network(Bicubic(2), x, VDSR, None)
    assert torch.equal(y, imresize(x, scale=2).clamp(16 / 255, 235 / 255))
