from itertools import product

import torch
from torch import Tensor, nn

from mesr.common.base import SRNetwork
from mesr.network import MESR
from pipeline.imaging.ensemble import SelfEnsemble

X = torch.rand(2, 3, 7, 9, generator=torch.Generator().manual_seed(0))


class Symmetric(SRNetwork):
    """Pixel by pixel, so that it turns and flips with its input exactly."""

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return x.exp(), nn.functional.interpolate(x, scale_factor=self.scale).sin()


def turned(x: Tensor, turns: int, flip: bool) -> Tensor:
    return torch.rot90(x.flip(-1) if flip else x, turns, (-2, -1))


def test_nothing_changes_where_the_network_is_symmetric() -> None:
    network = Symmetric(3)
    for found, expected in zip(SelfEnsemble(network)(X), network(X), strict=True):
        assert torch.equal(found, expected)


def test_it_is_the_mean_of_eight_passes() -> None:
    torch.manual_seed(0)
    network = MESR(2, features=4, branch_features=2, blocks=1, refinement_features=2).eval()
    with torch.no_grad():
        found = SelfEnsemble(network)(X)
        passes = []
        for turns, flip in product(range(4), (False, True)):
            y = torch.rot90(network(turned(X, turns, flip))[-1], -turns, (-2, -1))
            passes.append(y.flip(-1) if flip else y)
    torch.testing.assert_close(found[-1], torch.stack(passes).mean(0))
    for name in ("scale", "domain", "preupsampled", "output_weights"):
        assert getattr(SelfEnsemble(network), name) == getattr(network, name)
    assert (found[-1] - passes[0]).abs().max() > 1e-4


def test_low_precision_is_averaged_in_float32() -> None:
    outputs = SelfEnsemble(Symmetric(2))(X.bfloat16())
    assert {y.dtype for y in outputs} == {torch.float32}
    assert SelfEnsemble(Symmetric(2))(X.double())[0].dtype == torch.float64
