"""One cell of the certificate: published weights, measured under the protocol of their authors.

The same weights give PSNR values up to 1.3 dB apart under different evaluation code. An evaluator
that reproduces the figures of many papers from the papers' own weights has none of those faults.
Each network is evaluated under the protocol of its authors, which `published/quality.csv` names.
"""

import math
from functools import partial
from pathlib import Path

from mesr.common.base import SRNetwork
from pipeline.assets.registry import RAW
from pipeline.imaging.backend import choose_device
from pipeline.imaging.packed import PackedImages
from pipeline.imaging.protocol import Protocol, get_protocol
from pipeline.models.networks import build_network
from pipeline.models.published_weights import load_published, published_weights
from pipeline.scoring.evaluation import evaluate_images
from pipeline.study.published_figures import CertificateCell, PublishedQuality, published_quality
from pipeline.study.verdicts import judge


def authors_protocol(
    model: str, variant: str, entry: PublishedQuality | None, domain: str
) -> Protocol:
    """Return the protocol that a network's authors used.

    Where the dataset has no published figure, the network's other figures tell; without any,
    the network's domain ("rgb" or "y") does.
    """
    if entry is None:
        entries = published_quality().values()
        entry = next((e for e in entries if (e.model, e.variant) == (model, variant)), None)
    return get_protocol(entry.protocol if entry else domain)


def measure(network: SRNetwork, images: PackedImages, protocol: Protocol) -> tuple[float, float]:
    """Mean PSNR in dB and mean SSIM of a network over the images of a dataset."""
    device = choose_device()
    readers = [(name, partial(images.__getitem__, name)) for name in images.names]
    found = [e for _, e in evaluate_images(network, readers, images.path.stem, protocol, device)]
    return (
        math.fsum(e.psnr_db for e in found) / len(found),
        math.fsum(e.ssim for e in found) / len(found),
    )


def certify_cell(
    model: str,
    variant: str,
    scale: int,
    dataset: str,
    *,
    images: PackedImages,
    raw: Path = RAW,
) -> CertificateCell:
    """Measure one network at one scale on one dataset, with its published weights.

    Parameters
    ----------
    model, variant : str
        Network, and which of its published sizes.
    scale : {2, 3, 4}
        Upscaling factor.
    dataset : str
        Name of the dataset, which the published figures are looked up by.
    images : PackedImages
        Its HR images.
    raw : Path
        Folder of the downloads.
    """
    entry = published_quality().get((model, variant, scale, dataset))
    weights = next((w for w in published_weights(model, scale) if w.variant == variant), None)
    note = ""
    network: SRNetwork | None = None
    if model == "bicubic":
        network = build_network(model, scale)
    elif weights is None:
        note = "no published weights"
    elif missing := weights.missing(raw):
        note = f"weights not downloaded: {missing[0].relative_to(raw)}"
    else:
        network = load_published(model, scale, variant, raw)
        note = weights.note
    protocol = authors_protocol(model, variant, entry, network.domain if network else "rgb")
    psnr_db, ssim = measure(network, images, protocol) if network else (None, None)
    return CertificateCell(
        model=model,
        variant=variant,
        scale=scale,
        dataset=dataset,
        protocol=protocol.name,
        psnr_db=psnr_db,
        ssim=ssim,
        note=note,
    )


def describe(cell: CertificateCell) -> str:
    """One line about a cell, for the terminal."""
    name = " ".join(filter(None, (cell.model, cell.variant, f"x{cell.scale}", cell.dataset)))
    if cell.psnr_db is None or cell.ssim is None:
        return f"{name}: not measured ({cell.note})"
    measured = f"{name}: {cell.psnr_db:.3f} dB, {cell.ssim:.4f}"
    entry = published_quality().get((cell.model, cell.variant, cell.scale, cell.dataset))
    verdict = judge(entry, cell.psnr_db, cell.ssim)
    if entry is None or not verdict:
        return f"{measured}; no published figure to compare with"
    published = ", ".join(
        f"{value}{unit}"
        for value, unit in ((entry.psnr_db, " dB"), (entry.ssim, ""))
        if value is not None
    )
    return f"{measured}; published {published}: {verdict}"
