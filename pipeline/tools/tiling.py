"""Super-resolving images of any size in overlapping tiles, for use, not for measurement.

What a tile may be cut to is found by trying the network, not by knowing it: how far a pixel reaches
(`reach`), and by how many pixels the image may be shifted without a change (`grid`: the period
of windows, pooling and unshuffling). What is said of the result was measured (`try_tiles`).
Images are in grey levels, 0..255.
"""

import copy
from dataclasses import dataclass, replace
from itertools import pairwise, product

import joblib  # type: ignore[import-untyped]
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from mesr.common.base import SRNetwork
from pipeline.imaging.backend import backend_flags
from pipeline.imaging.inference import run_network, super_resolve
from pipeline.imaging.protocol import RGB
from pipeline.imaging.tensors import Image, Pixels, from_tensor, round_to_uint8
from pipeline.support.errors import UserError

Part = tuple[tuple[int, int], tuple[int, int]]  # top and bottom, left and right, in LR pixels

FOR_USE = replace(RGB, gray="keep", sr_rounding=False)
LARGEST_REACH = 96  # LR pixels; networks that look further get the halo below
HALO = 16  # LR pixels, where no halo is wide enough
GRIDS = (*range(1, 17), 20, 24, 28, 32)
TRIED = 112  # LR pixels, side of the images on which grids are tried
# Grey levels. Up to the first a shift counts as none: float32 leaves 1e-3, a window at another
# place far more. Up to the second nobody sees a difference.
SAME, INVISIBLE = 0.02, 1.0


@dataclass(frozen=True)
class Plan:
    """How a network's images may be cut.

    Attributes
    ----------
    grid : int
        Tiles begin at multiples of it, in LR pixels.
    halo : int
        LR pixels by which tiles overlap on each side, a multiple of `grid`.
    whole : bool
        Whether the halo holds all that a pixel depends on, as far as `reach` and `grid` found.
    """

    grid: int
    halo: int
    whole: bool


@dataclass(frozen=True)
class TiledResult:
    """A super-resolved image that was computed in tiles.

    Attributes
    ----------
    image : ndarray
        uint8, (scale*h, scale*w) or (scale*h, scale*w, 3).
    tiles : int
        How many there were; with one, nothing was cut.
    plan : Plan or None
        How it was cut; None with one tile.
    deviation : float
        Largest difference that was seen, in grey levels: between tiles and the untiled result on a
        part of the image on which both were computed, or between what neighbouring tiles make of
        the line of pixels where they meet.
    """

    image: Pixels
    tiles: int
    plan: Plan | None = None
    deviation: float = 0.0

    def sentence(self) -> str:
        """Say how the image was cut and what that changed, as far as it was tried."""
        if self.plan is None:
            return ""
        text = f"{self.tiles} tiles that overlap by {self.plan.halo} LR pixels"
        if self.plan.whole and self.deviation <= SAME:
            return f"{text}, equal to the untiled image up to rounding where both were computed"
        if self.deviation <= INVISIBLE:
            return (
                f"{text}, within {self.deviation:.2g} of 255 grey levels of the untiled image "
                "where both were computed, and of each other where they meet"
            )
        return (
            f"{text}; where they meet, and where the untiled image was computed too, values differ "
            f"by up to {self.deviation:.2g} of 255 grey levels: the network looks at the whole "
            "image. Larger tiles (--tile 512) lessen that, --tile 0 avoids it if memory suffices"
        )


class _Extending(SRNetwork):
    """The last output of a network, which gets sizes that it accepts.

    Where a network refuses the size, because its layers want multiples of a window or no image so
    small, the image is extended to multiples of 64 first.
    """

    def __init__(self, network: SRNetwork) -> None:
        super().__init__(network.scale)
        self.network, self.domain = network, network.domain
        self.preupsampled = network.preupsampled

    def forward(self, x: Tensor) -> tuple[Tensor]:
        height, width = x.shape[-2:]
        factor = 1 if self.preupsampled else self.scale
        try:
            return (self.network(x)[-1],)
        except RuntimeError as error:
            x = F.pad(x, (0, -width % 64, 0, -height % 64), mode="replicate")
            try:
                return (self.network(x)[-1][..., : height * factor, : width * factor],)
            except RuntimeError:
                what = f"{type(self.network).__name__} cannot enlarge an image of {width}x{height}"
                remedy = "Give a smaller --tile where memory ran out, or another network."
                raise UserError(f"{what} pixels: {error}. {remedy}") from error


