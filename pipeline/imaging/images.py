"""Image files, read and written.

Benchmarks are defined on 8-bit images: `read_image` refuses what a conversion would change.
`read_photo` takes what a camera or an editor may have written.
"""

import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps, TiffImagePlugin, UnidentifiedImageError

from pipeline.imaging.tensors import Pixels
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path

FORMATS = ("PNG", "BMP", "TIFF", "JPEG", "WEBP", "GIF", "PPM")
LIMIT_VARIABLE = "MESR_MAX_PIXELS"
LARGEST_IMAGE = 40_000_000  # 8K has 33 million
BYTES_PER_PIXEL = 200  # measured: scoring a network's RGB image, planes in float64 included

MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA"}
PHOTO_MODES = MODES | {"CMYK", "I;16", "I;16L", "I;16B"}

# Of EXIF: what describes the photograph, not the file or its size.
_DESCRIPTIONS = (
    ExifTags.Base.ImageDescription, ExifTags.Base.Make, ExifTags.Base.Model,
    ExifTags.Base.Software, ExifTags.Base.DateTime, ExifTags.Base.Artist, ExifTags.Base.Copyright,
)  # fmt: skip
_SIZES = (ExifTags.Base.ExifImageWidth, ExifTags.Base.ExifImageHeight, ExifTags.IFD.Interop)


@dataclass(frozen=True)
class Photo:
    """What a file says of a picture.

    Attributes
    ----------
    pixels : ndarray
        uint8, (H, W, 3) RGB or (H, W) gray, upright.
    alpha : ndarray or None
        uint8 (H, W) opacity, None when the file has none or is opaque everywhere.
    icc_profile : bytes or None
        Profile of the colours in `pixels`.
    exif : bytes or None
        What describes the photograph (camera, time, place, author), without orientation and size.
    remarks : tuple of str
        What was converted, for people.
    """

    pixels: Pixels
    alpha: Pixels | None = None
    icc_profile: bytes | None = None
    exif: bytes | None = None
    remarks: tuple[str, ...] = ()


def read_image(path: Path) -> Pixels:
    """Read an 8-bit image file without transparency.

    Palettes become the colours they stand for, gray when all of them are gray. An orientation that
    the file names is carried out. Of a phone's JPEG with further pictures inside (MPO) the first
    is taken.

    Parameters
    ----------
    path : Path
        PNG, BMP, TIFF, JPEG, WebP, GIF, PPM, PGM or PBM.

    Returns
    -------
    ndarray
        uint8, (H, W, 3) RGB or (H, W) gray.

    Raises
    ------
    UserError
        When the file is missing, empty, truncated, not an image, larger than `pixel_limit`, one of
        several images in a file, deeper than 8 bits, signed, of a colour mode without a unique
        meaning in RGB, or not fully opaque.
    """
    photo = _read(path, for_benchmark=True)
    if photo.alpha is not None:
        raise UserError(
            f"{path}: has transparent pixels, whose colour depends on the background. "
            "Flatten it onto a background before using it as data."
        )
    return photo.pixels


def read_photo(path: Path) -> Photo:
    """Read an image file for use: also 16 bits, CMYK and transparency.

    16 bits become 8 (of colour files the upper 8). CMYK becomes sRGB, by the file's profile where
    it has one.

    Parameters
    ----------
    path : Path
        As for `read_image`.

    Raises
    ------
    UserError
        As `read_image`, but for depth, CMYK and transparency; refused are samples that are
        floating-point numbers, signed or of 32 bits, whose range is unknown.
    """
    return _read(path, for_benchmark=False)


