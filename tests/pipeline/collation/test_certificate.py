from pathlib import Path

import pytest

from pipeline.configure import compose_params
from pipeline.study.paths import certificate_file
from pipeline.study.published_figures import CertificateCell, RecordedCell
from pipeline.study.results import CERTIFICATE, CERTIFICATION
from pipeline.support.errors import UserError
from tests.pipeline.toy_study import CERTIFY, QUICK, ROOT, ToyStudy, certificate_cell


def test_the_contract_and_the_models_have_the_same_columns() -> None:
    assert list(CertificateCell.model_fields) == CERTIFICATE.names
    assert list(RecordedCell.model_fields) == CERTIFICATION.names


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
    found = (quick.folder / CERTIFICATION.path).read_bytes()
    assert found == (ROOT / "published/certificate.csv").read_bytes()
