"""Every network at a size that trains in milliseconds a step, and the loop that trains it."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from mesr.common.base import SRNetwork
from mesr.common.imresize import imresize
from pipeline.models.networks import build_network

TINY: dict[str, dict[str, Any]] = {
    "bicubic": {},
    "mesr": {
        "features": 16, "branch_features": 8, "blocks": 2, "units": 2, "refinement_features": 8,
    },
    "srcnn": {"variant": "9-1-5", "features": (16, 8)},
    "vdsr": {"features": 16, "depth": 4},
    "lapsrn": {"features": 16, "depth": 2},
    "drcn": {"features": 16, "recursions": 3},
    "idn": {"features": 16, "blocks": 1},
    "dasr": {"features": 16, "depth": 1, "blocks": 1},
    "dpsr": {"features": 16, "depth": 2},
    "pan": {"features": 16, "depth": 2},
    "lapar": {"features": 16, "depth": 1},
    "defian": {"features": 16, "blocks": 1, "depth": 1},
    "msrn": {"features": 16, "blocks": 1},
    "drsan": {"features": 16, "depth": 1},
    "a2f": {"features": 16, "depth": 2, "block_features": 32},
}  # fmt: skip


def build_tiny(name: str, scale: int, **settings: Any) -> SRNetwork:
    torch.manual_seed(0)
    return build_network(name, scale, **TINY[name] | settings)


def example(network: SRNetwork, size: tuple[int, int], batch: int = 2) -> tuple[Tensor, Tensor]:
    """Input as the network takes it, and smooth HR images, for LR images of this size."""
    torch.manual_seed(0)
    channels = 3 if network.domain == "rgb" else 1
    hr_size = size[0] * network.scale, size[1] * network.scale
    hr = F.interpolate(torch.rand(batch, channels, 5, 5), size=hr_size, mode="bicubic")
    hr = hr.clamp(0, 1)
    x = imresize(hr, scale=1 / network.scale)
    return imresize(x, scale=network.scale) if network.preupsampled else x, hr