def _read(path: Path, *, for_benchmark: bool) -> Photo:
    with _failures_of(path):
        if path.stat().st_size == 0:
            raise UserError(f"{path}: the file is empty. Copy or download it again.")
        with _open(path) as file:
            _check(file, path, for_benchmark=for_benchmark)
            has_palette = file.mode in {"P", "PA"}
            remarks = _conversions(file)
        # A decoder passes over pixels that the file does not hold, say the rows at its end. They
        # keep what was there before, so that they differ between two decodings.
        image = _decode(path, before=0)
        if not np.array_equal(np.array(image), np.array(_decode(path, before=255))):
            raise UserError(
                f"{path}: is damaged or truncated (some of its pixels are missing). "
                "Copy or download it again."
            )
        exif, profile = _descriptions(image), image.info.get("icc_profile")
        if image.mode == "CMYK":
            image, profile = _cmyk_to_rgb(image, profile), None
        pixels = np.atleast_3d(np.array(image))
    if pixels.dtype != np.uint8:
        pixels = ((pixels.astype(np.int64) + 128) // 257).astype(np.uint8)
    alpha = None
    if pixels.shape[2] in {2, 4}:
        pixels, alpha = pixels[..., :-1], pixels[..., -1].copy()
        if (alpha == 255).all():
            alpha = None
    if pixels.shape[2] == 1 or (has_palette and (pixels == pixels[..., :1]).all()):
        pixels = pixels[..., 0]
    if profile and profile[16:20] != (b"GRAY" if pixels.ndim == 2 else b"RGB "):
        profile = None  # of the palette, say: PNG allows no other combination
    return Photo(np.ascontiguousarray(pixels), alpha, profile, exif, remarks)


@contextmanager
def _failures_of(path: Path) -> Iterator[None]:
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # Pillow's readers raise whatever a damaged file leads them into
        problem = f"is damaged or truncated ({error}). Copy or download it again."
        if isinstance(error, UnidentifiedImageError):
            problem = (
                "is not an image of a known format. Replace it by a PNG, BMP, TIFF, JPEG, WebP, "
                "GIF, PPM or PGM file."
            )
        elif isinstance(error, MemoryError):
            problem = "does not fit into memory. Split the image."
        elif isinstance(error, OSError) and error.errno is not None:
            problem = f"cannot be read as an image ({error.strerror}). Check the path."
        raise UserError(f"{path}: {problem}") from error


def pixel_limit() -> int:
    """Largest number of pixels of an image, from environment variable MESR_MAX_PIXELS.

    Raises
    ------
    UserError
        When the variable holds no positive integer.
    """
    value = os.environ.get(LIMIT_VARIABLE) or str(LARGEST_IMAGE)
    if not re.fullmatch(r"[1-9][0-9]{0,17}", value):
        raise UserError(f"{LIMIT_VARIABLE} is {value!r}; expected a number of pixels. Correct it.")
    return int(value)


@contextmanager
def _open(path: Path) -> Iterator[Image.Image]:
    Image.MAX_IMAGE_PIXELS = None  # `_check_size` takes the place of Pillow's limit
    # A stream, because Pillow maps files that it gets by name, and those of a turned TIFF wrongly.
    with path.open("rb") as stream, Image.open(stream, formats=FORMATS) as file:
        yield file


def _check(file: Image.Image, path: Path, *, for_benchmark: bool) -> None:
    """Refuse what is too large, one of several images, or not of a known range of samples."""
    pixels = file.width * file.height
    if pixels > pixel_limit():
        raise UserError(
            f"{path}: has {file.width}x{file.height} = {pixels:,} pixels and would need some "
            f"{pixels * BYTES_PER_PIXEL / 1e9:.1f} GB of memory to be scored; the limit is "
            f"{pixel_limit():,} pixels. Split the image, or raise the limit with environment "
            f"variable {LIMIT_VARIABLE}."
        )
    if problem := _problem_of_samples(file, for_benchmark=for_benchmark):
        raise UserError(f"{path}: {problem}")
    if file.format == "MPO":  # the others are previews, or the view of the other eye
        return
    with suppress(EOFError):
        file.seek(1)
        raise UserError(
            f"{path}: holds several images (an animation or pages); expected one. "
            "Save the one that is meant to a file of its own."
        )


def _problem_of_samples(file: Image.Image, *, for_benchmark: bool) -> str:
    """Say what is not 8 bits of gray or RGB; for use, only what has no known range.

    Pillow may make 8 bits of others in silence.
    """
    deep, unsigned, greatest = _samples(file)
    found = ""
    if for_benchmark and deep:
        found = "has more than 8 bits per channel"
    elif not unsigned or file.mode == "F":
        found = "has samples that are not unsigned integers"
    elif for_benchmark and greatest != 255:
        found = f"has {greatest} as its greatest value instead of 255"
    if found and for_benchmark:
        return (
            f"{found}; the benchmark is defined on 8-bit images and a silent conversion would "
            "change its numbers. Convert it to unsigned 8 bits."
        )
    if found:
        return f"{found}; their range is unknown. Convert it to 8 or 16 bits."
    # Netpbm's deep gray, and that of PNG in older versions of Pillow, is mode I in 0..65535.
    scaled = file.mode == "I" and file.format in {"PNG", "PPM"}
    if file.mode not in (MODES if for_benchmark else PHOTO_MODES) and not scaled:
        return f"has colour mode {file.mode}; expected gray, RGB or a palette. Convert it to RGB."
    return ""


def _samples(file: Image.Image) -> tuple[bool, bool, int]:
    """Tell whether a file has more than 8 bits, unsigned numbers, and its greatest value."""
    deep, unsigned, greatest = file.mode.startswith(("I", "F")), True, 255
    arguments = [tile[3] for tile in getattr(file, "tile", ())]
    if file.format == "PNG":
        deep |= any(";16" in str(argument) for argument in arguments)
    elif file.format == "PPM" and file.mode != "1":
        greatest = next((a[1] for a in arguments if isinstance(a, tuple)), 255)
        deep |= greatest > 255
    elif isinstance(file, TiffImagePlugin.TiffImageFile):
        deep |= max(file.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (1,))) > 8
        unsigned = set(file.tag_v2.get(TiffImagePlugin.SAMPLEFORMAT, (1,))) == {1}
    return deep, unsigned, greatest