def enlarge(network: SRNetwork, lr: Image) -> Image:
    """Super-resolve a whole image as the evaluation does, without rounding.

    Parameters
    ----------
    network : SRNetwork
        On the device to use.
    lr : ndarray
        (h, w) or (h, w, 3): uint8, or float64.

    Returns
    -------
    ndarray
        float64 in 0..255, (scale*h, scale*w) or (scale*h, scale*w, 3). Luma networks get the luma
        of colour images, RGB networks gray images three times.

    Raises
    ------
    UserError
        When the network refuses the size, and that of the extended image as well.
    """
    return np.clip(super_resolve(_Extending(network), lr, FOR_USE)[-1], 0, 255)


def reach(network: SRNetwork) -> int | None:
    """Measure how many LR pixels away an input pixel still changes the SR image.

    NaN is put on one line of an otherwise black strip and spreads through every sum, product,
    activation and pooling to all that depends on that line, whatever the weights are. Lines at 32
    neighbouring places are tried, because windows and pooling reach further from some of them.

    Returns
    -------
    int or None
        Never too small for places that were tried; None above `LARGEST_REACH`, as with global
        pooling.
    """
    farthest = 3  # of the bicubic interpolation of chroma
    for axis in (-1, -2):
        # One line first: most of what looks at the whole image shows at once.
        first = _reached(network, axis, 2 * LARGEST_REACH + 3, 1)
        found = None if first is None else _reached(network, axis, 4 * first + 99, 32)
        if found is None or found > LARGEST_REACH:
            return None
        farthest = max(farthest, found)
    return farthest


