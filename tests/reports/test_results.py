import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline.study.results import FILES
from pipeline.support.console import run
from pipeline.support.errors import UserError
from reports.render import main
from reports.results import read_results, warning
from tests.pipeline.toy_study import ROOT
from tests.reports.study import edit


@pytest.fixture
def results(quick: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(quick / "results", tmp_path / "results"))


@pytest.mark.parametrize(
    ("name", "cells", "message"),
    [
        ("quality", {"psnr_db": "good"}, r"column psnr_db: 'good' is not a number.*dvc repro"),
        ("quality", {"scale": ""}, r"column scale: the cell is empty, expected 2, 3 or 4.*repro"),
        ("tables/table3", {"scale": "inf"}, r"column scale: found inf, expected 2, 3 or 4"),
        ("tables/table4", {"scale": "-inf"}, r"column scale: found -inf"),
        ("complexity", {"scale": "2.5"}, r"column scale: found 2\.5.*dvc repro complexity"),
        ("history", {"scale": "1e400"}, r"column scale: found inf"),
        ("runs", {"key": "../../etc"}, r"column key: '\.\./\.\./etc' names no run"),
    ],
)
def test_nonsense_is_named_with_file_line_and_remedy(
    results: Path, name: str, cells: dict[str, str], message: str
) -> None:
    edit(results / f"{name}.csv", 4, **cells)
    with pytest.raises(UserError, match=rf"{name}\.csv, line 4, {message}"):
        read_results(results)


def test_missing_file_is_named_with_the_remedy(results: Path) -> None:
    (results / "tables" / "table2.csv").unlink()
    with pytest.raises(UserError, match=r"table2\.csv: not found.*dvc repro"):
        read_results(results)


def test_missing_column_is_named(results: Path) -> None:
    path = results / "complexity.csv"
    path.write_text(path.read_text().replace("multi_adds", "flops", 1))
    with pytest.raises(UserError, match=r"complexity\.csv: column 'multi_adds' is missing.*flops"):
        read_results(results)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"profile": "quick"}', "[" * 200_000, '{"a":' * 200_000, "\ud800"]
)
def test_broken_study_file_is_refused(results: Path, text: str) -> None:
    (results / "study.json").write_text(text, encoding="utf-8", errors="surrogatepass")
    with pytest.raises(UserError, match=r"study\.json: .*dvc repro tables"):
        read_results(results)


CROP = {"dataset": "photos_test", "image": "cat", "scale": 4, "region": None}


@pytest.mark.parametrize(
    ("crop", "field"),
    [
        (CROP | {"region": "all"}, "region"),
        (CROP | {"region": [0, 0, "wide", 4]}, r"region\.2"),
        (CROP | {"region": [0, 0, 4]}, r"region\.3"),
        (CROP | {"region": [0, 0, 4, float("inf")]}, r"region\.3"),
        (CROP | {"scale": float("inf")}, "scale"),
        (CROP | {"scale": None}, "scale"),
        ({"dataset": "photos_test"}, "image"),
        ("cat", ""),
    ],
)
def test_nonsense_in_the_settings_of_figures_names_the_field(
    results: Path, crop: Any, field: str
) -> None:
    study = json.loads((results / "study.json").read_text())
    study["figures"]["crops"] = [crop]
    (results / "study.json").write_text(json.dumps(study))
    with pytest.raises(UserError, match=rf"study\.json: figures\.crops\.0\.?{field}: .*dvc repro"):
        read_results(results)


def test_main_prints_the_message_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--results", str(tmp_path), "--output", str(tmp_path / "build")]
    assert run(lambda: main(arguments)) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert not (tmp_path / "build").exists()


def test_only_the_papers_setting_has_no_warning(quick: Path, full: Path) -> None:
    assert "not the paper's setting" in warning(read_results(quick / "results").study)
    study = read_results(full / "results").study
    assert warning(study.model_copy(update={"is_paper_setting": True})) == ""


@pytest.mark.parametrize(
    "name",
    [
        *("claims", "tuning", "ladder", "sizes", "tables/readings", "tables/ranking"),
        *("tables/pairs", "tables/agreement", "tables/metrics", "tables/lr_certificate"),
    ],
)
def test_page_on_the_report_names_every_column(name: str) -> None:
    page = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
    assert f"`{name}.csv`" in page
    assert [column for column in FILES[name].names if f"`{column}`" not in page] == []
