"""Stage `certify`: published weights, measured under the protocols of their authors."""

import argparse
from collections.abc import Sequence
from itertools import product

import pandas as pd

from mesr.common.base import SCALES
from pipeline.imaging.packed import PackedImages
from pipeline.models.networks import NETWORKS, network_variants
from pipeline.study.certification import certify_cell, describe
from pipeline.study.params import CertifyParams, load_params
from pipeline.study.paths import CERTIFICATES, RECORD, certificate_file, hr_file
from pipeline.study.published_figures import CertificateCell
from pipeline.study.results import (
    CERTIFICATE,
    RECORDED_CERTIFICATE,
    read_certificate,
    read_text,
)
from pipeline.support.console import run
from pipeline.support.errors import UserError
from pipeline.support.revision import git_revision


def certify(network: str, dataset: str) -> list[CertificateCell]:
    """Measure every variant and scale of a network on a dataset; print a line for each cell."""
    images = PackedImages(hr_file(dataset))
    print(f"certify {network} on {len(images)} images of {dataset}", flush=True)
    cells = []
    for variant in network_variants(network):
        for scale in SCALES:
            cells.append(certify_cell(network, variant, scale, dataset, images=images))
            print(describe(cells[-1]), flush=True)
    return cells


def record(params: CertifyParams) -> str:
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
    measured = pd.concat([read_certificate(*pair) for pair in pairs])
    known = measured["psnr_db"] != ""
    measured["git_revision"] = known.map({True: git_revision(), False: ""})
    remedy = f"git checkout -- published/{RECORD.name}"
    earlier = read_text(RECORD, RECORDED_CERTIFICATE.names, remedy)
    replaced = pd.Series(zip(earlier["model"], earlier["dataset"], strict=True)).isin(pairs)
    table = pd.concat([earlier[~replaced], measured])
    order = {name: index for index, name in enumerate([*NETWORKS, *table["dataset"].unique()])}
    table = table.sort_values(["model", "dataset"], key=lambda c: c.map(order), kind="stable")
    RECORDED_CERTIFICATE.write(table, RECORD)
    names = ", ".join(f"{network} on {dataset}" for network, dataset in pairs)
    return f"recorded {known.sum()} measured cells of {len(measured)} in {RECORD}: {names}"


def main(argv: Sequence[str] | None = None) -> None:
    """Measure a network with its published weights on a dataset, or record the certificates."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.certify", description=main.__doc__)
    parser.add_argument("--network", help="name in pipeline/models/networks.py")
    parser.add_argument("--dataset", help="dataset whose images are in data/hr")
    parser.add_argument(
        "--record",
        action="store_true",
        help="put the measured certificates into published/certificate.csv",
    )
    arguments = parser.parse_args(argv)
    if arguments.record:
        print(record(load_params().certify))
    elif arguments.network and arguments.dataset:
        cells = certify(arguments.network, arguments.dataset)
        path = certificate_file(arguments.network, arguments.dataset)
        CERTIFICATE.write([cell.model_dump() for cell in cells], path)
    else:
        parser.error("give --network and --dataset, or --record")


if __name__ == "__main__":
    raise SystemExit(run(main))
