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


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def enlarger() -> Enlarger:
    torch.manual_seed(0)
    return Enlarger(build_network("vdsr", 2, features=4, depth=3).eval(), tile=256)


def bicubic(tile: int = 256) -> Enlarger:
    return Enlarger(build_network("bicubic", 2).eval(), tile)


def save(name: str, *shape: int, mode: str | None = None, **options: object) -> Path:
    pixels = RNG.integers(0, 256, shape, dtype=np.uint8)
    image = Image.fromarray(pixels)
    (image if mode is None else image.convert(mode)).save(name, **options)
    return Path(name)


def upscale(*words: str):
    return CliRunner().invoke(app, ["upscale", *words, "--scale", "2", "--model", "bicubic"])


@pytest.mark.parametrize(
    ("mode", "shape"),
    [("L", (11, 9)), ("RGB", (11, 9, 3)), ("RGBA", (11, 9, 4)), ("LA", (11, 9, 2))],
)
def test_gray_stays_gray_and_alpha_is_kept(enlarger, mode: str, shape: tuple[int, ...]) -> None:
    enlarger.file(save("in.png", *shape), Path("out.png"))
    with Image.open("out.png") as image:
        assert (image.mode, image.size) == (mode, (18, 22))


@pytest.mark.parametrize(("opacity", "mode"), [(255, "RGB"), (128, "RGBA")])
def test_constant_transparency_stays_constant(enlarger, opacity: int, mode: str) -> None:
    rgba = RNG.integers(0, 256, (300, 10, 4), dtype=np.uint8)  # several tiles
    rgba[..., 3] = opacity
    Image.fromarray(rgba).save("in.png")
    enlarger.file(Path("in.png"), Path("out.png"))
    image = Image.open("out.png")
    assert image.mode == mode
    assert mode == "RGB" or (np.asarray(image)[..., 3] == 128).all()


def test_colours_that_transparency_hides_do_not_bleed() -> None:
    """A white disc on transparent black stays white over white, everywhere."""
    y, x = np.mgrid[:48, :64]
    disc = np.zeros((48, 64, 4), np.uint8)
    disc[(y - 24) ** 2 + (x - 32) ** 2 < 225] = 255
    Image.fromarray(disc).save("disc.png")
    bicubic().file(Path("disc.png"), Path("out.png"))
    found = np.asarray(Image.open("out.png")).astype(float)
    alpha = found[..., 3:] / 255
    assert alpha.min() == 0
    assert (found[..., :3] * alpha + 255 * (1 - alpha)).min() == 255


def test_hidden_pixels_take_the_nearest_colour_and_nothing_else_changes() -> None:
    pixels = RNG.integers(0, 256, (6, 7, 3), dtype=np.uint8)
    alpha = np.full((6, 7), 9, np.uint8)
    alpha[:, 4:] = 0
    filled = fill_hidden(pixels, alpha)
    np.testing.assert_array_equal(filled[:, :4], pixels[:, :4])
    np.testing.assert_array_equal(filled[:, 4:], np.repeat(pixels[:, 3:4], 3, axis=1))
    np.testing.assert_array_equal(fill_hidden(pixels, np.zeros_like(alpha)), pixels)


def test_colour_profile_and_exif_are_kept() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0110], exif[0x0112] = "a camera", 6  # model; turned by a quarter
    save("in.jpg", 12, 20, 3, icc_profile=profile, exif=exif)
    said = bicubic().file(Path("in.jpg"), Path("out.png"))
    image = Image.open("out.png")
    assert image.size == (24, 40)  # upright
    assert image.info["icc_profile"] == profile
    assert image.getexif()[0x0110] == "a camera"
    assert image.getexif().get(0x0112, 1) == 1
    assert "colour profile kept" in said


def test_sixteen_bits_cmyk_and_a_phones_pictures_are_enlarged() -> None:
    gray = np.linspace(0, 65535, 12 * 10).reshape(12, 10).astype(np.uint16)
    Image.fromarray(gray).save("deep.png")
    save("print.jpg", 12, 10, 3, mode="CMYK")
    more = [Image.new("RGB", (4, 4))]
    save("phone.jpg", 12, 10, 3, format="MPO", save_all=True, append_images=more)
    for name, mode, remark in (
        ("deep.png", "L", "reduced to 8 bits"),
        ("print.jpg", "RGB", "CMYK converted to sRGB"),
        ("phone.jpg", "RGB", "the first of 2 pictures in the file"),
    ):
        assert remark in bicubic().file(Path(name), Path("out.png"))
        image = Image.open("out.png")
        assert (image.mode, image.size) == (mode, (20, 24))
    bicubic().file(Path("deep.png"), Path("out.png"))
    found = np.asarray(Image.open("out.png")).astype(float)
    small = found.reshape(12, 2, 10, 2).mean((1, 3))
    assert np.abs(small - gray / 257)[2:-2, 2:-2].max() < 2


def test_tiles_are_told(enlarger) -> None:
    source = save("in.png", 40, 50, 3)
    tiled, whole = Enlarger(enlarger.network, 16), Enlarger(enlarger.network, 0)
    assert "equal to the untiled image" in tiled.file(source, Path("tiled.png"))
    assert "tiles" not in whole.file(source, Path("whole.png"))
    found = [np.asarray(Image.open(f"{name}.png"), int) for name in ("tiled", "whole")]
    assert np.abs(found[0] - found[1]).max() <= 1  # a tie may be rounded either way


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
    assert "1 of 3 images were not enlarged" in str(done.exception)
    assert "b.png" in str(done.exception)
    assert "error: b.png: is not an image" in done.output
    assert sorted(path.name for path in Path("out").iterdir()) == ["a_x2.png", "c_x2.png"]
    alone = upscale("b.png", "--out", "alone")
    assert "b.png: is not an image" in str(alone.exception)
    assert not Path("alone").exists()


def test_two_images_of_one_name_are_refused_before_any_work() -> None:
    Path("other").mkdir()
    save("a.png", 8, 6, 3)
    save("other/a.bmp", 8, 6, 3)
    done = upscale("a.png", "other/a.bmp", "--out", "big")
    assert "a.png and other/a.bmp have the same name" in str(done.exception)
    assert not Path("big").exists()


def test_progress_counts_every_pixel() -> None:
    seen: list[int] = []
    bicubic(tile=16).file(save("in.png", 40, 50, 3), Path("out.png"), seen.append)
    assert sum(seen) == 40 * 50
    assert len(seen) > 4


def test_options_that_cannot_be_are_usage_errors() -> None:
    save("a.png", 8, 6, 3)
    done = upscale("a.png", "--tile", "-1")
    assert (done.exit_code, "--tile" in done.output) == (2, True)
    Path("file").write_text("mine")
    done = upscale("a.png", "--out", "file")
    assert (done.exit_code, Path("file").read_text()) == (2, "mine")


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
