import csv
import filecmp
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

import reports.render
from pipeline.support.errors import UserError
from reports.figures.chapter import Chapter
from reports.figures.complexity import SMALLEST, draw_scatter, scatter_caption, scatter_points
from reports.figures.style import LIGHT
from reports.markdown import chapter
from reports.render import render
from reports.results import read_results
from tests.reports.simulate import HOSTILE


class Page(HTMLParser):
    """Collects what a page refers to, its ids, its tags and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("href", "src", "value") and value and tag != "meta":
                self.links.append(value)
            if name == "id" and value:
                self.ids.append(value)
            assert not name.startswith("on"), f"inline handler {name}"

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def page(report: Path) -> Page:
    return Page((report / "index.html").read_text(encoding="utf-8"))


def test_every_link_leads_somewhere_inside_the_folder(report: Path) -> None:
    found = page(report)
    for link in found.links:
        if link.startswith("#"):
            assert link[1:] in found.ids, link
        elif link != "data:,":
            assert "://" not in link
            assert (report / link).is_file(), link
    assert len(found.ids) == len(set(found.ids))


def test_report_has_its_chapters_tables_and_files(report: Path) -> None:
    ids = page(report).ids
    for name in ("table1", "table2", "table3", "table4", "certification", "reading", "runs"):
        assert name in ids
    for name in ("table1", "table2", "table3", "table4", "certificate", "figures", "report"):
        assert (report / "latex" / f"{name}.tex").is_file()
    drawn = {path.stem for path in (report / "figures").glob("*.pdf")}
    assert {"refinement", "complexity", "curves", "curves-ablation", "gains"} <= drawn
    assert {f"{name}.png" for name in drawn} <= {p.name for p in (report / "figures").iterdir()}


def test_downloads_are_the_result_files(quick: Path, report: Path) -> None:
    for path in (quick / "results").rglob("*.csv"):
        assert filecmp.cmp(path, report / "downloads" / path.name, shallow=False)


def test_numbers_of_the_table_are_those_of_the_result_file(quick: Path, report: Path) -> None:
    text = (report / "index.html").read_text(encoding="utf-8")
    table = text[text.index('id="table3"') : text.index('id="table4"')]
    shown = [t for _, t in re.findall(r'class="value">(<\w+>)*(?:<\w+>)?([\d.]+)<', table)]
    with (quick / "results" / "tables" / "table3.csv").open() as file:
        rows = list(csv.DictReader(file))
    expected = [f"{float(row[k]):.{d}f}" for row in rows for k, d in (("psnr_db", 2), ("ssim", 4))]
    assert shown == expected


def test_same_results_give_the_same_bytes(quick: Path, report: Path, tmp_path: Path) -> None:
    again = tmp_path / "build"
    render(quick / "results", quick / "evaluations", quick / "docs", again)
    files = sorted(path.relative_to(report) for path in report.rglob("*") if path.is_file())
    assert files == sorted(p.relative_to(again) for p in again.rglob("*") if p.is_file())
    different = [
        str(name) for name in files if (report / name).read_bytes() != (again / name).read_bytes()
    ]
    assert different == []


def test_hostile_strings_come_out_as_text(hostile_report: Path, report: Path) -> None:
    found = page(hostile_report)
    text = "".join(found.text)
    for string in HOSTILE:
        assert string in text
    ours, plain = found.tags.count("script"), page(report).tags.count("script")
    assert ours == plain == 2


def test_reading_keeps_raw_html_as_text_and_loads_nothing() -> None:
    html = str(
        chapter("# Title\n\n## Part\n\n<script>x</script> [a](b.md) [c](https://d.e) ![p](q.png)\n")
    )
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert '<a href="https://d.e">c</a>' in html
    assert "b.md" not in html
    assert "<img" not in html
    assert "<h3>Part</h3>" in html
    assert "Title" not in html
    assert "javascript:" not in str(chapter("[a](javascript:x)")).replace("(javascript:x)", "")


def test_failure_leaves_the_earlier_report_and_no_rest(
    quick: Path, report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "build"
    output.mkdir()
    (output / "index.html").write_text("earlier")

    def full_disk(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(reports.render, "write_latex", full_disk)
    monkeypatch.setattr(reports.render, "draw_figures", lambda *_: Chapter())
    with pytest.raises(UserError, match="No space left on device"):
        render(quick / "results", quick / "evaluations", quick / "docs", output)
    assert [path.name for path in tmp_path.iterdir()] == ["build"]
    assert (output / "index.html").read_text() == "earlier"


def test_region_outside_the_image_names_the_parameter(quick: Path, tmp_path: Path) -> None:
    results = Path(shutil.copytree(quick / "results", tmp_path / "results"))
    study = json.loads((results / "study.json").read_text())
    crop = {"dataset": "Photographs", "image": "cat", "scale": 4, "region": [230, 0, 90, 90]}
    study["figures"]["crops"] = [crop]
    (results / "study.json").write_text(json.dumps(study))
    with pytest.raises(UserError, match=r"region \[230, 0, 90, 90\].*cat"):
        render(results, quick / "evaluations", quick / "docs", tmp_path / "build")


def test_report_without_pictures_says_which_figures_are_missing(
    quick: Path, tmp_path: Path
) -> None:
    output = tmp_path / "build"
    render(quick / "results", tmp_path / "nothing", quick / "docs", output)
    text = (output / "index.html").read_text(encoding="utf-8")
    assert "Figures that are not here" in text
    assert "keeps no pictures" in text


def test_figures_carry_no_dates(report: Path) -> None:
    for path in (report / "figures").glob("*.pdf"):
        assert b"CreationDate" not in path.read_bytes()
    for path in (report / "figures").glob("*.png"):
        with Image.open(path) as picture:
            assert not picture.info.keys() & {"Software", "Creation Time"}


def test_static_files_ask_nothing_of_the_network(report: Path) -> None:
    for path in (report / "assets").glob("*.*"):
        assert "http" not in path.read_text(encoding="utf-8")


def test_full_study_is_rendered(full_report: Path) -> None:
    found = page(full_report)
    assert sum(tag == "article" for tag in found.tags) >= 14
    assert "not the paper's setting" not in "".join(found.text)
    assert len(list((full_report / "figures").glob("crop-*.pdf"))) == 4


def test_narrowed_networks_stand_at_the_size_that_was_trained(quick: Path) -> None:
    results = read_results(quick / "results")
    points = scatter_points(results).set_index(["model", "provenance"])
    narrowed = points.loc[("mesr", "trained")]
    own = results["runs"].query("model == 'mesr' and scale == '2'")["params"].astype(float)
    assert narrowed["x"] == own.median()
    assert np.isnan(narrowed["area"])
    assert narrowed["size"] == SMALLEST
    others = points.drop(index=("mesr", "trained"))
    assert (others["area"] > 0).any()


def test_scatter_plot_of_narrowed_networks_alone_names_them_and_no_multi_adds(quick: Path) -> None:
    results = read_results(quick / "results")
    models = results["tables/table4"]["model"]
    facts = results.study.facts | {"narrowed": dict.fromkeys(models, "narrowed here")}
    results = replace(results, study=replace(results.study, facts=facts))
    assert "Multi-Adds are not counted" in scatter_caption(results, "Set14")
    assert "area of a mark is" not in scatter_caption(results, "Set14")
    with mpl.rc_context():
        axes = draw_scatter(results)(LIGHT).axes[0]
    texts = {text.get_text(): text.get_position() for text in axes.texts}
    assert set(texts) == {"VDSR", "LapSRN", "MSRN", "MESR"}
    assert np.isfinite(list(texts.values())).all()
