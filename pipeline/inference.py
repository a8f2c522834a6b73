"""Running any network of the benchmark on any image, whole or in tiles, and scoring the result."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from baselines.bicubic import imresize
from pipeline.images import Pixels, round_to_uint8
from pipeline.metrics import psnr, ssim
from pipeline.protocol import (
    RGB,
    Image,
    Protocol,
    crop_border,
    degrade,
    from_tensor,
    image_in_space,
    make_reference,
    merge_luma,
    rgb_to_gray,
    rgb_to_y,
    scored_planes,
    stack_gray,
    to_tensor,
)

Device = torch.device | str | None

# LR pixels. Tiles of networks that look at the whole image overlap by this much.
GLOBAL_HALO = 32


@dataclass(frozen=True)
class SRResult:
    """What a network made of one LR image.

    Parameters
    ----------
    image : ndarray
        (scale*h, scale*w, 3) or (scale*h, scale*w) in 0..255: uint8, or float64 when the protocol
        does not round it.
    coarse : tuple of ndarray
        The outputs before the last one, coarse to fine, in the same form.
    """

    image: Image
    coarse: tuple[Image, ...] = ()


@dataclass(frozen=True)
class Evaluation:
    """One image super-resolved and scored.

    Parameters
    ----------
    psnr_db, ssim : float
        Scores under the protocol.
    sr, hr, lr : ndarray
        SR image, HR image as scored (before the border is cut), and LR image.
    coarse : tuple of ndarray
        The network's earlier outputs.
    """

    psnr_db: float
    ssim: float
    sr: Image
    hr: Image
    lr: Image
    coarse: tuple[Image, ...]


def scale_of(network: nn.Module) -> int:
    """Return the upscaling factor of a network."""
    return int(getattr(network, "scale"))  # noqa: B009


@contextmanager
def _inference(network: nn.Module, protocol: Protocol) -> Iterator[None]:
    """Switch off training and TF32 and, where the protocol says so, override the padding."""
    training = network.training
    cudnn, matmul = cast(Any, torch.backends.cudnn), torch.backends.cuda.matmul
    former = cudnn.conv.fp32_precision, matmul.fp32_precision, cudnn.deterministic, cudnn.benchmark
    # Figures must not depend on the GPU; cuDNN's own default is TF32 for convolutions.
    cudnn.conv.fp32_precision = matmul.fp32_precision = "ieee"
    cudnn.deterministic, cudnn.benchmark = True, False
    convolutions = [
        module
        for module in network.modules()
        if protocol.padding != "own" and isinstance(module, nn.Conv2d)
    ]
    modes = [module.padding_mode for module in convolutions]
    network.eval()
    for module in convolutions:
        module.padding_mode = protocol.padding  # type: ignore[assignment]
    try:
        with torch.inference_mode():
            yield
    finally:
        for module, mode in zip(convolutions, modes, strict=True):
            module.padding_mode = mode
        network.train(training)
        cudnn.conv.fp32_precision, matmul.fp32_precision = former[:2]
        cudnn.deterministic, cudnn.benchmark = former[2:]


def _run(network: Any, x: Tensor, protocol: Protocol, device: Device) -> list[Tensor]:
    """Run `network` on x, (1, C, h, w) float64 in [0, 1]; return its outputs in the same form."""
    height, width = x.shape[-2:]
    parameter = next(network.parameters(), None)
    if network.preupsampled:
        x = imresize(x, scale=network.scale)
        if protocol.input_range == "studio":
            x = x.clamp(16 / 255, 235 / 255)
    if parameter is not None:
        x = x.to(parameter.dtype)
        device = parameter.device
    x = x.to(device)
    if protocol.transposed:
        x = x.transpose(-1, -2)
    with _inference(network, protocol):
        outputs = [y.double().cpu() for y in network(x)]
    if protocol.transposed:
        outputs = [y.transpose(-1, -2) for y in outputs]
    expected = (network.scale * height, network.scale * width)
    if tuple(outputs[-1].shape[-2:]) != expected:
        raise ValueError(
            f"{type(network).__name__}: the last output is {tuple(outputs[-1].shape[-2:])} pixels; "
            f"expected {expected}, {network.scale} times the LR image"
        )
    return outputs


def outputs_as_images(
    network: nn.Module, lr: Image, protocol: Protocol = RGB, device: Device = None
) -> list[Image]:
    """Super-resolve without rounding; see `super_resolve`.

    Returns
    -------
    list of ndarray
        The network's outputs, coarse to fine: float64 in nominal 0..255, neither rounded nor
        clipped; RGB where `lr` is RGB (after the protocol's treatment of gray), else (H, W).
    """
    if protocol.space == "rgb" and protocol.gray == "replicate":
        lr = stack_gray(lr)
    lr = image_in_space(lr, protocol)
    luma_only = str(network.domain) == "y"
    if not luma_only:
        planes = stack_gray(lr)
    elif lr.ndim == 3:
        planes = rgb_to_y(lr)
    else:
        planes = lr
    outputs = _run(network, to_tensor(planes) / 255, protocol, device)
    images = [from_tensor(y * 255) for y in outputs]
    if luma_only and lr.ndim == 3:
        return [merge_luma(image, lr) for image in images]
    if not luma_only and lr.ndim == 2:
        return [rgb_to_gray(image) for image in images]
    return images


def super_resolve(
    network: nn.Module, lr: Image, protocol: Protocol = RGB, device: Device = None
) -> SRResult:
    """Super-resolve one gray or colour image with any network of the benchmark.

    A "y" network gets the luma of a colour image and the chroma is enlarged by bicubic
    interpolation. An "rgb" network gets a gray image three times and the luma of its output is
    taken. A pre-upsampled network gets its input enlarged by bicubic interpolation.

    Parameters
    ----------
    network : nn.Module
        Has the attributes `scale`, `domain` and `preupsampled`; runs where its parameters are.
    lr : ndarray
        (h, w, 3) RGB or (h, w), in 0..255: uint8, or float64 if not rounded. Two dimensions mean
        luma in space "y" and a gray image in space "rgb".
    protocol : Protocol
        Treatment of gray images, colour space, rounding, padding, transposition.
    device : torch.device or str, optional
        For networks without parameters, which otherwise run on the CPU in float64.

    Returns
    -------
    SRResult
        Rounded to uint8 when the protocol says so.

    Raises
    ------
    ValueError
        When the network's last output does not have `scale` times the size of `lr`.
    """
    images = outputs_as_images(network, lr, protocol, device)
    if protocol.sr_rounding:
        images = [round_to_uint8(image) for image in images]
    return SRResult(images[-1], tuple(images[:-1]))


def evaluate_image(
    network: nn.Module,
    hr: Pixels,
    protocol: Protocol = RGB,
    *,
    lr: Image | None = None,
    device: Device = None,
    name: str = "image",
) -> Evaluation:
    """Degrade, super-resolve and score one image under a protocol.

    Parameters
    ----------
    network : nn.Module
        As for `super_resolve`.
    hr : ndarray
        uint8 (H, W, 3) or (H, W), as read from the file.
    protocol : Protocol
        Everything that decides the figures.
    lr : ndarray, optional
        The LR image where it is at hand; made from `hr` otherwise.
    device : torch.device or str, optional
        Where metrics and networks without parameters run.
    name : str
        Of the image, for messages.

    Returns
    -------
    Evaluation
        Scores and images.

    Raises
    ------
    UserError
        When the image is too small to be degraded or to be scored.
    """
    scale = scale_of(network)
    reference = make_reference(hr, scale, protocol, name)
    if lr is None:
        lr = degrade(reference, scale, protocol)
    result = super_resolve(network, lr, protocol, device)
    border = protocol.border_width(scale)
    x, y = (
        crop_border(scored_planes(image, protocol), border, name)
        for image in (result.image, reference)
    )
    where = device or "cpu"
    return Evaluation(
        psnr(x, y, where),
        ssim(x, y, where, protocol.ssim_border),
        result.image,
        reference,
        lr,
        result.coarse,
    )


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


def receptive_radius(network: nn.Module, limit: int = 256, device: Device = None) -> int | None:
    """Measure how many LR pixels away an input pixel still reaches the SR image.

    NaN is put on one line of an otherwise black strip and spreads through every sum, product,
    activation and pooling to all that depends on that line, whatever the weights are. The result
    is never too small; it may be too large where a convolution is computed in blocks.

    Parameters
    ----------
    network : nn.Module
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
    scale = scale_of(network)
    channels = 1 if str(network.domain) == "y" else 3
    radius = 0
    for axis in (-1, -2):
        length = 64
        while True:
            shape = [1, channels, 8, 8]
            shape[axis] = length
            x = torch.zeros(shape, dtype=torch.float64)
            x.select(axis, length // 2).fill_(torch.nan)
            reached = _run(network, x, RGB, device)[-1].isnan().transpose(axis, -1)
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
    network: nn.Module,
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
    scale = scale_of(network)
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
