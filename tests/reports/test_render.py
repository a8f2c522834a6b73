import filecmp
import json
import os
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dvc.repo import Repo
from PIL import Image

import reports.render
from pipeline.study.results import FILES
from pipeline.support.errors import UserError
from reports.figures.chapter import Chapter
from reports.page.write import PAGES
from reports.render import render
from tests.pipeline.toy_study import ROOT
from tests.reports.html import block, page, values
from tests.reports.study import HOSTILE


def inputs(study: Path) -> tuple[Path, Path, Path]:
    return study / "results", study / "evaluations", study / "docs"


@pytest.mark.parametrize("name", ["report", "hostile_report", "full_report"])
def test_every_link_leads_to_a_place_in_the_folder_or_to_a_source(
    name: str, request: pytest.FixtureRequest
) -> None:
    report: Path = request.getfixturevalue(name)
    ids = {p: [str(tag["id"]) for tag in page(report, p).find_all(id=True)] for p in PAGES}
    for own, found in ids.items():
        assert len(found) == len(set(found)), own
    for own in PAGES:
        found = page(report, own)
        links = [str(tag[a]) for a in ("href", "src") for tag in found.find_all(attrs={a: True})]
        links += [str(tag["value"]) for tag in found.find_all("option")]
        assert len(links) > 10
        for link in links:
            path, _, anchor = link.partition("#")
            if link == "data:,":
                continue
            if "://" in link:
                assert link.startswith(("https://github.com/", "https://doi.org/")), link
                continue
            assert not path or (report / path).is_file(), link
            assert not anchor or anchor in ids[path or own], link
        attributes = [name for tag in found.find_all() for name in tag.attrs]
        assert not [name for name in attributes if name.startswith("on")]


def test_report_has_its_chapters_tables_and_files(report: Path) -> None:
    found = page(report)
    for number in (1, 2, 3, 4):
        assert found.find(id=f"table{number}")
        assert (report / "latex" / f"table{number}.tex").is_file()
    for name in ("ranking", "agreement", "certification", "runs", "certificate-grid"):
        assert found.find(id=name)
    assert page(report, "reading.html").find(id="readings")
    for name in ("ranking", "agreement", "certificate", "figures", "report"):
        assert (report / "latex" / f"{name}.tex").is_file()
    drawn = {path.stem for path in (report / "figures").glob("*.pdf")}
    assert {
        "refinement",
        "tradeoff-x2",
        "tradeoff-x4",
        "curves",
        "curves-ablation",
        "gains",
    } <= drawn
    assert {f"{name}.png" for name in drawn} <= {p.name for p in (report / "figures").iterdir()}


def test_downloads_are_the_result_files(quick: Path, report: Path) -> None:
    files = list((quick / "results").rglob("*.csv"))
    assert {path.name for path in files} == {file.path.name for file in FILES.values()}
    for path in files:
        assert filecmp.cmp(path, report / "downloads" / path.name, shallow=False)


@pytest.mark.parametrize(("study", "build"), [("quick", "report"), ("full", "full_report")])
def test_numbers_of_the_table_are_those_of_the_result_file(
    study: str, build: str, request: pytest.FixtureRequest
) -> None:
    path = request.getfixturevalue(study) / "results" / "tables" / "table3.csv"
    frame = pd.read_csv(path, dtype={"variant": str}, keep_default_na=False)
    order = ["scale", "model", "variant", "provenance"]
    datasets = list(dict.fromkeys(frame["dataset"]))
    expected = []
    for _, rows in frame.groupby(order, sort=False):
        cells = rows.set_index("dataset")
        is_lapsrn = set(rows["model"]) == {"lapsrn"}
        for dataset in datasets:
            for name, decimals in (("psnr_db", 2), ("ssim", 4)):
                value = cells[name].get(dataset, "") or cells[f"published_{name}"].get(dataset, "")
                quoted = not cells[name].get(dataset, "")
                digits = 3 if name == "ssim" and quoted and is_lapsrn else decimals  # as published
                expected.append(f"{float(value):.{digits}f}" if value else "–")
    assert values(block(request.getfixturevalue(build), "table3")) == expected