def _reached(network: SRNetwork, axis: int, length: int, places: int) -> int | None:
    """Probe lines in the middle of a strip; None where what they reach does not end before it."""
    shape = [places, 1 if network.domain == "y" else 3, 8, 8]
    shape[axis] = length
    x = torch.zeros(shape, dtype=torch.float64)
    lines = range((length - places) // 2, (length + places) // 2)
    for sample, line in zip(x, lines, strict=True):
        sample.select(axis, line).fill_(torch.nan)
    y = run_network(_Extending(network), x, FOR_USE, None)[-1]
    changed = y.isnan().movedim(axis, 1).reshape(places, length, -1).any(dim=-1).numpy()
    farthest = 0
    for line, found in zip(lines, changed, strict=True):
        reached = np.flatnonzero(found)
        # NaN may be lost on the way, as in a comparison.
        if not len(reached) or reached[0] == 0 or reached[-1] == length - 1:
            return None
        farthest = max(farthest, int(line - reached[0]), int(reached[-1] - line))
    return farthest


def grid(network: SRNetwork, tolerance: float = SAME) -> int:
    """Find by how many LR pixels an image may be shifted so that its SR image is shifted alike.

    Returns
    -------
    int
        The smallest of `GRIDS` by which, and by twice which, shifting in both directions changes
        the middle of an image by at most `tolerance` grey levels; the one that changes least where
        all change more.
    """
    generator = torch.Generator().manual_seed(0)
    channels = 1 if network.domain == "y" else 3
    texture = torch.rand(1, channels, TRIED // 4, TRIED // 4, generator=generator)
    # Smooth and rough at once: what networks make of noise alone says little.
    x = F.interpolate(texture, size=(TRIED, TRIED), mode="bicubic")
    x = (0.8 * x + 0.2 * torch.rand(x.shape, generator=generator)).clamp(0, 1)
    lr = from_tensor(255 * x)

    def middle(shift: int) -> Image:
        first = (TRIED // 2 - shift) * network.scale
        inside = slice(first, first + 16 * network.scale)
        return enlarge(network, lr[shift:, shift:])[inside, inside]

    base = middle(0)
    changes: dict[int, float] = {}
    for step in GRIDS:
        shifts = (step, 2 * step) if 2 * step <= GRIDS[-1] else (step,)
        changes[step] = max(float(np.abs(middle(shift) - base).max()) for shift in shifts)
        if changes[step] <= tolerance:
            break
    return min(changes, key=lambda step: changes[step])


def plan(network: SRNetwork) -> Plan:
    """Find how the images of a network may be cut."""
    radius = reach(network)
    # What looks at the whole image changes a little with every shift.
    step = grid(network, SAME if radius is not None else INVISIBLE / 4)
    # One pixel more than the reach makes the line on which neighbours are compared right as well.
    needed = HALO if radius is None else radius + 1
    return Plan(step, -(-needed // step) * step, whole=radius is not None)


def upscale_tiled(
    network: SRNetwork,
    lr: Pixels,
    *,
    tile: int = 256,
    cut: Plan | None = None,
) -> TiledResult:
    """Super-resolve an image of any size in overlapping tiles, so that memory stays bounded.

    Parameters
    ----------
    network : SRNetwork
        On the device to use.
    lr : ndarray
        uint8, (h, w) or (h, w, 3).
    tile : int
        Side of a tile in LR pixels, without halo; a multiple of the grid is taken.
    cut : Plan, optional
        From `plan`, which is asked where it is needed and not given.

    Returns
    -------
    TiledResult
        The SR image and how faithful it is.
    """
    height, width = lr.shape[:2]
    scale = network.scale
    if max(height, width) <= tile:
        return TiledResult(round_to_uint8(enlarge(network, lr)), 1)
    cut = cut or plan(network)
    canvas = np.empty((height * scale, width * scale, *lr.shape[2:]), np.uint8)
    parts = list(product(*(_cuts(side, tile, cut.grid) for side in (height, width))))

    def one(part: Part) -> list[Image]:
        """Compute a tile; return its first lines, and the lines that follow after its last."""
        (top, bottom), (left, right) = part
        # Some networks keep things between layers, so that each thread needs its own.
        y = _tile(copy.deepcopy(network), lr, part, cut.halo)
        rows, columns = (bottom - top) * scale, (right - left) * scale
        canvas[top * scale : bottom * scale, left * scale : right * scale] = round_to_uint8(
            y[:rows, :columns]
        )
        lines = y[:scale, :columns], y[:rows, :scale], y[rows:, :columns], y[:rows, columns:]
        return [line.copy() for line in lines]

    parameter = next(network.parameters(), torch.empty(0))
    cores = joblib.cpu_count()
    workers = min(cores, 8, len(parts)) if parameter.device.type == "cpu" else 1
    seams = 0.0
    below: dict[int, Image] = {}
    beside = np.empty(0)
    with backend_flags(threads=cores // workers):
        tiles = joblib.Parallel(workers, backend="threading", return_as="generator")(
            joblib.delayed(one)(part) for part in parts
        )
        shown = tqdm(tiles, "tiles", len(parts), leave=False, disable=None, delay=2)
        for ((top, _), (left, _)), lines in zip(parts, shown, strict=True):
            first_row, first_column, next_row, next_column = lines
            if top:
                seams = max(seams, float(np.abs(below[left] - first_row).max()))
            if left:
                seams = max(seams, float(np.abs(beside - first_column).max()))
            below[left], beside = next_row, next_column
    return TiledResult(canvas, len(parts), cut, max(seams, try_tiles(network, lr, cut)))


def try_tiles(network: SRNetwork, lr: Pixels, cut: Plan) -> float:
    """Compare two tiles in the middle of an image with the same part computed as one.

    The part is as long beyond a multiple of the grid as the image is, so that what networks add to
    reach a multiple is tried as well.

    Returns
    -------
    float
        Largest difference in grey levels.
    """
    middle = -(-(cut.halo + 32) // cut.grid) * cut.grid  # where the two tiles meet
    for axis, side in enumerate(lr.shape[:2]):
        length = min(side, 2 * middle + side % cut.grid)
        start = (side - length) // 2 // cut.grid * cut.grid
        lr = lr.take(range(start, start + length), axis)
    height, width = lr.shape[:2]
    y, x = (min(middle, length // 2 // cut.grid * cut.grid) for length in (height, width))
    whole = enlarge(network, lr)
    worst = 0.0
    for part in (((0, y), (0, x)), ((y, height), (x, width))):
        (top, bottom), (left, right) = (np.multiply(span, network.scale) for span in part)
        if top == bottom or left == right:
            continue  # narrower than the grid: not cut
        again = _tile(network, lr, part, cut.halo)[: bottom - top, : right - left]
        worst = max(worst, float(np.abs(again - whole[top:bottom, left:right]).max()))
    return worst


def _tile(network: SRNetwork, lr: Pixels, part: Part, halo: int) -> Image:
    """Super-resolve a part of an image with its halo; return it without what is before it."""
    (top, bottom), (left, right) = part
    above, before = min(top, halo), min(left, halo)
    y = enlarge(network, lr[top - above : bottom + halo, left - before : right + halo])
    y = y[above * network.scale :, before * network.scale :]
    # One line more than the part, on which the next tile is compared.
    return y[: (bottom - top + 1) * network.scale, : (right - left + 1) * network.scale]


def _cuts(length: int, tile: int, grid: int) -> list[tuple[int, int]]:
    """Cut `length` at multiples of `grid` into parts of nearly equal size, about `tile` long."""
    parts = -(-length // max(tile // grid * grid, grid))
    edges = {int(n * length / parts / grid + 0.5) * grid for n in range(1, parts)}
    inner = sorted(edge for edge in edges if 0 < edge < length)
    return list(pairwise([0, *inner, length]))
