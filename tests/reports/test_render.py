"""The whole report: what is in it, links, hostile texts, the same bytes, failures."""

import filecmp
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from pipeline.tables.tables import FILES
from tests.reports.conftest import block, build, page
from tests.reports.study import HOSTILE, ROOT, frames, write_study

PAGES = ("index.html", "reading.html")


@pytest.mark.parametrize("name", ["report", "hostile_report"])
def test_links_stay_in_the_folder_or_lead_to_sources(
    name: str, request: pytest.FixtureRequest
) -> None:
    report: Path = request.getfixturevalue(name)
    ids = {p: [str(tag["id"]) for tag in page(report, p).find_all(id=True)] for p in PAGES}
    for own, found in ids.items():
        assert len(found) == len(set(found)), own
    for own in PAGES:
        html = page(report, own)
        links = [str(tag[a]) for a in ("href", "src") for tag in html.find_all(attrs={a: True})]
        assert len(links) > 8
        for link in links:
            path, _, anchor = link.partition("#")
            if link == "data:,":
                continue
            if "://" in link:
                assert link.startswith(("https://github.com/", "https://doi.org/")), link
                continue
            assert not path or (report / path).is_file(), link
            assert not anchor or anchor in ids[path or own], link
        attributes = [name for tag in html.find_all() for name in tag.attrs]
        assert not [name for name in attributes if name.startswith("on")]


def test_report_has_its_tables_figures_and_files(study: Path, report: Path) -> None:
    html = page(report)
    for name in ("results", "table4", "parts", "variants", "runs", "certificate-grid", "explorer"):
        assert html.find(id=name), name
    for name in ("results_x2", "results_x4", "table4", "variants", "report", "preamble"):
        assert (report / "latex" / f"{name}.tex").is_file(), name
    drawn = {path.stem for path in (report / "figures").glob("*.pdf")}
    assert {"tradeoff-x4", "curves-x4", "gate", "gains-x2", "tuning", "refinement"} <= drawn
    assert len([tag for tag in html.select(".chart") if tag.find("svg")]) >= 6
    files = list((study / "results").glob("*.csv"))
    assert {path.stem for path in files} == set(FILES)
    for path in files:
        assert filecmp.cmp(path, report / "downloads" / path.name, shallow=False)
    assets = list((report / "assets").glob("*.*"))
    assert len(assets) == 4
    assert not [path for path in assets if "http" in path.read_text(encoding="utf-8")]


def test_numbers_are_those_of_the_result_file(study: Path, report: Path) -> None:
    frame = pd.read_csv(study / "results/methods.csv", keep_default_na=False, na_values=[""])
    body = block(report, "results").find("tbody", attrs={"data-at": "×4"})
    rows = body.select("tr.row")  # type: ignore[union-attr]
    assert len(rows) == 6
    for tag in rows:
        label = tag.find("bdi").get_text()  # type: ignore[union-attr]
        own = frame[(frame["label"] == label) & (frame["scale"] == 4)]
        values = own["published_psnr_db" if "quoted" in tag["class"] else "psnr_db"]
        texts = [cell.get_text().split(" ")[0] for cell in tag.select("td .value")]
        assert {f"{value:.2f}" for value in values} <= set(texts)
    (subject,) = body.select("tr.subject")  # type: ignore[union-attr]
    assert "MESR" in subject.get_text()
    vdsr = next(tag for tag in rows if "VDSR" in tag.get_text())
    assert [tag.get_text() for tag in vdsr.select("small.beneath")] == ["published 30.12"] * 2


def test_the_page_says_what_was_tested_in_words_of_the_field(report: Path) -> None:
    text = page(report).get_text().lower()
    for words in ("not tested", "told apart", "readings", "ladder", "narrowed", "collation"):
        assert words not in text, words
    assert "PSNR-Y (protocol rgb)" in block(report, "summary").get_text()
    # Nothing is written about this profile: a page without statements.
    heading = "4 networks, trained alike on photos_train and scored on Set5 and photos_test"
    assert block(report, "summary").find("h1").get_text() == heading  # type: ignore[union-attr]
    assert not (report / "findings.html").exists()


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_same_inputs_give_the_same_bytes(study: Path, report: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(study, tmp_path / "x", ignore=shutil.ignore_patterns("build", "logs"))
    names = (f"--{name}={copy / name}" for name in ("results", "evaluations"))
    more = (f"--output={tmp_path / 'y'}", "--logs=none", "--machines=none")
    command = [sys.executable, "-m", "reports.render", *names, *more]
    environment = {"PYTHONHASHSEED": "7", "TZ": "Asia/Kathmandu", "PATH": "", "HOME": str(tmp_path)}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    first, second = files_of(report), files_of(tmp_path / "y")
    # The logs tell where and when runs were computed, and stand in a file of their own for that.
    assert first.pop("logs.js") != second.pop("logs.js")
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []
    for name, content in second.items():
        assert not any(str(folder).encode() in content for folder in (study, tmp_path, ROOT)), name


def test_hostile_strings_come_out_as_text(hostile_report: Path, report: Path) -> None:
    for key in ("results", "runs"):
        text = block(hostile_report, key).get_text()
        for string in HOSTILE:
            short = block(hostile_report, key).find(attrs={"data-copy": string})
            assert string in text or short, (key, string)
    assert HOSTILE[0] in block(hostile_report, "summary").get_text()
    for built in (hostile_report, report):
        assert len(page(built).find_all("script")) == 7
        assert len(page(built, "reading.html").find_all("script")) == 2


@pytest.mark.parametrize("trained", [("vdsr", "srcnn"), ("vdsr",)])
def test_a_study_without_mesr_or_with_one_network(trained: tuple[str, ...], tmp_path: Path) -> None:
    found = frames(trained, "vdsr")
    found |= dict.fromkeys(("variants", "certification", "tuning"), pd.DataFrame())
    report = build(write_study(tmp_path / "study", found, subject="vdsr"))
    html = page(report)
    assert "MESR" not in html.get_text()
    assert html.find("a", class_="home").get_text() == "VDSR benchmark"  # type: ignore[union-attr]
    assert bool(html.select(".strip")) == (len(trained) > 1)
    for name in ("variants", "table1", "claims", "certificate-grid", "explorer", "images"):
        assert html.find(id=name) is None, name
    chapters = [str(link["href"]) for link in html.select("nav a")]
    assert "#images" not in chapters
    assert all(html.find(id=link[1:]) for link in chapters if link.startswith("#"))


def test_submitted_infinite_and_missing_values(study: Path, report: Path, tmp_path: Path) -> None:
    changed = shutil.copytree(study, tmp_path / "x", ignore=shutil.ignore_patterns("build"))
    path = changed / "results/methods.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame.loc[frame["method"] == "mesr", "psnr_db"] = "inf"
    frame.loc[frame["method"] == "vdsr", "psnr_db"] = ""
    hostile = HOSTILE[0]
    remark = f"trained on test data; submitted, not recomputed here (https://a.org/{hostile})"
    rows = frame[frame["method"] == "bicubic"].assign(
        method="evil-submitted", network="", kind="submitted", label=hostile, remark=remark
    )
    pd.concat([frame, rows]).to_csv(path, index=False)
    built = build(changed)
    table = block(built, "results")
    for text in ("∞", hostile, remark, "submitted"):
        assert text in table.get_text()
    assert table.find(attrs={"data-sort": "Infinity"})
    assert len(page(built).find_all("script")) == len(page(report).find_all("script"))
    assert not page(built).find_all("a", href=lambda link: link and hostile in link)
