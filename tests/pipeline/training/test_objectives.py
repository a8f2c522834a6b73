"""Every network learns under the equal-budget objective."""

from typing import Any

import pytest
from torch import Tensor

from mesr.common.base import SRNetwork
from pipeline.training.settings import TrainSettings
from pipeline.training.trainer import objective
from tests.pipeline.models.tiny import LEARNING, build_tiny, overfit


@pytest.mark.parametrize(("name", "scale", "settings"), LEARNING)
def test_every_network_overfits_a_tiny_batch(
    name: str, scale: int, settings: dict[str, Any]
) -> None:
    training = TrainSettings()

    def loss(net: SRNetwork, outputs: tuple[Tensor, ...], hr: Tensor, progress: float) -> Tensor:
        return objective(net, outputs, hr, progress, training)

    losses = overfit(build_tiny(name, scale, **settings), loss)
    assert losses[-1] < 0.5 * losses[0]
