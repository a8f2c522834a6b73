"""Image files, good and bad."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
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
    rows = b"".join(b"\0" + bytes(range(8 * channels)) for _ in range(3))
    (tmp_path / "deep.png").write_bytes(png_by_hand(4, 3, 16, channels, rows))
    with pytest.raises(UserError, match=r"deep\.png: has more than 8 bits.*Convert"):
        read_image(tmp_path / "deep.png")


def test_floating_point_and_cmyk_are_refused(tmp_path, gray):
    Image.fromarray(gray.astype(np.float32)).save(tmp_path / "a.tiff")
    with pytest.raises(UserError, match="more than 8 bits"):
        read_image(tmp_path / "a.tiff")
    Image.new("CMYK", (4, 4)).save(tmp_path / "b.jpg")
    with pytest.raises(UserError, match=r"b\.jpg: has colour mode CMYK.*Convert it to RGB"):
        read_image(tmp_path / "b.jpg")


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
def test_netpbm_files_of_another_depth_are_refused(tmp_path, rgb, kind, greatest, complaint):
    values = rgb if kind in {3, 6} else rgb[..., 0]
    path = tmp_path / "a.ppm"
    path.write_bytes(netpbm(kind, 255, values))
    np.testing.assert_array_equal(read_image(path), values)
    path.write_bytes(netpbm(kind, greatest, values.astype(np.int64) % (greatest + 1)))
    with pytest.raises(UserError, match=rf"a\.ppm: .*{complaint}.*Convert"):
        read_image(path)


@pytest.mark.parametrize("compression", [None, "deflate"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("kind", ["u1", "u2", "i1", "i2", "u4", "f2", "f4"])
@pytest.mark.parametrize("channels", [1, 3])
def test_only_unsigned_8_bit_tiff_files_are_read(
    tmp_path, rgb, compression, planar, kind, channels
):
    path = tmp_path / "a.tiff"
    image = (rgb if channels == 3 else rgb[..., 0]).astype(kind)
    options = {"photometric": "rgb", "planarconfig": planar} if channels == 3 else {}
    stored = np.moveaxis(image, -1, 0) if channels == 3 and planar == "separate" else image
    tifffile.imwrite(path, stored, compression=compression, **options)
    if kind == "u1":
        np.testing.assert_array_equal(read_image(path), image)
    else:
        with pytest.raises(UserError, match=r"a\.tiff: "):
            read_image(path)


@pytest.mark.parametrize("suffix", ["gif", "png", "webp", "tiff", "mpo"])
def test_animations_and_pages_are_refused(tmp_path, rgb, suffix):
    frames = [Image.fromarray(rgb // share) for share in (1, 2, 3)]
    path = tmp_path / f"a.{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    with pytest.raises(UserError, match=rf"a\.{suffix}: holds several images"):
        read_image(path)


def test_formats_that_may_be_deep_without_saying_so_are_refused(tmp_path, rgb):
    for suffix in ("jp2", "avif", "sgi", "tga", "ico"):
        path = tmp_path / f"a.{suffix}"
        try:
            Image.fromarray(rgb).save(path)
        except (KeyError, OSError, ValueError):
            continue  # this Pillow cannot write it
        with pytest.raises(UserError, match=rf"a\.{suffix}: is not an image of a known format"):
            read_image(path)


ROWS = np.random.default_rng(3).integers(1, 255, (64, 1 + 64 * 3), dtype=np.uint8)
ROWS[:, 0] = 0  # no filter


@pytest.mark.parametrize("rows", [1, 30, 63])
@pytest.mark.parametrize("interlaced", [False, True])
def test_rows_that_are_not_there_are_noticed(tmp_path, rows, interlaced):
    path = tmp_path / "a.png"
    path.write_bytes(png_by_hand(64, 64, 8, 3, ROWS[:rows].tobytes(), interlaced=interlaced))
    with pytest.raises(UserError, match=r"a\.png: is damaged or truncated"):
        read_image(path)
    path.write_bytes(png_by_hand(64, 64, 8, 3, ROWS.tobytes()))
    np.testing.assert_array_equal(read_image(path).reshape(64, -1), ROWS[:, 1:])


def test_strips_that_are_not_there_are_noticed(tmp_path, rgb):
    path = tmp_path / "a.tiff"
    tifffile.imwrite(path, np.vstack([rgb] * 8), photometric="rgb", rowsperstrip=16)
    with tifffile.TiffFile(path) as file:
        length = file.pages[0].tags["ImageLength"]
    content = bytearray(path.read_bytes())
    content[length.valueoffset] = 100  # instead of 72
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.tiff: is damaged or truncated"):
        read_image(path)


def one_bit(side):
    return png_by_hand(side, side, 1, 1, bytes((1 + (side + 7) // 8) * side))


def test_an_image_that_takes_too_much_memory_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(one_bit(13000))
    with pytest.raises(
        UserError, match=r"13000x13000 = 169,000,000 pixels .*33\.8 GB.*MESR_MAX_PIXELS"
    ):
        read_image(path)
    monkeypatch.setenv("MESR_MAX_PIXELS", "10000")
    path.write_bytes(one_bit(100))
    assert read_image(path).shape == (100, 100)
    path.write_bytes(one_bit(101))
    with pytest.raises(UserError, match="the limit is 10,000 pixels"):
        read_image(path)
    for senseless in ("many", "-1", "0", "1e9", " 1", "9" * 30):
        monkeypatch.setenv("MESR_MAX_PIXELS", senseless)
        with pytest.raises(UserError, match=r"MESR_MAX_PIXELS is .*expected a number"):
            read_image(path)


def test_a_raised_limit_goes_beyond_that_of_pillow(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    monkeypatch.setenv("MESR_MAX_PIXELS", "1000000")
    (tmp_path / "a.png").write_bytes(one_bit(900))
    assert read_image(tmp_path / "a.png").shape == (900, 900)


@pytest.mark.parametrize("name", [b"zTXt", b"iCCP"])
def test_texts_that_unpack_without_bound_are_refused(tmp_path, name):
    bomb = (name, b"a\0\0" + zlib.compress(bytes(50_000_000)))
    (tmp_path / "a.png").write_bytes(png_by_hand(64, 64, 8, 3, ROWS.tobytes(), bomb))
    with pytest.raises(UserError, match=r"a\.png: is damaged"):
        read_image(tmp_path / "a.png")


def test_pipes_and_devices_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    for path in (tmp_path / "a.png", Path("/dev/zero")):
        with pytest.raises(UserError, match="the file is empty"):
            read_image(path)


def test_pages_that_lead_back_to_the_first_do_not_go_on_for_ever(tmp_path, rgb):
    path = tmp_path / "a.tiff"
    tifffile.imwrite(path, rgb, photometric="rgb")
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        first = file.pages[0].offset
    (tags,) = struct.unpack_from("<H", content, first)
    struct.pack_into("<I", content, first + 2 + 12 * tags, first)  # the next directory
    path.write_bytes(content)
    np.testing.assert_array_equal(read_image(path), rgb)


def whole_files():
    rng = np.random.default_rng(4)
    colour = Image.fromarray(rng.integers(0, 256, (11, 13, 3), dtype=np.uint8))
    for mode, suffixes in {
        "RGB": ("png", "bmp", "jpeg", "tiff", "webp", "ppm"),
        "L": ("png", "tiff", "ppm", "gif"),
        "P": ("png", "bmp", "gif"),
        "1": ("png", "tiff", "ppm"),
        "RGBA": ("png", "tiff"),
    }.items():
        for suffix in suffixes:
            buffer = io.BytesIO()
            colour.convert(mode).save(buffer, suffix)
            yield buffer.getvalue()


@pytest.mark.filterwarnings("ignore")  # Pillow warns of what it finds odd
@settings(max_examples=300)
@given(
    st.sampled_from(list(whole_files())),
    st.lists(
        st.tuples(
            st.one_of(st.integers(0, 60), st.integers(0, 10**6)),
            st.integers(0, 6),
            st.binary(max_size=6),
        ),
        min_size=1,
        max_size=6,
    ),
)
def test_a_changed_file_is_read_or_refused(tmp_path_factory, content, changes):
    changed = bytearray(content)
    for place, length, replacement in changes:
        start = place % (len(changed) + 1)
        changed[start : start + length] = replacement
    path = tmp_path_factory.mktemp("changed") / "a.png"
    path.write_bytes(changed)
    try:
        found, alpha = read_image_with_alpha(path)
    except UserError as error:
        assert str(error).startswith(str(path))
        return
    assert found.dtype == np.uint8
    assert found.ndim == 2 or found.shape[2] == 3
    assert alpha is None or alpha.shape == found.shape[:2]


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
