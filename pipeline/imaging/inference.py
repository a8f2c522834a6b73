"""Running any network of the benchmark on an image."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from mesr.common.base import SRNetwork
from mesr.common.imresize import imresize
from pipeline.imaging.backend import backend_flags
from pipeline.imaging.colour import merge_luma, rgb_to_gray, rgb_to_y, stack_gray
from pipeline.imaging.protocol import RGB, Protocol, image_in_space
from pipeline.imaging.tensors import Image, from_tensor, round_to_uint8, to_tensor

Device = torch.device | str | None


@contextmanager
def _inference(network: nn.Module, protocol: Protocol) -> Iterator[None]:
    """Switch off training and TF32 and, where the protocol says so, override the padding."""
    training = network.training
    modes = {m: m.padding_mode for m in network.modules() if isinstance(m, nn.Conv2d)}
    network.eval()
    for module, own in modes.items():
        module.padding_mode = own if protocol.padding == "own" else protocol.padding
    try:
        with backend_flags(), torch.inference_mode():
            yield
    finally:
        for module, own in modes.items():
            module.padding_mode = own
        network.train(training)


def run_network(network: SRNetwork, x: Tensor, protocol: Protocol, device: Device) -> list[Tensor]:
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
    if protocol.transposed:
        x = x.transpose(-1, -2)
    x = x.to(device, memory_format=torch.channels_last)  # a quarter less time on CPUs
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


def super_resolve(
    network: SRNetwork, lr: Image, protocol: Protocol = RGB, device: Device = None
) -> list[Image]:
    """Super-resolve one gray or colour image with any network of the benchmark.

    A "y" network gets the luma of a colour image and the chroma is enlarged by bicubic
    interpolation. An "rgb" network gets a gray image three times and the luma of its output is
    taken. A pre-upsampled network gets its input enlarged by bicubic interpolation.

    Parameters
    ----------
    network : SRNetwork
        Runs where its parameters are.
    lr : ndarray
        (h, w, 3) RGB or (h, w), in 0..255: uint8, or float64 if not rounded. Two dimensions mean
        luma in space "y" and a gray image in space "rgb".
    protocol : Protocol
        Treatment of gray images, colour space, rounding, padding, transposition.
    device : torch.device or str, optional
        For networks without parameters, which otherwise run on the CPU in float64.

    Returns
    -------
    list of ndarray
        The network's outputs, coarse to fine, the last one (scale*h, scale*w[, 3]): uint8, or
        float64 in nominal 0..255, neither rounded nor clipped, when the protocol does not round.

    Raises
    ------
    ValueError
        When the network's last output does not have `scale` times the size of `lr`.
    """
    if protocol.space == "rgb" and protocol.gray == "replicate":
        lr = stack_gray(lr)
    lr = image_in_space(lr, protocol)
    luma_only = network.domain == "y"
    planes = lr if luma_only else stack_gray(lr)
    if luma_only and lr.ndim == 3:
        planes = rgb_to_y(lr)
    outputs = run_network(network, to_tensor(planes) / 255, protocol, device)
    images = [from_tensor(y * 255) for y in outputs]
    if luma_only and lr.ndim == 3:
        images = [merge_luma(image, lr) for image in images]
    elif not luma_only and lr.ndim == 2:
        images = [rgb_to_gray(image) for image in images]
    return [round_to_uint8(image) for image in images] if protocol.sr_rounding else images
