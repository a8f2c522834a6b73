"""`mesr submit`: drafts from measured scores, checks against the datasets here, copies."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.imaging.packed import PackedImages, pack_images
from pipeline.support.errors import UserError
from tests.pipeline.tables.test_submitted import write

FILE = Path("mynet.yaml")
SCORES = Path("out/quality.csv")
ENTER = ("mynet.yaml", "--scores", str(SCORES))


@pytest.fixture(autouse=True)
def images(workplace: Path) -> PackedImages:
    """Three random images in the place of Set5."""
    rng = np.random.default_rng(0)
    packed = [(name, rng.integers(0, 256, (24, 20, 3), dtype=np.uint8)) for name in ("1", "2", "3")]
    pack_images(packed, Path("data/hr/Set5.h5"))
    return PackedImages(Path("data/hr/Set5.h5"))


def told(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["submit", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def refused(match: str, *arguments: str) -> None:
    with pytest.raises(UserError, match=match):
        told(*arguments)


def write_scores(**changes: object) -> None:
    columns = {
        "model": "mynet",
        "variant": "",
        "source": "given",
        "scale": 4,
        "dataset": "Set5",
        "image": ["1", "2", "3"],
        "protocol": "rgb",
        "seed": None,
        "psnr_db": [30.0, 31.0, 32.5],
        "ssim": [0.8, 0.9, 0.91],
    }
    SCORES.parent.mkdir(exist_ok=True)
    pd.DataFrame(columns | changes).to_csv(SCORES, index=False)


def test_scores_that_were_measured_become_a_file_that_is_taken(images: PackedImages) -> None:
    words = ["evaluate", "bicubic", "--scale", "4", "--data", "Set5", "--out", "out"]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert "Fill in what is empty" in told(*ENTER)
    refused(r"(?s)trained_on: is empty.*x4\.parameters: is empty", "mynet.yaml", "--check")
    draft = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    measured = pd.read_csv(SCORES)
    assert draft["scales"]["x4"]["datasets"]["Set5"] == {
        "digest": images.digest, "images": 3,
        "psnr_db": pytest.approx(measured["psnr_db"].mean(), abs=1e-6),
        "ssim": pytest.approx(measured["ssim"].mean(), abs=1e-6),
    }  # fmt: skip
    draft |= {"trained_on": "nothing", "trained_on_test_data": True, "source": "https://a.org"}
    draft["scales"]["x4"]["parameters"] = 1
    FILE.write_text(yaml.safe_dump(draft), encoding="utf-8")
    assert told("mynet.yaml", "--check").splitlines() == [
        "mynet.yaml: has the format 1",
        "  trained on test data: tables will say so",
    ]
    write_scores(scale=2)
    told(*ENTER)
    again = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    assert again["scales"]["x4"] == draft["scales"]["x4"]
    assert again["scales"]["x2"]["datasets"]["Set5"]["psnr_db"] == pytest.approx(93.5 / 3, abs=1e-6)
    assert again["source"] == "https://a.org"


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"scale": [2, 4, 4]}, "expected one network, scale, dataset and protocol"),
        ({"image": ["1", "2", "4"]}, r"its images are not those of data/hr/Set5\.h5"),
        ({"protocol": "rgb on given LR images"}, "'rgb on given LR images', expected rgb or y"),
        ({"psnr_db": ["a", "b", "c"]}, "not readable as quality.csv"),
        ({"dataset": "Set14"}, r"data/hr/Set14\.h5: no such file"),
    ],
)
def test_other_tables_are_refused(changes: dict[str, object], match: str) -> None:
    write_scores(**changes)
    refused(match, *ENTER)
    assert not FILE.exists()


def test_files_are_not_mixed_up() -> None:
    write_scores(protocol="y")
    write(Path(), digest="0" * 64)
    before = FILE.read_bytes()
    refused(r"protocol 'y', expected rgb", *ENTER)
    refused("give one of them", *ENTER, "--check")
    SCORES.write_text("a,b\n1,2\n")
    refused("not readable as quality.csv of mesr evaluate.*'model'", *ENTER)
    assert FILE.read_bytes() == before
    write_scores()
    FILE.write_text("protocol: rgb\nscales: 3\n")
    refused("scales does not have the format", *ENTER)
    refused(r"expected a file NAME\.yaml", "mynet.csv")


def test_datasets_are_compared_with_those_here(images: PackedImages) -> None:
    write(Path(), digest="0" * 64, images=3)
    refused(r"digest 0000.*expected .*data/hr/Set5\.h5.*other images", "mynet.yaml", "--check")
    write(Path(), digest=images.digest, images=2)
    refused(r"2 images of Set5, expected 3", "mynet.yaml", "--check")
    for name in ("Set55", "PAN"):  # PAN: published weights
        write(Path(), dataset=name)
        refused(f"dataset '{name}' is unknown", "mynet.yaml", "--check")
    write(Path(), dataset="Urban100")
    assert "Urban100: not here, digest not compared" in told("mynet.yaml", "--check")


def test_without_check_a_file_is_put_in_its_place(images: PackedImages) -> None:
    write(Path(), digest=images.digest, images=3)
    refused("submissions: no such folder", "mynet.yaml")
    Path("submissions").mkdir()
    told("mynet.yaml", "--check")
    assert list(Path("submissions").iterdir()) == []
    assert "submissions/mynet.yaml: written" in told("mynet.yaml")
    assert Path("submissions/mynet.yaml").read_bytes() == FILE.read_bytes()
    assert "written" not in told("submissions/mynet.yaml")
    FILE.write_text("format: 3\n")
    refused("format: should be 1", "mynet.yaml")
    assert "MyNet" in Path("submissions/mynet.yaml").read_text(encoding="utf-8")
