"""Tiles against the untiled image."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from baselines.bicubic import Bicubic
from pipeline.imaging.inference import super_resolve
from pipeline.imaging.protocol import RGB
from pipeline.support.errors import UserError
from pipeline.tools.tiling import Plan, grid, plan, reach, upscale_tiled
from tests.pipeline.tools.networks import Convolutions, Unshuffled, WindowAttention

FOR_USE = replace(RGB, gray="keep")


def picture(height: int, width: int, *, gray: bool = False) -> np.ndarray:
    """Noise over a slope: other means on each side, and detail everywhere."""
    rng = np.random.default_rng(0)
    slope = np.linspace(20, 180, width)[None, :, None] + np.linspace(0, 50, height)[:, None, None]
    image = np.clip(slope + rng.normal(0, 25, (height, width, 3)), 0, 255).astype(np.uint8)
    return image[..., 0] if gray else image


def deviation(network, lr, **options):
    """Largest difference to the untiled image in grey levels, and what was said."""
    whole = super_resolve(network, lr, FOR_USE)[-1].astype(int)
    found = upscale_tiled(network, lr, **options)
    assert found.image.shape == whole.shape
    return np.abs(found.image - whole).max(), found


def scaled(network, layers: slice, factor: float):
    """Multiply weights, so that distant pixels, the border or means matter more or less."""
    with torch.no_grad():
        for layer in network.layers[layers]:
            layer.weight.mul_(factor)
    return network


@pytest.mark.parametrize(
    ("network", "radius", "step"),
    [
        (Convolutions(depth=1), 3, 1),  # chroma's interpolation reaches 3 where a layer reaches 1
        (Convolutions(depth=5), 5, 1),
        (Convolutions(depth=3, kernel=5), 6, 1),
        (Convolutions(3, "y", preupsampled=True, depth=4, kernel=7), 6, 1),  # 12 HR + bicubic's 2
        (Convolutions(depth=50, kernel=5), None, 1),  # beyond the limit of 96
        (Convolutions(pooled=True), None, None),
        (WindowAttention(window=8, depth=1), 1 + 7 + 1, 8),
        (WindowAttention(window=7, depth=1), 1 + 6 + 1, 7),
        (Unshuffled(step=2), 2 * 2 + 1, 2),
        (Unshuffled(step=4), 2 * 4 + 3, 4),
        (Bicubic(3), 3, 1),
    ],
)  # fmt: skip
def test_reach_and_grid_are_found_by_trying(network, radius, step) -> None:
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.LayerNorm):
                module.weight.fill_(3)
    assert reach(network) == radius
    if step is not None:
        assert grid(network) == step


def test_reach_does_not_depend_on_the_weights_nor_on_the_axis() -> None:
    network = scaled(Convolutions(depth=4), slice(None), 0)
    assert reach(network) == 4
    network.layers[0] = nn.Conv2d(3, 6, (11, 1), padding=(5, 0))
    assert reach(network) == 8
    # The halo covers the reach, one pixel more, by whole windows.
    assert plan(WindowAttention(window=8, depth=1)) == Plan(8, 16, whole=True)


@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize(
    "network",
    [
        Convolutions(3, "y", depth=3, kernel=5),
        Convolutions(4, "y", preupsampled=True),
        Convolutions(2, preupsampled=True),
        Bicubic(3),
        Unshuffled(2, step=4),
        WindowAttention(2, window=7, depth=2),
    ],
    ids=["y", "preupsampled-y", "preupsampled-rgb", "bicubic", "unshuffled", "windows"],
)  # fmt: skip
def test_tiles_that_are_called_equal_are_equal(network, gray: bool) -> None:
    for size in ((101, 118), (96, 131)):
        worst, found = deviation(network, picture(*size, gray=gray), tile=37)
        assert found.tiles > 4
        assert "equal to the untiled image" in found.sentence()
        assert worst <= 1  # a tie may be rounded either way
        assert found.deviation < 0.02


@pytest.mark.parametrize(
    ("network", "size", "options"),
    [
        # Windows in tiles at any place.
        (WindowAttention(window=8), (101, 118), {"tile": 37, "cut": Plan(1, 17, whole=True)}),
        # Probes in the middle of an image say nothing of its borders: the comparison does.
        (WindowAttention(window=8, wraps=True), (101, 118), {"tile": 37}),
        # A halo below the reach.
        (
            scaled(Convolutions(depth=12, kernel=5), slice(None), 3),
            (60, 60),
            {"tile": 30, "cut": Plan(1, 4, whole=False)},
        ),
        # Global pooling.
        (scaled(Convolutions(pooled=True), slice(1), 5), (100, 240), {"tile": 48}),
    ],
)
def test_what_tiles_change_is_told_in_grey_levels(network, size, options) -> None:
    worst, found = deviation(network, picture(*size), **options)
    assert worst > 1
    # Neighbours that err in opposite directions differ by up to twice the error of each.
    assert max(1, worst / 5) < found.deviation < 2 * worst + 1
    told = found.sentence()
    assert f"up to {found.deviation:.2g} of 255" in told
    assert "equal to" not in told
    assert "--tile 0" in told


def test_what_nobody_sees_is_told_without_alarm() -> None:
    network = scaled(Convolutions(pooled=True), slice(-1, None), 0.2)
    worst, found = deviation(network, picture(100, 140), tile=48)
    assert worst <= 1
    assert not found.plan.whole
    assert 0.02 < found.deviation < 1
    assert "within" in found.sentence()
    assert "--tile" not in found.sentence()


def test_one_tile_is_the_whole_image_and_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.tools.tiling.plan", lambda network: pytest.fail("tried"))
    worst, found = deviation(Convolutions(pooled=True), picture(34, 30), tile=34)
    assert (worst, found.tiles, found.sentence()) == (0, 1, "")


def test_tiles_bound_what_the_network_sees() -> None:
    seen: list[int] = []

    class Watched(Convolutions):
        def forward(self, x):
            seen.append(max(x.shape[-2:]))
            return super().forward(x)

    found = upscale_tiled(Watched(), picture(131, 140), tile=20, cut=Plan(4, 8, whole=True))
    assert len(seen) == found.tiles + 3
    assert sorted(seen)[-4] <= 20 + 4 + 2 * 8  # the largest three are of `try_tiles`


class Strict(WindowAttention):
    """Refuses what is no multiple of its window, as networks without padding of their own do."""

    def forward(self, x):
        if x.shape[-1] % self.window or x.shape[-2] % self.window:
            raise RuntimeError("shape is invalid for input")
        return super().forward(x)


@pytest.mark.parametrize("size", [(9, 200), (70, 9), (65, 71), (4, 30), (3, 3)])
def test_images_of_odd_shapes_and_sizes_that_a_network_refuses(size: tuple[int, int]) -> None:
    lr = picture(*size)
    if min(size) > 8:
        for network in (WindowAttention(2, window=8, depth=1), Convolutions(3, depth=2)):
            assert deviation(network, lr, tile=16)[0] <= 1
    # The right value: the image extended by its edge, enlarged whole and cut back.
    extended = np.pad(lr, [*((0, -side % 64) for side in size), (0, 0)], mode="edge")
    network = Strict(2, window=8, depth=1)
    whole = super_resolve(network, extended, FOR_USE)[-1][: 2 * size[0], : 2 * size[1]]
    found = upscale_tiled(network, lr, tile=256)
    assert np.abs(found.image.astype(int) - whole).max() <= 1


def test_a_network_that_refuses_every_size_is_told_to_the_user() -> None:
    class Broken(Convolutions):
        def forward(self, x):
            raise RuntimeError("no kernel")

    with pytest.raises(UserError, match=r"Broken cannot enlarge an image of 9x8 pixels: no kernel"):
        upscale_tiled(Broken(), picture(8, 9))
