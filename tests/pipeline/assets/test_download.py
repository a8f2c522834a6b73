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
from tests.pipeline.assets.server import FILES, Toys, git_blob

ROOT = Path(__file__).parents[3]


def test_a_file_known_by_its_git_digest_alone(toys: Toys) -> None:
    asset = toys.offer("Net", {"net.pt": b"weights"}, kind="weights")
    url = asset.files[0].url
    for digest, accepted in ((git_blob(b"weights"), True), (git_blob(b"weight"), False)):
        file = AssetFile("Net", "net.pt", url, None, digest)
        toys.register(Asset("Net", "weights", "t", "h", "l", "c", (file,)))
        if accepted:
            assert toys.fetch("Net")["Net"].is_dir()
            shutil.rmtree(toys.folder / "data")
        else:
            with pytest.raises(UserError, match=r"refused .*git-blob"):
                toys.fetch("Net")
            assert toys.data == []


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
    toys: Toys, fault: str, complaint: str
) -> None:
    toys.register(toys.offer("Toy", FILES))
    toys.server.faults["/Toy/b.png"] = [f"always {fault}"]
    toys.server.ranges = fault != "truncate"  # else asking for the rest would heal it
    with pytest.raises(UserError, match=complaint) as raised:
        toys.fetch("Toy")
    assert "Toy: 1 of 3 files missing" in str(raised.value)
    assert toys.data == []

    toys.server.faults.clear()
    toys.server.requests.clear()
    toys.server.released.set()
    toys.fetch("Toy")
    assert toys.data == ["hr/Toy.h5"]
    # The verified files are not asked for again.
    assert {path for path, _ in toys.server.requests} == {"/Toy/b.png"}


@pytest.mark.parametrize("fault", ["500", "503", "truncate", "stall", "silent", "wrong", "short"])
def test_a_passing_fault_is_overcome(toys: Toys, fault: str) -> None:
    toys.register(toys.offer("Toy", FILES))
    toys.server.faults["/Toy/b.png"] = [fault, fault]
    toys.fetch("Toy")
    assert toys.data == ["hr/Toy.h5"]
    assert [path for path, _ in toys.server.requests].count("/Toy/b.png") == 3


def test_a_missing_file_is_asked_for_once(toys: Toys) -> None:
    toys.register(toys.offer("Toy", {"a.png": b"a"}))
    toys.server.faults["/Toy/a.png"] = ["always 404"]
    with pytest.raises(UserError, match="404"):
        toys.fetch("Toy")
    assert len(toys.server.requests) == 1


def test_a_redirect_is_followed(toys: Toys) -> None:
    toys.register(toys.offer("Toy", FILES))
    toys.server.content["/Toy/a.png?moved"] = FILES["a.png"]
    toys.server.faults["/Toy/a.png"] = ["redirect"]
    toys.fetch("Toy")
    assert toys.data == ["hr/Toy.h5"]
    assert ("/Toy/a.png?moved", None) in toys.server.requests


@pytest.mark.parametrize("ranges", [True, False], ids=["resumes", "starts afresh"])
def test_a_broken_transfer(toys: Toys, ranges: bool) -> None:
    content = bytes(range(256)) * 1000
    toys.register(toys.offer("Net", {"net.pt": content}, kind="weights"))
    toys.server.faults["/Net/net.pt"] = ["truncate"]
    toys.server.ranges = ranges
    toys.fetch("Net")
    assert (toys.folder / "data/raw/Net/net.pt").read_bytes() == content
    first, second = (asked for _, asked in toys.server.requests)
    assert first is None
    # The rest is asked for, behind what had arrived.
    assert second is not None
    assert 0 < int(second.removeprefix("bytes=").rstrip("-")) <= len(content) // 2


@pytest.mark.parametrize("left", [b"not its beginning", bytes(300_000)], ids=["wrong", "too long"])
def test_a_left_over_part_that_does_not_fit_is_replaced(toys: Toys, left: bytes) -> None:
    content = bytes(range(256)) * 1000
    toys.register(toys.offer("Net", {"net.pt": content}, kind="weights"))
    part = toys.folder / "downloads/Net/net.pt.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(left)
    toys.fetch("Net")
    assert (toys.folder / "data/raw/Net/net.pt").read_bytes() == content


def test_a_complete_part_is_verified_not_downloaded_again(toys: Toys) -> None:
    content = bytes(range(256)) * 1000
    asset = toys.offer("Net", {"net.pt": content}, kind="weights")
    part = toys.folder / "downloads/Net/net.pt.part"
    for size in (len(content), None):
        toys.register(replace(asset, files=(replace(asset.files[0], size=size),)))
        part.parent.mkdir(parents=True)
        part.write_bytes(content)
        toys.fetch("Net", again=True)
        assert (toys.folder / "data/raw/Net/net.pt").read_bytes() == content
        assert not part.exists()
        shutil.rmtree(toys.folder / "downloads")
        shutil.rmtree(toys.folder / "data")
    assert toys.server.requests == []

    toys.register(asset)
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(len(content)))
    toys.fetch("Net")
    assert toys.server.requests == [("/Net/net.pt", None)]  # from the start: no rest to ask for


def test_a_damaged_download_of_an_earlier_run_is_replaced(toys: Toys) -> None:
    toys.register(toys.offer("Toy", FILES))
    toys.fetch("Toy")
    (toys.folder / "downloads/Toy/a.png").write_bytes(FILES["b.png"])
    toys.server.requests.clear()
    toys.fetch("Toy", again=True)
    assert toys.server.requests == [("/Toy/a.png", None)]
    with h5py.File(toys.folder / "data/hr/Toy.h5") as packed:
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
def test_a_redirection_to_nowhere_is_a_message(toys: Toys, target: str) -> None:
    toys.register(toys.offer("Toy", FILES))
    toys.server.faults["/Toy/b.png"] = [f"always to {target}"]
    with pytest.raises(UserError, match="Toy: 1 of 3 files missing"):
        toys.fetch("Toy")
    assert toys.data == []


def test_of_two_fetches_at_once_the_second_waits(toys: Toys) -> None:
    toys.register(toys.offer("Toy", FILES))
    toys.server.barrier = threading.Barrier(4)  # three requests, and the test
    with ThreadPool(2) as pool:
        jobs = [pool.apply_async(toys.fetch, ("Toy",)) for _ in range(2)]
        toys.server.barrier.wait(timeout=20)
        for job in jobs:
            assert job.get(timeout=20) == {"Toy": toys.folder / "data/hr/Toy.h5"}
    assert sorted(path for path, _ in toys.server.requests) == [f"/Toy/{name}" for name in FILES]
    assert sorted(p.name for p in (toys.folder / "downloads/Toy").iterdir()) == [*FILES]
    with h5py.File(toys.folder / "data/hr/Toy.h5") as packed:
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


def test_a_fetch_takes_over_what_a_killed_one_had_received(toys: Toys) -> None:
    toys.register(toys.offer("Toy", {"a.png": FILES["a.png"]}))
    toys.server.faults["/Toy/a.png"] = ["drip"]
    part = toys.folder / "downloads/Toy/a.png.part"
    process = subprocess.Popen(
        [sys.executable, "-c", FETCH, toys.server.url],
        cwd=toys.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    while not part.exists() or part.stat().st_size < 5:
        time.sleep(0.01)
    process.kill()
    process.wait()
    had = part.stat().st_size
    toys.server.requests.clear()
    toys.fetch("Toy")
    assert toys.server.requests == [("/Toy/a.png", f"bytes={had}-")]
    assert toys.data == ["hr/Toy.h5"]
