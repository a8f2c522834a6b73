"""Folders of images as datasets: `mesr register NAME FOLDER`.

The images are copied to ``datasets/NAME/``, which git does not track, beside ``dataset.toml``,
which it does: names and digests, so that the dataset is the same images wherever it is used. No
path outside the checkout is kept.
"""

import json
import re
import shutil
from pathlib import Path

from pipeline.assets.contents import IMAGE_SUFFIXES
from pipeline.assets.registry import DATASETS, FILE_NAME, Asset, file_digest, registered, registry
from pipeline.imaging.images import read_image
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path

DESCRIPTION = "dataset.toml"


def register_folder(name: str, folder: Path, *, title: str = "", licence: str = "") -> Asset:
    """Make a folder of images a dataset.

    Parameters
    ----------
    name : str
        Of the dataset: letters, digits and underscores, and no name that the project uses.
    folder : Path
        Holds the images, PNG, BMP, JPEG or TIFF with 8 bits a channel. Files with other suffixes
        and hidden ones are passed over.
    title, licence : str
        For people.

    Returns
    -------
    Asset
        The dataset.

    Raises
    ------
    UserError
        For a name that cannot be used, a link, a file that is no image, two images of one name,
        or when another content is registered under the name. Nothing is changed then.
    """
    target = DATASETS / name
    known = registered()
    if not (name.isascii() and name.replace("_", "a").isalnum()):
        raise UserError(f"dataset {name!r}: expected letters, digits and underscores")
    if name in registry() and name not in known:
        raise UserError(f"dataset {name!r}: the project has one of that name; choose another")
    if not folder.is_dir():
        raise UserError(f"{folder}: is not a folder")
    digests = {path.name: file_digest(path, "sha256") for path in _images(folder)}
    if name in known and digests != {file.name: file.digest for file in known[name].files}:
        raise UserError(
            f"{folder}: does not hold the images that {target / DESCRIPTION} lists. Register it "
            f"under another name, or delete {target} first (results on it are then of other images)"
        )
    lines = [
        f"# Written by: mesr register {name} FOLDER",
        f"title = {json.dumps(title or f'Images registered as {name}')}",
        f"licence = {json.dumps(licence or 'not stated')}",
        "\n[files]",
        *(f"{json.dumps(file)} = {json.dumps(digest)}" for file, digest in digests.items()),
    ]
    with atomic_path(target) as temporary:
        temporary.mkdir()
        for file in digests:
            shutil.copyfile(folder / file, temporary / file)
        (temporary / DESCRIPTION).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return registered()[name]


def _images(folder: Path) -> list[Path]:
    """Image files of a folder in the order of their names; each is read once, to refuse early."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.suffix.lower() not in IMAGE_SUFFIXES:
            continue
        if path.is_symlink():
            raise UserError(f"{path}: is a link; a dataset is made of files. Copy it.")
        if not re.fullmatch(FILE_NAME, path.name):
            raise UserError(
                f"{path}: rename it; names have letters A to Z, digits, _.+-() and spaces"
            )
        if path.stem in found:
            raise UserError(f"{path}: {found[path.stem].name} has the same name; rename one")
        read_image(path)
        found[path.stem] = path
    if not found:
        raise UserError(f"{folder}: holds no image ({', '.join(IMAGE_SUFFIXES)})")
    return list(found.values())


def registered_files(asset: Asset, datasets: Path = DATASETS) -> dict[str, Path]:
    """Find the files of a registered dataset and compare each with its digest.

    Raises
    ------
    UserError
        When one is missing or changed, or one is there that is not listed.
    """
    folder = datasets / asset.name
    paths = {file.key: folder / file.name for file in asset.files}
    for file in asset.files:
        path = paths[file.key]
        if problem := "a link" if path.is_symlink() else file.mismatch(path):
            raise UserError(
                f"{path}: is not the registered image ({problem}). Get the images again with: "
                f"mesr register {asset.name} FOLDER"
            )
    listed = {folder / DESCRIPTION, *paths.values()}
    for path in sorted(folder.iterdir()):
        if path not in listed and path.name[0] != ".":
            raise UserError(
                f"{path}: is not listed in {folder / DESCRIPTION}. Remove it, or register the "
                "folder under another name."
            )
    return paths