def _conversions(file: Image.Image) -> tuple[str, ...]:
    """Say what reading a photo changes."""
    pictures = getattr(file, "n_frames", 1)
    found = {
        "reduced to 8 bits": _samples(file)[0],
        "CMYK converted to sRGB": file.mode == "CMYK",
        f"the first of {pictures} pictures in the file": pictures > 1,
    }
    return tuple(remark for remark, applies in found.items() if applies)


def _decode(path: Path, before: int) -> Image.Image:
    """Decode, upright, into memory in which every byte is `before`; palettes become RGBA."""
    with _open(path) as file:
        bands = len(file.getbands())
        size = file.size
        if isinstance(file, TiffImagePlugin.TiffImageFile):  # whose `size` is that of the upright
            size = file.tag_v2[ExifTags.Base.ImageWidth], file.tag_v2[ExifTags.Base.ImageLength]
        file.im = Image.new(file.mode, size, (before,) * bands if bands > 1 else before).im
        image = ImageOps.exif_transpose(file)
        if image.mode in {"P", "PA"}:
            return image.convert("RGBA")
        if "transparency" in image.info and image.mode in {"1", "L", "RGB"}:
            return image.convert("RGBA" if image.mode == "RGB" else "LA")
        return image.convert("L") if image.mode == "1" else image


def _cmyk_to_rgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        with suppress(ImageCms.PyCMSError):  # a damaged profile: as if there were none
            srgb = ImageCms.createProfile("sRGB")
            found = ImageCms.profileToProfile(image, io.BytesIO(profile), srgb, outputMode="RGB")
            assert found is not None
            return found
    return image.convert("RGB")


def _descriptions(image: Image.Image) -> bytes | None:
    found, kept = image.getexif(), Image.Exif()
    for tag in _DESCRIPTIONS:
        if tag in found:
            kept[tag] = found[tag]
    for folder in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        entries = {tag: v for tag, v in found.get_ifd(folder).items() if tag not in _SIZES}
        if entries:
            kept[folder] = entries
    return kept.tobytes() if len(kept) else None


def write_image(
    path: Path,
    image: Pixels,
    alpha: Pixels | None = None,
    icc_profile: bytes | None = None,
    exif: bytes | None = None,
) -> None:
    """Write a PNG file in one step: a reader sees the old file or the new one.

    The same arguments give the same bytes.

    Parameters
    ----------
    path : Path
        Ends in `.png`.
    image : ndarray
        uint8, (H, W, 3) or (H, W).
    alpha : ndarray, optional
        uint8 (H, W) opacity.
    icc_profile, exif : bytes, optional
        As in `Photo`.

    Raises
    ------
    UserError
        When the file cannot be written.
    """
    if alpha is not None:
        image = np.dstack([image, alpha])
    extra = {"icc_profile": icc_profile, "exif": exif}
    with atomic_path(path) as temporary:
        Image.fromarray(np.ascontiguousarray(image)).save(
            temporary, format="PNG", **{key: value for key, value in extra.items() if value}
        )
