"""The certificate: published weights measured here, or the record of the last measurement."""

import pandas as pd

from pipeline.study.params import Params
from pipeline.study.paths import PUBLISHED, certificate_file
from pipeline.study.results import CERTIFICATION, read_text


def certification(params: Params) -> pd.DataFrame:
    """Collate the certificate, or take the record of the last full measurement.

    A profile that certifies nothing (no network, no assets) shows `published/certificate.csv`,
    whose rows say that they are recorded and at which revision they were measured.
    """
    if not params.certify.networks:
        path = PUBLISHED / "certificate.csv"
        return read_text(path, CERTIFICATION.names, "git checkout -- published/certificate.csv")
    frames = [
        read_text(
            certificate_file(network, dataset),
            CERTIFICATION.names,
            f"dvc repro certify@{network}-{dataset}",
        )
        for network in params.certify.networks
        for dataset in params.certify.datasets
    ]
    return pd.concat(frames, ignore_index=True)
