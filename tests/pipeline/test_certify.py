"""Stage `certify`: a file for each network and dataset, and the record that comes with the code."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline import certify
from pipeline.certify import main, write_certificate
from pipeline.imaging.packed import pack_images
from pipeline.study.params import Certify
from pipeline.study.paths import certificate_file, hr_file
from pipeline.study.published_figures import CertificateCell
from pipeline.support.errors import UserError


def cell(**changes: Any) -> CertificateCell:
    facts = {
        **{"model": "bicubic", "variant": "", "scale": 2, "dataset": "photos_test"},
        **{"protocol": "y", "psnr_db": 33.25, "ssim": 0.9, "note": ""},
    }
    return CertificateCell(**(facts | changes))


def test_every_scale_becomes_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    low = np.random.default_rng(0).integers(0, 256, (13, 11, 3), dtype=np.uint8)
    pack_images([("one", np.kron(low, np.ones((4, 4, 1), np.uint8)))], hr_file("toy"))
    main(["bicubic", "toy"])
    rows = pd.read_csv(certificate_file("bicubic", "toy"))
    assert list(rows["scale"]) == [2, 3, 4]
    assert rows["psnr_db"].between(5, 60).all()
    assert capsys.readouterr().out.count("no published figure to compare with") == 3


def test_a_dataset_must_be_given() -> None:
    with pytest.raises(SystemExit):
        main(["bicubic"])


def test_record_replaces_what_was_measured_and_keeps_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("certificate.csv")
    write_certificate(
        [
            cell(model=model, dataset=dataset, psnr_db=20.0)
            for model, dataset in (
                ("bicubic", "Set5"),
                ("bicubic", "photos_test"),
                ("vdsr", "Set5"),
            )
        ],
        path,
    )
    earlier = pd.read_csv(path, keep_default_na=False).assign(git_revision="abc")
    earlier.to_csv(path, index=False)
    params = Certify(networks=["bicubic", "vdsr"], datasets=["photos_test"], lr=[])
    nothing = r"holds none of the certificates that params\.yaml names.*Measure first"
    with pytest.raises(UserError, match=nothing):
        certify.record(params, path)
    write_certificate([cell()], certificate_file("bicubic", "photos_test"))
    gap = cell(model="vdsr", psnr_db=None, ssim=None, note="no published weights")
    write_certificate([gap], certificate_file("vdsr", "photos_test"))
    assert "1 measured cells of 2" in certify.record(params, path)
    found = pd.read_csv(path, keep_default_na=False, dtype=str)
    assert list(zip(found["model"], found["dataset"], strict=True)) == [
        ("bicubic", "Set5"), ("bicubic", "photos_test"), ("vdsr", "Set5"), ("vdsr", "photos_test"),
    ]  # fmt: skip
    assert list(found["psnr_db"]) == ["20.0", "33.250000", "20.0", ""]
    revisions = list(found["git_revision"])
    assert (revisions[0], revisions[2], revisions[3]) == ("abc", "abc", "")
    assert revisions[1] not in ("", "abc")
