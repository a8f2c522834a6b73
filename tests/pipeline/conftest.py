"""Fixtures that the rooms share."""

import contextlib
import copy
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.assets.registry import Asset
from tests.pipeline.assets.server import Register, Server
from tests.pipeline.toy_study import PAPER, QUICK, ToyStudy

PUBLISHED = [*PAPER, "evaluate.published=[vdsr_x2,pan_x2]"]
BESIDE = ["evaluate.metrics=[fsim,gmsd]", "evaluate.self_ensemble=[mesr,vdsr]"]


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


def collated(folder: Path, overrides: list[str]) -> ToyStudy:
    study = ToyStudy(folder, overrides)
    with contextlib.chdir(folder):
        study.run()
    return study


# Tests that change a study take a copy: `changed`.


@pytest.fixture(scope="session")
def quick(tmp_path_factory: pytest.TempPathFactory) -> ToyStudy:
    return collated(tmp_path_factory.mktemp("quick"), QUICK)


@pytest.fixture(scope="session")
def paper(tmp_path_factory: pytest.TempPathFactory) -> ToyStudy:
    return collated(tmp_path_factory.mktemp("paper"), PUBLISHED)


@pytest.fixture(scope="session")
def beside(tmp_path_factory: pytest.TempPathFactory) -> ToyStudy:
    """Profile paper with further metrics and self-ensembles."""
    return collated(tmp_path_factory.mktemp("beside"), [*PUBLISHED, *BESIDE])


@pytest.fixture
def changed(quick: ToyStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToyStudy:
    """A copy of the quick study, the working directory in it."""
    study = copy.copy(quick)
    study.folder = tmp_path / "study"
    shutil.copytree(quick.folder, study.folder)
    monkeypatch.chdir(study.folder)
    return study
