"""Reading the images of ZIP archives, whatever the archives hold."""

import errno
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pipeline.imaging.images import Pixels, read_image
from pipeline.imaging.packed import is_image_name
from pipeline.support.errors import UserError

# Image files are compressed already; an archive that expands further is meant to fill the disk.
LARGEST_EXPANSION = 10
_DAMAGED = "{}: is a damaged or encrypted archive ({}). Delete it and fetch again."
IMAGE_SUFFIXES = {".png", ".bmp", ".jpg", ".jpeg", ".tif", ".tiff"}


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
            for member in _checked_members(file, archive):
                name = PurePosixPath(member.filename)
                if member.is_dir() or name.suffix.lower() not in IMAGE_SUFFIXES:
                    continue
                if not is_image_name(name.stem):
                    raise UserError(
                        f"{archive}: refused, {member.filename!r} gives no name to an image"
                    )
                image = Path(folder) / f"image{name.suffix}"
                # ZipExtFile stops at the declared size, which the check has bounded.
                with file.open(member) as source, image.open("wb") as target:
                    shutil.copyfileobj(source, target)
                try:
                    pixels = read_image(image)
                except UserError as error:  # names a temporary file
                    problem = str(error).removeprefix(f"{image}: ")
                    raise UserError(f"{archive}, member {member.filename!r}: {problem}") from error
                yield name.stem, pixels
    # zipfile wraps neither zlib's error nor the end of a file.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise UserError(_DAMAGED.format(archive, error)) from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # of a member that would begin before the archive
            raise
        raise UserError(_DAMAGED.format(archive, error)) from error


def _checked_members(file: zipfile.ZipFile, archive: Path) -> list[zipfile.ZipInfo]:
    """Members in the order of their names, or UserError when one is hostile."""
    members = sorted(file.infolist(), key=lambda member: member.filename)
    for member in members:
        parts = PurePosixPath(member.filename.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in member.filename:
            raise UserError(f"{archive}: refused, member {member.filename!r} leads out of it")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise UserError(f"{archive}: refused, member {member.filename!r} is a link")
    total = sum(member.file_size for member in members)
    if total > LARGEST_EXPANSION * archive.stat().st_size:
        raise UserError(
            f"{archive}: refused, it would unpack to {total:,} bytes, "
            f"more than {LARGEST_EXPANSION} times its size"
        )
    return members
