import json
import shutil
from pathlib import Path

import pytest

from pipeline.support.console import run
from pipeline.support.errors import UserError
from reports.render import main
from reports.results import read_results


@pytest.fixture
def results(quick: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(quick / "results", tmp_path / "results"))


def test_missing_file_is_named_with_the_remedy(results: Path) -> None:
    (results / "tables" / "table2.csv").unlink()
    with pytest.raises(UserError, match=r"table2\.csv: not found.*dvc repro"):
        read_results(results)


def test_missing_column_is_named(results: Path) -> None:
    path = results / "complexity.csv"
    path.write_text(path.read_text().replace("multi_adds", "flops", 1))
    with pytest.raises(
        UserError, match=r"complexity\.csv: column multi_adds not found among .*flops"
    ):
        read_results(results)


def test_text_in_place_of_a_number_is_named_with_its_line(results: Path) -> None:
    path = results / "quality.csv"
    lines = path.read_text().splitlines()
    cells = lines[3].split(",")
    cells[8] = "good"
    path.write_text("\n".join([*lines[:3], ",".join(cells), *lines[4:]]))
    with pytest.raises(UserError, match=r"quality\.csv: line 4, column psnr_db: 'good'"):
        read_results(results)


@pytest.mark.parametrize("text", ["{", "[]", '{"profile": "quick"}'])
def test_broken_study_file_is_refused(results: Path, text: str) -> None:
    (results / "study.json").write_text(text)
    with pytest.raises(UserError, match=r"study\.json"):
        read_results(results)


def test_main_prints_the_message_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--results", str(tmp_path), "--output", str(tmp_path / "build")]
    assert run(lambda: main(arguments)) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert not (tmp_path / "build").exists()


def test_only_the_papers_setting_has_no_warning(results: Path) -> None:
    assert "not the paper's setting" in read_results(results).study.warning
    facts = json.loads((results / "study.json").read_text())
    (results / "study.json").write_text(json.dumps(facts | {"is_paper_setting": True}))
    assert read_results(results).study.warning == ""
