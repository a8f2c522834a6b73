"""A finished study as a folder to keep."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from pipeline.study.params import load_params
from pipeline.support.errors import UserError
from pipeline.tools import archiving
from pipeline.tools.archiving import archive, keep_study, list_machines
from tests.pipeline.toy_study import write_params

KEYS = ("vdsr_x4_s0", "mesr_x4_s0")
STAGES = {"train@mesr_x4_s0": {"cmd": "train"}, "tables": {"cmd": "tables"}}


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study with results, locks and a page."""
    monkeypatch.chdir(tmp_path)
    write_params(tmp_path)
    lock = {"schema": "2.0", "stages": STAGES | {"train@old": {"cmd": "of another study"}}}
    (tmp_path / "dvc.lock").write_text(yaml.safe_dump(lock))
    (tmp_path / "results").mkdir()
    rows = [{"key": key, "kind": "trained", "machine": "A", "torch": "2.1+cpu",
             "precision": "fp32", "threads": "1"} for key in KEYS]  # fmt: skip
    rows.append(rows[0] | {"key": "bicubic_x4", "kind": "interpolation", "machine": ""})
    pd.DataFrame(rows).to_csv("results/runs.csv", index=False)
    (tmp_path / "results/quality.csv").write_text("image,psnr_db\n")
    (tmp_path / "reports/build/latex").mkdir(parents=True)
    (tmp_path / "reports/build/downloads").mkdir()
    (tmp_path / "reports/build/downloads/quality.csv").write_text("image,psnr_db\n")
    (tmp_path / "reports/build/index.html").write_text('<a href="downloads/quality.csv">q</a>')
    return tmp_path


def write_logs(seconds: dict[str, float]) -> None:
    Path("logs/runs").mkdir(parents=True)
    for key, wall in seconds.items():
        Path(f"logs/runs/{key}.json").write_text(json.dumps({"wall_seconds": wall}))


def test_the_folder_holds_copies_and_says_where_they_are_from(study: Path) -> None:
    write_logs(dict.fromkeys(KEYS, 360))
    for _ in range(2):  # again, in its place
        keep_study(Path("studies/quick"), STAGES, pdf=False)
    kept = study / "studies/quick"
    assert yaml.safe_load((kept / "dvc.lock").read_text())["stages"] == STAGES
    for name in ("params.yaml", "results/quality.csv"):
        assert (kept / name).read_bytes() == (study / name).read_bytes()
    # The page links to the results beside it; the report itself is as it was.
    assert (kept / "report/index.html").read_text() == '<a href="../results/quality.csv">q</a>'
    assert not (kept / "report/downloads").exists()
    assert "downloads" in (study / "reports/build/index.html").read_text()
    page = (kept / "README.md").read_text()
    assert "| 2 | A | 2.1+cpu | fp32 | 1 | 0.2 |" in page
    assert f"profile {load_params().profile}" in page
    assert "verify train@vdsr_x4_s0" in page


def test_hours_are_left_out_where_a_log_is_missing(study: Path) -> None:
    runs = pd.DataFrame(
        {"key": ["a", "b"], "machine": ["A", "B"], "torch": "2", "precision": "x", "threads": "1"}
    )
    write_logs({"a": 3600})
    assert {m["machine"]: m["hours"] for m in list_machines(runs)} == {"A": 1.0, "B": None}


def test_what_is_missing_or_too_large_is_refused(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiving, "LARGEST", 1000)
    with pytest.raises(UserError, match=r"expected at most 1,000.*The largest file is \S+ with"):
        keep_study(Path("kept"), STAGES, pdf=False)
    (study / "reports/build/index.html").unlink()
    with pytest.raises(UserError, match=r"index\.html: not found\. Finish the study first"):
        keep_study(Path("kept"), STAGES, pdf=False)
    assert not (study / "kept").exists()


def test_without_git_the_remedy_is_named(study: Path) -> None:
    (study / ".dvc").mkdir()
    (study / ".dvc/config").touch()
    with pytest.raises(UserError, match=r"not a git repository.*git init"):
        archive()


@pytest.mark.skipif(shutil.which("latexmk") is None, reason="latexmk is not installed")
def test_the_document_is_compiled_and_an_error_is_shown(study: Path) -> None:
    source = study / "reports/build/latex/report.tex"
    source.write_text("\\documentclass{article}\\begin{document}a\\end{document}")
    keep_study(Path("kept"), STAGES)
    assert (study / "kept/report.pdf").read_bytes().startswith(b"%PDF")
    assert [path.name for path in source.parent.iterdir()] == ["report.tex"]
    source.write_text("\\documentclass{article}\\begin{document}\\nonsense\\end{document}")
    with pytest.raises(UserError, match=r"(?s)LaTeX failed.*nonsense"):
        keep_study(Path("other"), STAGES)
    assert not (study / "other").exists()
