"""Downloads from a server that misbehaves: data/ is complete or untouched."""

import io
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from multiprocessing.pool import ThreadPool
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from pipeline.assets.registry import Asset, AssetFile
from pipeline.support.errors import UserError
from tests.pipeline.assets.server import (
    FILES,
    Register,
    Server,
    fetch_into,
    git_blob,
    in_data,
    offer,
)

ROOT = Path(__file__).parents[3]


def test_a_file_known_by_its_git_digest_alone(
    server: Server, register: Register, tmp_path: Path
) -> None:
    asset = offer(server, "Net", {"net.pt": b"weights"}, kind="weights")
    url = asset.files[0].url
    for digest, accepted in ((git_blob(b"weights"), True), (git_blob(b"weight"), False)):
        file = AssetFile("Net", "net.pt", url, None, digest)
        register(Asset("Net", "weights", "t", "h", "l", "c", (file,)))
        if accepted:
            assert fetch_into(tmp_path, ["Net"])["Net"].is_dir()
            shutil.rmtree(tmp_path / "data")
        else:
            with pytest.raises(UserError, match=r"refused .*git-blob"):
                fetch_into(tmp_path, ["Net"])
            assert in_data(tmp_path) == []


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ("404", "HTTP status 404"),
        ("500", "HTTP status 500"),
        ("truncate", "broke off"),
        ("stall", "broke off"),
        ("silent", "broke off"),
        ("wrong", "refused .*b.png: digest sha256"),
        ("short", r"refused .*b.png: .* bytes, expected"),
        ("endless", "refused .*b.png: sends more than the expected"),
        ("loop", "redirects"),
    ],
)
def test_one_bad_file_leaves_data_untouched_and_the_next_run_carries_on(
    server: Server, register: Register, tmp_path: Path, fault: str, complaint: str
) -> None:
    register(offer(server, "Toy", FILES))
    server.faults["/Toy/b.png"] = [f"always {fault}"]
    server.ranges = fault != "truncate"  # else asking for the rest would heal it
    with pytest.raises(UserError, match=complaint) as raised:
        fetch_into(tmp_path, ["Toy"])
    assert "Toy: 1 of 3 files missing" in str(raised.value)
    assert in_data(tmp_path) == []

    server.faults.clear()
    server.requests.clear()
    server.released.set()
    fetch_into(tmp_path, ["Toy"])
    assert in_data(tmp_path) == ["hr/Toy.h5"]
    # The verified files are not asked for again.
    assert {path for path, _ in server.requests} == {"/Toy/b.png"}


@pytest.mark.parametrize("fault", ["500", "503", "truncate", "stall", "silent", "wrong", "short"])
def test_a_passing_fault_is_overcome(
    server: Server, register: Register, tmp_path: Path, fault: str
) -> None:
    register(offer(server, "Toy", FILES))
    server.faults["/Toy/b.png"] = [fault, fault]
    fetch_into(tmp_path, ["Toy"])
    assert in_data(tmp_path) == ["hr/Toy.h5"]
    assert [path for path, _ in server.requests].count("/Toy/b.png") == 3


def test_a_missing_file_is_asked_for_once(
    server: Server, register: Register, tmp_path: Path
) -> None:
    register(offer(server, "Toy", {"a.png": b"a"}))
    server.faults["/Toy/a.png"] = ["always 404"]
    with pytest.raises(UserError, match="404"):
        fetch_into(tmp_path, ["Toy"])
    assert len(server.requests) == 1


def test_a_redirect_is_followed(server: Server, register: Register, tmp_path: Path) -> None:
    register(offer(server, "Toy", FILES))
    server.content["/Toy/a.png?moved"] = FILES["a.png"]
    server.faults["/Toy/a.png"] = ["redirect"]
    fetch_into(tmp_path, ["Toy"])
    assert in_data(tmp_path) == ["hr/Toy.h5"]
    assert ("/Toy/a.png?moved", None) in server.requests


@pytest.mark.parametrize("ranges", [True, False], ids=["resumes", "starts afresh"])
def test_a_broken_transfer(
    server: Server, register: Register, tmp_path: Path, ranges: bool
) -> None:
    content = bytes(range(256)) * 1000
    register(offer(server, "Net", {"net.pt": content}, kind="weights"))
    server.faults["/Net/net.pt"] = ["truncate"]
    server.ranges = ranges
    fetch_into(tmp_path, ["Net"])
    assert (tmp_path / "data/raw/Net/net.pt").read_bytes() == content
    first, second = (asked for _, asked in server.requests)
    assert first is None
    # The rest is asked for, behind what had arrived.
    assert second is not None
    assert 0 < int(second.removeprefix("bytes=").rstrip("-")) <= len(content) // 2


@pytest.mark.parametrize("left", [b"not its beginning", bytes(300_000)], ids=["wrong", "too long"])
def test_a_left_over_part_that_does_not_fit_is_replaced(
    server: Server, register: Register, tmp_path: Path, left: bytes
) -> None:
    content = bytes(range(256)) * 1000
    register(offer(server, "Net", {"net.pt": content}, kind="weights"))
    part = tmp_path / "downloads/Net/net.pt.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(left)
    fetch_into(tmp_path, ["Net"])
    assert (tmp_path / "data/raw/Net/net.pt").read_bytes() == content


