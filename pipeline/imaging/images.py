"""Image files, read and written; 8-bit pixels."""

import struct
import zlib
from pathlib import Path

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
