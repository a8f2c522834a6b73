"""Fixtures that several packages share."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.assets.registry import Asset
from tests.pipeline.assets.server import Server, Toys


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Run a local server, the only one that is asked."""
    # In a hurry.
    monkeypatch.setattr("pipeline.assets.download.TIMEOUT_S", (0.5, 0.2))
    monkeypatch.setattr("pipeline.assets.download.PAUSE_S", 0.01)
    monkeypatch.setattr("pipeline.assets.download.ATTEMPTS", 3)
    for variable in ("MESR_MIRROR", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def toys(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toys:
    """Make a server and an empty checkout, for assets that take the place of the registry's."""

    def register(*assets: Asset) -> None:
        registry = {asset.name: asset for asset in assets}
        monkeypatch.setattr("pipeline.assets.registry.registry", lambda: registry)

    return Toys(server, tmp_path, register)
