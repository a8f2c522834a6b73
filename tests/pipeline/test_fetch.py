"""Fetching from a local server that misbehaves: data/ is complete or untouched."""

import errno
import hashlib
import io
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from pipeline import fetch
from pipeline.assets.registry import Asset, AssetFile
from pipeline.fetch import Transfer, archive_images, fetch_assets, main
from pipeline.support.console import run
from pipeline.support.errors import UserError

TRANSFER = Transfer(workers=4, attempts=3, backoff=0.01, connect_timeout=2, read_timeout=0.2)
ROOT = Path(__file__).parents[2]
MIRROR = os.environ.get("MESR_MIRROR")


class Server(ThreadingHTTPServer):
    """Serves `content` by path; before that, misbehaves as `faults` tells, one per request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content: dict[str, bytes] = {}
        self.faults: dict[str, list[str]] = {}
        self.requests: list[tuple[str, str | None]] = []
        self.ranges = True
        self.released = threading.Event()
        self.barrier: threading.Barrier | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """Clients that hang up are part of the tests."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: object) -> None:
        """Keep the test output quiet."""

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        server = self.server
        asked = self.headers.get("Range")
        server.requests.append((self.path, asked))
        if server.barrier:
            server.barrier.wait(timeout=5)
        faults = server.faults.get(self.path, [])
        fault = (faults[0] if faults[0].startswith("always") else faults.pop(0)) if faults else ""
        body = server.content.get(self.path)
        if body is None:
            self.answer(404, b"<html>not found</html>")
        elif fault:
            self.misbehave(fault.removeprefix("always "), body)
        elif asked and server.ranges:
            self.answer_rest(int(asked.removeprefix("bytes=").rstrip("-")), body)
        else:
            self.answer(200, body, Content_Length=str(len(body)))

    def answer_rest(self, start: int, body: bytes) -> None:
        if start >= len(body):
            return self.answer(416, b"")
        rest = body[start:]
        span = f"bytes {start}-{len(body) - 1}/{len(body)}"
        return self.answer(206, rest, Content_Range=span, Content_Length=str(len(rest)))

    def misbehave(self, fault: str, body: bytes) -> None:
        length = {"Content_Length": str(len(body))}
        match fault:
            case "404" | "500" | "503":
                self.answer(int(fault), b"<html>sorry</html>")
            case "truncate":
                self.answer(200, body[: len(body) // 2], **length)
            case "stall":
                self.answer(200, body[: len(body) // 2], **length)
                self.server.released.wait(5)
            case "hang up":
                self.close_connection = True
            case "silent":
                self.server.released.wait(5)
            case "wrong":
                self.answer(200, bytes(len(body)), **length)
            case "short":  # without a Content-Length, the end of the stream looks regular
                self.answer(200, body[:-1])
            case "endless":
                self.answer(200, body + bytes(10_000_000))
            case "redirect":
                self.answer(302, b"", Location=f"{self.server.url}{self.path}?moved")
            case "loop":
                self.answer(302, b"", Location=f"{self.server.url}{self.path}")
            case _:
                raise ValueError(fault)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MESR_MIRROR", raising=False)
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)


def picture(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def sha256(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def git_blob(content: bytes) -> str:
    return "git-blob:" + hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def offer(
    server: Server, name: str, files: dict[str, bytes], kind: str = "benchmark", images: int = 0
) -> Asset:
    """Put files on the server and describe them as an asset."""
    listed = []
    for file, content in files.items():
        path = f"/{name}/{file}"
        server.content[path] = content
        listed.append(AssetFile(name, file, server.url + path, len(content), sha256(content)))
    return Asset(
        name=name,
        kind=kind,  # type: ignore[arg-type]
        title=name,
        homepage="https://example.org",
        licence="toy licence",
        citation="Toy et al.",
        files=tuple(listed),
        images=None if kind == "weights" else images or len(files),
    )


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> "Registrar":
    return Registrar(monkeypatch)


class Registrar:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch

    def __call__(self, *assets: Asset) -> None:
        registry = {asset.name: asset for asset in assets}
        self.monkeypatch.setattr("pipeline.assets.registry.registry", lambda: registry)


def fetch_into(folder: Path, names: Sequence[str], **options: bool) -> dict[str, Path]:
    return fetch_assets(names, folder / "data", transfer=TRANSFER, **options)


def in_data(folder: Path) -> list[str]:
    data = folder / "data"
    return sorted(str(p.relative_to(data)) for p in data.rglob("*") if p.is_file())


FILES = {"a.png": picture(1), "b.png": picture(2), "c.png": picture(3)}


def test_a_dataset_is_packed_under_the_stems_of_its_names(
    server: Server, register: Registrar, tmp_path: Path, capsys: pytest.CaptureFixture[str]
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
    server: Server, register: Registrar, tmp_path: Path
) -> None:
    content = {"net_x2.pt": b"two", "net_x4.pt": b"four"}
    register(offer(server, "Net", content, kind="weights"))
    fetch_into(tmp_path, ["Net"])
    assert in_data(tmp_path) == ["raw/Net/net_x2.pt", "raw/Net/net_x4.pt"]
    assert (tmp_path / "data/raw/Net/net_x4.pt").read_bytes() == b"four"


def test_a_file_known_by_its_git_digest_alone(
    server: Server, register: Registrar, tmp_path: Path
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
        ("truncate", "broke off after"),
        ("stall", "broke off after"),
        ("silent", r"no answer within 0\.2 s"),
        ("wrong", "refused .*b.png: digest sha256"),
        ("short", r"refused .*b.png: .* bytes, expected"),
        ("endless", "refused .*b.png: sends more than the expected"),
        ("loop", "Exceeded 30 redirects"),
    ],
)
def test_one_bad_file_leaves_data_untouched_and_the_next_run_carries_on(
    server: Server, register: Registrar, tmp_path: Path, fault: str, complaint: str
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
    server: Server, register: Registrar, tmp_path: Path, fault: str
) -> None:
    register(offer(server, "Toy", FILES))
    server.faults["/Toy/b.png"] = [fault, fault]
    fetch_into(tmp_path, ["Toy"])
    assert in_data(tmp_path) == ["hr/Toy.h5"]
    assert [path for path, _ in server.requests].count("/Toy/b.png") == 3


def test_a_missing_file_is_asked_for_once(
    server: Server, register: Registrar, tmp_path: Path
) -> None:
    register(offer(server, "Toy", {"a.png": b""}))
    server.faults["/Toy/a.png"] = ["always 404"]
    with pytest.raises(UserError, match="404"):
        fetch_into(tmp_path, ["Toy"])
    assert len(server.requests) == 1


def test_a_redirect_is_followed(server: Server, register: Registrar, tmp_path: Path) -> None:
    register(offer(server, "Toy", FILES))
    server.content["/Toy/a.png?moved"] = FILES["a.png"]
    server.faults["/Toy/a.png"] = ["redirect"]
    fetch_into(tmp_path, ["Toy"])
    assert in_data(tmp_path) == ["hr/Toy.h5"]
    assert ("/Toy/a.png?moved", None) in server.requests


@pytest.mark.parametrize("ranges", [True, False], ids=["resumes", "starts afresh"])
def test_a_broken_transfer(
    server: Server, register: Registrar, tmp_path: Path, ranges: bool
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
    server: Server, register: Registrar, tmp_path: Path, left: bytes
) -> None:
    content = bytes(range(256)) * 1000
    register(offer(server, "Net", {"net.pt": content}, kind="weights"))
    part = tmp_path / "downloads/Net/net.pt.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(left)
    fetch_into(tmp_path, ["Net"])
    assert (tmp_path / "data/raw/Net/net.pt").read_bytes() == content


def test_a_complete_part_is_verified_not_downloaded_again(
    server: Server, register: Registrar, tmp_path: Path
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
    server: Server, register: Registrar, tmp_path: Path
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


def test_downloads_run_side_by_side(server: Server, register: Registrar, tmp_path: Path) -> None:
    register(offer(server, "Toy", FILES | {"d.png": picture(4)}))
    # No request is answered before four are under way.
    server.barrier = threading.Barrier(4)
    fetch_into(tmp_path, ["Toy"])
    assert in_data(tmp_path) == ["hr/Toy.h5"]


def test_one_incomplete_asset_does_not_keep_back_the_others(
    server: Server, register: Registrar, tmp_path: Path
) -> None:
    register(offer(server, "Toy", FILES), offer(server, "Good", FILES))
    server.faults["/Toy/a.png"] = ["always 404"]
    with pytest.raises(UserError, match="Toy: 1 of 3") as raised:
        fetch_into(tmp_path, ["Toy", "Good"])
    assert "Good" not in str(raised.value)
    assert in_data(tmp_path) == ["hr/Good.h5"]


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def out_of_reach(asset: Asset, *names: str) -> Asset:
    """Move files of an asset to a server that does not run."""
    host = f"http://127.0.0.1:{closed_port()}"
    moved = (
        replace(file, url=f"{host}/{asset.name}/{file.name}") if file.name in names else file
        for file in asset.files
    )
    return replace(asset, files=tuple(moved))


WEIGHTS = {"net_x2.pt": b"two", "net_x3.pt": b"three", "net_x4.pt": b"four"}


def test_partial_does_without_weights_out_of_reach_but_keeps_no_part_of_a_dataset(
    server: Server, register: Registrar, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    net, toy = offer(server, "Net", WEIGHTS, kind="weights"), offer(server, "Toy", FILES)
    register(out_of_reach(net, "net_x4.pt"), out_of_reach(toy, "a.png"))
    with pytest.raises(UserError, match="Net: 1 of 3"):
        fetch_into(tmp_path, ["Net", "Toy"])
    assert in_data(tmp_path) == []
    with pytest.raises(UserError, match="Toy: 1 of 3") as raised:
        fetch_into(tmp_path, ["Net", "Toy"], partial=True)
    assert "Net" not in str(raised.value)
    assert in_data(tmp_path) == ["raw/Net/net_x2.pt", "raw/Net/net_x3.pt"]
    said = capsys.readouterr().err
    assert "Net: 1 of 3 files missing" in said
    assert "dvc repro --force fetch_weights@Net (or the same mesr command)" in said

    register(net)
    fetch_into(tmp_path, ["Net"])
    assert in_data(tmp_path) == [f"raw/Net/{name}" for name in WEIGHTS]


def test_partial_lays_down_nothing_when_nothing_is_in_reach(
    server: Server, register: Registrar, tmp_path: Path
) -> None:
    register(out_of_reach(offer(server, "Net", WEIGHTS, kind="weights"), *WEIGHTS))
    with pytest.raises(UserError, match="Net: 3 of 3 files missing"):
        fetch_into(tmp_path, ["Net"], partial=True)
    assert in_data(tmp_path) == []


@pytest.mark.parametrize(
    "fault", ["404", "500", "truncate", "stall", "silent", "wrong", "endless", "hang up"]
)
def test_partial_refuses_an_asset_whose_server_answers_wrongly(
    server: Server,
    register: Registrar,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: str,
) -> None:
    """Even beside a file that is out of reach, and with an exit status of 1."""
    net = offer(server, "Net", WEIGHTS, kind="weights")
    register(out_of_reach(net, "net_x4.pt"))
    fetch_into(tmp_path, ["Net"], partial=True)
    before = in_data(tmp_path)
    (tmp_path / "data/raw/Net/net_x3.pt").write_bytes(b"damaged")
    shutil.rmtree(tmp_path / "downloads")
    server.faults["/Net/net_x3.pt"] = [f"always {fault}"]
    server.ranges = fault != "truncate"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fetch, "Transfer", lambda: TRANSFER)
    assert run(lambda: main(["--partial", "Net"])) == 1
    assert "Net: 2 of 3 files missing" in capsys.readouterr().err
    assert in_data(tmp_path) == before
    assert (tmp_path / "data/raw/Net/net_x3.pt").read_bytes() == b"damaged"


def test_partial_refuses_an_asset_with_a_wrong_file_in_the_mirror(
    server: Server, register: Registrar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = out_of_reach(offer(server, "Net", WEIGHTS, kind="weights"), *WEIGHTS)
    register(net)
    make_mirror(tmp_path / "mirror", net, {"net_x2.pt": b"two", "net_x3.pt": b"wrong"})
    monkeypatch.setenv("MESR_MIRROR", str(tmp_path / "mirror"))
    with pytest.raises(UserError, match=r"refused .*net_x3\.pt: digest"):
        fetch_into(tmp_path, ["Net"], partial=True)
    assert in_data(tmp_path) == []
    make_mirror(tmp_path / "mirror", net, {"net_x3.pt": b"three"})
    fetch_into(tmp_path, ["Net"], partial=True)
    assert in_data(tmp_path) == ["raw/Net/net_x2.pt", "raw/Net/net_x3.pt"]


def test_weights_that_lie_in_data_alone_are_taken_over(
    server: Server, register: Registrar, tmp_path: Path
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


def test_what_is_there_is_not_fetched_again(
    server: Server, register: Registrar, tmp_path: Path
) -> None:
    register(offer(server, "Toy", FILES), offer(server, "Net", {"n.pt": b"n"}, kind="weights"))
    fetch_into(tmp_path, ["Toy", "Net"])
    shutil.rmtree(tmp_path / "downloads")
    server.requests.clear()
    fetch_into(tmp_path, ["Toy", "Net"])
    assert server.requests == []
    # Weights are verified where they lie.
    (tmp_path / "data/raw/Net/n.pt").write_bytes(b"x")
    fetch_into(tmp_path, ["Toy", "Net"])
    assert (tmp_path / "data/raw/Net/n.pt").read_bytes() == b"n"


def make_mirror(folder: Path, asset: Asset, content: dict[str, bytes]) -> None:
    for file in asset.files:
        if file.name in content:
            path = file.mirror_path(folder)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content[file.name])


def test_the_mirror_is_asked_first(
    server: Server, register: Registrar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
    register: Registrar,
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


def test_offline_one_message_says_what_is_missing_and_both_remedies(
    server: Server, register: Registrar, tmp_path: Path
) -> None:
    server.server_port = closed_port()
    unknown = AssetFile("Net", "net.pt", f"{server.url}/net.pt", None, git_blob(b""))
    register(
        offer(server, "Toy", {f"{i}.png": bytes(1_000_000) for i in range(9)}),
        Asset("Net", "weights", "t", "h", "l", "c", (unknown,)),
    )
    with pytest.raises(UserError) as raised:
        fetch_into(tmp_path, ["Toy", "Net"])
    message = str(raised.value)
    assert "Toy: 9 of 9 files missing, 9.0 MB" in message
    assert "Net: 1 of 1 files missing, unknown size" in message
    assert "together 9.0 MB and 1 of unknown size" in message
    assert message.count("cannot be reached") == 1
    assert "connect to the internet" in message
    assert "MESR_MIRROR" in message
    assert f"$MESR_MIRROR/127.0.0.1:{server.server_port}/" in message
    assert in_data(tmp_path) == []


def test_a_mirror_that_is_no_folder(
    register: Registrar, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(offer(server, "Toy", FILES))
    monkeypatch.setenv("MESR_MIRROR", str(tmp_path / "gone"))
    with pytest.raises(UserError, match=r"MESR_MIRROR is .*gone"):
        fetch_into(tmp_path, ["Toy"])


def test_a_full_disk_while_laying_down(
    server: Server, register: Registrar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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


def test_one_asset_that_cannot_be_laid_down_does_not_keep_back_the_others(
    server: Server, register: Registrar, tmp_path: Path
) -> None:
    register(
        offer(server, "Odd", {"odd.png": b"no image"}),
        offer(server, "Hostile", {"hostile.zip": zipped({"../a.png": FILES["a.png"]})}),
        offer(server, "Gone", {"gone.png": b""}),
        offer(server, "Good", FILES),
    )
    server.faults["/Gone/gone.png"] = ["always 404"]
    with pytest.raises(UserError) as raised:
        fetch_into(tmp_path, ["Odd", "Hostile", "Gone", "Good"])
    for complaint in ("odd.png", "leads out of it", "Gone: 1 of 1 files missing"):
        assert complaint in str(raised.value)
    assert in_data(tmp_path) == ["hr/Good.h5"]


def test_a_downloads_folder_that_cannot_be_written(
    server: Server, register: Registrar, tmp_path: Path
) -> None:
    register(offer(server, "Toy", FILES))
    (tmp_path / "downloads").write_text("a file in the way")
    with pytest.raises(UserError, match="downloads: could not be written"):
        fetch_into(tmp_path, ["Toy"])
    assert in_data(tmp_path) == []


def test_an_image_that_cannot_be_read_leaves_data_untouched(
    server: Server, register: Registrar, tmp_path: Path
) -> None:
    register(offer(server, "Toy", FILES | {"d.png": b"no image"}))
    with pytest.raises(UserError, match=r"d\.png"):
        fetch_into(tmp_path, ["Toy"])
    assert in_data(tmp_path) == []


def zipped(members: dict[str, bytes], link: str = "") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if name == link:
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, content)
    return buffer.getvalue()


def test_the_images_of_an_archive_are_packed(
    server: Server, register: Registrar, tmp_path: Path
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


@pytest.mark.parametrize(
    ("archive", "complaint"),
    [
        (zipped({"../a.png": FILES["a.png"]}), "leads out of it"),
        (zipped({"x/../../a.png": FILES["a.png"]}), "leads out of it"),
        (zipped({"/etc/a.png": FILES["a.png"]}), "leads out of it"),
        (zipped({"..\\a.png": FILES["a.png"]}), "leads out of it"),
        (zipped({"C:/a.png": FILES["a.png"]}), "leads out of it"),
        (zipped({"a.png": b"/etc/passwd"}, link="a.png"), "is a link"),
        (zipped({"a.png": bytes(10_000_000)}), "times its size"),
        (zipped(FILES)[:-30], "damaged or encrypted"),
        (zipped({"a.png": FILES["a.png"]}), "holds 1 images, expected 3"),
        (zipped({"x/a.png": FILES["a.png"], "y/a.png": FILES["b.png"]}), "same name 'a'"),
    ],
)
def test_a_hostile_or_damaged_archive_is_refused(
    server: Server, register: Registrar, tmp_path: Path, archive: bytes, complaint: str
) -> None:
    register(offer(server, "Toy", {"Toy_HR.zip": archive}, images=3))
    with pytest.raises(UserError, match=complaint):
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


def test_an_unknown_asset_is_a_message_not_a_traceback(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(lambda: main(["Set5", "Sett14"])) == 1
    assert "Did you mean Set14" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_photographs_need_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket, "socket", None)
    main(["photos_train", "photos_test"])
    assert in_data(tmp_path) == ["hr/photos_test.h5", "hr/photos_train.h5"]
    first = (tmp_path / "data/hr/photos_test.h5").read_bytes()
    main(["photos_test"])
    assert (tmp_path / "data/hr/photos_test.h5").read_bytes() == first


@pytest.mark.skipif(not MIRROR, reason="MESR_MIRROR is not set")
def test_a_benchmark_from_the_real_mirror(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MESR_MIRROR": str(MIRROR)}
    subprocess.run(
        [sys.executable, "-m", "pipeline.fetch", "Set14"],
        cwd=tmp_path,
        env=environment,
        check=True,
        timeout=120,
    )
    with h5py.File(tmp_path / "data/hr/Set14.h5") as packed:
        assert len(packed) == 14
        assert packed["bridge"].ndim == 2
        assert packed["baboon"].shape == (480, 500, 3)


INTERRUPTED = """
import sys
import pipeline.assets.registry
from pipeline.assets.registry import Asset, AssetFile
from pipeline.support.console import run
from pipeline.fetch import main
file = AssetFile("Toy", "a.png", sys.argv[1], 1000, "sha256:" + "0" * 64)
toy = {"Toy": Asset("Toy", "benchmark", "t", "h", "l", "c", (file,), images=1)}
pipeline.assets.registry.registry = lambda: toy
raise SystemExit(run(lambda: main(["Toy"])))
"""


@pytest.mark.parametrize(
    ("number", "status", "message"),
    [(signal.SIGINT, 130, "stopped by the user"), (signal.SIGTERM, 143, "")],
)
def test_a_signal_during_a_stalled_download(
    server: Server, tmp_path: Path, number: signal.Signals, status: int, message: str
) -> None:
    server.content["/Toy/a.png"] = FILES["a.png"]
    server.faults["/Toy/a.png"] = ["always silent"]
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, f"{server.url}/Toy/a.png"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not server.requests and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    _, said = process.communicate(timeout=20)
    assert process.returncode == status
    assert message in said
    assert "Traceback" not in said
    assert in_data(tmp_path) == []


def test_progress_without_a_terminal_is_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    file = AssetFile("Toy", "a.png", "https://x/a.png", 2_000_000, "sha256:" + "0" * 64)
    with fetch.Progress([file, file], interval=0.0) as progress:
        progress.advance(1_500_000)
        progress.advance(500_000, files=1)
    assert capsys.readouterr().out == "  0/2 files, 1.5 MB\n  1/2 files, 2.0 MB\n"
