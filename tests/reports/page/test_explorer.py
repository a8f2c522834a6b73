"""Excerpts for the page's explorer: what they show, how large they are, what they leave out."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reports.figures.pictures import Crop, Pictures, cut
from reports.page import explorer
from reports.page.explorer import write_excerpts
from tests.reports.conftest import given


@pytest.fixture(scope="module")
def excerpts(pictures: Pictures, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("excerpts") / "excerpts"
    assert write_excerpts(pictures, folder) == 3
    return folder


def test_every_kept_image_scale_and_network_is_there(excerpts: Path) -> None:
    found = given(excerpts / "list.js")
    assert [entry["image"] for entry in found] == [
        f"{name} (photos_test)" for name in ("astronaut", "cat", "coffee")
    ]
    for entry in found:
        assert entry["scale"] == 4  # the others keep no pictures
        labels = [view["label"] for view in entry["views"]]
        assert labels[:3] == ["Ground truth", "LR input", "Bicubic"]
        assert {"MESR", "MSRN", "VDSR", "SRCNN"} < set(labels)
        assert [view["label"] for view in entry["views"] if view["subject"]] == ["MESR"]
        # No whole image is among them.
        _, _, width, height = entry["region"]
        assert 2 * width <= entry["whole"][0]
        assert 2 * height <= entry["whole"][1]
        with Image.open(excerpts / Path(entry["overview"]).name) as overview:
            assert max(overview.size) <= 256


def test_pictures_are_kept_pixel_by_pixel(pictures: Pictures, excerpts: Path) -> None:
    entry = given(excerpts / "list.js")[1]
    x, y, width, height = entry["region"]
    assert x % 12 == y % 12 == width % 12 == height % 12 == 0
    text = (excerpts / f"{entry['key']}.js").read_text(encoding="utf-8")
    content = base64.b64decode(text.partition("base64,")[2].partition('"')[0])
    found = Image.open(io.BytesIO(content)).convert("RGB")
    assert found.size == (width, height * len(entry["views"]))
    crop = Crop("photos_test", "cat", 4)
    index = next(i for i, view in enumerate(entry["views"]) if view["subject"])
    for place, key, name in ((0, "bicubic_x4", "hr.png"), (index, "mesr_x4_s0", "sr.png")):
        picture = pictures.view(key, crop, name)
        shown = found.crop((0, place * height, width, (place + 1) * height))
        assert np.array_equal(np.asarray(shown), np.asarray(cut(picture, (x, y, width, height))))


def test_many_pictures_make_small_excerpts_and_none_an_empty_list(
    pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explorer, "BUDGET", 30_000)
    write_excerpts(pictures, tmp_path / "excerpts")
    found = given(tmp_path / "excerpts/list.js")
    pixels = sum(len(e["views"]) * e["region"][2] * e["region"][3] for e in found)
    assert 8_000 < pixels <= 30_000
    assert write_excerpts(Pictures(pictures.results, tmp_path), tmp_path / "nothing") == 0
    assert given(tmp_path / "nothing/list.js") == []
