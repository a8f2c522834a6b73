"""Degrading, super-resolving and scoring one image under a protocol."""

from dataclasses import dataclass

from torch import nn

from pipeline.imaging.degradation import degrade, make_reference
from pipeline.imaging.images import Pixels
from pipeline.imaging.inference import Device, scale_of, super_resolve
from pipeline.imaging.protocol import RGB, Protocol, scored_planes
from pipeline.imaging.tensors import Image, crop_border
from pipeline.scoring.metrics import psnr, ssim


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
