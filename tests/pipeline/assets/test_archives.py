"""Hostile and damaged archives."""

import copy
import io
import zipfile
from pathlib import Path

import pytest

from pipeline.assets.archives import archive_images
from pipeline.support.errors import UserError
from tests.pipeline.assets.server import FILES, Register, Server, fetch_into, in_data, offer, zipped


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
        (zipped({"x/a.png": FILES["a.png"], "y/a.png": FILES["b.png"]}), "same name 'a'"),
    ],
)
def test_a_hostile_or_damaged_archive_is_refused(
    server: Server, register: Register, tmp_path: Path, archive: bytes, complaint: str
) -> None:
    register(offer(server, "Toy", {"Toy_HR.zip": archive}, images=3))
    with pytest.raises(UserError, match=complaint):
        fetch_into(tmp_path, ["Toy"])
    assert in_data(tmp_path) == []
