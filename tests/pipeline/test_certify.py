"""Stage `certify`: rows, gaps that say why, real weights where a mirror is set, the record."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.certify import authors_protocol, certify, describe, main
from pipeline.imaging.packed import PackedImages, pack_images
from pipeline.imaging.protocol import IDN, LAPSRN, PAN, SRCNN, VDSR, Protocol, Y
from pipeline.study.paths import certificate_file, hr_file
from pipeline.study.recording import update_record


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
    assert authors_protocol(model, variant, 4, "Set5", "") == protocol
    assert authors_protocol(model, variant, 4, "mine", "") == protocol  # by its other figures


def test_a_network_without_figures_is_certified_in_its_own_domain() -> None:
    assert authors_protocol("vdsr", "someone_elses", 4, "Set5", "y") == Y


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
    cell = certify(model, variant, 4, "Set5", images, tmp_path)
    assert reason in cell["note"]
    assert cell["psnr_db"] is cell["ssim"] is None
    assert "not measured" in describe(cell)


def test_a_row_is_described_with_its_verdict() -> None:
    row = {"model": "idn", "variant": "", "scale": 2, "dataset": "Set5"}
    line = describe(row | {"psnr_db": 37.8304, "ssim": 0.96004})
    assert line == "idn x2 Set5: 37.830 dB, 0.9600; published 37.83 dB, 0.9600: equal"


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
    with pytest.raises(SystemExit):
        main(["bicubic"])


def test_record_replaces_what_was_measured_and_keeps_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def write(name: str, *rows: tuple[str, str, str], **more: str) -> Path:
        columns = ["model", "dataset", "psnr_db"]
        path = tmp_path / f"{name}.csv"
        pd.DataFrame(rows, columns=columns).assign(**more).to_csv(path, index=False)
        return path

    earlier: list[Any] = [
        ("bicubic", "Set5", "20"),
        ("bicubic", "toy", "20"),
        ("vdsr", "Set5", "20"),
    ]
    record = write("record", *earlier, git_revision="abc")
    same = ("model", "dataset")
    before = record.read_bytes()
    update_record(record, [tmp_path / "none.csv"], same)
    assert "Measure first" in capsys.readouterr().out
    assert record.read_bytes() == before
    measured = write("a", ("bicubic", "toy", "33.25")), write("b", ("vdsr", "toy", ""))
    update_record(record, measured, same)
    found = pd.read_csv(record, keep_default_na=False, dtype=str)
    assert list(zip(found["model"], found["dataset"], found["psnr_db"], strict=True)) == [
        ("bicubic", "Set5", "20"), ("bicubic", "toy", "33.25"),
        ("vdsr", "Set5", "20"), ("vdsr", "toy", ""),
    ]  # fmt: skip
    revisions = list(found["git_revision"])
    assert (revisions[0], revisions[2], revisions[3]) == ("abc", "abc", "")
    assert revisions[1] not in ("", "abc")
