"""Studies that are synthesised and rendered once per session."""

import shutil
from pathlib import Path

import pytest

from reports.render import render
from tests.reports.compact import CompactStudy
from tests.reports.study import FULL, HOSTILE, QUICK, ReportStudy, make_hostile, toy_machine


def build(folder: Path) -> Path:
    """Render the study in `folder`; return the report's folder."""
    output = folder / "reports" / "build"
    names = ("results", "evaluations", "docs")
    render(*(folder / name for name in names), output, folder / "logs", folder / "machines")
    return output


@pytest.fixture(scope="session")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Profile quick: one seed, one test set, automatic crops."""
    return ReportStudy(tmp_path_factory.mktemp("quick"), QUICK).folder


@pytest.fixture(scope="session")
def report(quick: Path) -> Path:
    return build(quick)


@pytest.fixture
def changed(quick: Path, tmp_path: Path) -> Path:
    """A copy of the quick study, for tests that damage it."""
    return Path(shutil.copytree(quick, tmp_path / "study", ignore=shutil.ignore_patterns("build")))


@pytest.fixture(scope="session")
def hostile_report(quick: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The quick study with hostile texts in its result files."""
    folder = tmp_path_factory.mktemp("hostile") / "study"
    shutil.copytree(quick, folder, ignore=shutil.ignore_patterns("build"))
    make_hostile(folder)
    return build(folder)


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Profile paper: all networks and test sets, two seeds, three images each, two machines."""
    folder = ReportStudy(tmp_path_factory.mktemp("full"), FULL).folder
    (folder / "machines").mkdir()
    for name, machine, measured in (
        ("a", HOSTILE[0], "2025-03-04"),
        ("b", "Newer CPU", "2026-03-04"),
    ):
        toy_machine(folder, folder / f"machines/{name}.csv", machine=machine, measured=measured)
    return folder


@pytest.fixture(scope="session")
def full_report(full: Path) -> Path:
    return build(full)


@pytest.fixture(scope="session")
def compact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Profile compact: all networks, tuning, readings and ladder; its results alone."""
    return CompactStudy(tmp_path_factory.mktemp("compact")).folder
