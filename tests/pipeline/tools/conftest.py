"""Each test of a tool works in a folder of its own."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Enter the folder of the test."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
