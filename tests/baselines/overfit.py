"""What the tests that a network can learn share: a tiny x2 batch and the loop over it."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def tiny_batch() -> tuple[Tensor, Tensor]:
    """Seed the generator and return LR (2, 3, 8, 8) and smooth HR (2, 3, 16, 16) images."""
    torch.manual_seed(0)
    hr = F.interpolate(torch.rand(2, 3, 5, 5), size=16, mode="bicubic").clamp(0, 1)
    return F.avg_pool2d(hr, 2), hr


def overfit(net: Any, lr: Tensor, hr: Tensor, steps: int = 150) -> list[float]:
    """Train on one batch with the objective of the network's own paper; return the losses."""
    optimiser = torch.optim.Adam(net.parameters(), 5e-3)
    losses = []
    for _ in range(steps):
        loss = net.paper_objective(net(lr), hr, progress=0.0)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses
