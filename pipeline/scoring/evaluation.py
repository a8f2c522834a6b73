"""The one way to scores: reference, LR image, network, scored planes, PSNR and SSIM."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from tqdm import tqdm

from mesr.common.base import SRNetwork
from pipeline.imaging.colour import rgb_to_gray, stack_gray
from pipeline.imaging.degradation import degrade, make_reference
from pipeline.imaging.images import write_image
from pipeline.imaging.inference import Device, super_resolve
from pipeline.imaging.packed import PackedImages
from pipeline.imaging.protocol import RGB, Protocol, scored_planes
from pipeline.imaging.tensors import Image, Pixels, crop_border, round_to_uint8, to_tensor
from pipeline.scoring.metrics import WINDOW, psnr, ssim
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path

Reader = Callable[[], Pixels]

SCORES = ("psnr_db", "ssim", "coarse_psnr_db", "gate_mean", "gate_max")


@dataclass(frozen=True)
class Evaluation:
    """One image super-resolved and scored.

    Attributes
    ----------
    psnr_db, ssim : float
        Scores under the protocol; PSNR is infinite for identical images.
    sr, hr, lr : ndarray
        SR image, HR image as scored (before the border is cut), and LR image.
    coarse : tuple of ndarray
        The network's earlier outputs.
    coarse_psnr_db : float or None
        PSNR of the first output under the same protocol; None unless it has the size of the SR
        image.
    gate_mean, gate_max : float or None
        Of `SRNetwork.gate`; None for a network without one.
    """

    psnr_db: float
    ssim: float
    sr: Image
    hr: Image
    lr: Image
    coarse: tuple[Image, ...] = ()
    coarse_psnr_db: float | None = None
    gate_mean: float | None = None
    gate_max: float | None = None


def scored_pair(
    sr: Image,
    reference: Image,
    scale: int,
    protocol: Protocol,
    *,
    device: Device = None,
    name: str = "image",
) -> tuple[Tensor, Tensor]:
    """Return what is compared: the scored planes of both images inside the border.

    Parameters
    ----------
    sr, reference, scale, protocol, device, name
        As for `score`.

    Returns
    -------
    tuple of Tensor
        (1, C, H, W) float64 in 0..255, on `device`.

    Raises
    ------
    UserError
        When less is left inside the border than SSIM's window: a mean over the other images
        would be a figure of another dataset.
    """
    width = protocol.border_width(scale)
    x, y = (crop_border(scored_planes(i, protocol), width, name) for i in (sr, reference))
    if min(x.shape[:2]) < WINDOW:
        raise UserError(
            f"{name}: {x.shape[1]}x{x.shape[0]} pixels are left inside the border of {width}; "
            f"SSIM needs at least {WINDOW}x{WINDOW}. Remove the image from the dataset, or use "
            "larger ones."
        )
    where = device or "cpu"
    return to_tensor(x).to(where), to_tensor(y).to(where)


def score(
    sr: Image,
    reference: Image,
    scale: int,
    protocol: Protocol,
    *,
    device: Device = None,
    name: str = "image",
) -> tuple[float, float]:
    """PSNR in dB and SSIM of an SR image.

    Parameters
    ----------
    sr, reference : ndarray
        (H, W, 3) or (H, W) in 0..255, in the protocol's colour space: what `super_resolve` and
        `make_reference` return.
    scale : {2, 3, 4}
        Decides the border that is not scored.
    protocol : Protocol
        Planes, rounding and borders.
    device : torch.device or str, optional
        Where to compute; the CPU by default.
    name : str
        Of the image, for messages.

    Raises
    ------
    UserError
        See `scored_pair`.
    """
    x, y = scored_pair(sr, reference, scale, protocol, device=device, name=name)
    return psnr(x, y), ssim(x, y, protocol.ssim_border)


def as_gray_as(reference: Image, hr: Pixels, sr: Pixels) -> Pixels:
    """Give an SR image the channels that `make_reference` gave a gray HR image."""
    if reference.ndim == 3:
        return stack_gray(sr)
    return sr if sr.ndim == 2 or hr.ndim == 3 else round_to_uint8(rgb_to_gray(sr))


def is_luma_of(sr: Pixels, hr: Pixels) -> bool:
    """Tell whether an SR image is the luma of a colour image: one channel where HR has three.

    An HR file with three equal channels is gray, and so is its SR image.
    """
    return sr.ndim == 2 and hr.ndim == 3 and bool(np.ptp(hr, axis=2).any())


def prepare_given(
    sr: Pixels, hr: Pixels, scale: int, protocol: Protocol, name: str = "image"
) -> tuple[Image, Image]:
    """Prepare an SR image that someone else made, and its reference, for scoring.

    Parameters
    ----------
    sr, hr : ndarray
        uint8 (H, W, 3) or (H, W); the HR image is cropped to a multiple of the scale.
    scale, protocol, name
        As for `score`.

    Returns
    -------
    sr, reference : ndarray
        Of one size; the SR image with as many channels as the protocol gives a gray HR image. A
        gray SR image of a colour HR image is its luma alone and stays as it is.

    Raises
    ------
    UserError
        When the SR image is not as large as the cropped HR image.
    """
    reference = make_reference(hr, scale, protocol, name)
    if sr.shape[:2] != reference.shape[:2]:
        raise UserError(
            f"{name}: the SR image is {sr.shape[1]}x{sr.shape[0]} pixels; the HR image cropped to "
            f"a multiple of {scale} is {reference.shape[1]}x{reference.shape[0]}. "
            "Give the scale that the SR images were made for."
        )
    return sr if is_luma_of(sr, hr) else as_gray_as(reference, hr, sr), reference


def evaluate_image(
    network: SRNetwork,
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
    network : SRNetwork
        As for `super_resolve`.
    hr : ndarray
        uint8 (H, W, 3) or (H, W), as read from the file.
    protocol : Protocol
        Everything that decides the figures.
    lr : ndarray, optional
        The LR image where it is given; made from `hr` otherwise.
    device : torch.device or str, optional
        Where metrics and networks without parameters run.
    name : str
        Of the image, for messages.

    Raises
    ------
    UserError
        When the image is too small to be degraded or to be scored, a given LR image has not the
        size of the HR image divided by the scale, or the protocol wants one and there is none.
    """
    scale = network.scale
    reference = make_reference(hr, scale, protocol, name)
    height, width = reference.shape[0] // scale, reference.shape[1] // scale
    if lr is None and protocol.lr == "given":
        raise UserError(
            f"{name}: protocol {protocol.name} takes LR files as they are; "
            "give them with --lr FOLDER"
        )
    if lr is None:
        lr = degrade(reference, scale, protocol)
    elif lr.shape[:2] != (height, width):
        raise UserError(
            f"{name}: the LR image is {lr.shape[1]}x{lr.shape[0]} pixels; the HR image divided by "
            f"{scale} is {width}x{height}. Give the LR images of these HR images and this scale."
        )
    elif hr.ndim == 2:
        lr = as_gray_as(reference, hr, lr)
    with _watched_gate(network) as gate:
        *coarse, sr = super_resolve(network, lr, protocol, device)
    psnr_db, similarity = score(sr, reference, scale, protocol, device=device, name=name)
    coarse_psnr_db = None
    if coarse and coarse[0].shape == sr.shape:
        pair = scored_pair(coarse[0], reference, scale, protocol, device=device, name=name)
        coarse_psnr_db = psnr(*pair)
    return Evaluation(psnr_db, similarity, sr, reference, lr, tuple(coarse), coarse_psnr_db, **gate)


