"""The certificates: what was measured here, or the record of the last measurement."""

from collections.abc import Sequence

import pandas as pd

from pipeline.collation.cells import Row, joined
from pipeline.study.params import Params
from pipeline.study.paths import LR_RECORD, RECORD, lr_certificate_file
from pipeline.study.published_figures import (
    CertificateCell,
    PublishedQuality,
    published_quality,
    recorded_certificate,
)
from pipeline.study.results import (
    LR_CERTIFICATE,
    LR_CERTIFICATION,
    RECORDED_CERTIFICATE,
    read_certificate,
    read_text,
)
from pipeline.study.verdicts import digits, judge


def certification(params: Params) -> list[Row]:
    """Put what was measured beside what is published, with a verdict.

    A profile that certifies nothing (no network, no assets) shows `published/certificate.csv`,
    whose rows say that they are recorded and at which revision they were measured.
    """
    if params.certify.networks:
        found = [
            read_certificate(network, dataset).assign(git_revision="")
            for network in params.certify.networks
            for dataset in params.certify.datasets
        ]
        return compare(pd.concat(found), "measured")
    return recorded()


def recorded() -> list[Row]:
    """Put the committed record of the certificate beside what is published."""
    recorded_certificate()  # checks the values; the digits are taken as they stand
    remedy = f"git checkout -- published/{RECORD.name}"
    return compare(read_text(RECORD, RECORDED_CERTIFICATE.names, remedy), "recorded")


def compare(cells: pd.DataFrame, how: str) -> list[Row]:
    """Return a row of `CERTIFICATION` for each cell, given as text; `how` it was measured."""
    published = published_quality()
    rows = []
    for facts in cells.to_dict("records"):
        revision = facts.pop("git_revision")
        cell = CertificateCell.model_validate(facts)
        entry = published.get((cell.model, cell.variant, cell.scale, cell.dataset))
        known = entry is not None and (entry.psnr_db is not None or entry.ssim is not None)
        rows.append(
            {
                **{name: facts[name] for name in ("model", "variant", "scale", "dataset")},
                "protocol": cell.protocol,
                **_published("psnr", "psnr_db", entry),
                "psnr_db": facts["psnr_db"],
                **_published("ssim", "ssim", entry),
                "ssim": facts["ssim"],
                "verdict": judge(entry, cell.psnr_db, cell.ssim),
                "misprint": entry.misprint if entry else "",
                "source": entry.source if entry else "",
                "note": joined(
                    "" if known else "no published figure to compare with",
                    *(cell.note, entry.note if entry else ""),
                ),
                "measured": how if cell.psnr_db is not None else "",
                "git_revision": revision,
            }
        )
    return rows


def _published(name: str, column: str, entry: PublishedQuality | None) -> Row:
    value = getattr(entry, column, None)
    printed = {f"published_{column}": "", f"{name}_digits": ""}
    if value is not None:
        printed = {f"published_{column}": str(value), f"{name}_digits": str(digits(value))}
    return printed


def lr_certification(datasets: Sequence[str]) -> pd.DataFrame:
    """Collate the certificates of LR images of the study's datasets, or take their record."""
    if not datasets:
        remedy = f"git checkout -- published/{LR_RECORD.name}"
        return read_text(LR_RECORD, LR_CERTIFICATION.names, remedy)
    found = [
        read_text(lr_certificate_file(name), LR_CERTIFICATE.names, f"dvc repro certify_lr@{name}")
        for name in datasets
    ]
    return pd.concat(found, ignore_index=True).assign(git_revision="")
