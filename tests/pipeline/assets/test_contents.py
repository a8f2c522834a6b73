"""What becomes of the files of an asset; hostile archives; the photographs of profile quick."""

import copy
import dataclasses
import errno
import io
import os
import shutil
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pipeline.assets.contents import archive_images, locate_photograph
from pipeline.assets.registry import AssetFile, find_asset, find_file
from pipeline.support.errors import UserError
from tests.pipeline.assets.server import FILES, Register, Server, fetch_into, in_data, offer, zipped

TRAIN = find_asset("photos_train").files
TEST = find_asset("photos_test").files


def test_a_dataset_is_packed_under_the_stems_of_its_names(
    server: Server, register: Register, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    register(offer(server, "Toy", FILES))
    assert fetch_into(tmp_path, ["Toy"]) == {"Toy": tmp_path / "data/hr/Toy.h5"}
    assert in_data(tmp_path) == ["hr/Toy.h5"]
    with h5py.File(tmp_path / "data/hr/Toy.h5") as packed:
        assert sorted(packed) == ["a", "b", "c"]
        expected = np.asarray(Image.open(io.BytesIO(FILES["b.png"])))
        np.testing.assert_array_equal(packed["b"], expected)
    said = capsys.readouterr().out
    assert "toy licence" in said
    assert "Toy et al." in said


def test_weights_are_laid_down_as_they_are(
    server: Server, register: Register, tmp_path: Path
) -> None:
    content = {"net_x2.pt": b"two", "net_x4.pt": b"four"}
    register(offer(server, "Net", content, kind="weights"))
    fetch_into(tmp_path, ["Net"])
    assert in_data(tmp_path) == ["raw/Net/net_x2.pt", "raw/Net/net_x4.pt"]
    assert (tmp_path / "data/raw/Net/net_x4.pt").read_bytes() == b"four"


def test_the_images_of_an_archive_are_packed(
    server: Server, register: Register, tmp_path: Path
) -> None:
    members = {f"Toy_HR/{name}": content for name, content in FILES.items()}
    archive = zipped({"Toy_HR/": b"", **members, "Toy_HR/readme.txt": b"hello"})
    register(offer(server, "Toy", {"Toy_HR.zip": archive}, images=3))
    fetch_into(tmp_path, ["Toy"])
    assert in_data(tmp_path) == ["hr/Toy.h5"]
    with h5py.File(tmp_path / "data/hr/Toy.h5") as packed:
        assert sorted(packed) == ["a", "b", "c"]
    # The archive is kept once, and nothing is unpacked beside it.
    kept = [p.name for p in (tmp_path / "downloads/Toy").iterdir()]
    assert kept == ["Toy_HR.zip"]


def test_a_full_disk_while_laying_down(
    server: Server, register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(offer(server, "Net", {"a.pt": b"a", "b.pt": b"b"}, kind="weights"))
    copy = shutil.copyfile

    def fill(source: Path, target: Path) -> None:
        if target.name == "b.pt":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        copy(source, target)

    monkeypatch.setattr(shutil, "copyfile", fill)
    with pytest.raises(UserError, match="No space left"):
        fetch_into(tmp_path, ["Net"])
    assert in_data(tmp_path) == []


def test_an_image_that_cannot_be_read_leaves_data_untouched(
    server: Server, register: Register, tmp_path: Path
) -> None:
    register(offer(server, "Toy", FILES | {"d.png": b"no image"}))
    with pytest.raises(UserError, match=r"d\.png"):
        fetch_into(tmp_path, ["Toy"])
    assert in_data(tmp_path) == []


def test_a_corrupt_member_is_noticed(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.png": FILES["a.png"]}))
    content[len(content) // 2] ^= 0xFF
    path = tmp_path / "toy.zip"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"toy\.zip.*damaged"):
        list(archive_images(path))


def test_a_corrupt_deflate_stream_is_noticed(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.png": FILES["a.png"]}))
    content[30 + len("a.png")] = 0b111  # a block of the type that deflate does not have
    path = tmp_path / "toy.zip"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"toy\.zip.*damaged.*invalid block type"):
        list(archive_images(path))


def test_a_member_beyond_the_end_of_its_archive_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(*_: object) -> bytes:
        raise EOFError

    path = tmp_path / "toy.zip"
    path.write_bytes(zipped({"a.png": FILES["a.png"]}))
    # What zipfile does there; its newer versions notice most such archives earlier.
    monkeypatch.setattr(zipfile.ZipExtFile, "read", end)
    with pytest.raises(UserError, match=r"toy\.zip.*damaged"):
        list(archive_images(path))


def overlapping(content: bytes, times: int) -> bytes:
    """Make an archive of many members that are the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0.png", content)
        first = archive.infolist()[0]
        for number in range(1, times):
            member = copy.copy(first)
            member.filename = f"{number}.png"
            archive.filelist.append(member)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("archive", "complaint"),
    [
        (zipped({"../a.png": FILES["a.png"]}), "leads out of it"),
        (zipped({"x/../../a.png": FILES["a.png"]}), "leads out of it"),
        (zipped({"/etc/a.png": FILES["a.png"]}), "leads out of it"),
        (zipped({"..\\a.png": FILES["a.png"]}), "leads out of it"),
        (zipped({"C:/a.png": FILES["a.png"]}), "leads out of it"),
        (zipped({"a.png": b"/etc/passwd"}, link="a.png"), "is a link"),
        (zipped({"..png": FILES["a.png"]}), r"'\.\.png' gives no name"),
        (zipped({"x/...png": FILES["a.png"]}), "gives no name"),
        (zipped({"a\x1b[2J.png": FILES["a.png"]}), r"'a\\x1b\[2J\.png' gives no name"),
        (zipped({"a\n,1.png": FILES["a.png"]}), "gives no name"),
        (overlapping(FILES["a.png"], 500), "times its size"),
        (zipped({"a.png": bytes(10_000_000)}), "times its size"),
        (zipped(FILES)[:-30], "damaged or encrypted"),
        (zipped({"a.png": FILES["a.png"]}), "holds 1 images, expected 3"),
        (zipped({"x/a.png": FILES["a.png"], "y/a.png": FILES["b.png"]}), "have the name 'a'"),
    ],
)
def test_a_hostile_or_damaged_archive_is_refused(
    server: Server, register: Register, tmp_path: Path, archive: bytes, complaint: str
) -> None:
    register(offer(server, "Toy", {"Toy_HR.zip": archive}, images=3))
    with pytest.raises(UserError, match=complaint):
        fetch_into(tmp_path, ["Toy"])
    assert in_data(tmp_path) == []


def half_size_luma(file: AssetFile) -> NDArray[np.float64]:
    image = Image.open(locate_photograph(file)).convert("L")
    return np.asarray(
        image.resize((image.width // 2, image.height // 2), Image.Resampling.BOX), float
    )


def phase_correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Height of the peak: near 1 for shifted copies, near 0 for unrelated pictures."""
    size = (512, 512)
    spectra = []
    for image in (a, b):
        window = np.outer(np.hanning(image.shape[0]), np.hanning(image.shape[1]))
        spectrum = np.fft.rfft2((image - image.mean()) * window, size)
        spectra.append(spectrum / np.abs(spectrum).clip(1e-9))
    return float(np.fft.irfft2(spectra[0] * spectra[1].conj(), size).max())


@pytest.mark.parametrize("file", [*TRAIN, *TEST], ids=lambda file: file.key)
def test_the_installed_package_carries_the_registered_photograph(file: AssetFile) -> None:
    with Image.open(locate_photograph(file)) as image:
        assert image.mode in {"RGB", "L"}
        # Room for patches of up to 24x24 LR pixels at x4.
        assert min(image.size) >= 96


def test_training_and_test_scenes_are_different() -> None:
    train = {file.key: half_size_luma(file) for file in TRAIN}
    test = {file.key: half_size_luma(file) for file in TEST}
    # What the measure says of a stereo pair and of a crop, the two leaks to be found.
    twins = [train[f"photos_train/motorcycle_{side}.png"] for side in ("left", "right")]
    astronaut = test["photos_test/astronaut.png"]
    assert phase_correlation(*twins) > 0.15
    assert phase_correlation(astronaut, astronaut[60:150, 30:120]) > 0.15
    highest = max(phase_correlation(a, b) for a in train.values() for b in test.values())
    assert highest < 0.08


def test_a_changed_picture_is_refused_with_the_remedy() -> None:
    changed = dataclasses.replace(TEST[0], digest="sha256:" + "0" * 64)
    with pytest.raises(UserError, match=r"is not the picture .*pip install scikit-image=="):
        locate_photograph(changed)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("pkg:pypi/no-such-package@1.0#a.png", "no-such-package is not installed"),
        ("pkg:pypi/scikit-image@0.26.0#skimage/data/gone.png", "has no file .*gone.png"),
        ("https://example.org/a.png", "is not the URL of a file in an installed package"),
    ],
)
def test_a_missing_picture_is_named(url: str, complaint: str) -> None:
    file = dataclasses.replace(find_file("photos_test/camera.png"), url=url)
    with pytest.raises(UserError, match=complaint):
        locate_photograph(file)
