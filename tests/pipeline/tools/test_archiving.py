"""A finished study as a folder to keep."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from pipeline.study.params import load_params
from pipeline.study.paths import run_folder
from pipeline.support.errors import UserError
from pipeline.tools import archiving
from pipeline.tools.archiving import archive, keep_study
from tests.pipeline.toy_study import write_params

RUNS = {"vdsr_x4_s0": "A", "mesr_x4_s0": "A", "idn_x4_s0": "B"}  # key -> machine
STAGES = {"train@mesr_x4_s0": {"cmd": "train"}, "tables": {"cmd": "tables"}}


@pytest.fixture(autouse=True)
def study(workplace: Path) -> None:
    """A study with results, locks, logs of two of three trainings and a page."""
    write_params(workplace)
    for folder in ("results", "logs/runs", "reports/build/latex", "reports/build/downloads"):
        Path(folder).mkdir(parents=True)
    same = {"kind": "trained", "torch": "2.1+cpu", "precision": "fp32", "threads": "1"}
    rows = [
        same | {"key": key, "network": key.split("_")[0], "scale": "4", "machine": machine}
        for key, machine in RUNS.items()
    ]
    rows.append(rows[0] | {"key": "bicubic_x4", "kind": "interpolation", "machine": ""})
    pd.DataFrame(rows).to_csv("results/runs.csv", index=False)
    lock = {"schema": "2.0", "stages": STAGES | {"train@old": {"cmd": "of another study"}}}
    files = {
        "dvc.lock": yaml.safe_dump(lock),
        "results/quality.csv": "image,psnr_db\n",
        "reports/build/downloads/quality.csv": "image,psnr_db\n",
        "reports/build/verified.js": 'window.reportVerified = {"reproduced": false};\n',
        "reports/build/index.html": '<a href="downloads/quality.csv">q</a>',
        **{f"logs/runs/{key}.json": json.dumps({"wall_seconds": 360}) for key in list(RUNS)[:2]},
    }
    for name, text in files.items():
        Path(name).write_text(text)


def test_the_folder_holds_copies_and_says_where_they_are_from() -> None:
    for _ in range(2):  # again, in its place
        keep_study(Path("studies/quick"), STAGES, pdf=False)
    kept = Path("studies/quick")
    assert yaml.safe_load((kept / "dvc.lock").read_text())["stages"] == STAGES
    for name in ("params.yaml", "results/quality.csv"):
        assert (kept / name).read_bytes() == Path(name).read_bytes()
    # The page links to the results beside it; the report itself is as it was.
    assert (kept / "report/index.html").read_text() == '<a href="../results/quality.csv">q</a>'
    assert not (kept / "report/downloads").exists()
    assert (kept / "report/verified.js").read_text() == "window.reportVerified = null;\n"
    assert "downloads" in Path("reports/build/index.html").read_text()
    page = (kept / "README.md").read_text()
    assert "| 2 | A | 2.1+cpu | fp32 | 1 | 0.2 |" in page
    assert "| 1 | B | 2.1+cpu | fp32 | 1 |  |" in page  # no log, no hours
    assert f"profile {load_params().profile}" in page
    assert "verify train@vdsr_x4_s0" in page


def test_weights_are_kept_where_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in RUNS:
        run_folder(key).mkdir(parents=True)
        for name in ("run.json", "weights.safetensors", "best.safetensors"):
            (run_folder(key) / name).write_text(f"{key} {name}")
    monkeypatch.setattr(archiving, "LARGEST", 1000)
    keep_study(Path("kept"), STAGES, pdf=False, weights=True)
    for key in RUNS:
        names = {path.name: path.read_text() for path in (Path("kept") / run_folder(key)).iterdir()}
        assert names == {name: f"{key} {name}" for name in ("run.json", "weights.safetensors")}
    page = (Path("kept") / "README.md").read_text()
    assert "evaluate vdsr --scale 4 --data Set5" in page
    assert "--weights kept/runs/vdsr_x4_s0/weights.safetensors" in page
    monkeypatch.setattr(archiving, "LARGEST_WITH_WEIGHTS", 1000)
    with pytest.raises(UserError, match="expected at most 1,000"):
        keep_study(Path("other"), STAGES, pdf=False, weights=True)
    assert not Path("other").exists()


def test_what_is_missing_or_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"runs/vdsr_x4_s0/run\.json: not found"):
        keep_study(Path("kept"), STAGES, pdf=False, weights=True)
    monkeypatch.setattr(archiving, "LARGEST", 1000)
    with pytest.raises(UserError, match=r"expected at most 1,000.*The largest file is \S+ with"):
        keep_study(Path("kept"), STAGES, pdf=False)
    Path("reports/build/index.html").unlink()
    with pytest.raises(UserError, match=r"index\.html: not found\. Finish the study first"):
        keep_study(Path("kept"), STAGES, pdf=False)
    assert not Path("kept").exists()
    Path(".dvc").mkdir()
    Path(".dvc/config").touch()
    with pytest.raises(UserError, match=r"not a git repository.*git init"):
        archive()


@pytest.mark.skipif(shutil.which("latexmk") is None, reason="latexmk is not installed")
def test_the_document_is_compiled_and_an_error_is_shown() -> None:
    source = Path("reports/build/latex/report.tex")
    source.write_text("\\documentclass{article}\\begin{document}a\\end{document}")
    keep_study(Path("kept"), STAGES, pdf=True)
    assert Path("kept/report.pdf").read_bytes().startswith(b"%PDF")
    assert [path.name for path in source.parent.iterdir()] == ["report.tex"]
    source.write_text("\\documentclass{article}\\begin{document}\\nonsense\\end{document}")
    with pytest.raises(UserError, match=r"(?s)LaTeX failed.*nonsense"):
        keep_study(Path("other"), STAGES, pdf=True)
    assert not Path("other").exists()
