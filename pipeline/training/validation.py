"""PSNR on the held-out images while a network trains."""

from math import log10

import numpy as np
import torch

from mesr.common.base import SRNetwork
from pipeline.imaging.colour import stack_gray
from pipeline.imaging.images import Pixels
from pipeline.imaging.inference import super_resolve
from pipeline.imaging.protocol import RGB, scored_planes
from pipeline.imaging.tensors import crop_border
from pipeline.training.patches import TrainingImages
from pipeline.training.processes import Processes
from pipeline.training.stopping import StopRequest


def psnr_y(sr: Pixels, hr: Pixels, scale: int) -> float:
    """Return the PSNR of the luma, borders of `scale` pixels cut, as protocol ``rgb`` says.

    Not the one of `pipeline.scoring`, which the study's figures come from: validation decides
    which weights are the best, so its code determines a training, and a change to the metrics of
    the evaluation must not train every network again. A test compares the two.

    Parameters
    ----------
    sr, hr : ndarray
        uint8 (H, W, 3), RGB.
    scale : int
        Upscaling factor.

    Returns
    -------
    float
        In dB; infinite for identical images.
    """
    x, y = (crop_border(scored_planes(image, RGB), scale) for image in (sr, hr))
    error = np.square(x - y).mean()
    return 10 * log10(255**2 / error) if error else float("inf")


def central_pair(images: TrainingImages, name: str, scale: int, crop: int) -> tuple[Pixels, Pixels]:
    """Return the central square of `crop` LR pixels of an LR image, or all for 0, and its HR."""
    lr, hr = images.lr[name], stack_gray(images.hr[name])
    height, width = lr.shape[:2]
    side = crop or max(height, width)
    top, left = max(0, height - side) // 2, max(0, width - side) // 2
    lr = lr[top : top + side, left : left + side]
    top, left = top * scale, left * scale
    return lr, hr[top : top + lr.shape[0] * scale, left : left + lr.shape[1] * scale]


def validate(
    network: SRNetwork,
    images: TrainingImages,
    crop: int,
    processes: Processes,
    stop: StopRequest,
) -> tuple[float, bool]:
    """Score a network on the held-out images, which are dealt out to the processes.

    Parameters
    ----------
    network : SRNetwork
        Equal in all processes.
    images : TrainingImages
        Whose `validation` names the images.
    crop : int
        Validate on the central square of that many LR pixels; 0 takes whole images.
    processes : Processes
        Who takes part.
    stop : StopRequest
        Looked at between two images.

    Returns
    -------
    psnr_db : float
        Mean PSNR-Y over the images, equal in all processes.
    stopped : bool
        Whether a process was asked to stop and left images out; `psnr_db` is meaningless then.
    """
    scale = network.scale
    scores = torch.zeros(len(images.validation) + 1, dtype=torch.float64)
    for i in range(processes.index, len(images.validation), processes.count):
        if stop.requested:
            scores[-1] = 1
            break
        lr, hr = central_pair(images, images.validation[i], scale, crop)
        scores[i] = psnr_y(super_resolve(network, lr, RGB).image, hr, scale)
    scores = processes.sum(scores)
    return float(scores[:-1].mean()), bool(scores[-1] > 0)
