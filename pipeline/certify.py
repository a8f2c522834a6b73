"""Stage `certify`: published weights, measured here, against the figures published for them."""

import argparse
from collections.abc import Sequence

from mesr.common.base import SCALES
from pipeline.imaging.packed import PackedImages
from pipeline.models.networks import network_variants
from pipeline.study.certification import certify_cell, describe
from pipeline.study.params import CertifyParams, load_params
from pipeline.study.paths import RECORD, certificate_file, hr_file
from pipeline.study.published_figures import CertificateCell
from pipeline.study.results import CERTIFICATE, CERTIFICATION, read_certificates
from pipeline.support.console import run
from pipeline.support.errors import UserError
from pipeline.support.revision import git_revision


def certify(network: str, dataset: str) -> list[CertificateCell]:
    """Certify every variant and scale of a network on a dataset; print a line for each cell."""
    images = PackedImages(hr_file(dataset))
    print(f"certify {network} on {len(images)} images of {dataset}", flush=True)
    cells = []
    for variant in network_variants(network):
        for scale in SCALES:
            cells.append(certify_cell(network, variant, scale, dataset, images=images))
            print(describe(cells[-1]), flush=True)
    return cells


def record(params: CertifyParams) -> str:
    """Write the certificates that params.yaml names into `published/certificate.csv`.

    Returns
    -------
    str
        What was recorded.

    Raises
    ------
    UserError
        When params.yaml certifies nothing, or one of its certificates is missing.
    """
    if not params.networks:
        raise UserError(
            "params.yaml: certify.networks is empty, so there is nothing to record. Compose a "
            "profile that certifies: python -m pipeline.configure profile=certify"
        )
    table = read_certificates(params.networks, params.datasets).assign(git_revision="")
    measured = table["measured"] == "measured"
    table.loc[measured, "measured"] = "recorded"
    table.loc[measured, "git_revision"] = git_revision()
    CERTIFICATION.write(table, RECORD)
    return f"recorded {measured.sum()} measured cells of {len(table)} in {RECORD}"


def main(argv: Sequence[str] | None = None) -> None:
    """Measure a network with its published weights on a dataset, or record all certificates."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.certify", description=main.__doc__)
    parser.add_argument("--network", help="name in pipeline/models/networks.py")
    parser.add_argument("--dataset", help="dataset whose images are in data/hr")
    parser.add_argument(
        "--record",
        action="store_true",
        help="write published/certificate.csv from the certificates that params.yaml names",
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
