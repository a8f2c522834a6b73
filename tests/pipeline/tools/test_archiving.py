"""A finished study as a folder to keep."""

import json
import re
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
    (tmp_path / "reports/build/index.html").write_text("<p>a page</p>")
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
    assert (kept / "report/index.html").read_text() == "<p>a page</p>"
    page = (kept / "README.md").read_text()
    row = next(line for line in page.splitlines() if "| A |" in line)
    assert [c.strip() for c in row.strip("|").split("|")] == [
        "2",
        "A",
        "2.1+cpu",
        "fp32",
        "1",
        "0.2",
    ]
    assert f"profile {load_params().profile}" in page
    assert "verify train@vdsr_x4_s0" in page


def test_the_page_links_to_the_results_beside_it_and_keeps_what_is_not_there(study: Path) -> None:
    build = study / "reports/build"
    (build / "downloads").mkdir()
    for name in ("quality.csv", "other.csv"):
        (build / "downloads" / name).write_text("image,psnr_db\n" + name)
    (study / "results/quality.csv").write_text("image,psnr_db\nquality.csv")
    links = '<a href="downloads/quality.csv">q</a> <a href="downloads/other.csv">t</a>'
    (build / "index.html").write_text(links)
    keep_study(study / "kept", [], pdf=False)
    kept = study / "kept/report"
    page = kept.joinpath("index.html").read_text()
    for target in re.findall(r'href="([^"]+)"', page):
        assert (kept / target).is_file()
    assert "../results/quality.csv" in page
    assert [path.name for path in (kept / "downloads").iterdir()] == ["other.csv"]
    assert (build / "index.html").read_text() == links  # the report itself is as it was


@pytest.mark.parametrize(("pinned", "told"), [("2.1", False), ("0.1.2", True)])
def test_the_page_says_which_trainings_the_pinned_version_cannot_repeat(
    study: Path, pinned: str, told: bool
) -> None:
    (study / "requirements.lock").write_text(f"tqdm==1.0\ntorch=={pinned}\ntorchvision==3\n")
    keep_study(Path("kept"), STAGES, pdf=False)
    page = " ".join((study / "kept/README.md").read_text().split())
    assert (f"PyTorch {pinned}, so that the bits of the 2 trainings with 2.1" in page) == told
    assert ("cannot be compared" in page) == told


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
