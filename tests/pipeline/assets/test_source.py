"""Where files are looked for, in which order."""

import shutil
import threading
from pathlib import Path

import pytest

from pipeline.support.errors import UserError
from tests.pipeline.assets.server import (
    FILES,
    WEIGHTS,
    Register,
    Server,
    fetch_into,
    in_data,
    make_mirror,
    offer,
    out_of_reach,
    picture,
)


def test_downloads_run_side_by_side(server: Server, register: Register, tmp_path: Path) -> None:
    register(offer(server, "Toy", FILES | {"d.png": picture(4)}))
    # No request is answered before four are under way.
    server.barrier = threading.Barrier(4)
    fetch_into(tmp_path, ["Toy"])
    assert in_data(tmp_path) == ["hr/Toy.h5"]


def test_weights_that_lie_in_data_alone_are_taken_over(
    server: Server, register: Register, tmp_path: Path
) -> None:
    net = offer(server, "Net", WEIGHTS, kind="weights")
    register(net)
    fetch_into(tmp_path, ["Net"])
    shutil.rmtree(tmp_path / "downloads")
    server.requests.clear()
    (tmp_path / "data/raw/Net/net_x4.pt").write_bytes(b"damaged")
    fetch_into(tmp_path, ["Net"], again=True)
    assert server.requests == [("/Net/net_x4.pt", None)]

    register(out_of_reach(net, *WEIGHTS))
    shutil.rmtree(tmp_path / "downloads")
    (tmp_path / "data/raw/Net/net_x3.pt").write_bytes(b"wrong")
    fetch_into(tmp_path, ["Net"], again=True, partial=True)
    assert in_data(tmp_path) == ["raw/Net/net_x2.pt", "raw/Net/net_x4.pt"]
    assert (tmp_path / "data/raw/Net/net_x4.pt").read_bytes() == b"four"


def test_the_mirror_is_asked_first(
    server: Server, register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset = offer(server, "Toy", FILES)
    register(asset)
    make_mirror(tmp_path / "mirror", asset, {"a.png": FILES["a.png"], "b.png": FILES["b.png"]})
    monkeypatch.setenv("MESR_MIRROR", str(tmp_path / "mirror"))
    fetch_into(tmp_path, ["Toy"])
    assert [path for path, _ in server.requests] == ["/Toy/c.png"]
    # Files of the mirror are read in place, not copied.
    assert [p.name for p in (tmp_path / "downloads/Toy").iterdir()] == ["c.png"]


def test_a_wrong_file_of_the_mirror_is_refused_by_name(
    server: Server,
    register: Register,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asset = offer(server, "Toy", FILES)
    register(asset)
    make_mirror(tmp_path / "mirror", asset, FILES | {"b.png": FILES["a.png"]})
    monkeypatch.setenv("MESR_MIRROR", str(tmp_path / "mirror"))
    wrong = str(asset.files[1].mirror_path(tmp_path / "mirror"))
    server.faults["/Toy/b.png"] = ["always 404"]
    with pytest.raises(UserError, match="refused") as raised:
        fetch_into(tmp_path, ["Toy"])
    assert wrong in str(raised.value)
    assert in_data(tmp_path) == []

    server.faults.clear()
    fetch_into(tmp_path, ["Toy"])
    assert in_data(tmp_path) == ["hr/Toy.h5"]
    assert wrong in capsys.readouterr().err


def test_a_mirror_that_is_no_folder(
    register: Register, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(offer(server, "Toy", FILES))
    monkeypatch.setenv("MESR_MIRROR", str(tmp_path / "gone"))
    with pytest.raises(UserError, match=r"MESR_MIRROR is .*gone"):
        fetch_into(tmp_path, ["Toy"])


def test_a_downloads_folder_that_cannot_be_written(
    server: Server, register: Register, tmp_path: Path
) -> None:
    register(offer(server, "Toy", FILES))
    (tmp_path / "downloads").write_text("a file in the way")
    with pytest.raises(UserError, match="downloads: could not be written"):
        fetch_into(tmp_path, ["Toy"])
    assert in_data(tmp_path) == []