@contextmanager
def _watched_gate(network: SRNetwork) -> Iterator[dict[str, float]]:
    """Yield what will hold mean and maximum of the gate after a forward pass of the network."""
    found: dict[str, float] = {}

    def look(_network: SRNetwork, _inputs: object, outputs: tuple[Tensor, ...]) -> None:
        gate = network.gate(outputs[0])
        if gate is not None:
            found.update(gate_mean=float(gate.double().mean()), gate_max=float(gate.max()))

    handle = network.register_forward_hook(look)
    try:
        yield found
    finally:
        handle.remove()


def evaluate_images(
    network: SRNetwork,
    images: Iterable[tuple[str, Reader]],
    dataset: str,
    protocol: Protocol,
    device: Device,
    lr: Mapping[str, Reader] | None = None,
) -> Iterator[tuple[str, Evaluation]]:
    """Evaluate a network image by image, on `device`.

    Parameters
    ----------
    network : SRNetwork
        Moved to `device`.
    images : iterable of (name, reader)
        Each reader returns an HR image as uint8.
    dataset : str
        For messages.
    protocol : Protocol
        Everything that decides the figures.
    device : torch.device or str
        Where network and metrics run.
    lr : mapping, optional
        Reader of the LR image of each HR image, where they are given.

    Yields
    ------
    name : str
        Of the image.
    Evaluation
        Its scores and images.
    """
    network = network.to(device).to(memory_format=torch.channels_last)
    for name, read in images:
        given, label = lr[name]() if lr else None, f"{dataset}/{name}"
        yield name, evaluate_image(network, read(), protocol, lr=given, device=device, name=label)


