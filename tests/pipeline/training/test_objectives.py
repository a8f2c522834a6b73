"""Every network learns under the equal-budget objective, MESR under its paper's as well.

The tests of the baselines train each under the objective of its own paper.
"""

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from mesr.common.imresize import imresize
from pipeline.models.networks import NETWORKS, build_network
from pipeline.training.settings import TrainSettings
from pipeline.training.trainer import objective

TINY: dict[str, dict[str, Any]] = {
    "mesr": {"features": 16, "branch_features": 8, "blocks": 2, "refinement_features": 8},
    "srcnn": {"variant": "9-1-5"},
    "vdsr": {"features": 16, "depth": 4},
    "lapsrn": {"features": 16, "depth": 2},
    "drcn": {"features": 16, "recursions": 3},
    "idn": {"features": 16},
    "dasr": {"features": 16, "depth": 1, "blocks": 1},
    "dpsr": {"features": 16, "depth": 2},
    "pan": {"features": 16, "depth": 2},
    "lapar": {"features": 16, "depth": 1},
    "defian": {"variant": "S", "blocks": 1, "depth": 1},
    "msrn": {"features": 16, "blocks": 1},
    "drsan": {"features": 16, "depth": 1},
    "a2f": {"variant": "SD"},
}


@pytest.mark.parametrize(
    ("name", "kind"),
    [(name, "charbonnier") for name in NETWORKS if name != "bicubic"] + [("mesr", "paper")],
)
def test_every_network_overfits_a_tiny_batch(name: str, kind: str) -> None:
    torch.manual_seed(0)
    network: Any = build_network(name, 2, **TINY[name])
    channels = 1 if network.domain == "y" else 3
    hr = F.interpolate(torch.rand(2, channels, 5, 5), size=32, mode="bicubic").clamp(0, 1)
    x = imresize(hr, scale=1 / 2)
    if network.preupsampled:
        x = imresize(x, scale=2)
    settings = TrainSettings(objective=kind)
    optimiser = torch.optim.Adam(network.parameters(), 3e-3)
    losses = []
    for step in range(80):
        loss = objective(network, network(x), hr, step / 80, settings)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
