from pathlib import Path

import pytest

from pipeline.configure import compose_params
from pipeline.study.paths import certificate_file
from pipeline.study.results import CERTIFICATION
from pipeline.support.errors import UserError
from tests.pipeline.toy_study import QUICK, ROOT, ToyStudy


def test_measured_certificates_replace_the_record(changed: ToyStudy) -> None:
    overrides = [*QUICK, "certify.networks=[bicubic,vdsr]", "certify.datasets=[photos_test]"]
    Path("params.yaml").write_text(compose_params(overrides, ROOT / "conf"))
    with pytest.raises(UserError, match="certify@bicubic-photos_test"):
        changed.run()
    for name in ("bicubic", "vdsr"):
        facts = dict.fromkeys(CERTIFICATION.names, "") | {"model": name, "measured": "measured"}
        CERTIFICATION.write([facts], certificate_file(name, "photos_test"))
    changed.run()
    found = changed.table("certification")
    assert list(found["model"]) == ["bicubic", "vdsr"]
    assert set(found["measured"]) == {"measured"}


def test_a_profile_that_certifies_nothing_shows_the_record(quick: ToyStudy) -> None:
    found = (quick.folder / CERTIFICATION.path).read_bytes()
    assert found == (ROOT / "published/certificate.csv").read_bytes()
