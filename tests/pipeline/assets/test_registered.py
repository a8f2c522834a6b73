"""Folders of images as datasets: by digest, refused when changed, without a path outside."""

import shutil
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
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    (folder / "notes.txt").write_text("no image")
    (folder / ".DS_Store").write_bytes(b"")
    (tmp_path / "checkout").mkdir()
    monkeypatch.chdir(tmp_path / "checkout")
    return folder


def test_a_registered_folder_is_a_dataset(images: Path) -> None:
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


def test_git_tracks_the_digests_and_no_image(images: Path) -> None:
    root = Path(__file__).parents[3]
    for name, ignored in (("mine/a.png", True), ("mine/dataset.toml", False)):
        command = ["git", "check-ignore", "--quiet", "--no-index", f"datasets/{name}"]
        assert (subprocess.run(command, cwd=root, check=False).returncode == 0) == ignored


@pytest.mark.parametrize("change", ["altered", "missing", "added", "linked"])
def test_another_content_is_refused_when_it_is_used(images: Path, change: str) -> None:
    register_folder("mine", images)
    file = Path("datasets/mine/b.png")
    match change:
        case "altered":
            file.write_bytes(picture(9))
        case "missing":
            file.unlink()
        case "added":
            Path("datasets/mine/d.png").write_bytes(picture(9))
        case "linked":
            file.unlink()
            file.symlink_to(images / "b.png")
    with pytest.raises(UserError, match=r"datasets/mine/[bd]\.png: is not"):
        fetch_assets(["mine"])
    assert not Path("data/hr/mine.h5").exists()


def test_images_that_arrive_later_must_be_the_listed_ones(images: Path) -> None:
    register_folder("mine", images)
    for name in FILES:  # as in a fresh clone
        Path("datasets/mine", name).unlink()
    with pytest.raises(UserError, match=r"is not here\. Get the images again with: mesr register"):
        fetch_assets(["mine"])
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


def test_a_folder_that_cannot_be_a_dataset(images: Path) -> None:
    whole = images.with_name("whole")
    images.rename(whole)

    def refused(complaint: str, file: str = "", content: bytes = b"") -> None:
        shutil.copytree(whole, images, symlinks=True)
        if file:
            (images / file).write_bytes(content)
        with pytest.raises(UserError, match=complaint):
            register_folder("mine", images)
        shutil.rmtree(images)
        assert not Path("datasets").exists()

    refused("a.png: is damaged|a.png: is not an image", "a.png", b"no image")
    refused("a.png: a.bmp has the same name|a.bmp", "a.bmp")
    (whole / "d.png").symlink_to("a.png")
    refused("d.png: is a link")
    for path in whole.iterdir():
        path.unlink()
    refused("holds no image")
    with pytest.raises(UserError, match="is not a folder"):
        register_folder("mine", images)


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
