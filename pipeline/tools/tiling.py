"""Super-resolving images of any size in overlapping tiles, for use, not for measurement."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch

from mesr.common.base import SRNetwork
from pipeline.imaging.images import round_to_uint8
from pipeline.imaging.inference import Device, outputs_as_images, run_network
from pipeline.imaging.protocol import RGB, Protocol
from pipeline.imaging.tensors import Image

# LR pixels. Tiles of networks that look at the whole image overlap by this much.
GLOBAL_HALO = 32


@dataclass(frozen=True)
class TiledResult:
    """A super-resolved image that was computed in tiles.

    Parameters
    ----------
    image : ndarray
        As `SRResult.image`.
    tiles : int
        How many there were; with one, nothing was cut.
    halo : int
        LR pixels by which each tile was enlarged on all sides.
    exact : bool
        Whether every pixel saw all that it can see in the whole image.
    deviation : float
        Largest difference, in units of the full range 0..1, between what two neighbouring tiles
        make of the seam they share: rounding errors when `exact`, else a measure of what cutting
        the image has changed.
    """

    image: Image
    tiles: int
    halo: int
    exact: bool
    deviation: float


def receptive_radius(network: SRNetwork, limit: int = 256, device: Device = None) -> int | None:
    """Measure how many LR pixels away an input pixel still reaches the SR image.

    NaN is put on one line of an otherwise black strip and spreads through every sum, product,
    activation and pooling to all that depends on that line, whatever the weights are. The result
    is never too small; it may be too large where a convolution is computed in blocks.

    Parameters
    ----------
    network : SRNetwork
        As for `super_resolve`.
    limit : int
        Largest radius looked for.
    device : torch.device or str, optional
        For networks without parameters.

    Returns
    -------
    int or None
        The radius; None when it exceeds `limit`, as with global pooling it always does.
    """
    scale = network.scale
    channels = 1 if network.domain == "y" else 3
    radius = 0
    for axis in (-1, -2):
        length = 64
        while True:
            shape = [1, channels, 8, 8]
            shape[axis] = length
            x = torch.zeros(shape, dtype=torch.float64)
            x.select(axis, length // 2).fill_(torch.nan)
            reached = run_network(network, x, RGB, device)[-1].isnan().transpose(axis, -1)
            lines = reached.flatten(0, -2).any(dim=0).nonzero() // scale
            low, high = int(lines.min()), int(lines.max())
            if low > 0 and high < length - 1:
                radius = max(radius, length // 2 - low, high - length // 2)
                break
            if length // 2 >= limit:
                return None
            length *= 2
    return radius


def upscale_tiled(
    network: SRNetwork,
    lr: Image,
    protocol: Protocol = RGB,
    *,
    tile: int = 192,
    halo: int | None = None,
    device: Device = None,
) -> TiledResult:
    """Super-resolve an image of any size in overlapping tiles, so that memory stays bounded.

    Each tile is enlarged by a halo, super-resolved and cut back. With a halo of at least the
    network's receptive radius the result is that of the whole image up to rounding errors. A
    network with global pooling sees other statistics in a tile than in the image: its result
    depends on the tiles, and `TiledResult.deviation` says by how much.

    Parameters
    ----------
    network, lr, protocol, device
        As for `super_resolve`.
    tile : int
        Side of a tile in LR pixels, without halo; the largest size that is ever used.
    halo : int, optional
        LR pixels. Measured by `receptive_radius` unless given; `GLOBAL_HALO` when that finds no
        bound.

    Returns
    -------
    TiledResult
        The SR image and how faithful it is.

    Raises
    ------
    ValueError
        When `tile` or `halo` is not positive.
    """
    if tile < 1 or (halo is not None and halo < 1):
        raise ValueError(f"tile is {tile} and halo {halo}; expected at least 1")
    scale = network.scale
    height, width = lr.shape[:2]
    rows, columns = _cuts(height, tile), _cuts(width, tile)
    tiles = len(rows) * len(columns)
    exact = tiles == 1
    if not exact:
        # The bicubic interpolation of chroma reaches 3 pixels. One pixel more than the radius
        # makes the pixel next to the seam, on which neighbours are compared, exact as well.
        radius = receptive_radius(network, device=device) if halo is None or halo > 3 else None
        if halo is None:
            halo = GLOBAL_HALO if radius is None else max(radius, 3) + 1
        exact = radius is not None and halo > max(radius, 3)
    halo = halo or 0

    canvas: Image | None = None
    deviation = 0.0
    below: dict[int, Image] = {}
    for top, bottom in rows:
        right: Image | None = None
        for left, end in columns:
            first_row, first_column = max(top - halo, 0), max(left - halo, 0)
            part = lr[first_row : bottom + halo, first_column : end + halo]
            sr = outputs_as_images(network, part, protocol, device)[-1]
            y0, y1 = (top - first_row) * scale, (bottom - first_row) * scale
            x0, x1 = (left - first_column) * scale, (end - first_column) * scale
            core = sr[y0:y1, x0:x1]
            for seen, again in ((right, core[:, :scale]), (below.get(left), core[:scale])):
                if seen is not None:
                    deviation = max(deviation, float(np.abs(seen - again).max()) / 255)
            right, below[left] = sr[y0:y1, x1 : x1 + scale], sr[y1 : y1 + scale, x0:x1].copy()
            if protocol.sr_rounding:
                core = round_to_uint8(core)
            if canvas is None:
                canvas = np.empty((height * scale, width * scale, *core.shape[2:]), core.dtype)
            canvas[top * scale : bottom * scale, left * scale : end * scale] = core
    assert canvas is not None
    return TiledResult(canvas, tiles, halo, exact, deviation)


def _cuts(length: int, tile: int) -> list[tuple[int, int]]:
    """Cut `length` into parts of nearly equal size, none longer than `tile`."""
    edges = np.linspace(0, length, -(-length // tile) + 1).astype(int).tolist()
    return list(pairwise(edges))
