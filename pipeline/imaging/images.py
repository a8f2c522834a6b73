"""Image files, read and written; 8-bit pixels."""

import os
import re
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, TiffImagePlugin, UnidentifiedImageError

from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path

Pixels = NDArray[np.uint8]

FORMATS = ("PNG", "BMP", "TIFF", "JPEG", "WEBP", "GIF", "PPM")
LIMIT_VARIABLE = "MESR_MAX_PIXELS"
LARGEST_IMAGE = 40_000_000  # 8K has 33 million
BYTES_PER_PIXEL = 200  # measured: scoring a network's RGB image, planes in float64 included

# Values this close to a half are treated as the half itself. Summation order and processor move
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
        PNG, BMP, TIFF, JPEG, WebP, GIF, PPM, PGM or PBM.

    Returns
    -------
    image : ndarray
        uint8, (H, W, 3) RGB or (H, W) gray.
    alpha : ndarray or None
        uint8 (H, W) opacity, None when the file has none or is opaque everywhere.

    Raises
    ------
    UserError
        When the file is missing, empty, truncated, not an image, larger than `pixel_limit`, one of
        several images in a file, deeper than 8 bits, signed, or of a colour mode without a unique
        meaning in RGB.
    """
    try:
        pixels, has_palette = _read(path)
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file. Check the path.") from error
    except IsADirectoryError as error:
        raise UserError(f"{path}: is a folder; expected an image file.") from error
    except UnidentifiedImageError as error:
        raise UserError(
            f"{path}: is not an image of a known format. Remove it from the folder or replace it "
            "by a PNG, BMP, TIFF, JPEG, WebP, GIF, PPM or PGM file."
        ) from error
    except MemoryError as error:
        raise UserError(f"{path}: does not fit into memory. Split the image.") from error
    except UserError:
        raise
    except Exception as error:  # Pillow's readers raise whatever a damaged file leads them into
        if isinstance(error, OSError) and error.errno is not None:
            text = f"{path}: cannot be read ({error.strerror}). Check the file and the disk."
        else:
            text = f"{path}: is damaged or truncated ({error}). Copy or download it again."
        raise UserError(text) from error
    alpha = None
    if pixels.shape[2] in {2, 4}:
        pixels, alpha = pixels[..., :-1], pixels[..., -1].copy()
        if (alpha == 255).all():
            alpha = None
    if pixels.shape[2] == 1 or (has_palette and (pixels == pixels[..., :1]).all()):
        pixels = pixels[..., 0]
    return np.ascontiguousarray(pixels), alpha


def _read(path: Path) -> tuple[Pixels, bool]:
    """Return the pixels, as `_decode` does, and whether they stood in a palette."""
    if path.stat().st_size == 0:
        raise UserError(f"{path}: the file is empty. Copy or download it again.")
    with _open(path) as file:
        _check_size(file, path)
        _check_depth(file, path)
        has_palette = file.mode in {"P", "PA"}
        _check_alone(file, path)
    # A decoder passes over pixels that the file does not hold, say the rows at its end. They keep
    # what was there before, so that they differ between two decodings.
    pixels = _decode(path, before=0)
    if not np.array_equal(pixels, _decode(path, before=255)):
        raise UserError(
            f"{path}: is damaged or truncated (some of its pixels are missing). "
            "Copy or download it again."
        )
    return pixels, has_palette


def pixel_limit() -> int:
    """Largest number of pixels of an image, from environment variable MESR_MAX_PIXELS.

    Raises
    ------
    UserError
        When the variable holds no positive integer.
    """
    value = os.environ.get(LIMIT_VARIABLE, "")
    if not value:
        return LARGEST_IMAGE
    if not re.fullmatch(r"[1-9][0-9]{0,17}", value):
        raise UserError(f"{LIMIT_VARIABLE} is {value!r}; expected a number of pixels. Correct it.")
    return int(value)


def _open(path: Path) -> Image.Image:
    Image.MAX_IMAGE_PIXELS = None  # `_check_size` takes the place of Pillow's limit
    return Image.open(path, formats=FORMATS)


def _check_size(file: Image.Image, path: Path) -> None:
    pixels = file.width * file.height
    if pixels > pixel_limit():
        raise UserError(
            f"{path}: has {file.width}x{file.height} = {pixels:,} pixels and would need some "
            f"{pixels * BYTES_PER_PIXEL / 1e9:.1f} GB of memory to be scored; the limit is "
            f"{pixel_limit():,} pixels. Split the image, or raise the limit with environment "
            f"variable {LIMIT_VARIABLE}."
        )


def _check_alone(file: Image.Image, path: Path) -> None:
    with suppress(EOFError):
        file.seek(1)
        raise UserError(
            f"{path}: holds several images (an animation or pages); expected one. "
            "Save the one that is meant to a file of its own."
        )


def _check_depth(file: Image.Image, path: Path) -> None:
    """Refuse what is not 8 bits, although Pillow may make 8 bits of it in silence."""
    deep, signed, greatest = file.mode.startswith(("I", "F")), False, 255
    arguments = [tile[3] for tile in getattr(file, "tile", ())]
    if file.format == "PNG":
        deep |= any(";16" in str(argument) for argument in arguments)
    elif file.format == "PPM" and file.mode != "1":
        greatest = next((a[1] for a in arguments if isinstance(a, tuple)), 255)
        deep |= greatest > 255
    elif isinstance(file, TiffImagePlugin.TiffImageFile):
        deep |= max(file.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (1,))) > 8
        signed = set(file.tag_v2.get(TiffImagePlugin.SAMPLEFORMAT, (1,))) != {1}
    if deep or signed or greatest != 255:
        if deep:
            found = "has more than 8 bits per channel"
        elif signed:
            found = "has samples that are not unsigned integers"
        else:
            found = f"has {greatest} as its greatest value instead of 255"
        raise UserError(
            f"{path}: {found}; the benchmark is defined on 8-bit images and a silent conversion "
            "would change its numbers. Convert it to unsigned 8 bits."
        )
    if file.mode not in {"1", "L", "LA", "P", "PA", "RGB", "RGBA"}:
        raise UserError(
            f"{path}: has colour mode {file.mode}; expected gray, RGB or a palette. "
            "Convert it to RGB."
        )


def _decode(path: Path, before: int) -> Pixels:
    """Decode into memory in which every byte is `before`: (H, W, C), C as in L, LA, RGB, RGBA."""
    with _open(path) as file:
        bands = len(file.getbands())
        file.im = Image.new(file.mode, file.size, (before,) * bands if bands > 1 else before).im
        image = ImageOps.exif_transpose(file)
        if image.mode in {"P", "PA"}:
            image = image.convert("RGBA")
        elif "transparency" in image.info and image.mode in {"1", "L", "RGB"}:
            image = image.convert("RGBA" if image.mode == "RGB" else "LA")
        elif image.mode == "1":
            image = image.convert("L")
        return np.atleast_3d(np.array(image))


def read_image(path: Path) -> Pixels:
    """Read an 8-bit image file without transparency.

    Parameters
    ----------
    path : Path
        As for `read_image_with_alpha`.

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
