"""A finished study as a folder to keep."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from pipeline.study.results import RUNS
from pipeline.support.errors import UserError
from pipeline.tools import archiving
from pipeline.tools.archiving import archive, list_machines

ROOT = Path(__file__).parents[3]
TRAININGS = ("train", "ablate", "readings", "ladder")
STAGES = ("train@mesr-x4-s0", "tables")


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The committed study's results, with a page."""
    shutil.copytree(ROOT / "results", tmp_path / "results")
    for name in ("params.yaml", "dvc.lock"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "reports/build/latex").mkdir(parents=True)
    (tmp_path / "reports/build/index.html").write_text("<p>a page</p>")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_logs(runs: pd.DataFrame, seconds: float) -> None:
    for key in runs["key"]:
        path = Path(f"logs/runs/{key}.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"wall_seconds": seconds}))


def test_the_folder_holds_copies_and_says_where_they_are_from(study: Path) -> None:
    runs = RUNS.read()
    write_logs(runs, 360)
    archive(Path("studies/quick"), STAGES, pdf=False)
    kept = study / "studies/quick"
    lock = yaml.safe_load((study / "dvc.lock").read_text())
    expected = {name: lock["stages"][name] for name in STAGES}
    assert yaml.safe_load((kept / "dvc.lock").read_text())["stages"] == expected
    for name in ("params.yaml", "results/quality.csv", "results/tables/table3.csv"):
        assert (kept / name).read_bytes() == (study / name).read_bytes()
    assert (kept / "report/index.html").read_text() == "<p>a page</p>"
    trainings = int(runs["stage"].isin(TRAININGS).sum())
    page = (kept / "README.md").read_text()
    row = next(line for line in page.splitlines() if runs["machine"][0] in line)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == [
        *(str(trainings), runs["machine"][0], runs["torch"][0], "fp32", "1"),
        f"{trainings / 10:.1f}",
    ]
    archive(Path("studies/quick"), STAGES, pdf=False)  # again, in its place


def test_the_page_links_to_the_results_beside_it_and_keeps_what_is_not_there(study: Path) -> None:
    build = study / "reports/build"
    (build / "downloads").mkdir()
    for name in ("quality.csv", "table1.csv"):
        (build / "downloads" / name).write_text("image,psnr_db\n" + name)
    (study / "results/quality.csv").write_text("image,psnr_db\nquality.csv")
    links = '<a href="downloads/quality.csv">q</a> <a href="downloads/table1.csv">t</a>'
    (build / "index.html").write_text(links)
    archive(study / "kept", [], pdf=False)
    kept = study / "kept/report"
    page = kept.joinpath("index.html").read_text()
    for target in re.findall(r'href="([^"]+)"', page):
        assert (kept / target).is_file()
    assert "../results/quality.csv" in page
    assert [path.name for path in (kept / "downloads").iterdir()] == ["table1.csv"]
    assert (build / "index.html").read_text() == links  # the report itself is as it was


def test_the_page_says_which_trainings_the_pinned_version_cannot_repeat(study: Path) -> None:
    runs = RUNS.read()
    version = runs["torch"][0].partition("+")[0]
    for pinned, told in ((version, False), ("0.1.2", True)):
        (study / "requirements.lock").write_text(f"tqdm==1.0\ntorch=={pinned}\ntorchvision==3\n")
        archive(Path("studies/quick"), STAGES, pdf=False)
        page = " ".join((study / "studies/quick/README.md").read_text().split())
        trainings = int(runs["stage"].isin(TRAININGS).sum())
        sentence = f"PyTorch 0.1.2, so that the bits of the {trainings} trainings with {version}"
        assert (sentence in page) == told
        assert ("cannot be compared" in page) == told


def test_hours_are_left_out_where_a_log_is_missing(study: Path) -> None:
    runs = RUNS.read()
    assert {machine.hours for machine in list_machines(runs, Path("logs"))} == {None}
    trained = runs[runs["stage"].isin(TRAININGS)]
    split = trained.assign(machine=["A"] + ["B"] * (len(trained) - 1))
    write_logs(split.head(1), 3600)
    found = {machine.machine: machine.hours for machine in list_machines(split, Path("logs"))}
    assert found == {"A": 1.0, "B": None}


def test_what_is_missing_or_too_large_is_refused(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiving, "LARGEST", 1000)
    with pytest.raises(UserError, match=r"expected at most 1,000.*The largest file is \S+ with"):
        archive(Path("studies/quick"), STAGES, pdf=False)
    (study / "reports/build/index.html").unlink()
    with pytest.raises(UserError, match=r"index\.html: not found\. Finish the study first"):
        archive(Path("studies/quick"), STAGES, pdf=False)
    assert not (study / "studies/quick").exists()


@pytest.mark.skipif(shutil.which("latexmk") is None, reason="latexmk is not installed")
def test_the_document_is_compiled_and_an_error_is_shown(study: Path) -> None:
    source = study / "reports/build/latex/report.tex"
    source.write_text("\\documentclass{article}\\begin{document}a\\end{document}")
    archive(Path("kept"), STAGES)
    assert (study / "kept/report.pdf").read_bytes().startswith(b"%PDF")
    assert [path.name for path in source.parent.iterdir()] == ["report.tex"]
    source.write_text("\\documentclass{article}\\begin{document}\\nonsense\\end{document}")
    with pytest.raises(UserError, match=r"(?s)LaTeX failed.*nonsense"):
        archive(Path("other"), STAGES)
    assert not (study / "other").exists()
