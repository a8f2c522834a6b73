"""Simulated studies, rendered once per session."""

from pathlib import Path

import pytest

from reports.render import render
from tests.reports.simulate import simulate


def build(folder: Path) -> Path:
    """Render the study simulated in `folder`; return the report's folder."""
    output = folder / "reports" / "build"
    render(folder / "results", folder / "evaluations", folder / "docs", output)
    return output


@pytest.fixture(scope="session")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(tmp_path_factory.mktemp("quick"))


@pytest.fixture(scope="session")
def report(quick: Path) -> Path:
    return build(quick)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(tmp_path_factory.mktemp("hostile"), hostile=True)


@pytest.fixture(scope="session")
def hostile_report(hostile: Path) -> Path:
    return build(hostile)


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(tmp_path_factory.mktemp("full"), "full")


@pytest.fixture(scope="session")
def full_report(full: Path) -> Path:
    return build(full)
