"""Stage `certify`: published weights, measured under the protocols of their authors."""

import argparse
from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path

import pandas as pd

from mesr.common.base import SCALES
from pipeline.imaging.packed import PackedImages
from pipeline.models.networks import published_sizes
from pipeline.study.certification import certify_cell, describe
from pipeline.study.params import Certify, load_params
from pipeline.study.paths import CERTIFICATES, RECORD, certificate_file, hr_file
from pipeline.study.published_figures import CertificateCell
from pipeline.study.recording import update_record
from pipeline.support.console import run
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.support.revision import git_revision


def certify(network: str, dataset: str) -> list[CertificateCell]:
    """Measure every published size and scale of a network on a dataset; print a line for each."""
    images = PackedImages(hr_file(dataset))
    print(f"certify {network} on {len(images)} images of {dataset}", flush=True)
    cells = []
    for size, scale in product(published_sizes(network), SCALES):
        cells.append(certify_cell(network, size, scale, dataset, images=images))
        print(describe(cells[-1]), flush=True)
    return cells


def write_certificate(cells: Iterable[CertificateCell], path: Path) -> None:
    """Write cells as CSV, dB and SSIM with 6 digits after the point."""
    table = pd.DataFrame(
        [cell.model_dump() for cell in cells], columns=[*CertificateCell.model_fields]
    )
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6f", lineterminator="\n")


def record(params: Certify, path: Path = RECORD) -> str:
    """Put the certificates that params.yaml names and that are here into the committed record.

    They replace the record's rows of the same network and dataset; the others stay.

    Returns
    -------
    str
        What was recorded.

    Raises
    ------
    UserError
        When none is here.
    """
    pairs = [
        pair
        for pair in product(params.networks, params.datasets)
        if certificate_file(*pair).is_file()
    ]
    if not pairs:
        raise UserError(
            f"{CERTIFICATES}: holds none of the certificates that params.yaml names under certify, "
            "so there is nothing to record. Measure first: "
            "python -m pipeline.configure profile=certify && dvc repro certify"
        )
    files = [certificate_file(*pair) for pair in pairs]
    measured = pd.concat([pd.read_csv(f, dtype=str, keep_default_na=False) for f in files])
    table = update_record(path, measured, ("model", "dataset"), git_revision())
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    names = ", ".join(f"{network} on {dataset}" for network, dataset in pairs)
    known = (measured["psnr_db"] != "").sum()
    return f"recorded {known} measured cells of {len(measured)} in {path}: {names}"


def main(argv: Sequence[str] | None = None) -> None:
    """Measure a network with its published weights on a dataset, or record the certificates."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.certify", description=main.__doc__)
    parser.add_argument("network", nargs="?", help="one of the benchmark's networks")
    parser.add_argument("dataset", nargs="?", help="dataset whose images are in data/hr")
    parser.add_argument(
        "--record",
        action="store_true",
        help="put the measured certificates into published/certificate.csv",
    )
    arguments = parser.parse_args(argv)
    network, dataset = arguments.network, arguments.dataset
    if arguments.record:
        print(record(load_params().certify))
    elif network and dataset:
        write_certificate(certify(network, dataset), certificate_file(network, dataset))
    else:
        parser.error("give a network and a dataset, or --record")


if __name__ == "__main__":
    raise SystemExit(run(main))
