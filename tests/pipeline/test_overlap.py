"""The stage: training against test sets, test sets against each other, what is left out."""

from pathlib import Path

import pytest
from skimage.data import astronaut, chelsea, coffee

from pipeline.imaging.packed import pack_images
from pipeline.overlap import overlaps
from pipeline.study.paths import hr_file


@pytest.fixture
def packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three datasets: the face of the astronaut is in two, the coffee in two."""
    monkeypatch.chdir(tmp_path)
    pack_images([("1", astronaut()), ("2", chelsea())], hr_file("train"))
    pack_images([("face", astronaut()[2:258, 100:400]), ("cup", coffee())], hr_file("a"))
    pack_images([("coffee", coffee()[::1, 50:])], hr_file("b"))


def test_each_shared_photograph_is_one_row(packed: None) -> None:
    frame = overlaps([("train", "a"), ("train", "b"), ("a", "b")], excluded=["1"])
    found = frame[["first_dataset", "first", "second_dataset", "second", "excluded"]]
    assert found.to_numpy().tolist() == [
        ["train", "1", "a", "face", "yes"],
        ["a", "cup", "b", "coffee", "no"],
    ]
    assert frame["share_of_second"].tolist() == pytest.approx([1.0, 1.0], abs=0.03)
    assert frame["share_of_first"][0] == pytest.approx(256 * 300 / 512**2, abs=0.03)


def test_datasets_of_different_photographs_share_none(packed: None) -> None:
    assert overlaps([("train", "b")], excluded=[]).empty
