"""Downloads from a server that misbehaves: data/ is complete or untouched."""

import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest

from pipeline.assets.registry import Asset
from pipeline.support.errors import UserError
from tests.pipeline.assets.server import FILES, Toys, git_blob

ROOT = Path(__file__).parents[3]
CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def net(toys: Toys) -> Asset:
    asset = toys.offer("Net", {"net.pt": CONTENT}, kind="weights")
    toys.register(asset)
    return asset


def stored(toys: Toys) -> bytes:
    return (toys.folder / "data/raw/Net/net.pt").read_bytes()


def test_a_file_known_by_its_git_digest_alone(toys: Toys, net: Asset) -> None:
    for content, accepted in ((CONTENT, True), (b"another", False)):
        file = replace(net.files[0], size=None, digest=git_blob(content))
        toys.register(replace(net, files=(file,)))
        if accepted:
            toys.fetch("Net")
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
        ("to /Toy/b.png", "redirects"),
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
    asked = [path for path, _ in toys.server.requests].count("/Toy/b.png")
    assert (asked == 1) == (fault in ("404", "endless"))  # what another attempt cannot mend

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


def test_a_redirect_is_followed(toys: Toys, net: Asset) -> None:
    toys.server.content["/moved"] = CONTENT
    toys.server.faults["/Net/net.pt"] = ["to /moved"]
    toys.fetch("Net")
    assert stored(toys) == CONTENT


@pytest.mark.parametrize("ranges", [True, False], ids=["resumes", "starts afresh"])
def test_a_broken_transfer(toys: Toys, net: Asset, ranges: bool) -> None:
    toys.server.faults["/Net/net.pt"] = ["truncate"]
    toys.server.ranges = ranges
    toys.fetch("Net")
    assert stored(toys) == CONTENT
    first, second = (asked for _, asked in toys.server.requests)
    assert first is None
    # The rest is asked for, behind what had arrived.
    assert second is not None
    assert 0 < int(second.removeprefix("bytes=").rstrip("-")) <= len(CONTENT) // 2


@pytest.mark.parametrize(
    ("left", "asked"),
    [
        (CONTENT, []),
        (bytes(len(CONTENT)), [None]),  # no rest to ask for
        (bytes(300_000), [None]),
        (b"not its beginning", ["bytes=17-", None]),
    ],
    ids=["complete", "of the same size", "too long", "wrong"],
)
def test_what_an_earlier_run_left_is_verified_completed_or_replaced(
    toys: Toys, net: Asset, left: bytes, asked: list[str | None]
) -> None:
    part = toys.folder / "downloads/Net/net.pt.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(left)
    toys.fetch("Net")
    assert stored(toys) == CONTENT
    assert toys.server.requests == [("/Net/net.pt", range_) for range_ in asked]
    assert not part.exists()


def test_without_a_known_size_a_left_over_part_may_be_all_of_it(toys: Toys, net: Asset) -> None:
    toys.register(replace(net, files=(replace(net.files[0], size=None),)))
    part = toys.folder / "downloads/Net/net.pt.part"
    part.parent.mkdir(parents=True)
    for left, requests in ((CONTENT, 0), (CONTENT[:-1] + b"?", 2)):  # the rest of it: status 416
        part.write_bytes(left)
        toys.fetch("Net", again=True)
        assert stored(toys) == CONTENT
        assert len(toys.server.requests) == requests
        shutil.rmtree(toys.folder / "data")
        (toys.folder / "downloads/Net/net.pt").write_bytes(b"damaged")


@pytest.mark.parametrize(
    "target",
    ["http://[::1", "http://host:99999999/", "http://..:80/", f"http://{'a' * 70}.org/", "//",
     "http://\xff\xfe/", "file:///etc/passwd", "ftp://127.0.0.1/a.png", "data:,a"],
)  # fmt: skip
def test_a_redirection_to_nowhere_is_a_message(toys: Toys, net: Asset, target: str) -> None:
    toys.server.faults["/Net/net.pt"] = [f"always to {target}"]
    with pytest.raises(UserError, match="Net: 1 of 1 files missing"):
        toys.fetch("Net")
    assert toys.data == []


def test_downloads_run_side_by_side_and_of_two_fetches_the_second_waits(toys: Toys) -> None:
    toys.register(toys.offer("Toy", FILES))
    toys.server.barrier = threading.Barrier(4)  # three requests, and the test
    with ThreadPool(2) as pool:
        jobs = [pool.apply_async(toys.fetch, ("Toy",)) for _ in range(2)]
        toys.server.barrier.wait(timeout=20)
        for job in jobs:
            assert job.get(timeout=20) == {"Toy": toys.folder / "data/hr/Toy.h5"}
    assert sorted(path for path, _ in toys.server.requests) == [f"/Toy/{name}" for name in FILES]
    assert sorted(p.name for p in (toys.folder / "downloads/Toy").iterdir()) == [*FILES]


FETCH = """
import sys
import pipeline.assets.registry
from pipeline.assets.fetching import fetch_assets
from pipeline.assets.registry import Asset, AssetFile
file = AssetFile("Net", "net.pt", sys.argv[1] + "/Net/net.pt", None, "sha256:" + "0" * 64)
toy = {"Net": Asset("Net", "weights", "t", "h", "l", "c", (file,))}
pipeline.assets.registry.registry = lambda: toy
fetch_assets(["Net"])
"""


def test_a_fetch_takes_over_what_a_killed_one_had_received(toys: Toys, net: Asset) -> None:
    toys.server.faults["/Net/net.pt"] = ["drip"]
    part = toys.folder / "downloads/Net/net.pt.part"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", FETCH, toys.server.url]
    process = subprocess.Popen(command, cwd=toys.folder, env=environment)
    while not part.exists() or part.stat().st_size < 5:
        time.sleep(0.01)
    process.kill()
    process.wait()
    had = part.stat().st_size
    toys.server.requests.clear()
    toys.fetch("Net")
    assert toys.server.requests == [("/Net/net.pt", f"bytes={had}-")]
    assert stored(toys) == CONTENT
