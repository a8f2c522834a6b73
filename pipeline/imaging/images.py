"""Reading and writing images, and the packed HDF5 files that the stages exchange."""

import hashlib
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path

Pixels = NDArray[np.uint8]

# Values this close to a half are taken for the half itself. Summation order and processor move
# an interpolated value by about 1e-13; the tolerance keeps that from reaching an 8-bit image.
TIE = 1e-9


def round_to_uint8(values: NDArray[np.floating]) -> Pixels:
    """Clip to 0..255 and round halves up, as MATLAB's `uint8()` does.

    Parameters
    ----------
    values : ndarray
        Any shape, nominal range 0..255. NaN becomes 0, as in MATLAB.

    Returns
    -------
    ndarray
        uint8, same shape.
    """
    wide = np.nan_to_num(np.asarray(values, dtype=np.float64), nan=0.0)
    return np.floor(np.clip(wide, 0, 255) + (0.5 + TIE)).astype(np.uint8)


def read_image_with_alpha(path: Path) -> tuple[Pixels, Pixels | None]:
    """Read an 8-bit image file and its transparency.

    Palettes become the colours they stand for, gray when all of them are gray. A rotation in the
    EXIF data is carried out.

    Parameters
    ----------
    path : Path
        A file of any format that Pillow reads.

    Returns
    -------
    image : ndarray
        uint8, (H, W, 3) RGB or (H, W) gray.
    alpha : ndarray or None
        uint8 (H, W) opacity, None when the file has none or is opaque everywhere.

    Raises
    ------
    UserError
        When the file is missing, empty, truncated, not an image, deeper than 8 bits, or of a
        colour mode without a unique meaning in RGB.
    """
    try:
        if path.stat().st_size == 0:
            raise UserError(f"{path}: the file is empty. Copy or download it again.")
        with Image.open(path) as file:
            return _decode(file, path)
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file. Check the path.") from error
    except IsADirectoryError as error:
        raise UserError(f"{path}: is a folder; expected an image file.") from error
    except UnidentifiedImageError as error:
        raise UserError(
            f"{path}: is not an image that Pillow can read. Remove it from the folder or replace "
            "it by a PNG, BMP, TIFF or JPEG file."
        ) from error
    except Image.DecompressionBombError as error:
        raise UserError(f"{path}: too large to read safely ({error}). Split the image.") from error
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error) as error:
        raise UserError(
            f"{path}: is damaged or truncated ({error}). Copy or download it again."
        ) from error


def _decode(file: Image.Image, path: Path) -> tuple[Pixels, Pixels | None]:
    # Pillow cuts 16-bit colour down to 8 bits in silence; only the raw modes of its tiles tell.
    deep = file.mode.startswith(("I", "F")) or any(
        ";16" in str(tile[3]) for tile in getattr(file, "tile", ())
    )
    if deep:
        raise UserError(
            f"{path}: has more than 8 bits per channel; the benchmark is defined on 8-bit images "
            "and a silent conversion would change its numbers. Convert it to 8 bits."
        )
    image = ImageOps.exif_transpose(file)
    if image.mode in {"P", "PA"}:
        image = image.convert("RGBA")
    elif "transparency" in image.info and image.mode in {"1", "L", "RGB"}:
        image = image.convert("RGBA" if image.mode == "RGB" else "LA")
    elif image.mode == "1":
        image = image.convert("L")
    if image.mode not in {"L", "LA", "RGB", "RGBA"}:
        raise UserError(
            f"{path}: has colour mode {image.mode}; expected gray, RGB or a palette. "
            "Convert it to RGB."
        )
    pixels = np.array(image)
    alpha = None
    if image.mode in {"LA", "RGBA"}:
        pixels, alpha = pixels[..., :-1], pixels[..., -1].copy()
        if (alpha == 255).all():
            alpha = None
    if pixels.ndim == 3 and (
        pixels.shape[2] == 1 or (file.mode in {"P", "PA"} and (pixels == pixels[..., :1]).all())
    ):
        pixels = pixels[..., 0]
    return np.ascontiguousarray(pixels), alpha


def read_image(path: Path) -> Pixels:
    """Read an 8-bit image file without transparency.

    Parameters
    ----------
    path : Path
        A file of any format that Pillow reads.

    Returns
    -------
    ndarray
        uint8, (H, W, 3) RGB or (H, W) gray.

    Raises
    ------
    UserError
        As `read_image_with_alpha`, and when a pixel is not fully opaque.
    """
    pixels, alpha = read_image_with_alpha(path)
    if alpha is not None:
        raise UserError(
            f"{path}: has transparent pixels, whose colour depends on the background. "
            "Flatten it onto a background before using it as data."
        )
    return pixels


def write_image(path: Path, image: Pixels, alpha: Pixels | None = None) -> None:
    """Write a PNG file in one step: a reader sees the old file or the new one.

    The same pixels give the same bytes.

    Parameters
    ----------
    path : Path
        Ends in `.png`.
    image : ndarray
        uint8, (H, W, 3) or (H, W).
    alpha : ndarray, optional
        uint8 (H, W) opacity.

    Raises
    ------
    UserError
        When the file cannot be written.
    """
    if alpha is not None:
        image = np.dstack([image, alpha])
    with atomic_path(path) as temporary:
        Image.fromarray(np.ascontiguousarray(image)).save(temporary, format="PNG")


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
        When two images have one name, there is no image at all, an image cannot be read, or the
        file cannot be written.
    """
    origins: dict[str, str] = {}
    with atomic_path(target) as temporary, _write_failures(), h5py.File(temporary, "w") as file:
        for item in images:
            name, pixels = (item.stem, read_image(item)) if isinstance(item, Path) else item
            origin = str(item) if isinstance(item, Path) else name
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
    it needs, and loader processes share them. Can be pickled; each process maps the file anew.

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
