"""Packed images: the HDF5 files that the stages exchange."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import h5py
import numpy as np

from pipeline.imaging.images import Pixels, read_image
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path


def is_image_name(name: str) -> bool:
    """Whether an image may have this name: HDF5, file names and tables all have to bear it."""
    return name.isprintable() and not set(name) & set("/\\") and bool(name.strip(". "))


@contextmanager
def _write_failures() -> Iterator[None]:
    # HDF5 reports a full disk on closing as a RuntimeError.
    try:
        yield
    except RuntimeError as error:
        raise OSError(str(error)) from error


def pack_images(images: Iterable[Path | tuple[str, Pixels]], target: Path) -> None:
    """Write images into one HDF5 file, one contiguous uint8 dataset each.

    Holds one image at a time; the same images give the same bytes; `target` appears when
    complete.

    Parameters
    ----------
    images : iterable of Path or of (name, pixels)
        Files (named by their stem), or arrays (H, W, 3) or (H, W) uint8.
    target : Path
        The `.h5` file.

    Raises
    ------
    UserError
        When two images have one name, a name is no `is_image_name`, there is no image at all, an
        image cannot be read, or the file cannot be written.
    """
    origins: dict[str, str] = {}
    with atomic_path(target) as temporary, _write_failures(), h5py.File(temporary, "w") as file:
        for item in images:
            name, pixels = (item.stem, read_image(item)) if isinstance(item, Path) else item
            origin = str(item) if isinstance(item, Path) else name
            if not is_image_name(name):
                raise UserError(
                    f"{origin!r}: {name!r} cannot be the name of an image in {target.name}. Rename "
                    "it; names are made of letters, digits and signs, but no slashes, and not of "
                    "dots and blanks alone."
                )
            if name in origins:
                raise UserError(
                    f"{origin}: another image, {origins[name]}, has the same name {name!r} in "
                    f"{target.name}. Rename one of them."
                )
            if pixels.dtype != np.uint8 or pixels.ndim not in {2, 3} or 0 in pixels.shape:
                raise UserError(
                    f"{origin}: is a {pixels.dtype} array of shape {pixels.shape}; expected uint8 "
                    "of shape (H, W, 3) or (H, W) with at least one pixel."
                )
            origins[name] = origin
            file.create_dataset(name, data=pixels, track_times=False)
        if not origins:
            raise UserError(f"{target}: there is no image to pack. Check the source folder.")


class PackedImages(Mapping[str, Pixels]):
    """The images of a file that `pack_images` wrote, read on demand.

    A mapping from name to a read-only uint8 array, (H, W, 3) or (H, W), in alphabetical order.
    Arrays are views of the memory-mapped file: nothing is copied, cropping reads only the pages
    it needs, and loader processes share them. Can be pickled; each process maps the file itself.

    Parameters
    ----------
    path : Path
        The `.h5` file.

    Raises
    ------
    UserError
        When the file is missing or was not written by `pack_images`; and, on access, when there
        is no image of that name.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._where: dict[str, tuple[int, tuple[int, ...]]] = {}
        try:
            with h5py.File(self.path, "r") as file:
                for name, dataset in file.items():
                    offset = dataset.id.get_offset()
                    if dataset.dtype != np.uint8 or offset is None:
                        raise UserError(
                            f"{self.path}: {name!r} is not a contiguous uint8 dataset; expected a "
                            "file written by `pack_images`. Delete it and run `dvc repro`."
                        )
                    self._where[name] = offset, dataset.shape
        except FileNotFoundError as error:
            raise UserError(f"{self.path}: no such file. Run `dvc repro` to build it.") from error
        except (OSError, AttributeError) as error:
            raise UserError(
                f"{self.path}: is not a readable file of packed images ({error}). "
                "Delete it and run `dvc repro`."
            ) from error

    @cached_property
    def _bytes(self) -> Pixels:
        return np.memmap(self.path, dtype=np.uint8, mode="r")

    def __getstate__(self) -> dict[str, object]:
        return {key: value for key, value in self.__dict__.items() if key != "_bytes"}

    def __getitem__(self, name: str) -> Pixels:
        if name not in self._where:
            raise UserError(f"{self.path}: has no image named {name!r}. It holds: {self.listing}.")
        offset, shape = self._where[name]
        return self._bytes[offset : offset + int(np.prod(shape))].reshape(shape)

    def __contains__(self, name: object) -> bool:
        return name in self._where

    def __iter__(self) -> Iterator[str]:
        return iter(self._where)

    def __len__(self) -> int:
        return len(self._where)

    @property
    def names(self) -> list[str]:
        """Names of the images, alphabetical."""
        return list(self._where)

    @property
    def listing(self) -> str:
        """The names as a line for messages, shortened when there are many."""
        return ", ".join(self.names[:20]) + (", ..." if len(self) > 20 else "")

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of an image without touching its pixels."""
        return self._where[name][1]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file in hexadecimal: equal digests mean equal images."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
