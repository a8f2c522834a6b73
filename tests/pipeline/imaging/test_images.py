"""Image files, good and bad."""

import os
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image, ImageCms

from pipeline.imaging.images import read_image, read_photo, write_image
from pipeline.support.errors import UserError

RNG = np.random.default_rng(1)
RGB = RNG.integers(0, 256, (9, 7, 3), dtype=np.uint8)
GRAY = RNG.integers(0, 256, (6, 8), dtype=np.uint8)

# What is to be done with the stored rows to see the picture upright, by the TIFF 6.0 standard.
UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: np.swapaxes(a, 0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.swapaxes(a[::-1, ::-1], 0, 1),
    8: np.rot90,
}


def png_by_hand(width, height, depth, channels, rows, *extra, interlaced=False):
    """A PNG as Pillow would not write it; `extra` are chunks (name, content) before the rows."""
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced)
    chunks = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content
        + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )  # fmt: skip


def refused(path, message, read=read_image):
    with pytest.raises(UserError, match=f"{re.escape(str(path))}: .*{message}"):
        read(path)


# -- Pixels ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "webp"])
@pytest.mark.parametrize(
    "image", [RGB, GRAY, np.dstack([GRAY] * 3)], ids=["colour", "gray", "equal channels"]
)
def test_pixels_are_those_of_the_file(tmp_path, suffix, image):
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(image).save(path, **({"lossless": True} if suffix == "webp" else {}))
    if suffix == "webp" and image.ndim == 2:  # WebP has no gray
        image = np.dstack([image] * 3)
    found = read_image(path)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, image)


