"""Excerpts for the page's explorer: what they show, how large they are, what they leave out."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.tables.results import Results
from reports.figures.pictures import Pictures, cut
from reports.page import explorer
from reports.page.explorer import write_excerpts


@pytest.fixture(scope="module")
def pictures(study: Path, results: Results) -> Pictures:
    return Pictures(results, study / "evaluations")


@pytest.fixture(scope="module")
def excerpts(pictures: Pictures, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("excerpts") / "excerpts"
    assert write_excerpts(pictures, folder) == 3
    return folder


def listed(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "list.js").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = json.loads(text.removeprefix("window.reportExcerpts = ")[:-2])
    return found


def sprite(folder: Path, key: str) -> Image.Image:
    text = (folder / f"{key}.js").read_text(encoding="utf-8")
    content = text.partition("base64,")[2].partition('"')[0]
    return Image.open(io.BytesIO(base64.b64decode(content))).convert("RGB")


def test_every_kept_image_scale_and_network_is_there(excerpts: Path) -> None:
    found = listed(excerpts)
    assert [entry["image"] for entry in found] == [
        f"{name} (photos_test)" for name in ("astronaut", "cat", "coffee")
    ]
    assert {entry["scale"] for entry in found} == {4}  # the others keep no pictures
    for entry in found:
        labels = [view["label"] for view in entry["views"]]
        assert labels[:3] == ["Ground truth", "LR input", "Bicubic"]
        assert {"MESR", "MSRN", "VDSR", "SRCNN"} < set(labels)
        assert [view["label"] for view in entry["views"] if view["subject"]] == ["MESR"]


def test_pictures_are_kept_pixel_by_pixel(pictures: Pictures, excerpts: Path) -> None:
    entry = listed(excerpts)[1]
    x, y, width, height = entry["region"]
    assert x % 12 == y % 12 == width % 12 == height % 12 == 0
    found = sprite(excerpts, entry["key"])
    assert found.size == (width, height * len(entry["views"]))
    original = pictures.original(4, "photos_test", "cat")
    assert original is not None
    mesr = pictures.view("mesr_x4_s0", "photos_test", "cat", original.size)
    assert mesr is not None
    index = next(i for i, view in enumerate(entry["views"]) if view["subject"])
    for place, picture in ((0, original), (index, mesr)):
        shown = found.crop((0, place * height, width, (place + 1) * height))
        assert np.array_equal(np.asarray(shown), np.asarray(cut(picture, (x, y, width, height))))


def test_no_whole_image_is_among_them(pictures: Pictures, excerpts: Path) -> None:
    for entry in listed(excerpts):
        _, _, width, height = entry["region"]
        assert 2 * width <= entry["whole"][0]
        assert 2 * height <= entry["whole"][1]
        with Image.open(excerpts / Path(entry["overview"]).name) as overview:
            assert max(overview.size) <= 256


def test_many_pictures_make_small_excerpts(
    pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explorer, "BUDGET", 30_000)
    write_excerpts(pictures, tmp_path / "excerpts")
    found = listed(tmp_path / "excerpts")
    pixels = sum(len(e["views"]) * e["region"][2] * e["region"][3] for e in found)
    assert 8_000 < pixels <= 30_000


def test_without_pictures_the_list_is_empty(pictures: Pictures, tmp_path: Path) -> None:
    nothing = Pictures(pictures.results, tmp_path / "nothing")
    assert write_excerpts(nothing, tmp_path / "excerpts") == 0
    assert listed(tmp_path / "excerpts") == []
