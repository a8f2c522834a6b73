"""Stage `certify`: a file for each network and dataset, of the contract that `tables` reads."""

from pathlib import Path

import numpy as np
import pytest

from pipeline import certify
from pipeline.certify import main
from pipeline.configure import compose_params
from pipeline.imaging.packed import pack_images
from pipeline.study.params import load_params
from pipeline.study.paths import certificate_file, hr_file
from pipeline.study.results import CERTIFICATE, CERTIFICATION
from pipeline.support.errors import UserError
from tests.pipeline.toy_study import CERTIFY, QUICK, ROOT, ToyStudy, certificate_cell


def test_every_scale_becomes_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    low = np.random.default_rng(0).integers(0, 256, (13, 11, 3), dtype=np.uint8)
    pack_images([("one", np.kron(low, np.ones((4, 4, 1), np.uint8)))], hr_file("toy"))
    main(["--network", "bicubic", "--dataset", "toy"])
    rows = CERTIFICATE.read(certificate_file("bicubic", "toy"))
    assert list(rows["scale"]) == [2, 3, 4]
    assert rows["psnr_db"].between(5, 60).all()
    assert set(rows["measured"]) == {"measured"}
    assert capsys.readouterr().out.count("nothing to compare") == 3


def test_a_dataset_must_be_given() -> None:
    with pytest.raises(SystemExit):
        main(["--network", "bicubic"])


def test_record_collects_what_params_name(
    changed: ToyStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certify, "RECORD", Path("certificate.csv"))
    with pytest.raises(UserError, match=r"certify\.networks is empty"):
        certify.record(load_params().certify)
    Path("params.yaml").write_text(compose_params([*QUICK, *CERTIFY], ROOT / "conf"))
    CERTIFICATE.write([certificate_cell()], certificate_file("bicubic", "photos_test"))
    with pytest.raises(UserError, match=r"vdsr_photos_test\.csv: not found"):
        certify.record(load_params().certify)
    gap = certificate_cell(model="vdsr", psnr_db=None, ssim=None, measured="")
    CERTIFICATE.write([gap], certificate_file("vdsr", "photos_test"))
    assert "1 measured cells of 2" in certify.record(load_params().certify)
    found = CERTIFICATION.read(Path("certificate.csv"))
    assert list(found["measured"]) == ["recorded", ""]
    assert found["git_revision"][1] == ""
    assert found["psnr_db"][0] == 33.25
    assert np.isnan(found["psnr_db"][1])