@pytest.mark.parametrize(
    "palette",
    [[[200] * 3, [10] * 3, [90] * 3, [30] * 3], [[1, 2, 3], [200, 0, 9], [7] * 3, [0] * 3]],
)
def test_palettes_become_gray_where_all_their_colours_are(tmp_path, palette):
    picture = Image.fromarray(GRAY // 64, mode="P")
    picture.putpalette(np.array(palette).ravel().tolist())
    picture.save(tmp_path / "a.png")
    expected = np.array(palette, np.uint8)[GRAY // 64]
    is_gray = palette[0][0] == palette[0][1]
    np.testing.assert_array_equal(
        read_image(tmp_path / "a.png"), expected[..., 0] if is_gray else expected
    )


@pytest.mark.parametrize("image", [RGB, GRAY], ids=["colour", "gray"])
def test_transparency_is_refused_as_data_but_can_be_read(tmp_path, image):
    alpha = np.full(image.shape[:2], 255, np.uint8)
    path = tmp_path / "a.png"
    write_image(path, image, alpha)
    np.testing.assert_array_equal(read_image(path), image)  # opaque: as if there were none
    assert read_photo(path).alpha is None
    alpha[0, 0] = 254
    write_image(path, image, alpha)
    refused(path, r"has transparent pixels")
    photo = read_photo(path)
    np.testing.assert_array_equal(photo.pixels, image)
    np.testing.assert_array_equal(photo.alpha, alpha)


def test_a_transparent_colour_counts_as_alpha(tmp_path):
    Image.fromarray(GRAY).save(tmp_path / "a.png", transparency=int(GRAY[0, 0]))
    photo = read_photo(tmp_path / "a.png")
    np.testing.assert_array_equal(photo.pixels, GRAY)
    np.testing.assert_array_equal(photo.alpha == 0, GRAY[0, 0] == GRAY)


# -- Orientation ----------------------------------------------------------------------------------


def a_picture(mode):
    """A picture of a mode, and its pixels as they are to be read."""
    stored = RNG.integers(0, 256, (19, 34, 4), dtype=np.uint8)
    plane = stored[..., 0]
    if mode == "1":
        return Image.fromarray(plane > 99), (plane > 99) * np.uint8(255)
    if mode == "I;16":
        return Image.fromarray(plane.astype(np.uint16) * 257), plane
    if mode == "P":
        picture, table = Image.fromarray(plane, "P"), RNG.integers(0, 256, (256, 3), dtype=np.uint8)
        picture.putpalette(table.ravel().tolist())
        return picture, table[plane]
    pixels = np.ascontiguousarray(stored[..., : len(mode)]) if mode != "L" else plane
    ink = 1 - stored / 255  # CMYK without a profile: (1 - C)(1 - K)
    right = np.round(ink[..., :3] * ink[..., 3:] * 255) if mode == "CMYK" else pixels
    return Image.fromarray(pixels, mode), right


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16", "CMYK"])
def test_every_tiff_is_upright(tmp_path, mode):
    path = tmp_path / "a.tif"
    for compression in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits"):
        picture, stored = a_picture(mode)
        for orientation, turn in UPRIGHT.items():
            picture.save(path, tiffinfo={274: orientation}, compression=compression)
            photo = read_photo(path)
            found = photo.pixels if photo.alpha is None else np.dstack([photo.pixels, photo.alpha])
            assert found.shape == turn(stored).shape
            assert np.abs(found - turn(stored).astype(float)).max() <= (mode == "CMYK")
            if mode in {"1", "L", "P", "RGB"}:
                np.testing.assert_array_equal(read_image(path), turn(stored))


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
def test_exif_orientation_is_carried_out(tmp_path, suffix):
    stored = np.kron(RNG.integers(0, 2, (3, 5, 1)), np.full((16, 16, 3), 255)).astype(np.uint8)
    exif, path = Image.Exif(), tmp_path / f"a.{suffix}"
    for orientation, turn in UPRIGHT.items():
        exif[ExifTags.Base.Orientation] = orientation
        Image.fromarray(stored).save(path, exif=exif, quality=100)
        assert np.abs(read_image(path) - turn(stored).astype(float)).mean() < 2


# -- Depth and colour mode ------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sixteen_bits_are_refused_as_data_but_can_be_read(tmp_path, channels):
    values = RNG.integers(0, 1 << 16, (5, 6, channels))
    path, rows = tmp_path / "deep.png", b"".join(b"\0" + r.astype(">u2").tobytes() for r in values)
    path.write_bytes(png_by_hand(6, 5, 16, channels, rows))
    refused(path, r"has more than 8 bits.*Convert")
    photo = read_photo(path)
    found = photo.pixels if photo.alpha is None else np.dstack([photo.pixels, photo.alpha])
    if channels == 2:  # Pillow reads it as RGBA
        found = found[..., [0, 3]]
    assert np.abs(found.reshape(values.shape) - values / 257).max() < 1
    if channels == 1:
        np.testing.assert_array_equal(photo.pixels, np.round(values[..., 0] / 257))


def netpbm(kind, greatest, values):
    head = b"P%d\n%d %d\n%d\n" % (kind, values.shape[1], values.shape[0], greatest)
    if kind in {2, 3}:
        return head + b" ".join(b"%d" % value for value in values.ravel())
    return head + values.astype(">u2" if greatest > 255 else "u1").tobytes()


@pytest.mark.parametrize("kind", [2, 3, 5, 6])
@pytest.mark.parametrize(
    ("greatest", "complaint"),
    [(65535, "more than 8 bits"), (256, "more than 8 bits"), (100, "has 100 as its greatest")],
)
def test_netpbm_files_of_another_depth_are_refused_as_data(tmp_path, kind, greatest, complaint):
    values = RGB if kind in {3, 6} else RGB[..., 0]
    path = tmp_path / "a.ppm"
    path.write_bytes(netpbm(kind, 255, values))
    np.testing.assert_array_equal(read_image(path), values)
    scaled = values.astype(np.int64) * greatest // 255
    path.write_bytes(netpbm(kind, greatest, scaled))
    refused(path, rf"{complaint}.*Convert")
    assert np.abs(read_photo(path).pixels - scaled * 255 / greatest).max() <= 1


@pytest.mark.parametrize("compression", [None, "deflate"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("kind", ["u1", "u2", "i1", "i2", "u4", "f2", "f4"])
@pytest.mark.parametrize("channels", [1, 3])
def test_only_unsigned_8_bit_tiff_files_are_data(tmp_path, compression, planar, kind, channels):
    path = tmp_path / "a.tiff"
    image = (RGB if channels == 3 else RGB[..., 0]).astype(kind)
    options = {"photometric": "rgb", "planarconfig": planar} if channels == 3 else {}
    stored = np.moveaxis(image, -1, 0) if channels == 3 and planar == "separate" else image
    tifffile.imwrite(path, stored, compression=compression, **options)
    if kind == "u1":
        np.testing.assert_array_equal(read_image(path), image)
    else:
        refused(path, r"")
    if kind not in ("u1", "u2"):  # of unknown range
        refused(path, r"", read_photo)


# -- What stands beside the pixels ----------------------------------------------------------------


def test_a_photo_keeps_its_profile_and_what_describes_it(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "Camera"
    exif[ExifTags.IFD.Exif] = {ExifTags.Base.ExposureTime: 0.5, ExifTags.Base.ExifImageWidth: 7}
    exif[ExifTags.IFD.GPSInfo] = {ExifTags.GPS.GPSLatitudeRef: "N"}
    Image.fromarray(RGB).save(tmp_path / "a.jpg", exif=exif, icc_profile=profile)
    photo = read_photo(tmp_path / "a.jpg")
    assert photo.icc_profile == profile
    write_image(tmp_path / "b.png", photo.pixels, None, photo.icc_profile, photo.exif)
    with Image.open(tmp_path / "b.png") as again:
        assert again.size == (9, 7)  # upright
        assert again.info["icc_profile"] == profile
        kept = again.getexif()
        assert kept[ExifTags.Base.Make] == "Camera"
        assert ExifTags.Base.Orientation not in kept
        assert dict(kept.get_ifd(ExifTags.IFD.Exif)) == {ExifTags.Base.ExposureTime: 0.5}
        assert kept.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"
    assert read_photo(tmp_path / "b.png").exif == photo.exif


def test_no_profile_is_kept_that_is_not_of_the_pixels(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    gray = Image.fromarray(GRAY // 64, mode="P")
    gray.putpalette(np.repeat([200, 10, 90, 30], 3).tolist())
    gray.save(tmp_path / "a.png", icc_profile=profile)
    photo = read_photo(tmp_path / "a.png")
    assert (photo.icc_profile, photo.exif) == (None, None)


# -- Files that hold something else ---------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["gif", "png", "webp", "tiff"])
def test_animations_and_pages_are_refused(tmp_path, suffix):
    path, frames = tmp_path / f"a.{suffix}", [Image.fromarray(RGB // share) for share in (1, 2, 3)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    refused(path, "holds several images")


def test_of_a_phones_photo_the_first_picture_is_taken(tmp_path):
    large, small = (Image.fromarray(np.full((h, h, 3), h, np.uint8)) for h in (64, 16))
    large.save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[small])
    np.testing.assert_array_equal(read_image(tmp_path / "a.jpg"), np.asarray(large))


ROWS = np.random.default_rng(3).integers(1, 255, (64, 1 + 64 * 3), dtype=np.uint8)
ROWS[:, 0] = 0  # no filter


@pytest.mark.parametrize("rows", [1, 30, 63])
@pytest.mark.parametrize("interlaced", [False, True])
def test_rows_that_are_not_there_are_noticed(tmp_path, rows, interlaced):
    path = tmp_path / "a.png"
    path.write_bytes(png_by_hand(64, 64, 8, 3, ROWS[:rows].tobytes(), interlaced=interlaced))
    refused(path, r"is damaged or truncated")
    path.write_bytes(png_by_hand(64, 64, 8, 3, ROWS.tobytes()))
    np.testing.assert_array_equal(read_image(path).reshape(64, -1), ROWS[:, 1:])


def test_strips_that_are_not_there_are_noticed(tmp_path):
    path = tmp_path / "a.tiff"
    tifffile.imwrite(path, np.vstack([RGB] * 8), photometric="rgb", rowsperstrip=16)
    with tifffile.TiffFile(path) as file:
        length = file.pages[0].tags["ImageLength"]
    content = bytearray(path.read_bytes())
    content[length.valueoffset] = 100  # instead of 72
    path.write_bytes(content)
    refused(path, r"is damaged or truncated")


def one_bit(side):
    return png_by_hand(side, side, 1, 1, bytes((1 + (side + 7) // 8) * side))


def test_an_image_that_takes_too_much_memory_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(one_bit(13000))
    refused(path, r"13000x13000 = 169,000,000 pixels .*33\.8 GB.*MESR_MAX_PIXELS")
    monkeypatch.setenv("MESR_MAX_PIXELS", "10000")
    path.write_bytes(one_bit(100))
    assert read_image(path).shape == (100, 100)
    path.write_bytes(one_bit(101))
    refused(path, "the limit is 10,000 pixels")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    monkeypatch.setenv("MESR_MAX_PIXELS", "1000000")  # beyond Pillow's limit
    assert read_image(path).shape == (101, 101)
    for senseless in ("many", "-1", "1e9"):
        monkeypatch.setenv("MESR_MAX_PIXELS", senseless)
        with pytest.raises(UserError, match=r"MESR_MAX_PIXELS is .*expected a number"):
            read_image(path)


def test_pipes_and_devices_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    for path in (tmp_path / "a.png", Path("/dev/zero")):
        refused(path, "the file is empty")


def test_other_bad_files_are_refused(tmp_path):
    (tmp_path / "page.png").write_bytes(b"<html>404</html>")
    Image.fromarray(RGB).save(tmp_path / "a.tga")  # may be deep without saying so
    Image.new("CMYK", (4, 4)).save(tmp_path / "b.tiff")
    refused(tmp_path / "page.png", "is not an image of a known format")
    refused(tmp_path / "a.tga", "is not an image of a known format")
    refused(tmp_path / "b.tiff", "has colour mode CMYK.*Convert it to RGB")
    refused(tmp_path / "none.png", r"cannot be read as an image \(No such file")
    refused(tmp_path, r"cannot be read as an image \(Is a directory")


# -- Rounding and writing -------------------------------------------------------------------------


def test_written_png_is_deterministic_and_atomic(tmp_path):
    write_image(tmp_path / "a.png", RGB)
    write_image(tmp_path / "b.png", RGB)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    np.testing.assert_array_equal(np.array(Image.open(tmp_path / "a.png")), RGB)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png", "b.png"]
