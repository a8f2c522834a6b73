"""What becomes of the files of an asset; hostile archives; the photographs of profile quick."""

import copy
import dataclasses
import errno
import io
import os
import shutil
import zipfile
from pathlib import Path
from unittest.mock import Mock

import h5py
import numpy as np
import pytest
from PIL import Image

from pipeline.assets.contents import archive_images, locate_photograph
from pipeline.assets.registry import find_asset, find_file
from pipeline.imaging.images import read_image
from pipeline.imaging.overlap import find_overlaps
from pipeline.support.errors import UserError
from tests.pipeline.assets.server import FILES, Toys, zipped

TRAIN = find_asset("photos_train").files
TEST = find_asset("photos_test").files


def test_the_images_of_a_dataset_are_packed_under_the_stems_of_their_names(
    toys: Toys, capsys: pytest.CaptureFixture[str]
) -> None:
    members = {f"Toy_HR/{name}": content for name, content in FILES.items()}
    archive = zipped({"Toy_HR/": b"", **members, "Toy_HR/readme.txt": b"hello"})
    toys.register(
        toys.offer("Files", FILES), toys.offer("Archive", {"Toy_HR.zip": archive}, images=3)
    )
    found = toys.fetch("Files", "Archive")
    assert toys.data == ["hr/Archive.h5", "hr/Files.h5"]
    expected = np.asarray(Image.open(io.BytesIO(FILES["b.png"])))
    for path in found.values():
        with h5py.File(path) as packed:
            assert sorted(packed) == ["a", "b", "c"]
            np.testing.assert_array_equal(packed["b"], expected)
    said = capsys.readouterr().out
    assert "toy licence" in said and "Toy et al." in said
    # The archive is kept once, and nothing is unpacked beside it.
    assert [p.name for p in (toys.folder / "downloads/Archive").iterdir()] == ["Toy_HR.zip"]


def test_a_full_disk_leaves_no_part_of_the_weights(
    toys: Toys, monkeypatch: pytest.MonkeyPatch
) -> None:
    toys.register(toys.offer("Net", {"a.pt": b"a", "b.pt": b"b"}, kind="weights"))
    copy = shutil.copyfile

    def fill(source: Path, target: Path) -> None:
        if target.name == "b.pt":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        copy(source, target)

    monkeypatch.setattr(shutil, "copyfile", fill)
    with pytest.raises(UserError, match="No space left"):
        toys.fetch("Net")
    assert toys.data == []


@pytest.mark.parametrize("place", ["content", "deflate stream", "end"])
def test_a_corrupt_member_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    content, reason = bytearray(zipped({"a.png": FILES["a.png"]})), ""
    if place == "content":
        content[len(content) // 2] ^= 0xFF
    elif place == "deflate stream":
        content[30 + len("a.png")] = 0b111  # a block of the type that deflate does not have
        reason = ".*invalid block type"
    else:  # what older zipfiles do where a member goes beyond the end of its archive
        monkeypatch.setattr(zipfile.ZipExtFile, "read", Mock(side_effect=EOFError))
    path = tmp_path / "toy.zip"
    path.write_bytes(content)
    with pytest.raises(UserError, match=rf"toy\.zip.*damaged{reason}"):
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
        (zipped({"../a.png": FILES["a.png"]}), "leads out of"),
        (zipped({"x/../../a.png": FILES["a.png"]}), "leads out of"),
        (zipped({"/etc/a.png": FILES["a.png"]}), "leads out of"),
        (zipped({"..\\a.png": FILES["a.png"]}), "leads out of"),
        (zipped({"C:/a.png": FILES["a.png"]}), "leads out of"),
        (zipped({"a.png": b"/etc/passwd"}, link="a.png"), "is a link"),
        (zipped({"x/...png": FILES["a.png"]}), "gives no name"),
        (zipped({"a\x1b[2J.png": FILES["a.png"]}), r"'a\\x1b\[2J\.png'.* gives no name"),
        (overlapping(FILES["a.png"], 500), "times its size"),
        (zipped({"a.png": bytes(10_000_000)}), "times its size"),
        (zipped(FILES)[:-30], "damaged or encrypted"),
        (zipped({"a.png": FILES["a.png"]}), "holds 1 images, expected 3"),
        (zipped({"x/a.png": FILES["a.png"], "y/a.png": FILES["b.png"]}), "have the name 'a'"),
    ],
)
def test_a_hostile_or_damaged_archive_is_refused(
    toys: Toys, archive: bytes, complaint: str
) -> None:
    toys.register(toys.offer("Toy", {"Toy_HR.zip": archive}, images=3))
    with pytest.raises(UserError, match=complaint):
        toys.fetch("Toy")
    assert toys.data == []


def test_the_installed_packages_carry_the_registered_photographs() -> None:
    for file in (*TRAIN, *TEST):
        with Image.open(locate_photograph(file)) as image:
            assert image.mode in {"RGB", "L"}, file.key
            # Room for patches of up to 24x24 LR pixels at x4.
            assert min(image.size) >= 96, file.key


def test_training_and_test_scenes_are_different() -> None:
    train, test = (
        {file.key: read_image(locate_photograph(file)) for file in files} for files in (TRAIN, TEST)
    )
    assert find_overlaps(train, test) == []
    astronaut = test["photos_test/astronaut.png"]
    assert find_overlaps({"cut": astronaut[60:300, 30:240]}, {"all": astronaut})


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"digest": "sha256:" + "0" * 64}, r"is not the picture .*pip install scikit-image=="),
        ({"url": "pkg:pypi/no-such-package@1.0#a.png"}, "no-such-package is not installed"),
        ({"url": "pkg:pypi/scikit-image@0.26.0#skimage/gone.png"}, r"gone\.png .*No such file"),
    ],
)
def test_a_changed_or_missing_picture_is_refused(change: dict[str, str], complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        locate_photograph(dataclasses.replace(find_file("photos_test/camera.png"), **change))