def test_a_complete_part_is_verified_not_downloaded_again(
    server: Server, register: Register, tmp_path: Path
) -> None:
    content = bytes(range(256)) * 1000
    asset = offer(server, "Net", {"net.pt": content}, kind="weights")
    part = tmp_path / "downloads/Net/net.pt.part"
    for size in (len(content), None):
        register(replace(asset, files=(replace(asset.files[0], size=size),)))
        part.parent.mkdir(parents=True)
        part.write_bytes(content)
        fetch_into(tmp_path, ["Net"], again=True)
        assert (tmp_path / "data/raw/Net/net.pt").read_bytes() == content
        assert not part.exists()
        shutil.rmtree(tmp_path / "downloads")
        shutil.rmtree(tmp_path / "data")
    assert server.requests == []

    register(asset)
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(len(content)))
    fetch_into(tmp_path, ["Net"])
    assert server.requests == [("/Net/net.pt", None)]  # from the start: no rest to ask for


def test_a_damaged_download_of_an_earlier_run_is_replaced(
    server: Server, register: Register, tmp_path: Path
) -> None:
    register(offer(server, "Toy", FILES))
    fetch_into(tmp_path, ["Toy"])
    (tmp_path / "downloads/Toy/a.png").write_bytes(FILES["b.png"])
    server.requests.clear()
    fetch_into(tmp_path, ["Toy"], again=True)
    assert server.requests == [("/Toy/a.png", None)]
    with h5py.File(tmp_path / "data/hr/Toy.h5") as packed:
        expected = np.asarray(Image.open(io.BytesIO(FILES["a.png"])))
        np.testing.assert_array_equal(packed["a"], expected)


@pytest.mark.parametrize(
    "target",
    [
        "http://[::bad/",
        "http://[::1",
        "http://host:port/",
        "http://host:99999999/",
        "http://..:80/",
        f"http://{'a' * 70}.org/",
        "http://\xff\xfe/",
        "//",
        "file:///etc/passwd",
        "ftp://127.0.0.1/a.png",
        "javascript:alert(1)",
        "data:,a",
    ],
)
def test_a_redirection_to_nowhere_is_a_message(
    server: Server, register: Register, tmp_path: Path, target: str
) -> None:
    register(offer(server, "Toy", FILES))
    server.faults["/Toy/b.png"] = [f"always to {target}"]
    with pytest.raises(UserError, match="Toy: 1 of 3 files missing"):
        fetch_into(tmp_path, ["Toy"])
    assert in_data(tmp_path) == []


def test_of_two_fetches_at_once_the_second_waits(
    server: Server, register: Register, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    register(offer(server, "Toy", FILES))
    server.barrier = threading.Barrier(4)  # three requests, and the test
    with ThreadPool(2) as pool:
        jobs = [pool.apply_async(fetch_into, (tmp_path, ["Toy"])) for _ in range(2)]
        said = ""
        while "another process fetches Toy" not in said:
            time.sleep(0.01)
            said += capsys.readouterr().out
        server.barrier.wait(timeout=20)
        for job in jobs:
            assert job.get(timeout=20) == {"Toy": tmp_path / "data/hr/Toy.h5"}
    assert sorted(path for path, _ in server.requests) == [f"/Toy/{name}" for name in FILES]
    assert sorted(p.name for p in (tmp_path / "downloads/Toy").iterdir()) == [*FILES]
    with h5py.File(tmp_path / "data/hr/Toy.h5") as packed:
        assert sorted(packed) == ["a", "b", "c"]


FETCH = """
import sys
import pipeline.assets.registry
from pipeline.assets.fetching import fetch_assets
from pipeline.assets.registry import Asset, AssetFile
file = AssetFile("Toy", "a.png", sys.argv[1] + "/Toy/a.png", None, "sha256:" + "0" * 64)
toy = {"Toy": Asset("Toy", "benchmark", "t", "h", "l", "c", (file,), images=1)}
pipeline.assets.registry.registry = lambda: toy
fetch_assets(["Toy"])
"""


def test_a_fetch_takes_over_what_a_killed_one_had_received(
    server: Server, register: Register, tmp_path: Path
) -> None:
    register(offer(server, "Toy", {"a.png": FILES["a.png"]}))
    server.faults["/Toy/a.png"] = ["drip"]
    part = tmp_path / "downloads/Toy/a.png.part"
    process = subprocess.Popen(
        [sys.executable, "-c", FETCH, server.url],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    while not part.exists() or part.stat().st_size < 5:
        time.sleep(0.01)
    process.kill()
    process.wait()
    had = part.stat().st_size
    server.requests.clear()
    fetch_into(tmp_path, ["Toy"])
    assert server.requests == [("/Toy/a.png", f"bytes={had}-")]
    assert in_data(tmp_path) == ["hr/Toy.h5"]
