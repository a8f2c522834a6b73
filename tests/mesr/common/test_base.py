import pytest
import torch
from torch import nn

from mesr.common.base import SRNetwork


class _Pyramid(SRNetwork):
    """Black images of twice the size and of the whole scale."""

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(x.new_zeros(1, 3, k * x.shape[2], k * x.shape[3]) for k in (2, self.scale))


def test_image_skip_adds_the_enlarged_input_to_each_output() -> None:
    network = _Pyramid(4)
    network.add_image_skip()
    x = torch.rand(1, 3, 5, 7)
    for factor, output in zip((2, 4), network(x), strict=True):
        assert output.shape == (1, 3, 5 * factor, 7 * factor)
        # The mean of the middle of each enlarged pixel is the pixel where the image is linear.
        ramp = torch.arange(7.0).expand(1, 3, 5, 7)
        middle = nn.functional.avg_pool2d(network(ramp)[factor == 4], factor)
        torch.testing.assert_close(middle[..., 1:-1], ramp[..., 1:-1])
        torch.testing.assert_close(output.mean(), x.mean(), rtol=0.2, atol=0)
    assert network.state_dict() == {}


def test_image_skip_is_refused_where_the_input_is_enlarged() -> None:
    network = _Pyramid(2)
    network.preupsampled = True
    with pytest.raises(ValueError, match="enlarged already"):
        network.add_image_skip()
