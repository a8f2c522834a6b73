"""Fixtures that the rooms share."""

import threading
from collections.abc import Iterator

import pytest

from pipeline.assets.registry import Asset
from tests.pipeline.assets.server import Register, Server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Run a local server, the only one that is asked."""
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
def register(monkeypatch: pytest.MonkeyPatch) -> Register:
    """Replace the registry by the assets given."""

    def put(*assets: Asset) -> None:
        registry = {asset.name: asset for asset in assets}
        monkeypatch.setattr("pipeline.assets.registry.registry", lambda: registry)

    return put
