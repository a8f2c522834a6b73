from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mesr.network import MESR
from pipeline.models.networks import build_network
from pipeline.support.errors import UserError
from pipeline.tools.upscale import upscale_file

RNG = np.random.default_rng(1)


def pixels(*shape: int) -> np.ndarray:
    return RNG.integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return build_network("vdsr", 2, features=4, depth=3)


@pytest.mark.parametrize(
    ("mode", "shape"),
    [("L", (11, 9)), ("RGB", (11, 9, 3)), ("RGBA", (11, 9, 4)), ("LA", (11, 9, 2))],
)
def test_gray_stays_gray_and_alpha_is_kept(
    network: torch.nn.Module, tmp_path: Path, mode: str, shape: tuple[int, ...]
) -> None:
    source = tmp_path / "in.png"
    Image.fromarray(pixels(*shape), mode).save(source)
    target = tmp_path / "out.png"
    upscale_file(network, source, target)
    with Image.open(target) as image:
        assert (image.mode, image.size) == (mode, (18, 22))


def test_alpha_that_is_opaque_everywhere_is_left_out(
    network: torch.nn.Module, tmp_path: Path
) -> None:
    rgba = pixels(10, 10, 4)
    rgba[..., 3] = 255
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    Image.fromarray(rgba).save(source)
    upscale_file(network, source, target)
    assert Image.open(target).mode == "RGB"


def test_constant_transparency_stays_constant(network: torch.nn.Module, tmp_path: Path) -> None:
    rgba = pixels(10, 10, 4)
    rgba[..., 3] = 128
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    Image.fromarray(rgba).save(source)
    upscale_file(network, source, target)
    assert (np.asarray(Image.open(target))[..., 3] == 128).all()


def test_tiles_give_the_untiled_image(network: torch.nn.Module, tmp_path: Path) -> None:
    source = tmp_path / "in.png"
    Image.fromarray(pixels(40, 50, 3)).save(source)
    said = upscale_file(network, source, tmp_path / "tiled.png", tile=16)
    upscale_file(network, source, tmp_path / "whole.png", tile=0)
    assert "equal to the untiled image" in said
    assert "not equal" not in said
    tiled, whole = (np.asarray(Image.open(tmp_path / f"{n}.png"), int) for n in ("tiled", "whole"))
    # Rounding to 8 bits may turn a difference of 1e-5 into one level, at a tie.
    assert (tiled != whole).mean() < 1e-3
    assert abs(tiled - whole).max() <= 1


def test_networks_with_global_pooling_say_so(tmp_path: Path) -> None:
    torch.manual_seed(0)
    mesr = MESR(2, features=4, branch_features=2, blocks=1, refinement_features=2)
    source = tmp_path / "in.png"
    Image.fromarray(pixels(40, 50, 3)).save(source)
    assert "not equal to the untiled image" in upscale_file(mesr, source, tmp_path / "o.png", 16)


def test_unreadable_images_leave_nothing(network: torch.nn.Module, tmp_path: Path) -> None:
    source = tmp_path / "in.png"
    source.write_bytes(b"not an image")
    with pytest.raises(UserError, match=r"in\.png"):
        upscale_file(network, source, tmp_path / "out" / "out.png")
    assert not (tmp_path / "out").exists()
