"""Data that the tests of training share."""

from pathlib import Path

import pytest

from tests.pipeline.training.toy import make_data


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with hr.h5 and lr.h5."""
    folder = tmp_path_factory.mktemp("data")
    make_data(folder)
    return folder


@pytest.fixture
def folder(data: Path, tmp_path: Path) -> Path:
    """Return an empty folder with links to the data."""
    for name in ("hr.h5", "lr.h5"):
        (tmp_path / name).symlink_to(data / name)
    return tmp_path
