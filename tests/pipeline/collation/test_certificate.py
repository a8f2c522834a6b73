from pathlib import Path

import pandas as pd
import pytest

from pipeline.collation.certificate import compare
from pipeline.configure import compose_params
from pipeline.study.paths import LR_RECORD, certificate_file, lr_certificate_file
from pipeline.study.published_figures import CertificateCell, RecordedCell
from pipeline.study.results import (
    CERTIFICATE,
    LR_CERTIFICATE,
    LR_CERTIFICATION,
    RECORDED_CERTIFICATE,
)
from pipeline.support.errors import UserError
from tests.pipeline.toy_study import CERTIFY, QUICK, ROOT, ToyStudy, certificate_cell, row


def test_the_contract_and_the_models_have_the_same_columns() -> None:
    assert list(CertificateCell.model_fields) == CERTIFICATE.names
    assert list(RecordedCell.model_fields) == RECORDED_CERTIFICATE.names


def test_measured_certificates_replace_the_record(changed: ToyStudy) -> None:
    Path("params.yaml").write_text(compose_params([*QUICK, *CERTIFY], ROOT / "conf"))
    with pytest.raises(UserError, match="certify@bicubic-photos_test"):
        changed.run()
    for name in ("bicubic", "vdsr"):
        CERTIFICATE.write([certificate_cell(model=name)], certificate_file(name, "photos_test"))
    changed.run()
    found = changed.table("certification")
    assert list(found["model"]) == ["bicubic", "vdsr"]
    assert set(found["measured"]) == {"measured"}
    assert set(found["git_revision"]) == {""}


def test_a_profile_that_certifies_nothing_shows_the_record(quick: ToyStudy) -> None:
    found = quick.table("certification")
    record = pd.read_csv(ROOT / "published/certificate.csv", dtype=str, keep_default_na=False)
    for column in ("model", "dataset", "protocol", "psnr_db", "ssim", "git_revision"):
        assert list(found[column]) == list(record[column])
    assert set(found["measured"]) == {"recorded", ""}
    degraded = (quick.folder / LR_CERTIFICATION.path).read_bytes()
    assert degraded == LR_RECORD.read_bytes()


def test_measured_cells_stand_beside_the_published_ones_with_a_verdict() -> None:
    measured = [
        certificate_cell(dataset="Set5", psnr_db=33.664, ssim=0.92994),
        certificate_cell(dataset="Set5", scale=3, psnr_db=30.38, ssim=0.8682),
        certificate_cell(model="lapsrn", dataset="Set5", psnr_db=37.52, ssim=0.9594),
        certificate_cell(model="a2f", variant="SD", dataset="BSD100", psnr_db=32.07, ssim=0.8986),
        certificate_cell(model="dpsr", dataset="Set5", note="a note of the weights"),
        certificate_cell(model="vdsr", dataset="Set5", psnr_db=None, ssim=None, note="not here"),
    ]
    as_text = [{k: "" if v is None else str(v) for k, v in cell.items()} for cell in measured]
    cells = pd.DataFrame(as_text).assign(git_revision="abc")
    found = pd.DataFrame(compare(cells, "measured"))
    assert list(found["verdict"]) == ["equal", "close", "equal", "misprint", "", ""]
    lapsrn = row(found, model="lapsrn")
    assert (lapsrn["published_ssim"], lapsrn["ssim_digits"]) == ("0.959", "3")
    assert (lapsrn["published_psnr_db"], lapsrn["psnr_digits"]) == ("37.52", "2")
    assert row(found, model="a2f")["misprint"] == "psnr_db"
    assert row(found, model="dpsr")["note"].startswith(
        "no published figure to compare with; a note of the weights; "
    )
    gap = row(found, model="vdsr")
    assert (gap["measured"], gap["published_psnr_db"]) == ("", "37.53")
    assert gap["note"].startswith("not here; ")


def test_lr_certificates_of_the_study_replace_the_record(changed: ToyStudy) -> None:
    lr = "certify.lr=[Set5]"
    Path("params.yaml").write_text(compose_params([*QUICK, lr], ROOT / "conf"))
    with pytest.raises(UserError, match="certify_lr@Set5"):
        changed.run()
    facts = dict.fromkeys(LR_CERTIFICATE.columns, 1) | {"dataset": "Set5", "worst_image": ""}
    LR_CERTIFICATE.write([facts], lr_certificate_file("Set5"))
    changed.run()
    found = changed.table("tables/lr_certificate")
    assert (list(found["dataset"]), list(found["git_revision"])) == (["Set5"], [""])
