"""Image files, good and bad."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.imaging.images import (
    read_image,
    read_image_with_alpha,
    round_to_uint8,
    write_image,
)
from pipeline.support.errors import UserError


@pytest.fixture
def rgb():
    return np.random.default_rng(1).integers(0, 256, (9, 7, 3), dtype=np.uint8)


@pytest.fixture
def gray():
    return np.random.default_rng(2).integers(0, 256, (6, 8), dtype=np.uint8)


def png16(path, channels):
    """A 16-bit PNG by hand: Pillow cannot write one in colour."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", 4, 3, 16, kind, 0, 0, 0)
    rows = b"".join(b"\0" + bytes(range(8 * channels)) for _ in range(3))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "webp"])
def test_reads_colour(tmp_path, rgb, suffix):
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(rgb).save(path, **({"lossless": True} if suffix == "webp" else {}))
    found = read_image(path)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, rgb)


def test_reads_gray_as_two_dimensions(tmp_path, gray):
    Image.fromarray(gray).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), gray)


def test_reads_black_and_white_as_gray(tmp_path, gray):
    Image.fromarray(gray > 127).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), (gray > 127) * np.uint8(255))


def test_gray_palette_stays_gray(tmp_path, gray):
    picture = Image.fromarray(gray // 64, mode="P")
    picture.putpalette(np.repeat([200, 10, 90, 30], 3).tolist())
    picture.save(tmp_path / "a.png")
    expected = np.array([200, 10, 90, 30], dtype=np.uint8)[gray // 64]
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), expected)


def test_colour_palette_becomes_rgb(tmp_path, gray):
    palette = np.array([[1, 2, 3], [200, 0, 9], [7, 7, 7], [0, 255, 0]], dtype=np.uint8)
    picture = Image.fromarray(gray // 64, mode="P")
    picture.putpalette(palette.ravel().tolist())
    picture.save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), palette[gray // 64])


def test_equal_channels_of_an_rgb_file_stay_rgb(tmp_path, gray):
    Image.fromarray(np.dstack([gray] * 3)).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").shape == (6, 8, 3)


def test_opaque_alpha_is_dropped(tmp_path, rgb):
    write_image(tmp_path / "a.png", rgb, np.full(rgb.shape[:2], 255, np.uint8))
    assert Image.open(tmp_path / "a.png").mode == "RGBA"
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), rgb)


@pytest.mark.parametrize("kind", ["rgb", "gray"])
def test_alpha_is_refused_as_data_but_can_be_read(tmp_path, kind, request):
    image = request.getfixturevalue(kind)
    alpha = np.full(image.shape[:2], 255, np.uint8)
    alpha[0, 0] = 254
    path = tmp_path / "a.png"
    write_image(path, image, alpha)
    with pytest.raises(UserError, match=r"a\.png: has transparent pixels"):
        read_image(path)
    found, opacity = read_image_with_alpha(path)
    np.testing.assert_array_equal(found, image)
    np.testing.assert_array_equal(opacity, alpha)


def test_transparent_colour_key_counts_as_alpha(tmp_path, gray):
    gray[0, 0] = 77
    Image.fromarray(gray).save(tmp_path / "a.png", transparency=77)
    found, opacity = read_image_with_alpha(tmp_path / "a.png")
    np.testing.assert_array_equal(found, gray)
    np.testing.assert_array_equal(opacity == 0, gray == 77)


def test_exif_rotation_is_carried_out(tmp_path, rgb):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees clockwise
    Image.fromarray(rgb).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), np.rot90(rgb, -1))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sixteen_bits_are_refused(tmp_path, channels):
    png16(tmp_path / "deep.png", channels)
    with pytest.raises(UserError, match=r"deep\.png: has more than 8 bits.*Convert"):
        read_image(tmp_path / "deep.png")


def test_floating_point_and_cmyk_are_refused(tmp_path, gray):
    Image.fromarray(gray.astype(np.float32)).save(tmp_path / "a.tiff")
    with pytest.raises(UserError, match="more than 8 bits"):
        read_image(tmp_path / "a.tiff")
    Image.new("CMYK", (4, 4)).save(tmp_path / "b.jpg")
    with pytest.raises(UserError, match=r"b\.jpg: has colour mode CMYK.*Convert it to RGB"):
        read_image(tmp_path / "b.jpg")


@pytest.mark.parametrize("suffix", ["png", "bmp", "jpg", "tiff"])
@pytest.mark.parametrize("part", [0.02, 0.5, 0.9])
def test_truncated_files_are_refused(tmp_path, suffix, part):
    whole = tmp_path / f"whole.{suffix}"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(
        whole
    )
    data = whole.read_bytes()
    cut = tmp_path / f"cut.{suffix}"
    cut.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(UserError, match=rf"cut\.{suffix}: "):
        read_image(cut)


@pytest.mark.parametrize(
    ("content", "message"), [(b"", "empty"), (b"<html>404</html>", "not an image")]
)
def test_other_bad_files_are_refused(tmp_path, content, message):
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(UserError, match=rf"x\.png: .*{message}"):
        read_image(tmp_path / "x.png")


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        read_image(tmp_path / "x.png")
    with pytest.raises(UserError, match="folder"):
        read_image(tmp_path)


@given(st.integers(-300, 600), st.floats(-0.49, 0.49))
def test_rounding(whole, rest):
    clipped = min(max(whole, 0), 255)
    assert round_to_uint8(np.array([whole + rest])) == clipped


def test_rounding_of_halves_and_of_values_that_are_not_numbers():
    values = np.array([0.5, 1.5, 126.5, 127.5 - 1e-13, 254.5, -0.5, np.inf, -np.inf, np.nan])
    assert round_to_uint8(values).tolist() == [1, 2, 127, 128, 255, 0, 255, 0, 0]


def test_written_png_is_deterministic_and_atomic(tmp_path, rgb):
    write_image(tmp_path / "a.png", rgb)
    write_image(tmp_path / "b.png", rgb)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    np.testing.assert_array_equal(np.array(Image.open(tmp_path / "a.png")), rgb)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png", "b.png"]
