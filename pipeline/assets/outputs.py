"""What an asset becomes under data/: packed images of a dataset, the files of weights."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from pipeline.assets.archives import archive_images
from pipeline.assets.registry import Asset
from pipeline.imaging.images import Pixels, read_image
from pipeline.imaging.packed import pack_images
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path


def dataset_images(asset: Asset, found: Mapping[str, Path]) -> Iterator[tuple[str, Pixels]]:
    """Read the images of a dataset one by one.

    Parameters
    ----------
    asset : Asset
        A dataset.
    found : mapping
        Key of each of its files -> where the verified file lies.

    Yields
    ------
    name : str
        Stem of the registered name.
    pixels : ndarray
        uint8, (H, W, 3) or (H, W).

    Raises
    ------
    UserError
        When an image cannot be read or their number is not the registered one.
    """
    count = 0
    for file in asset.files:
        path, name = found[file.key], PurePosixPath(file.name)
        images = archive_images(path) if name.suffix == ".zip" else [(name.stem, read_image(path))]
        for image in images:
            count += 1
            yield image
    if count != asset.images:
        raise UserError(
            f"{asset.name}: holds {count} images, expected {asset.images}. "
            "Correct its entry in pipeline/assets/assets.toml or its rows in files.csv beside it."
        )


def store_asset(asset: Asset, found: Mapping[str, Path], target: Path) -> None:
    """Make the output of an asset from its verified files, in one step.

    Parameters
    ----------
    asset : Asset
        What to store.
    found : mapping
        Key of a file -> where it lies. Weights are stored without the missing files.
    target : Path
        The packed file of a dataset, the folder of weights.

    Raises
    ------
    UserError
        When an image cannot be read, their number is wrong, or `target` cannot be written.
    """
    if asset.kind == "weights":
        with atomic_path(target) as folder:
            folder.mkdir()
            for file in asset.files:
                if file.key in found:
                    shutil.copyfile(found[file.key], folder / file.name)
    else:
        pack_images(dataset_images(asset, found), target)


def is_complete(asset: Asset, data: Path) -> bool:
    """Whether the stage's output is there; weights are verified file by file."""
    if asset.kind != "weights":
        return asset.output(data).is_file()
    paths = [(file, file.raw_path(data)) for file in asset.files]
    return all(path.is_file() and file.mismatch(path) is None for file, path in paths)
