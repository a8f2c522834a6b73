"""What an asset holds: images in files, archives, installed packages or registered folders."""

import errno
import re
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath

from pipeline.assets.registry import Asset, AssetFile
from pipeline.imaging.images import read_image
from pipeline.imaging.packed import is_image_name, pack_images
from pipeline.imaging.tensors import Pixels
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path

# Image files are compressed already; an archive that expands further is meant to fill the disk.
LARGEST_EXPANSION = 10
IMAGE_SUFFIXES = (".png", ".bmp", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".ppm", ".pgm")


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
    if asset.kind != "weights":
        pack_images(_dataset_images(asset, found), target)
        return
    with atomic_path(target) as folder:
        folder.mkdir()
        for file in asset.files:
            if file.key in found:
                shutil.copyfile(found[file.key], folder / file.name)


def _dataset_images(asset: Asset, found: Mapping[str, Path]) -> Iterator[tuple[str, Pixels]]:
    """Yield name and pixels, uint8 (H, W, 3) or (H, W), of each image of a dataset."""
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


def archive_images(archive: Path) -> Iterator[tuple[str, Pixels]]:
    """Read the images of a ZIP archive one by one, without unpacking it beside.

    Parameters
    ----------
    archive : Path
        A verified archive. Members that are not images by their suffix are passed over.

    Yields
    ------
    name : str
        Stem of the member's file name.
    pixels : ndarray
        uint8, (H, W, 3) or (H, W).

    Raises
    ------
    UserError
        When the archive is damaged, or hostile: a member that is absolute, leads out of the
        archive or is a link, or contents out of proportion to the archive's size.
    """
    try:
        with zipfile.ZipFile(archive) as file, tempfile.TemporaryDirectory() as folder:
            members = sorted(file.infolist(), key=lambda member: member.filename)
            total = sum(member.file_size for member in members)
            if total > LARGEST_EXPANSION * archive.stat().st_size:
                raise UserError(
                    f"{archive}: refused, it would unpack to {total:,} bytes, "
                    f"more than {LARGEST_EXPANSION} times its size"
                )
            for member in members:
                name = PurePosixPath(member.filename)
                shown = f"{archive}, member {member.filename!r}"
                if problem := _problem_of(member):
                    raise UserError(f"{shown}: refused, it {problem}")
                if member.is_dir() or name.suffix.lower() not in IMAGE_SUFFIXES:
                    continue
                image = Path(folder) / f"image{name.suffix}"
                # ZipExtFile stops at the declared size, which the check has bounded.
                with file.open(member) as source, image.open("wb") as target:
                    shutil.copyfileobj(source, target)
                try:
                    pixels = read_image(image)
                except UserError as error:  # names a temporary file
                    raise UserError(f"{shown}{str(error).removeprefix(str(image))}") from error
                yield name.stem, pixels
    # zipfile wraps neither zlib's error nor the end of a file.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
        # EINVAL: a member that would begin before the archive.
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        raise UserError(
            f"{archive}: is a damaged or encrypted archive ({error}). Delete it and fetch again."
        ) from error


def _problem_of(member: zipfile.ZipInfo) -> str:
    """Say what is hostile about a member of an archive; "" when nothing is."""
    path = PurePosixPath(member.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in member.filename:
        return "leads out of the archive"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a link"
    image = path.suffix.lower() in IMAGE_SUFFIXES and not member.is_dir()
    return "gives no name to an image" if image and not is_image_name(path.stem) else ""


def locate_photograph(file: AssetFile) -> Path:
    """Find a photograph of profile quick among the files of an installed package and verify it.

    Parameters
    ----------
    file : AssetFile
        Its URL reads ``pkg:pypi/<distribution>@<version>#<path>``.

    Raises
    ------
    UserError
        When the package is not installed, does not carry the file, or carries another picture
        under its name.
    """
    match = re.fullmatch(r"pkg:pypi/(?P<name>[^@]+)@(?P<version>[^#]+)#(?P<path>.+)", file.url)
    assert match is not None  # the tests read every URL of the registry
    name, version, inner = match.groups()
    remedy = (
        f"Install the version the registry was made with: python -m pip install {name}=={version}"
    )
    try:
        package = distribution(name)
    except PackageNotFoundError as error:
        raise UserError(f"{file.key}: package {name} is not installed. {remedy}") from error
    path = Path(str(package.locate_file(inner)))
    if problem := file.mismatch(path):
        raise UserError(
            f"{file.key}: {path} of the installed {name} {package.version} is not the picture of "
            f"{version} ({problem}). {remedy} (to study the new picture instead, put its digest "
            "into pipeline/assets/files.csv; results are then not comparable with earlier ones)"
        )
    return path