def evaluate_dataset(
    network: SRNetwork,
    images: PackedImages,
    protocol: Protocol,
    folder: Path,
    *,
    keep: Collection[str] | None = None,
    with_inputs: bool = False,
    device: Device = None,
    facts: Mapping[str, object] | None = None,
) -> pd.DataFrame:
    """Evaluate a network on a dataset into a folder, which appears when complete.

    Parameters
    ----------
    network : SRNetwork
        Moved to `device`.
    images : PackedImages
        The HR images; the dataset is named as their file.
    protocol : Protocol
        Everything that decides the figures.
    folder : Path
        Gets ``scores.csv`` (what is returned, with six decimals; empty for None), ``record.json``
        and, of the images to keep, ``images/<name>/<kind>.png``, see `save_images`.
    keep : collection of str, optional
        Names of the images to keep; all by default.
    with_inputs : bool
        Whether to keep HR and LR images too.
    device : torch.device or str, optional
        Where network and metrics run; the CPU by default.
    facts : mapping, optional
        Further entries of the record, before dataset, protocol, images and data_digest.

    Returns
    -------
    DataFrame
        One row per image: image, `SCORES`.
    """
    dataset = images.path.stem
    bar = tqdm(images.names, dataset, unit="image", disable=None)
    readers = ((name, partial(images.__getitem__, name)) for name in bar)
    rows = []
    with atomic_path(folder) as target:
        target.mkdir()
        for name, found in evaluate_images(network, readers, dataset, protocol, device or "cpu"):
            rows.append((name, *(getattr(found, column) for column in SCORES)))
            if keep is None or name in keep:
                save_images(target / "images" / name, found, with_inputs=with_inputs)
        types = dict.fromkeys(SCORES, float)
        table = pd.DataFrame(rows, columns=["image", *SCORES]).astype(types)
        table.to_csv(target / "scores.csv", index=False, float_format="%.6f", lineterminator="\n")
        record = {
            **(facts or {}),
            "dataset": dataset,
            "protocol": protocol.name,
            "images": len(table),
            "data_digest": images.digest,
        }
        text = json.dumps(record, indent=2) + "\n"
        (target / "record.json").write_text(text, encoding="utf-8")
    return table


def save_images(folder: Path, found: Evaluation, *, with_inputs: bool) -> None:
    """Write sr.png, coarse.png where the network has one and, on request, hr.png and lr.png."""
    write_image(folder / "sr.png", round_to_uint8(found.sr))
    if found.coarse and found.coarse[-1].shape == found.sr.shape:
        write_image(folder / "coarse.png", round_to_uint8(found.coarse[-1]))
    if with_inputs:
        write_image(folder / "hr.png", round_to_uint8(found.hr))
        write_image(folder / "lr.png", round_to_uint8(found.lr))
