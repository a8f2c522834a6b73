"""Packed images: the HDF5 files that the stages exchange. Reads no image files."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

import h5py
import numpy as np

from pipeline.imaging.tensors import Pixels
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path


def is_image_name(name: str) -> bool:
    """Whether an image may have this name: HDF5, file names and tables all have to bear it."""
    return name.isprintable() and not set(name) & set("/\\") and bool(name.strip(". "))


def pack_images(images: Iterable[tuple[str, Pixels]], target: Path) -> None:
    """Write images into one HDF5 file, one contiguous uint8 dataset each.

    Holds one image at a time; the same images give the same bytes; `target` appears when
    complete.

    Parameters
    ----------
    images : iterable of (name, pixels)
        (H, W, 3) or (H, W) uint8.
    target : Path
        The `.h5` file.

    Raises
    ------
    UserError
        When two images have one name, a name is no `is_image_name`, there is no image at all, or
        the file cannot be written.
    """
    names: set[str] = set()
    with atomic_path(target) as temporary:
        try:
            with h5py.File(temporary, "w") as file:
                for name, pixels in images:
                    _check(name, pixels, names, target)
                    names.add(name)
                    file.create_dataset(name, data=pixels, track_times=False)
        except RuntimeError as error:  # how HDF5 reports a full disk on closing
            raise OSError(str(error)) from error
        if not names:
            raise UserError(f"{target}: there is no image to pack. Check the source folder.")


def _check(name: str, pixels: Pixels, names: set[str], target: Path) -> None:
    if not is_image_name(name):
        raise UserError(
            f"{name!r} cannot be the name of an image in {target.name}. Rename it; names are made "
            "of letters, digits and signs, but no slashes, and not of dots and blanks alone."
        )
    if name in names:
        raise UserError(f"{target.name}: two images have the name {name!r}. Rename one of them.")
    if pixels.dtype != np.uint8 or pixels.ndim not in {2, 3} or 0 in pixels.shape:
        raise ValueError(f"{name} is a {pixels.dtype} array of shape {pixels.shape}")


def _offset(name: str, dataset: h5py.Dataset) -> int:
    offset = dataset.id.get_offset()  # None where the data are in chunks
    if dataset.dtype != np.uint8 or offset is None:
        raise OSError(f"{name!r} is not a contiguous uint8 dataset")
    return int(offset)


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
                    self._where[name] = _offset(name, dataset), dataset.shape
        except FileNotFoundError as error:
            raise UserError(f"{self.path}: no such file. Run `dvc repro` to build it.") from error
        except (OSError, AttributeError) as error:  # a group has no offset
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
            raise UserError(f"{self.path}: has no image named {name!r}. Names: {', '.join(self)}")
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

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of an image without touching its pixels."""
        return self._where[name][1]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file in hexadecimal: equal digests mean equal images."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
