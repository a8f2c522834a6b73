"""What comes to lie under data/."""

import errno
import io
import os
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from pipeline.support.errors import UserError
from tests.pipeline.assets.server import (
    FILES,
    Register,
    Server,
    fetch_into,
    in_data,
    offer,
    zipped,
)


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
    kept = [p.name for p in (tmp_path / "downloads").rglob("*.*") if p.name != ".gitignore"]
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
