"""Self-ensemble: the mean over the eight flips and quarter turns of the input."""

import torch
from torch import Tensor

from mesr.common.base import SRNetwork

TRANSFORMS = [(turns, flip) for flip in (False, True) for turns in range(4)]


class SelfEnsemble(SRNetwork):
    """Any network, averaged over the eight symmetries of a square ("geometric self-ensemble").

    Papers mark its rows with a plus ("EDSR+"). Costs eight forward passes. The result turns and
    flips with the input; where the network's own does already, nothing changes.

    Parameters
    ----------
    network : SRNetwork
        What is averaged, on whatever device it is; `domain`, `preupsampled` and the outputs are
        its own.

    References
    ----------
    Timofte, Rothe and Van Gool, "Seven ways to improve example-based single image super
    resolution", CVPR 2016, Section 3.6; Lim et al., EDSR, CVPRW 2017, Section 3.4.
    """

    def __init__(self, network: SRNetwork) -> None:
        super().__init__(network.scale)
        self.network = network
        self.domain = network.domain
        self.preupsampled = network.preupsampled
        self.output_weights = network.output_weights

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Average the outputs for `x`, (B, C, h, w); in float32 or wider, whatever x is."""
        results = []
        for turns, flip in TRANSFORMS:
            turned = torch.rot90(x.flip(-1) if flip else x, turns, (-2, -1))
            outputs = [torch.rot90(y, -turns, (-2, -1)) for y in self.network(turned)]
            results.append([y.flip(-1) if flip else y for y in outputs])
        return tuple(_mean(same) for same in zip(*results, strict=True))


def _mean(values: tuple[Tensor, ...]) -> Tensor:
    # Added in pairs: the sum of eight equal numbers is then exact.
    parts = [v.to(torch.promote_types(v.dtype, torch.float32)) for v in values]
    while len(parts) > 1:
        parts = [a + b for a, b in zip(parts[::2], parts[1::2], strict=True)]
    return parts[0] / len(values)