def files_of(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_same_inputs_give_the_same_bytes_elsewhere_and_later(
    quick: Path, report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = (report / "index.html").stat().st_mtime
    if (wait := written + 1.1 - time.time()) > 0:  # a second is what dates in PNG and PDF resolve
        time.sleep(wait)
    study = Path(shutil.copytree(quick, tmp_path / "x" / "study"))
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    monkeypatch.chdir(tmp_path)
    render(
        *(Path(os.path.relpath(path)) for path in inputs(study)),
        Path("y/build"),
        Path("none"),
        Path("none"),
    )
    first, second = files_of(report), files_of(tmp_path / "y" / "build")
    # The logs tell where and when runs were computed, and stand in a file of their own for that.
    assert first.pop("logs.js") != second.pop("logs.js")
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []
    for name, content in second.items():
        assert not any(str(folder).encode() in content for folder in (quick, tmp_path, ROOT)), name


def test_logs_are_no_part_of_the_output_that_dvc_tracks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / ".dvcignore", tmp_path)
    script = (
        "import pathlib as p, time; b = p.Path('reports/build'); b.mkdir(parents=True);"
        "(b / 'index.html').write_text('page'); (b / 'logs.js').write_text(str(time.time()));"
        "(b / 'costs.js').write_text(''); (b / 'machines').mkdir();"
        "(b / 'machines' / 'machine0.csv').write_text('')"
    )
    (tmp_path / "make.py").write_text(script)
    stage = {"cmd": f"{sys.executable} make.py", "outs": ["reports/build"]}
    (tmp_path / "dvc.yaml").write_text(json.dumps({"stages": {"report": stage}}))
    build = tmp_path / "reports" / "build"
    with Repo.init(no_scm=True) as repo:
        repo.config["core"]["analytics"] = False
        repo.reproduce()
        first = (tmp_path / "dvc.lock").read_bytes()
        assert (build / "logs.js").is_file()
        assert b"nfiles: 1\n" in first
        (build / "logs.js").write_text("another run")
        assert repo.status() == {}
        repo.reproduce(force=True)
        assert (tmp_path / "dvc.lock").read_bytes() == first
        assert (build / "logs.js").read_text() != "another run"
        (build / "index.html").unlink()
        repo.checkout(force=True)
        assert (build / "index.html").read_text() == "page"


def test_hostile_strings_come_out_as_text(hostile_report: Path, report: Path) -> None:
    for key in ("table3", "all-runs", "counts"):
        text = block(hostile_report, key).get_text()
        for string in HOSTILE:
            assert string in text, key
    assert HOSTILE[0] in block(hostile_report, "reading", "reading.html").get_text()
    for name, scripts in (("index.html", 7), ("reading.html", 2)):
        for built in (hostile_report, report):
            assert len(page(built, name).find_all("script")) == scripts


def test_failure_leaves_the_earlier_report_and_no_rest(
    quick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "build"
    output.mkdir()
    (output / "index.html").write_text("earlier")

    def full_disk(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(reports.render, "write_latex", full_disk)
    monkeypatch.setattr(reports.render, "draw_figures", lambda *_: Chapter())
    with pytest.raises(UserError, match="No space left on device"):
        render(*inputs(quick), output)
    assert [path.name for path in tmp_path.iterdir()] == ["build"]
    assert (output / "index.html").read_text() == "earlier"


def test_infinite_psnr_is_shown_and_missing_pictures_are_named(changed: Path) -> None:
    for name, column, which, value in (
        ("quality", "psnr_db", "model", "mesr"),
        ("history", "psnr_db", "model", "mesr"),
        ("tables/table1", "psnr_db", "variant", "full"),
        ("tables/table2", "diff_db", "variant", "full"),
        ("tables/table3", "psnr_db", "model", "mesr"),
        ("tables/table4", "psnr_db", "model", "mesr"),
        ("certification", "psnr_db", "model", "bicubic"),
        ("complexity", "multi_adds", "model", "mesr"),
        ("counts", "params", "model", "vdsr"),
    ):
        path = changed / "results" / f"{name}.csv"
        frame = pd.read_csv(path, keep_default_na=False)
        frame[column] = pd.to_numeric(frame[column]).astype(float)
        frame.loc[frame[which] == value, column] = np.inf
        assert np.isinf(frame[column]).any()
        frame.to_csv(path, index=False)
    output = changed / "build"
    render(changed / "results", changed / "nothing", changed / "docs", output)
    for key in ("table1", "table2", "table3", "table4", "certificate", "counts"):
        table = block(output, key)
        assert "∞" in table.get_text()
        assert table.find(attrs={"data-sort": "Infinity"})
    absent = block(output, "figures").select_one(".absent")
    assert absent is not None
    assert "keeps no pictures" in absent.get_text()


def test_figures_carry_no_dates(report: Path) -> None:
    pdfs, pngs = (list((report / "figures").glob(f"*.{kind}")) for kind in ("pdf", "png"))
    assert pdfs
    assert pngs
    for path in pdfs:
        assert b"CreationDate" not in path.read_bytes()
    for path in pngs:
        with Image.open(path) as picture:
            assert not picture.info.keys() & {"Software", "Creation Time"}


def test_static_files_ask_nothing_of_the_network(report: Path) -> None:
    files = list((report / "assets").glob("*.*"))
    assert len(files) == 4
    for path in files:
        assert "http" not in path.read_text(encoding="utf-8")


def test_full_study_is_rendered(full_report: Path) -> None:
    found = page(full_report)
    assert len(found.find_all("article")) >= 14
    assert len(list((full_report / "figures").glob("crop-*.pdf"))) == 3
