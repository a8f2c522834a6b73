"""Cells of the certificate: verdicts, gaps that say why, real weights where a mirror is set."""

import os
from pathlib import Path

import numpy as np
import pytest

from pipeline.assets.fetching import fetch_assets
from pipeline.imaging.packed import PackedImages, pack_images
from pipeline.imaging.protocol import IDN, LAPSRN, PAN, SRCNN, VDSR, Protocol, Y
from pipeline.study.certification import (
    authors_protocol,
    certify_cell,
    describe,
)
from pipeline.study.published_figures import CertificateCell, published_quality

needs_mirror = pytest.mark.skipif(
    "MESR_MIRROR" not in os.environ,
    reason="MESR_MIRROR is not set: no folder with test sets and published weights",
)


@pytest.fixture
def images(tmp_path: Path) -> PackedImages:
    rng = np.random.default_rng(0)
    low = rng.integers(0, 256, (2, 13, 11, 3), dtype=np.uint8)
    photos = [np.kron(image, np.ones((4, 4, 1), np.uint8)) for image in low]
    pack_images([("one", photos[0]), ("two", photos[1])], tmp_path / "toy.h5")
    return PackedImages(tmp_path / "toy.h5")


@pytest.mark.parametrize(
    ("model", "variant", "protocol"),
    [
        ("idn", "", IDN),
        ("srcnn", "9-1-5", SRCNN),
        ("pan", "", PAN),
        ("vdsr", "", VDSR),
        ("lapsrn", "", LAPSRN),
        ("a2f", "SD", PAN),
    ],
)
def test_networks_are_certified_under_their_authors_protocols(
    model: str, variant: str, protocol: Protocol
) -> None:
    published = published_quality()
    assert authors_protocol(model, variant, published[model, variant, 4, "Set5"], "") == protocol
    assert authors_protocol(model, variant, None, "") == protocol  # told by its other figures


def test_a_network_without_figures_is_certified_in_its_own_domain() -> None:
    assert authors_protocol("vdsr", "someone_elses", None, "y") == Y


def test_bicubic_on_own_images_is_measured_without_verdict(images: PackedImages) -> None:
    cell = certify_cell("bicubic", "", 2, "toy", images=images)
    assert (cell.protocol, cell.note) == ("vdsr", "")
    assert cell.psnr_db is not None
    assert 5 < cell.psnr_db < 60
    assert "no published figure to compare with" in describe(cell)


@pytest.mark.parametrize(
    ("model", "variant", "reason"),
    [
        ("srcnn", "9-1-5", "not downloaded: SRCNN/SRCNN_915_x4.mat"),
        ("drcn", "", "no published weights"),
        ("a2f", "M", "not downloaded: A2F/AAF_M_x4.pt"),
    ],
)
def test_cells_without_weights_say_so(
    images: PackedImages, tmp_path: Path, model: str, variant: str, reason: str
) -> None:
    cell = certify_cell(model, variant, 4, "Set5", images=images, raw=tmp_path)
    assert reason in cell.note
    assert cell.psnr_db is cell.ssim is None
    assert "not measured" in describe(cell)


def test_a_cell_is_described_with_its_verdict() -> None:
    facts = {"model": "idn", "variant": "", "scale": 2, "dataset": "Set5", "protocol": "idn"}
    cell = CertificateCell(**facts, psnr_db=37.8304, ssim=0.96004, note="")
    line = describe(cell)
    assert line == "idn x2 Set5: 37.830 dB, 0.9600; published 37.83 dB, 0.9600: equal"


@needs_mirror
def test_published_weights_give_their_published_figures(tmp_path: Path) -> None:
    data = tmp_path / "data"
    fetch_assets(["Set5", "SRCNN"], data)
    set5 = PackedImages(data / "hr" / "Set5.h5")
    for scale, psnr_db in ((2, 33.66), (3, 30.39), (4, 28.42)):
        cell = certify_cell("bicubic", "", scale, "Set5", images=set5)
        assert cell.psnr_db == pytest.approx(psnr_db, abs=0.005)
        assert describe(cell).endswith(": equal")
    for scale, psnr_db in ((2, 36.34), (3, 32.39), (4, 30.08)):
        cell = certify_cell("srcnn", "9-1-5", scale, "Set5", images=set5, raw=data / "raw")
        assert cell.psnr_db == pytest.approx(psnr_db, abs=0.005)
