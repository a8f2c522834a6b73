"""Toy projects."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.scheduling.toy import Toy


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    return Toy(tmp_path_factory.mktemp("toy") / "fresh").make()


@pytest.fixture(scope="session")
def serial(fresh: Toy, tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """The project after `dvc repro`."""
    toy = fresh.copy(tmp_path_factory.mktemp("toy") / "serial")
    toy.run("dvc", "repro")
    return toy


@pytest.fixture
def toy(fresh: Toy, tmp_path: Path) -> Iterator[Toy]:
    twin = fresh.copy(tmp_path / "toy")
    yield twin
    twin.close()
