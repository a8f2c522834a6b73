"""The certificate: options, verdicts, gaps that say why, and real weights where a mirror is set."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline import certify
from pipeline.assets.fetching import fetch_assets
from pipeline.certify import (
    certify_cell,
    describe,
    protocol_with,
    record,
    variants,
    within_tolerance,
    write_certificate,
)
from pipeline.imaging.packed import PackedImages, pack_images
from pipeline.imaging.protocol import LAPSRN, PAN, RGB, SRCNN, VDSR, Y
from pipeline.study.published_figures import CERTIFICATE_COLUMNS, published_quality
from pipeline.support.errors import UserError

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


@pytest.mark.parametrize("protocol", [LAPSRN, PAN, SRCNN, VDSR])
def test_options_of_the_table_spell_the_authors_protocols(protocol) -> None:
    base, name = (RGB, "rgb") if protocol.space == "rgb" else (Y, "y")
    found = protocol_with(name, protocol.differences(base))
    assert found.differences(protocol) == ""


@pytest.mark.parametrize(
    ("model", "variant", "protocol"),
    [
        ("idn", "", Y),
        ("srcnn", "9-1-5", SRCNN),
        ("pan", "", PAN),
        ("vdsr", "", VDSR),
        ("lapsrn", "", LAPSRN),
    ],
)
def test_curated_details_are_the_authors_protocols(model: str, variant: str, protocol) -> None:
    entry = published_quality()[model, variant, 4, "Set5"]
    assert protocol_with(entry.protocol, entry.details).differences(protocol) == ""


@pytest.mark.parametrize("details", ["rounding=no", "name=x", "gray=maybe", "lr_rounding=maybe"])
def test_unknown_options_are_refused(details: str) -> None:
    with pytest.raises(UserError, match=r"published/quality\.csv"):
        protocol_with("rgb", details)


@pytest.mark.parametrize(
    ("psnr_offset", "ssim_offset", "verdict"),
    [
        (0.0, 0.0, "true"),
        (0.02, 0.0, "true"),
        (-0.02, 0.001, "true"),
        (0.0201, 0.0, "false"),
        (0.0, -0.0011, "false"),
    ],
)
def test_verdict_at_the_edges(psnr_offset: float, ssim_offset: float, verdict: str) -> None:
    entry = published_quality()["bicubic", "", 2, "Set5"]
    assert within_tolerance(entry, 33.66 + psnr_offset, 0.9299 + ssim_offset) == verdict


def test_no_verdict_without_a_figure_or_a_measurement() -> None:
    entry = published_quality()["bicubic", "", 2, "Set5"]
    assert within_tolerance(None, 30.0, 0.9) == ""
    assert within_tolerance(entry, None, None) == ""
    assert within_tolerance(published_quality()["dpsr", "", 2, "Set5"], 30.0, 0.9) == ""


def test_psnr_alone_decides_where_no_ssim_is_published() -> None:
    entry = published_quality()["srcnn", "9-1-5", 2, "Set5"]
    assert entry.ssim is None
    assert within_tolerance(entry, 36.34, 0.1) == "true"


def test_bicubic_on_own_images_is_measured_without_verdict(images: PackedImages) -> None:
    row = certify_cell("bicubic", "", 2, "toy", images=images)
    assert tuple(row) == CERTIFICATE_COLUMNS
    assert row["within_tolerance"] == ""
    assert row["protocol"] == "y"
    assert "no published figure" in row["note"]
    assert 5 < row["psnr_db"] < 60
    assert "nothing to compare" in describe(row)


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
    row = certify_cell(model, variant, 4, "Set5", images=images, raw=tmp_path)
    assert reason in row["note"]
    assert row["psnr_db"] is None
    assert row["within_tolerance"] == ""
    assert row["measured"] == ""
    assert "not measured" in describe(row)


def test_variants_are_the_published_sizes() -> None:
    assert variants("a2f") == ["L", "M", "S", "SD"]
    assert variants("vdsr") == [""]
    assert variants("bicubic") == [""]


def test_record_collects_what_params_name(tmp_path: Path, monkeypatch, images) -> None:
    row = certify_cell("bicubic", "", 2, "toy", images=images)
    missing = certify_cell("drcn", "", 2, "Set5", images=images, raw=tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(certify, "RECORD", tmp_path / "certificate.csv")

    class Certify:
        networks: tuple[str, ...] = ("bicubic", "drcn")
        datasets: tuple[str, ...] = ("toy",)

    class Params:
        certify = Certify

    monkeypatch.setattr(certify, "load_params", lambda: Params)
    write_certificate(Path("certificates/bicubic_toy.csv"), [row])
    with pytest.raises(UserError, match=r"drcn_toy\.csv: missing"):
        record()
    write_certificate(Path("certificates/drcn_toy.csv"), [missing])
    record()
    found = pd.read_csv("certificate.csv", dtype=str, keep_default_na=False)
    assert tuple(found.columns) == CERTIFICATE_COLUMNS
    assert list(found["measured"]) == ["recorded", ""]
    assert found["psnr_db"][0] == f"{row['psnr_db']:.6f}"
    assert found["psnr_db"][1] == ""

    Certify.networks = ()
    with pytest.raises(UserError, match=r"certify\.networks is empty"):
        record()


def test_the_committed_record_has_the_columns_and_no_cell_hides_a_miss() -> None:
    table = pd.read_csv(certify.RECORD, dtype=str, keep_default_na=False)
    assert tuple(table.columns) == CERTIFICATE_COLUMNS
    assert set(table["measured"]) <= {"recorded", ""}
    published = published_quality()
    for row in table.to_dict("records"):
        entry = published.get((row["model"], row["variant"], int(row["scale"]), row["dataset"]))
        if not row["psnr_db"]:
            assert row["within_tolerance"] == ""
            assert row["note"]
            continue
        verdict = within_tolerance(entry, float(row["psnr_db"]), float(row["ssim"]))
        assert row["within_tolerance"] == verdict


@needs_mirror
def test_published_weights_give_their_published_figures(tmp_path: Path) -> None:
    data = tmp_path / "data"
    fetch_assets(["Set5", "SRCNN"], data)
    set5 = PackedImages(data / "hr" / "Set5.h5")
    for scale, psnr_db in ((2, 33.66), (3, 30.39), (4, 28.42)):
        row = certify_cell("bicubic", "", scale, "Set5", images=set5)
        assert row["psnr_db"] == pytest.approx(psnr_db, abs=0.01)
        assert row["within_tolerance"] == "true"
    for scale, psnr_db in ((2, 36.34), (3, 32.39), (4, 30.08)):
        row = certify_cell("srcnn", "9-1-5", scale, "Set5", images=set5, raw=data / "raw")
        assert row["psnr_db"] == pytest.approx(psnr_db, abs=0.01)
        assert row["within_tolerance"] == "true"
