"""The certificate: published weights measured here, or the record of the last measurement."""

import pandas as pd

from pipeline.study.params import Params
from pipeline.study.paths import RECORD
from pipeline.study.published_figures import recorded_certificate
from pipeline.study.results import CERTIFICATION, read_certificates, read_text


def certification(params: Params) -> pd.DataFrame:
    """Collate the certificate, or take the record of the last full measurement.

    A profile that certifies nothing (no network, no assets) shows `published/certificate.csv`,
    whose rows say that they are recorded and at which revision they were measured.
    """
    if params.certify.networks:
        measured = read_certificates(params.certify.networks, params.certify.datasets)
        return measured.assign(git_revision="")
    recorded_certificate()  # checks the values; the digits are taken as they stand
    return read_text(RECORD, CERTIFICATION.names, f"git checkout -- published/{RECORD.name}")
