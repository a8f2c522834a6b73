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
from pipeline.study.results import CERTIFICATE, RECORDED_CERTIFICATE
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
    assert capsys.readouterr().out.count("no published figure to compare with") == 3


def test_a_dataset_must_be_given() -> None:
    with pytest.raises(SystemExit):
        main(["--network", "bicubic"])


def test_record_replaces_what_was_measured_and_keeps_the_rest(
    changed: ToyStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = [
        certificate_cell(model=model, dataset=dataset, psnr_db=20.0) | {"git_revision": "abc"}
        for model, dataset in (("bicubic", "Set5"), ("bicubic", "photos_test"), ("vdsr", "Set5"))
    ]
    RECORDED_CERTIFICATE.write(earlier, Path("certificate.csv"))
    monkeypatch.setattr(certify, "RECORD", Path("certificate.csv"))
    with pytest.raises(UserError, match=r"holds none of the certificates that params\.yaml names"):
        certify.record(load_params().certify)
    Path("params.yaml").write_text(compose_params([*QUICK, *CERTIFY], ROOT / "conf"))
    with pytest.raises(UserError, match="Measure first"):
        certify.record(load_params().certify)
    CERTIFICATE.write([certificate_cell()], certificate_file("bicubic", "photos_test"))
    gap = certificate_cell(model="vdsr", psnr_db=None, ssim=None, note="no published weights")
    CERTIFICATE.write([gap], certificate_file("vdsr", "photos_test"))
    assert "1 measured cells of 2" in certify.record(load_params().certify)
    found = RECORDED_CERTIFICATE.read(Path("certificate.csv"))
    assert list(zip(found["model"], found["dataset"], strict=True)) == [
        ("bicubic", "Set5"), ("bicubic", "photos_test"), ("vdsr", "Set5"), ("vdsr", "photos_test"),
    ]  # fmt: skip
    assert list(found["psnr_db"].fillna(0)) == [20.0, 33.25, 20.0, 0]
    revisions = list(found["git_revision"])
    assert (revisions[0], revisions[2], revisions[3]) == ("abc", "abc", "")
    assert revisions[1] not in ("", "abc")
