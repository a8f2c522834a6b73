"""Stage `certify`: published weights, measured under the protocols of their authors.

The same weights give PSNR values up to 1.3 dB apart under different evaluation code. An evaluator
that reproduces the figures of many papers from the papers' own weights has none of those faults.
"""

import argparse
import math
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from mesr.common.base import SCALES
from pipeline.assets.registry import RAW
from pipeline.imaging.backend import choose_device
from pipeline.imaging.packed import PackedImages
from pipeline.imaging.protocol import Protocol, get_protocol
from pipeline.models.networks import build_network, published_sizes
from pipeline.models.published_weights import load_published, published_weights
from pipeline.scoring.evaluation import evaluate_images
from pipeline.study.params import load_params
from pipeline.study.paths import LR_RECORD, RECORD, certificate_file, hr_file, lr_certificate_file
from pipeline.study.published_figures import published_quality
from pipeline.study.recording import update_record
from pipeline.study.verdicts import judge
from pipeline.support.console import run
from pipeline.support.files import atomic_path


def authors_protocol(model: str, variant: str, scale: int, dataset: str, domain: str) -> Protocol:
    """Return the protocol that a network's authors used, which ``published/quality.csv`` names.

    Where the dataset has no published figure, the network's other figures tell; without any,
    the network's domain ("rgb" or "y") does.
    """
    table = published_quality()
    entry = table.get((model, variant, scale, dataset)) or next(
        (e for e in table.values() if (e.model, e.variant) == (model, variant)), None
    )
    return get_protocol(entry.protocol if entry else domain)


def certify(
    model: str, variant: str, scale: int, dataset: str, images: PackedImages, raw: Path = RAW
) -> dict[str, Any]:
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

    Returns
    -------
    dict
        A row of the certificate: the means of PSNR and SSIM over the images, or None, and in
        ``note`` why nothing was measured.
    """
    row = {"model": model, "variant": variant, "scale": scale, "dataset": dataset}
    network, note = None, "no published weights"
    weights = next((w for w in published_weights(model, scale) if w.variant == variant), None)
    if model == "bicubic":
        network, note = build_network(model, scale), ""
    elif weights is not None and (missing := weights.missing(raw)):
        note = f"weights not downloaded: {missing[0].relative_to(raw)}"
    elif weights is not None:
        network, note = load_published(model, scale, variant, raw), weights.note
    domain = network.domain if network else "rgb"
    protocol = authors_protocol(model, variant, scale, dataset, domain)
    row |= {"protocol": protocol.name, "psnr_db": None, "ssim": None, "note": note}
    if network:
        readers = [(name, partial(images.__getitem__, name)) for name in images.names]
        evaluations = evaluate_images(network, readers, dataset, protocol, choose_device())
        found = [evaluation for _, evaluation in evaluations]
        row["psnr_db"] = math.fsum(e.psnr_db for e in found) / len(found)
        row["ssim"] = math.fsum(e.ssim for e in found) / len(found)
    return row


def describe(row: Mapping[str, Any]) -> str:
    """One line about a row, for the terminal."""
    model, variant, scale, dataset = (row[n] for n in ("model", "variant", "scale", "dataset"))
    name = " ".join(filter(None, (model, variant, f"x{scale}", dataset)))
    if row["psnr_db"] is None:
        return f"{name}: not measured ({row['note']})"
    entry = published_quality().get((model, variant, scale, dataset))
    verdict = judge(entry, row["psnr_db"], row["ssim"])
    said = f"published {entry.psnr_db} dB, {entry.ssim}: {verdict}" if entry and verdict else ""
    said = said or "no published figure to compare with"
    return f"{name}: {row['psnr_db']:.3f} dB, {row['ssim']:.4f}; {said}"


def main(argv: Sequence[str] | None = None) -> None:
    """Measure a network with its published weights on a dataset, or record the certificates."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.certify", description=main.__doc__)
    parser.add_argument("network", nargs="?", help="one of the benchmark's networks")
    parser.add_argument("dataset", nargs="?", help="dataset whose images are in data/hr")
    parser.add_argument("--record", action="store_true", help="put them into published/")
    arguments = parser.parse_args(argv)
    network, dataset = arguments.network, arguments.dataset
    if arguments.record:
        wanted = load_params().certify
        files = [certificate_file(*pair) for pair in product(wanted.networks, wanted.datasets)]
        update_record(RECORD, files, ("model", "dataset"))
        update_record(LR_RECORD, map(lr_certificate_file, wanted.lr), ("dataset",))
        return
    if not (network and dataset):
        parser.error("give a network and a dataset, or --record")
    images = PackedImages(hr_file(dataset))
    print(f"certify {network} on {len(images)} images of {dataset}", flush=True)
    rows = []
    for size, scale in product(published_sizes(network), SCALES):
        rows.append(certify(network, size, scale, dataset, images))
        print(describe(rows[-1]), flush=True)
    with atomic_path(certificate_file(network, dataset)) as temporary:
        pd.DataFrame(rows).to_csv(temporary, index=False, float_format="%.6f", lineterminator="\n")


if __name__ == "__main__":
    raise SystemExit(run(main))
