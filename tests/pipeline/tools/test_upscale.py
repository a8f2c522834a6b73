"""Photos in, photos out: what is kept, what is said, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.models.networks import build_network
from pipeline.support.errors import UserError
from pipeline.tools.upscale import Enlarger, fill_hidden, image_paths

RNG = np.random.default_rng(1)


def vdsr(tile: int = 256) -> Enlarger:
    torch.manual_seed(0)
    return Enlarger(build_network("vdsr", 2, features=4, depth=3).eval(), tile)


def enlarged(source: Path | str, enlarger: Enlarger | None = None) -> tuple[Image.Image, str]:
    """What a file becomes, by bicubic interpolation at x2, and what is said."""
    enlarger = enlarger or Enlarger(build_network("bicubic", 2).eval())
    told = enlarger.file(Path(source), Path("out.png"))
    return Image.open("out.png"), told


def save(name: str, *shape: int, mode: str | None = None, **options: object) -> Path:
    image = Image.fromarray(RNG.integers(0, 256, shape, dtype=np.uint8))
    (image if mode is None else image.convert(mode)).save(name, **options)
    return Path(name)


def upscale(*words: str):
    return CliRunner().invoke(app, ["upscale", *words, "--scale", "2", "--model", "bicubic"])


def test_gray_stays_gray_and_alpha_is_kept() -> None:
    for shape, opacity, mode in (
        ((11, 9), None, "L"),
        ((11, 9, 3), None, "RGB"),
        ((11, 9, 2), 7, "LA"),
        ((300, 10, 4), 128, "RGBA"),  # transparency in several tiles
        ((11, 9, 4), 255, "RGB"),
    ):
        pixels = RNG.integers(0, 256, shape, dtype=np.uint8)
        pixels[..., -1] = pixels[..., -1] if opacity is None else opacity
        Image.fromarray(pixels).save("in.png")
        image, _ = enlarged("in.png", vdsr())
        assert (image.mode, image.size) == (mode, (2 * shape[1], 2 * shape[0]))
        if mode.endswith("A"):
            assert (np.asarray(image)[..., -1] == opacity).all()


def test_colours_that_transparency_hides_do_not_bleed() -> None:
    """A white disc on transparent black stays white over white, everywhere."""
    y, x = np.mgrid[:48, :64]
    disc = np.zeros((48, 64, 4), np.uint8)
    disc[(y - 24) ** 2 + (x - 32) ** 2 < 225] = 255
    Image.fromarray(disc).save("disc.png")
    found = np.asarray(enlarged("disc.png")[0]).astype(float)
    alpha = found[..., 3:] / 255
    assert alpha.min() == 0
    assert (found[..., :3] * alpha + 255 * (1 - alpha)).min() == 255
    # Hidden pixels take the nearest colour, and nothing else changes.
    pixels = RNG.integers(0, 256, (6, 7, 3), dtype=np.uint8)
    opacity = np.full((6, 7), 9, np.uint8)
    opacity[:, 4:] = 0
    filled = fill_hidden(pixels, opacity)
    np.testing.assert_array_equal(filled[:, :4], pixels[:, :4])
    np.testing.assert_array_equal(filled[:, 4:], np.repeat(pixels[:, 3:4], 3, axis=1))
    np.testing.assert_array_equal(fill_hidden(pixels, np.zeros_like(opacity)), pixels)


def test_colour_profile_and_exif_are_kept() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0110], exif[0x0112] = "a camera", 6  # model; turned by a quarter
    image, told = enlarged(save("in.jpg", 12, 20, 3, icc_profile=profile, exif=exif))
    assert image.size == (24, 40)  # upright
    assert image.info["icc_profile"] == profile
    assert image.getexif()[0x0110] == "a camera"
    assert image.getexif().get(0x0112, 1) == 1
    assert "colour profile kept" in told


def test_sixteen_bits_cmyk_and_a_phones_pictures_are_enlarged() -> None:
    gray = np.linspace(0, 65535, 12 * 10).reshape(12, 10).astype(np.uint16)
    Image.fromarray(gray).save("deep.png")
    save("print.jpg", 12, 10, 3, mode="CMYK")
    more = [Image.new("RGB", (4, 4))]
    save("phone.jpg", 12, 10, 3, format="MPO", save_all=True, append_images=more)
    for name, mode, remark in (
        ("print.jpg", "RGB", "CMYK converted to sRGB"),
        ("phone.jpg", "RGB", "the first of 2 pictures in the file"),
        ("deep.png", "L", "reduced to 8 bits"),
    ):
        image, told = enlarged(name)
        assert remark in told
        assert (image.mode, image.size) == (mode, (20, 24))
    small = np.asarray(image).astype(float).reshape(12, 2, 10, 2).mean((1, 3))
    assert np.abs(small - gray / 257)[2:-2, 2:-2].max() < 2


def test_tiles_are_told() -> None:
    source = save("in.png", 40, 50, 3)
    tiled, told = enlarged(source, vdsr(tile=16))
    assert "equal to the untiled image" in told
    whole, told = enlarged(source, vdsr(tile=0))
    assert "tiles" not in told
    difference = np.asarray(tiled, int) - np.asarray(whole, int)
    assert np.abs(difference).max() <= 1  # a tie may be rounded either way


def test_a_folder_is_enlarged_twice_without_enlarging_its_own_results() -> None:
    Path("in").mkdir()
    for name in ("a.png", "b.jpg", ".hidden.png"):
        save(f"in/{name}", 8, 6, 3)
    Path("in/notes.txt").touch()
    for _ in range(2):
        done = upscale("in", "--out", "in")
        assert done.exit_code == 0, done.output
    names = {path.name for path in Path("in").iterdir()}
    assert names == {"a.png", "b.jpg", ".hidden.png", "notes.txt", "a_x2.png", "b_x2.png"}
    save("in/c_x2.png", 8, 6, 3)  # an image of that name that nothing here made
    assert [p.name for p in image_paths([Path("in")], 2)] == ["a.png", "b.jpg", "c_x2.png"]
    Path("empty").mkdir()
    with pytest.raises(UserError, match="empty: holds no image file"):
        image_paths([Path("empty")], 2)


def test_one_damaged_image_of_several_stops_no_other() -> None:
    save("a.png", 8, 6, 3)
    Path("b.png").write_bytes(b"not an image")
    save("c.png", 8, 6, 3)
    done = upscale("a.png", "b.png", "c.png", "--out", "out")
    assert isinstance(done.exception, UserError)
    assert "1 of 3 images were not enlarged, the reasons stand above: b.png" in str(done.exception)
    assert "error: b.png: is not an image" in done.output
    assert sorted(path.name for path in Path("out").iterdir()) == ["a_x2.png", "c_x2.png"]
    alone = upscale("b.png", "--out", "alone")
    assert "b.png: is not an image" in str(alone.exception)
    assert not Path("alone").exists()


def test_what_cannot_be_is_refused_before_any_work() -> None:
    Path("other").mkdir()
    save("a.png", 8, 6, 3)
    save("other/a.bmp", 8, 6, 3)
    done = upscale("a.png", "other/a.bmp", "--out", "big")
    assert "a.png and other/a.bmp have the same name" in str(done.exception)
    assert not Path("big").exists()


def test_the_network_is_where_the_gpu_is(monkeypatch: pytest.MonkeyPatch) -> None:
    # "meta" takes the place of the GPU: there are no values on it, hence a fake upscaling.
    monkeypatch.setattr("pipeline.tools.upscale.choose_device", lambda: torch.device("meta"))
    devices: set[str] = set()

    def fake(self: Enlarger, *_: object) -> str:
        devices.update(parameter.device.type for parameter in self.network.parameters())
        return "done"

    monkeypatch.setattr(Enlarger, "file", fake)
    save("a.png", 8, 6, 3)
    done = CliRunner().invoke(app, ["upscale", "a.png", "--scale", "2"])
    assert done.exit_code == 0, done.output
    assert devices == {"meta"}
