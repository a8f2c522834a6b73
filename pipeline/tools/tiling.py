"""Super-resolving images of any size in overlapping tiles, for use, not for measurement.

What a tile may be cut to is found by trying the network, not by knowing it: how far a pixel reaches
(`reach`), and by how many pixels the image may be shifted without a change (`grid`: the period
of windows, pooling and unshuffling). What is said of the result was measured (`try_tiles`).
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import joblib  # type: ignore[import-untyped]
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mesr.common.base import SRNetwork
from mesr.common.imresize import imresize
from pipeline.imaging.backend import backend_flags
from pipeline.imaging.colour import merge_luma, rgb_to_gray, rgb_to_y, stack_gray
from pipeline.imaging.tensors import Pixels
from pipeline.support.errors import UserError

Part = tuple[int, int, int, int]  # top, bottom, left and right, in LR pixels

LARGEST_REACH = 96  # LR pixels; networks that look further get the halo below
HALO = 16  # LR pixels, where no halo is wide enough
GRIDS = (*range(1, 17), 20, 24, 28, 32)
TRIED = 112  # LR pixels, side of the images on which grids are tried
# Grey levels of 255. Up to the first a shift counts as none: float32 leaves 1e-3, a window at
# another place far more. Up to the second nobody sees a difference.
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
        Largest difference that was seen, in grey levels of 255: between tiles and the untiled
        result on a part of the image on which both were computed, or between what neighbouring
        tiles make of the line of pixels where they meet.
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
            f"{text}. The network makes something else of a part than of the whole image: where "
            "tiles meet, and where the untiled image was computed too, values differ by up to "
            f"{self.deviation:.2g} of 255 grey levels. Larger tiles (--tile 512) lessen that; "
            "--tile 0 takes the whole image at once and avoids it, if memory suffices"
        )


def run(network: SRNetwork, x: Tensor) -> Tensor:
    """Run a network on LR planes (B, C, h, w) in [0, 1]; return its last output, float32.

    Where a network refuses the size, because its layers want multiples of a window or no image so
    small, the image is extended to multiples of 64 first.

    Raises
    ------
    UserError
        When it refuses that as well.
    """
    parameter = next(network.parameters(), torch.empty(0))
    factor = 1 if network.preupsampled else network.scale
    if network.preupsampled:
        x = imresize(x.double(), scale=network.scale)
    x = x.to(parameter.device, parameter.dtype, memory_format=torch.channels_last)
    height, width = x.shape[-2:]
    with torch.inference_mode():
        try:
            y = network(x)[-1]
        except RuntimeError as error:
            x = F.pad(x, (0, -width % 64, 0, -height % 64), mode="replicate")
            try:
                y = network(x)[-1][..., : height * factor, : width * factor]
            except RuntimeError:
                raise UserError(
                    f"{type(network).__name__} cannot enlarge an image of {width}x{height} pixels: "
                    f"{error}. Give a smaller --tile where memory ran out, or another network."
                ) from error
        return torch.as_tensor(y).float()


def reach(network: SRNetwork) -> int | None:
    """Measure how many LR pixels away an input pixel still changes the SR image.

    NaN is put on one line of an otherwise black strip and spreads through every sum, product,
    activation and pooling to all that depends on that line, whatever the weights are. Lines at 32
    neighbouring places are tried, because windows and pooling reach further from some of them.

    Parameters
    ----------
    network : SRNetwork
        In evaluation mode.

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
        # What a line reaches depends on its place in a window, hence neighbours as well.
        found = None if first is None else _reached(network, axis, 4 * first + 99, 32)
        if found is None or found > LARGEST_REACH:
            return None
        farthest = max(farthest, found)
    return farthest


def _reached(network: SRNetwork, axis: int, length: int, places: int) -> int | None:
    """Probe lines in the middle of a strip; None where what they reach does not end before it."""
    shape = [places, 1 if network.domain == "y" else 3, 8, 8]
    shape[axis] = length
    x = torch.zeros(shape)
    at = (length - places) // 2 + torch.arange(places)
    for sample, line in zip(x, at.tolist(), strict=True):
        sample.select(axis, line).fill_(torch.nan)
    lines = run(network, x).isnan().transpose(axis, -1).flatten(1, -2).any(dim=1).cpu()
    lines = lines.unflatten(-1, (length, -1)).any(dim=-1)
    if not lines.any(dim=1).all():
        return None  # NaN is lost on the way, as in a comparison
    low = lines.int().argmax(dim=1)
    high = length - 1 - lines.flip(-1).int().argmax(dim=1)
    if bool((low == 0).any() or (high == length - 1).any()):
        return None
    return max(int((at - low).max()), int((high - at).max()))


