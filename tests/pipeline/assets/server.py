"""A server that misbehaves on demand, and toy assets on it."""

import hashlib
import io
import socket
import stat
import threading
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.assets.fetching import fetch_assets
from pipeline.assets.registry import Asset, AssetFile


class Server(ThreadingHTTPServer):
    """Serves `content` by path; before that, misbehaves as `faults` lists, one per request."""

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

    def answer(self, status: int, body: bytes, length: int | None = None, **headers: str) -> None:
        self.send_response(status)
        if length is not None:
            headers["Content_Length"] = str(length)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        server, asked = self.server, self.headers.get("Range")
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
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            rest, span = body[start:], f"bytes {start}-{len(body) - 1}/{len(body)}"
            self.answer(206 if rest else 416, rest, len(rest), Content_Range=span)
        else:
            self.answer(200, body, len(body))

    def misbehave(self, fault: str, body: bytes) -> None:
        half, size = body[: len(body) // 2], len(body)
        match fault:
            case "404" | "500" | "503":
                self.answer(int(fault), b"<html>sorry</html>")
            case "truncate":
                self.answer(200, half, size)
            case "stall":
                self.answer(200, half, size)
                self.server.released.wait(5)
            case "hang up":
                self.close_connection = True
            case "silent":
                self.server.released.wait(5)
            case "wrong":
                self.answer(200, bytes(size), size)
            case "short":  # without a Content-Length, the end of the stream looks regular
                self.answer(200, body[:-1])
            case "endless":
                self.answer(200, body + bytes(10_000_000))
            case "drip":  # one byte at a time, each well before any timeout
                self.answer(200, b"", size)
                for byte in body:
                    if self.server.released.wait(0.02):
                        return
                    self.wfile.write(bytes([byte]))
            case _:
                self.answer(302, b"", Location=fault.removeprefix("to "))


def picture(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def sha256(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def git_blob(content: bytes) -> str:
    return "git-blob:" + hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


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


def make_mirror(folder: Path, asset: Asset, content: dict[str, bytes]) -> None:
    for file in asset.files:
        if file.name in content:
            path = file.mirror_path(folder)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content[file.name])


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


@dataclass
class Toys:
    """Toy assets on a server, and the checkout that fetches them."""

    server: Server
    folder: Path
    register: Callable[..., None]  # makes the assets given the registry

    def offer(
        self, name: str, files: dict[str, bytes], kind: str = "benchmark", images: int = 0
    ) -> Asset:
        """Put files on the server and describe them as an asset."""
        self.server.content |= {f"/{name}/{file}": content for file, content in files.items()}
        listed = [
            AssetFile(name, file, f"{self.server.url}/{name}/{file}", len(content), sha256(content))
            for file, content in files.items()
        ]
        count = None if kind == "weights" else images or len(files)
        about = ("https://example.org", "toy licence", "Toy et al.")
        return Asset(name, kind, name, *about, tuple(listed), count)  # type: ignore[arg-type]

    def fetch(self, *names: str, **options: bool) -> dict[str, Path]:
        return fetch_assets(names, self.folder / "data", **options)

    @property
    def data(self) -> list[str]:
        return in_data(self.folder)


def in_data(folder: Path) -> list[str]:
    data = folder / "data"
    return sorted(str(p.relative_to(data)) for p in data.rglob("*") if p.is_file())


FILES = {"a.png": picture(1), "b.png": picture(2), "c.png": picture(3)}
WEIGHTS = {"net_x2.pt": b"two", "net_x3.pt": b"three", "net_x4.pt": b"four"}
