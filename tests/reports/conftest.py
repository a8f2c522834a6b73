"""Studies that are invented and rendered once per session."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from bs4 import BeautifulSoup, Tag

from pipeline.tables.results import Results
from pipeline.tables.tables import read_all
from reports.figures.pictures import Pictures
from reports.render import render
from tests.reports.study import HOSTILE, LABELS, ROOT, draw, frames, hostile, write_log, write_study


def build(folder: Path) -> Path:
    """Render the study in `folder`; return the report's folder."""
    given = (folder / "results", folder / "evaluations", ROOT / "docs", folder / "build")
    render(*given, folder / "logs", folder / "machines")
    return folder / "build"


@cache
def page(report: Path, name: str = "index.html") -> BeautifulSoup:
    """Parse a page of a report."""
    return BeautifulSoup((report / name).read_text(encoding="utf-8"), "html.parser")


def block(report: Path, key: str) -> Tag:
    """The article or section with an id."""
    found = page(report).find(id=key)
    assert isinstance(found, Tag), key
    return found


def given(script: Path) -> Any:
    """What a script beside the page gives it: the value of a variable."""
    return json.loads(script.read_text("utf-8").partition(" = ")[2].rstrip(";\n"))


def replaced(results: Results, **frames: pd.DataFrame) -> Results:
    """The results with other result files."""
    return Results(results.facts, {**results.frames, **frames})


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four networks with two seeds, two test sets, pictures at x4, logs of all trainings."""
    folder = write_study(tmp_path_factory.mktemp("study") / "study", frames())
    draw(folder)
    for key in frames()["runs"]["key"]:
        write_log(folder, key)
    return folder


@pytest.fixture(scope="session")
def results(study: Path) -> Results:
    return read_all(study / "results")


@pytest.fixture(scope="session")
def pictures(study: Path, results: Results) -> Pictures:
    return Pictures(results, study / "evaluations")


@pytest.fixture(scope="session")
def report(study: Path) -> Path:
    return build(study)


@pytest.fixture(scope="session")
def hostile_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study with hostile texts in its result files."""
    folder = tmp_path_factory.mktemp("hostile") / "study"
    labels = dict(zip(LABELS, HOSTILE, strict=False))
    write_study(folder, hostile(frames()), training=HOSTILE[0], labels=labels)
    draw(folder)
    return build(folder)
