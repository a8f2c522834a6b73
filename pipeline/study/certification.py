"""One cell of the certificate: published weights, measured here, against the published figure.

The same weights give PSNR values up to 1.3 dB apart under different evaluation code. An evaluator
that reproduces the figures of many papers from the papers' own weights has none of those faults.
Each network is evaluated under the protocol of its authors, which `published/quality.csv` names.
"""

import math
from functools import partial
from pathlib import Path
from typing import Literal

from mesr.common.base import SRNetwork
from pipeline.assets.registry import RAW
from pipeline.imaging.backend import choose_device
from pipeline.imaging.packed import PackedImages
from pipeline.imaging.protocol import Protocol, get_protocol
from pipeline.models.networks import build_network
from pipeline.models.published_weights import load_published, published_weights
from pipeline.scoring.evaluation import evaluate_images
from pipeline.study.published_figures import CertificateCell, PublishedQuality, published_quality

# Papers print two digits of PSNR and four of SSIM; the tolerance covers their rounding and that of
# single precision on other hardware, and nothing else.
TOLERANCE_DB = 0.02
TOLERANCE_SSIM = 0.001


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


def within_tolerance(
    entry: PublishedQuality | None, psnr_db: float | None, ssim: float | None
) -> Literal["true", "false", ""]:
    """Verdict on a cell; empty when there is nothing to compare."""
    if entry is None or psnr_db is None or ssim is None:
        return ""
    deviations = [
        abs(measured - published) <= tolerance + 1e-9
        for measured, published, tolerance in (
            (psnr_db, entry.psnr_db, TOLERANCE_DB),
            (ssim, entry.ssim, TOLERANCE_SSIM),
        )
        if published is not None
    ]
    if not deviations:
        return ""
    return "true" if all(deviations) else "false"


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
    """Certify one network at one scale on one dataset.

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
    notes = [entry.note if entry else ""]
    if entry is None or (entry.psnr_db is None and entry.ssim is None):
        notes.insert(0, "no published figure to compare with")
    network: SRNetwork | None = None
    if model == "bicubic":
        network = build_network(model, scale)
    elif weights is None:
        notes.insert(0, "no published weights")
    elif missing := weights.missing(raw):
        notes.insert(0, f"weights not downloaded: {missing[0].relative_to(raw)}")
    else:
        network = load_published(model, scale, variant, raw)
        notes.append(weights.note)
    protocol = authors_protocol(model, variant, entry, network.domain if network else "rgb")
    psnr_db, ssim = measure(network, images, protocol) if network else (None, None)
    return CertificateCell(
        model=model,
        scale=scale,
        dataset=dataset,
        protocol=protocol.name,
        published_psnr_db=entry.psnr_db if entry else None,
        psnr_db=psnr_db,
        published_ssim=entry.ssim if entry else None,
        ssim=ssim,
        source=entry.source if entry else "",
        within_tolerance=within_tolerance(entry, psnr_db, ssim),
        variant=variant,
        note="; ".join(dict.fromkeys(filter(None, notes))),
        measured="measured" if network else "",
    )


def describe(cell: CertificateCell) -> str:
    """One line about a cell, for the terminal."""
    name = " ".join(filter(None, (cell.model, cell.variant, f"x{cell.scale}")))
    if cell.psnr_db is None:
        return f"{name} {cell.dataset}: not measured ({cell.note})"
    published = "/".join(
        "-" if value is None else f"{value:.{digits}f}"
        for value, digits in ((cell.published_psnr_db, 2), (cell.published_ssim, 4))
    )
    verdict = {"true": "within tolerance", "false": "MISSES", "": "nothing to compare"}
    return (
        f"{name} {cell.dataset}: {cell.psnr_db:.3f} dB/{cell.ssim:.4f}, "
        f"published {published}: {verdict[cell.within_tolerance]}"
    )