def grid(network: SRNetwork, tolerance: float = SAME) -> int:
    """Find by how many LR pixels an image may be shifted so that its SR image is shifted alike.

    Parameters
    ----------
    network : SRNetwork
        In evaluation mode.
    tolerance : float
        Grey levels of 255 that count as no change.

    Returns
    -------
    int
        The smallest of `GRIDS` by which, and by twice which, shifting in both directions changes
        nothing in the middle of an image; the one that changes least where all change something.
    """
    generator = torch.Generator().manual_seed(0)
    channels = 1 if network.domain == "y" else 3
    texture = torch.rand(1, channels, TRIED // 4, TRIED // 4, generator=generator)
    # Smooth and rough at once: what networks make of noise alone says little.
    x = F.interpolate(texture, size=(TRIED, TRIED), mode="bicubic")
    x = (0.8 * x + 0.2 * torch.rand(x.shape, generator=generator)).clamp(0, 1)

    def middle(shift: int) -> Tensor:
        first = (TRIED // 2 - shift) * network.scale
        y = run(network, x[..., shift:, shift:])
        return y[..., first : first + 16 * network.scale, first : first + 16 * network.scale]

    base = middle(0)
    changes: dict[int, float] = {}
    for step in GRIDS:
        shifts = (step, 2 * step) if 2 * step <= GRIDS[-1] else (step,)
        changes[step] = 255 * max(float((middle(n) - base).abs().max()) for n in shifts)
        if changes[step] <= tolerance:
            break
    return min(changes, key=lambda step: changes[step])


def plan(network: SRNetwork) -> Plan:
    """Find how the images of a network may be cut; in evaluation mode, on its device."""
    with backend_flags():
        radius = reach(network)
        # What looks at the whole image changes a little with every shift.
        step = grid(network, SAME if radius is not None else INVISIBLE / 4)
    # One pixel more than the reach makes the line on which neighbours are compared right as well.
    needed = HALO if radius is None else radius + 1
    return Plan(step, -(-needed // step) * step, whole=radius is not None)


def enlarge(network: SRNetwork, lr: Pixels) -> Tensor:
    """Super-resolve a whole image.

    Parameters
    ----------
    network : SRNetwork
        In evaluation mode.
    lr : ndarray
        uint8, (h, w) or (h, w, 3).

    Returns
    -------
    Tensor
        float32 in nominal [0, 1], on the CPU, (scale*h, scale*w) or (scale*h, scale*w, 3). Luma
        networks get the luma of colour images, RGB networks gray images three times.
    """
    planes = stack_gray(lr) if network.domain == "rgb" else lr
    if network.domain == "y" and lr.ndim == 3:
        planes = rgb_to_y(lr)
    x = torch.from_numpy(planes).div(255)
    y = run(network, x.permute(2, 0, 1)[None] if x.ndim == 3 else x[None, None])[0].cpu()
    y = y.permute(1, 2, 0) if network.domain == "rgb" else y[0]
    if y.ndim == lr.ndim:
        return y
    image = y.numpy() * np.float64(255)
    image = rgb_to_gray(image) if lr.ndim == 2 else merge_luma(image, lr)
    return torch.from_numpy(image / 255).float()


def upscale_tiled(
    network: SRNetwork,
    lr: Pixels,
    *,
    tile: int = 256,
    cut: Plan | None = None,
    on_tile: Callable[[int], object] = lambda pixels: None,
) -> TiledResult:
    """Super-resolve an image of any size in overlapping tiles, so that memory stays bounded.

    Parameters
    ----------
    network : SRNetwork
        On the device to use; is put into evaluation mode.
    lr : ndarray
        uint8, (h, w) or (h, w, 3).
    tile : int
        Side of a tile in LR pixels, without halo; a multiple of the grid is taken.
    cut : Plan, optional
        From `plan`, which is asked where it is needed and not given.
    on_tile : callable
        Called after each tile with the number of its LR pixels.

    Returns
    -------
    TiledResult
        The SR image and how faithful it is.
    """
    network.eval()
    height, width = lr.shape[:2]
    scale = network.scale
    if max(height, width) <= tile:
        with backend_flags():
            image = _rounded(enlarge(network, lr))
        on_tile(height * width)
        return TiledResult(image, 1)
    cut = cut or plan(network)
    canvas = np.empty((height * scale, width * scale, *lr.shape[2:]), np.uint8)
    rows, columns = (_cuts(side, tile, cut.grid) for side in (height, width))
    parts = [(*row, *column) for row in rows for column in columns]
    halo = cut.halo

    def one(network: SRNetwork, part: Part) -> list[Tensor]:
        """Compute a tile; return its first lines, and the lines that follow after its last."""
        top, bottom, left, right = part
        y = _tile(network, lr, part, halo)
        inside = y[: (bottom - top) * scale, : (right - left) * scale]
        canvas[top * scale : bottom * scale, left * scale : right * scale] = _rounded(inside)
        after = y[len(inside) :, : inside.shape[1]], y[: len(inside), inside.shape[1] :]
        lines = (inside[:scale], inside[:, :scale], *after)
        return [line.clamp(0, 1).clone() for line in lines]

    seams = 0.0
    below: dict[int, Tensor] = {}
    beside = torch.empty(0)
    for (top, bottom, left, right), lines in zip(
        parts, _side_by_side(network, one, parts), strict=True
    ):
        first_row, first_column, next_row, next_column = lines
        if top:
            seams = max(seams, float((below[left] - first_row).abs().max()))
        if left:
            seams = max(seams, float((beside - first_column).abs().max()))
        below[left], beside = next_row, next_column
        on_tile((bottom - top) * (right - left))
    deviation = max(255 * seams, try_tiles(network, lr, cut))
    return TiledResult(canvas, len(parts), cut, deviation)


def try_tiles(network: SRNetwork, lr: Pixels, cut: Plan) -> float:
    """Compare two tiles in the middle of an image with the same part computed as one.

    The part is as long beyond a multiple of the grid as the image is, so that what networks add to
    reach a multiple is tried as well.

    Returns
    -------
    float
        Largest difference in grey levels of 255.
    """
    middle = -(-(cut.halo + 32) // cut.grid) * cut.grid  # where the two tiles meet
    spans = []
    for side in lr.shape[:2]:
        length = min(side, 2 * middle + side % cut.grid)
        spans.append(((side - length) // 2 // cut.grid * cut.grid, length))
    (top, height), (left, width) = spans
    lr = lr[top : top + height, left : left + width]
    y, x = (min(middle, length // 2 // cut.grid * cut.grid) for length in (height, width))
    with backend_flags():
        whole = enlarge(network, lr).clamp(0, 1)
        worst = 0.0
        for part in ((0, y, 0, x), (y, height, x, width)):
            if part[0] == part[1] or part[2] == part[3]:
                continue  # narrower than the grid: not cut
            top, bottom, left, right = (network.scale * edge for edge in part)
            again = _tile(network, lr, part, cut.halo)[: bottom - top, : right - left].clamp(0, 1)
            worst = max(worst, float((again - whole[top:bottom, left:right]).abs().max()))
    return 255 * worst


def _tile(network: SRNetwork, lr: Pixels, part: Part, halo: int) -> Tensor:
    """Super-resolve a part of an image with its halo; return it without what is before it."""
    top, bottom, left, right = part
    before_rows, before_columns = min(top, halo), min(left, halo)
    y = enlarge(
        network, lr[top - before_rows : bottom + halo, left - before_columns : right + halo]
    )
    y = y[before_rows * network.scale :, before_columns * network.scale :]
    # One line more than the part, on which the next tile is compared.
    return y[: (bottom - top + 1) * network.scale, : (right - left + 1) * network.scale]


def _side_by_side(
    network: SRNetwork, one: Callable[[SRNetwork, Part], list[Tensor]], parts: Sequence[Part]
) -> Iterator[list[Tensor]]:
    """Compute parts in order: several at a time on a CPU, each with a copy of the network."""
    if next(network.parameters(), torch.empty(0)).device.type != "cpu":
        with backend_flags():
            yield from (one(network, part) for part in parts)
        return
    cores = joblib.cpu_count()
    workers = min(cores, 8, len(parts))
    copies = [copy.deepcopy(network) for _ in range(workers)]  # some keep things between layers

    def work(part: Part) -> list[Tensor]:
        free = copies.pop()
        try:
            return one(free, part)
        finally:
            copies.append(free)

    with backend_flags(threads=cores // workers), ThreadPoolExecutor(workers) as pool:
        yield from pool.map(work, parts)


def _rounded(image: Tensor) -> Pixels:
    rounded = image.mul(255).add_(0.5).clamp_(0, 255).nan_to_num_(0).to(torch.uint8)
    return np.asarray(rounded)


def _cuts(length: int, tile: int, grid: int) -> list[tuple[int, int]]:
    """Cut `length` at multiples of `grid` into parts of nearly equal size, about `tile` long."""
    parts = -(-length // max(tile // grid * grid, grid))
    edges = (int(n * length / parts / grid + 0.5) * grid for n in range(1, parts))
    return list(
        pairwise([0, *(edge for edge in dict.fromkeys(edges) if 0 < edge < length), length])
    )
