"""PSNR on the held-out images while a network trains.

Not by the metrics of the evaluation: what is here determines which weights are the best and what
history.csv holds, and a change to the evaluation must not train every network again. A test
compares the two.
"""

from math import isnan, log10
from typing import NamedTuple

import numpy as np
import torch

from mesr.common.base import SRNetwork
from mesr.common.imresize import imresize
from pipeline.imaging.colour import merge_luma, rgb_to_y
from pipeline.imaging.tensors import Pixels, round_to_uint8
from pipeline.training.patches import TrainingImages
from pipeline.training.processes import Processes, StopRequest
from pipeline.training.settings import TrainSettings


class Scores(NamedTuple):
    """What a validation found; None where it does not apply to a network."""

    psnr_db: float | None = None
    coarse_psnr_db: float | None = None  # of a first output of several, of the HR image's size
    gate_mean: float | None = None  # see `SRNetwork.gate`


def psnr_y(sr: Pixels, hr: Pixels, scale: int) -> float:
    """Return the PSNR of the luma, borders of `scale` pixels cut, as protocol ``rgb`` says.

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
    inside = slice(scale, -scale)
    error = np.square((rgb_to_y(sr) - rgb_to_y(hr))[inside, inside]).mean()
    return 10 * log10(255**2 / error) if error else float("inf")


def central_pair(images: TrainingImages, name: str, scale: int, crop: int) -> tuple[Pixels, Pixels]:
    """Return the central square of `crop` LR pixels of an LR image, or all for 0, and its HR."""
    lr, hr = images.lr[name], images.hr[name]
    if hr.ndim == 2:
        hr = np.repeat(hr[..., None], 3, axis=2)
    height, width = lr.shape[:2]
    side = crop or max(height, width)
    top, left = max(0, height - side) // 2, max(0, width - side) // 2
    lr = lr[top : top + side, left : left + side]
    top, left = top * scale, left * scale
    return lr, hr[top : top + lr.shape[0] * scale, left : left + lr.shape[1] * scale]


@torch.inference_mode()
def score(network: SRNetwork, lr: Pixels, hr: Pixels) -> Scores:
    """Score a network, in evaluation mode, on one image: uint8 (h, w, 3) and (H, W, 3)."""
    luma = network.domain == "y"
    planes = rgb_to_y(lr)[None] if luma else lr.transpose(2, 0, 1)
    x = torch.from_numpy(np.ascontiguousarray(planes, dtype=np.float64))[None] / 255
    if network.preupsampled:
        x = imresize(x, scale=network.scale)
    first = next(network.parameters())
    outputs = network(x.to(first.device, first.dtype, memory_format=torch.channels_last))

    def psnr_db(output: torch.Tensor) -> float:
        y = (output.double().cpu() * 255)[0].numpy()
        image = merge_luma(y[0], lr) if luma else y.transpose(1, 2, 0)
        return psnr_y(round_to_uint8(image), hr, network.scale)

    coarse, gate = outputs[0], network.gate(outputs[0])
    several = len(outputs) > 1 and coarse.shape == outputs[-1].shape
    return Scores(
        psnr_db(outputs[-1]),
        psnr_db(coarse) if several else None,
        None if gate is None else float(gate.double().mean()),
    )


def validate(
    network: SRNetwork,
    images: TrainingImages,
    settings: TrainSettings,
    processes: Processes,
    stop: StopRequest,
) -> tuple[Scores, bool]:
    """Score a network on the held-out images, which are dealt out to the processes.

    Parameters
    ----------
    network : SRNetwork
        Equal in all processes.
    images : TrainingImages
        Whose `validation` names the images.
    settings : TrainSettings
        `validation_crop`.
    processes : Processes
        Who takes part.
    stop : StopRequest
        Looked at between two images.

    Returns
    -------
    scores : Scores
        Means over the images, equal in all processes.
    stopped : bool
        Whether a process was asked to stop and left images out; `scores` are meaningless then.
    """
    names = images.validation
    if not names:
        return Scores(), False
    # A column for each image; NaN marks what does not apply. The last one is for requests to stop.
    table = torch.zeros(len(Scores._fields), len(names) + 1, dtype=torch.float64)
    network.eval()
    for i in range(processes.index, len(names), processes.count):
        if stop.requested:
            table[:, -1] = 1
            break
        pair = central_pair(images, names[i], network.scale, settings.validation_crop)
        found = score(network, *pair)
        for row, value in zip(table, found, strict=True):
            row[i] = torch.nan if value is None else value
    network.train()
    table = processes.sum(table)
    means = [float(row.mean()) for row in table[:, :-1]]
    return Scores(*[None if isnan(mean) else mean for mean in means]), bool(table[0, -1] > 0)
