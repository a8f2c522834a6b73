"""Folders of images as datasets: by digest, refused when changed, without a path outside."""

import subprocess
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from pipeline.assets.fetching import fetch_assets
from pipeline.assets.registered import register_folder
from pipeline.assets.registry import find_asset, registry
from pipeline.support.errors import UserError
from tests.pipeline.assets.server import FILES, picture


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of images outside the checkout, the working directory in an empty checkout."""
    folder = tmp_path / "elsewhere" / "my images"
    folder.mkdir(parents=True)
    for name, content in {**FILES, "notes.txt": b"no image", ".DS_Store": b""}.items():
        (folder / name).write_bytes(content)
    (tmp_path / "checkout").mkdir()
    monkeypatch.chdir(tmp_path / "checkout")
    return folder


def test_a_registered_folder_is_a_dataset_of_which_git_tracks_the_digests(images: Path) -> None:
    asset = register_folder("mine", images)
    assert [file.name for file in asset.files] == sorted(FILES)
    assert find_asset("mine") == asset
    packed = fetch_assets(["mine"])["mine"]
    assert packed == Path("data/hr/mine.h5")
    with h5py.File(packed) as file:
        np.testing.assert_array_equal(file["a"], np.asarray(Image.open(images / "a.png")))
    described = Path("datasets/mine/dataset.toml").read_text()
    assert "elsewhere" not in described
    register_folder("mine", images)  # the same images: nothing to refuse
    assert Path("datasets/mine/dataset.toml").read_text() == described
    for name, ignored in (("mine/a.png", True), ("mine/dataset.toml", False)):
        command = ["git", "check-ignore", "--quiet", "--no-index", f"datasets/{name}"]
        found = subprocess.run(command, cwd=Path(__file__).parents[3], check=False)
        assert (found.returncode == 0) == ignored


@pytest.mark.parametrize("change", ["altered", "missing", "added", "linked"])
def test_another_content_is_refused_when_it_is_used(images: Path, change: str) -> None:
    register_folder("mine", images)
    file = Path("datasets/mine/d.png" if change == "added" else "datasets/mine/b.png")
    file.unlink(missing_ok=True)
    if change == "linked":
        file.symlink_to(images / "b.png")
    elif change != "missing":
        file.write_bytes(picture(9))
    with pytest.raises(UserError, match=rf"{file}: is not .* register"):
        fetch_assets(["mine"])
    assert not Path("data/hr/mine.h5").exists()


def test_images_that_arrive_later_must_be_the_listed_ones(images: Path) -> None:
    register_folder("mine", images)
    for name in FILES:  # as in a fresh clone
        Path("datasets/mine", name).unlink()
    (images / "a.png").write_bytes(picture(9))
    with pytest.raises(UserError, match="does not hold the images that datasets/mine/dataset"):
        register_folder("mine", images)
    (images / "a.png").write_bytes(FILES["a.png"])
    register_folder("mine", images)
    fetch_assets(["mine"])


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("my-set", "expected letters, digits and underscores"),
        ("../up", "expected letters"),
        ("", "expected letters"),
        ("Set5", "the project has one of that name"),
    ],
)
def test_a_name_that_cannot_be_used(images: Path, name: str, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        register_folder(name, images)
    assert not Path("datasets").exists()


@pytest.mark.parametrize(
    ("file", "content", "complaint"),
    [
        ("a.png", b"no image", "a.png: is damaged|a.png: is not an image"),
        ("a.bmp", b"", "a.png: a.bmp has the same name"),
        ("d?.png", FILES["a.png"], "d.*: rename it"),
        ("d.png", None, "d.png: is a link"),
        ("", None, "holds no image"),
        ("no folder", None, "is not a folder"),
    ],
)
def test_a_folder_that_cannot_be_a_dataset(
    images: Path, file: str, content: bytes | None, complaint: str
) -> None:
    if content is not None:
        (images / file).write_bytes(content)
        if file == "a.bmp":  # it is read before the other is met
            Image.open(images / "a.png").save(images / file)
    elif file == "d.png":
        (images / file).symlink_to("a.png")
    else:
        images = images / file if file else images.parent
    with pytest.raises(UserError, match=complaint):
        register_folder("mine", images)
    assert not Path("datasets").exists()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("nonsense", "lists no files"),
        ("title = 't'", "lists no files"),
        ("[files]\n'../a.png' = 'sha256:00'", "expected the name of a file and its digest"),
    ],
)
def test_a_description_from_elsewhere_is_checked(images: Path, text: str, complaint: str) -> None:
    path = Path("datasets/mine/dataset.toml")
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(UserError, match=complaint):
        registry()
