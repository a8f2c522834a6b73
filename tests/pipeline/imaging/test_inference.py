"""Super-resolution of whole images and in tiles, and the published figures of bicubic."""

import csv
import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from skimage.color import rgb2ycbcr, ycbcr2rgb
from torch import nn

from baselines.bicubic import Bicubic
from baselines.pan import PAN, published_state_dict
from mesr.common.base import SRNetwork
from mesr.common.imresize import imresize
from pipeline.imaging.images import read_image, round_to_uint8
from pipeline.imaging.inference import outputs_as_images, super_resolve
from pipeline.imaging.protocol import PROTOCOLS, RGB, SRCNN, VDSR, Y
from pipeline.scoring.evaluation import evaluate_image
from pipeline.support.errors import UserError
from pipeline.tools.tiling import receptive_radius, upscale_tiled

CHANNELS = {"rgb": 3, "y": 1}
UNROUNDED = replace(RGB, sr_rounding=False, gray="keep")


class Toy(SRNetwork):
    """Convolutions, a coarse output of half the size, and global pooling when asked for."""

    output_weights = (1.0, 1.0)

    def __init__(
        self, scale=2, domain="rgb", *, preupsampled=False, depth=2, kernel=3, pooled=False
    ):
        super().__init__(scale)
        torch.manual_seed(0)
        self.domain, self.preupsampled, self.pooled = domain, preupsampled, pooled
        factor = 1 if preupsampled else scale
        channels = CHANNELS[domain]
        widths = [channels, *[6] * (depth - 1), channels * factor**2]
        self.layers = nn.ModuleList(
            nn.Conv2d(a, b, kernel, padding=kernel // 2) for a, b in pairwise(widths)
        )
        self.shuffle = nn.PixelShuffle(factor)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
            if self.pooled:
                x = x * torch.sigmoid(x.mean((2, 3), keepdim=True))
        y = self.dropout(0.5 + self.shuffle(self.layers[-1](x)))
        return F.avg_pool2d(y, 2, ceil_mode=True), y


class Identity(SRNetwork):
    """Copies LR pixels; keeps what it was given."""

    def __init__(self, domain="rgb", *, preupsampled=False):
        super().__init__(2)
        self.domain, self.preupsampled = domain, preupsampled

    def forward(self, x):
        self.seen = x
        return (x if self.preupsampled else F.interpolate(x, scale_factor=2, mode="nearest"),)


@pytest.fixture
def colour():
    rng = np.random.default_rng(0)
    rough = torch.from_numpy(rng.uniform(0, 255, (1, 3, 5, 6)))
    return round_to_uint8(imresize(rough, size=(29, 34))[0].permute(1, 2, 0).numpy())


@pytest.fixture
def gray(colour):
    return np.ascontiguousarray(colour[..., 1])


# Protocol ntire takes LR files as they are and makes none.
MADE_LR = {name: protocol for name, protocol in PROTOCOLS.items() if name != "ntire"}


@pytest.mark.parametrize("preupsampled", [False, True])
@pytest.mark.parametrize("domain", ["rgb", "y"])
@pytest.mark.parametrize("protocol", MADE_LR.values(), ids=MADE_LR)
@pytest.mark.parametrize("image", ["colour", "gray"])
def test_any_network_on_any_image(domain, preupsampled, protocol, image, request):
    network = Toy(3, domain, preupsampled=preupsampled)
    found = evaluate_image(network, request.getfixturevalue(image), protocol)
    luma_alone = protocol.space == "y" or (image == "gray" and protocol.gray == "keep")
    shape = (27, 33) if luma_alone else (27, 33, 3)
    assert found.sr.shape == found.hr.shape == shape
    assert found.lr.shape == (9, 11, *shape[2:])
    assert found.sr.dtype == np.uint8
    assert [image.shape[:2] for image in found.coarse] == [(14, 17)]
    assert np.isfinite(found.psnr_db)
    assert -1 <= found.ssim <= 1


def test_rgb_network_gets_the_image_in_0_to_1(colour):
    network = Identity()
    image = super_resolve(network, colour).image
    np.testing.assert_allclose(network.seen[0].permute(1, 2, 0) * 255, colour, atol=1e-9)
    np.testing.assert_array_equal(image, colour.repeat(2, axis=0).repeat(2, axis=1))


def test_y_network_gets_studio_luma_and_chroma_is_bicubic(colour):
    network = Identity("y")
    (found,) = outputs_as_images(network, colour, RGB)
    ycbcr = rgb2ycbcr(colour)
    np.testing.assert_allclose(network.seen[0, 0] * 255, ycbcr[..., 0], atol=1e-9)
    chroma = imresize(torch.from_numpy(ycbcr[..., 1:].transpose(2, 0, 1))[None], scale=2)
    luma = ycbcr[..., :1].repeat(2, axis=0).repeat(2, axis=1)
    expected = ycbcr2rgb(np.dstack([luma, chroma[0].permute(1, 2, 0)])) * 255
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_preupsampled_network_gets_the_enlarged_luma(colour):
    network = Identity("y", preupsampled=True)
    super_resolve(network, colour)
    expected = imresize(torch.from_numpy(rgb2ycbcr(colour)[..., 0])[None, None], scale=2)
    torch.testing.assert_close(network.seen * 255, expected, rtol=0, atol=1e-9)


def test_gray_stays_gray_when_kept(gray):
    expected = imresize(torch.from_numpy(gray.astype(float))[None, None], scale=2)[0, 0].numpy()
    found = super_resolve(Bicubic(2), gray, replace(RGB, gray="keep")).image
    np.testing.assert_array_equal(found, round_to_uint8(expected))
    stacked = super_resolve(Bicubic(2), gray, RGB).image
    np.testing.assert_array_equal(stacked, np.dstack([found] * 3))


def test_transposed_networks_see_height_and_width_exchanged(gray):
    network = Identity("y")
    found = super_resolve(network, gray, replace(Y, transposed=True)).image
    assert network.seen.shape[-2:] == gray.T.shape
    np.testing.assert_array_equal(found, gray.repeat(2, axis=0).repeat(2, axis=1))


def test_enlarged_images_are_clipped_to_the_range_of_luma_where_the_protocol_says_so():
    ramp = np.tile(np.linspace(0, 255, 12), (9, 1))
    free, clipped = (
        outputs_as_images(Identity("y", preupsampled=True), ramp, protocol)[-1]
        for protocol in (Y, VDSR)
    )
    assert free.min() < 16
    assert free.max() > 235
    np.testing.assert_allclose(clipped, free.clip(16, 235), rtol=0, atol=1e-9)


def test_padding_is_overridden_for_the_call_alone(gray):
    network = Toy(2, "y", preupsampled=True)
    inner, own = (
        super_resolve(network, gray, protocol).image.astype(int) for protocol in (SRCNN, Y)
    )
    assert (inner[3:-3, 3:-3] == own[3:-3, 3:-3]).all()
    assert (inner != own).any()
    assert {layer.padding_mode for layer in network.layers} == {"zeros"}
    # As if the image continued: a constant image stays constant up to its border.
    flat = outputs_as_images(network, np.full((8, 9), 90, np.uint8), SRCNN)[-1]
    assert np.ptp(flat) < 1e-4


def test_network_is_left_as_it_was(colour):
    network = Toy().train()
    first, second = (super_resolve(network, colour).image for _ in range(2))
    np.testing.assert_array_equal(first, second)  # no dropout
    assert network.training
    assert all(parameter.grad is None for parameter in network.parameters())


def test_wrong_output_size_is_refused(colour):
    network = Identity()
    network.scale = 3
    with pytest.raises(
        ValueError, match=r"Identity: the last output is \(58, 68\) pixels; expected"
    ):
        super_resolve(network, colour)


def test_a_given_lr_image_is_used(colour):
    lr = np.zeros((14, 17, 3), np.uint8)
    found = evaluate_image(Bicubic(2), colour, RGB, lr=lr)
    assert found.sr.max() == 0
    np.testing.assert_array_equal(found.hr, colour[:28])


@pytest.mark.parametrize("protocol", [RGB, Y], ids=["rgb", "y"])
def test_stacking_gray_raises_psnr_by_the_width_of_the_studio_range(gray, protocol):
    # Errors shrink with the range from 255 to 219 grey levels: 20 log10(255/219) = 1.32 dB.
    unrounded = replace(protocol, lr_rounding=False, luma_rounding=False, sr_rounding=False)
    kept, stacked = (
        evaluate_image(Bicubic(2), gray, replace(unrounded, gray=choice)).psnr_db
        for choice in ("keep", "replicate")
    )
    assert stacked - kept == pytest.approx(20 * np.log10(255 / 219), abs=1e-6)


def test_images_without_anything_to_score_are_refused(colour):
    with pytest.raises(UserError, match=r"tiny: is 4x4 pixels; nothing is left"):
        evaluate_image(Bicubic(2), colour[:5, :5], RGB, name="tiny")


def test_border_is_not_scored(colour):
    network = Bicubic(2)
    hr = colour[:28].copy()
    spoiled = super_resolve(network, evaluate_image(network, hr, RGB).lr).image
    spoiled[:2] = spoiled[-2:] = 255 - hr[:2]
    spoiled[:, :2] = 255 - hr[:, :2]
    spoiled[:, -2:] = 0

    class Given(SRNetwork):
        def forward(self, x):
            return (torch.from_numpy(spoiled / 255).permute(2, 0, 1)[None],)

    assert evaluate_image(Given(2), hr).psnr_db == evaluate_image(network, hr).psnr_db


@pytest.mark.parametrize(
    ("depth", "kernel", "radius"), [(2, 3, 2), (5, 3, 5), (3, 7, 9), (20, 5, 40)]
)
def test_receptive_radius_of_plain_convolutions(depth, kernel, radius):
    for domain in ("rgb", "y"):
        assert receptive_radius(Toy(2, domain, depth=depth, kernel=kernel)) == radius


def test_receptive_radius_does_not_depend_on_the_weights():
    network = Toy(depth=4)
    for parameter in network.parameters():
        nn.init.zeros_(parameter)
    assert receptive_radius(network) == 4


def test_receptive_radius_of_preupsampled_networks_counts_in_lr_pixels():
    # Four 7x7 layers reach 12 HR = 4 LR pixels, and the interpolation 2 more.
    assert receptive_radius(Toy(3, "y", preupsampled=True, depth=4, kernel=7)) == 6


def test_receptive_radius_of_uneven_kernels():
    network = Toy(depth=2)
    network.layers[0] = nn.Conv2d(3, 6, (11, 1), padding=(5, 0))
    assert receptive_radius(network) == 6


def test_receptive_radius_is_unbounded_with_global_pooling_or_beyond_the_limit():
    assert receptive_radius(Toy(pooled=True)) is None
    assert receptive_radius(Toy(depth=20, kernel=5), limit=30) is None


@pytest.mark.parametrize("image", ["colour", "gray"])
@pytest.mark.parametrize(
    "network",
    [
        Toy(2, depth=3),
        Toy(3, "y", depth=3, kernel=5),
        Toy(4, "y", preupsampled=True),
        Toy(2, preupsampled=True),
        Bicubic(3),
    ],
    ids=["rgb", "y", "preupsampled-y", "preupsampled-rgb", "bicubic"],
)
def test_tiles_equal_the_whole(network, image, request):
    lr = np.tile(request.getfixturevalue(image), (3, 3, 1) if image == "colour" else (3, 3))
    whole = super_resolve(network, lr, UNROUNDED).image
    tiled = upscale_tiled(network, lr, UNROUNDED, tile=37)
    assert tiled.tiles == 9
    assert tiled.exact
    assert np.abs(tiled.image - whole).max() / 255 < 1e-5
    assert tiled.deviation < 1e-5
    rounded = upscale_tiled(network, lr, replace(UNROUNDED, sr_rounding=True), tile=37).image
    assert rounded.dtype == np.uint8
    assert np.abs(rounded - np.clip(whole, 0, 255)).max() < 0.51


def test_too_small_a_halo_is_reported(colour):
    lr = np.tile(colour, (2, 2, 1))
    network = Toy(depth=12, kernel=5)
    with torch.no_grad():
        for layer in network.layers:  # let distant pixels and the border matter
            layer.weight.abs_().mul_(2)
    whole = super_resolve(network, lr, UNROUNDED).image
    tiled = upscale_tiled(network, lr, UNROUNDED, tile=30, halo=4)
    assert not tiled.exact
    assert np.abs(tiled.image - whole).max() / 255 > 1e-3
    assert tiled.deviation > 1e-3


def test_deviation_is_reported_with_global_pooling(colour):
    # Bright on one side, dark on the other: tiles have other means than the image.
    lr = np.concatenate([colour // 8, 255 - colour // 8], axis=1)
    network = Toy(pooled=True)
    with torch.no_grad():
        network.layers[0].weight.mul_(5)
    whole = super_resolve(network, lr, UNROUNDED).image
    tiled = upscale_tiled(network, lr, UNROUNDED, tile=34, halo=4)
    assert not tiled.exact
    true = np.abs(tiled.image - whole).max() / 255
    assert true > 1e-4
    # Neighbours that err in opposite directions differ by up to twice the error of each.
    assert true / 5 < tiled.deviation < 2 * true + 1e-9


def test_one_tile_is_the_whole_image(colour):
    network = Toy(pooled=True)
    tiled = upscale_tiled(network, colour, RGB, tile=34)
    assert (tiled.tiles, tiled.exact, tiled.deviation) == (1, True, 0)
    np.testing.assert_array_equal(tiled.image, super_resolve(network, colour, RGB).image)


def test_tiles_bound_what_the_network_sees(colour):
    lr = np.tile(colour, (4, 4, 1))
    sizes = []

    class Watched(Toy):
        def forward(self, x):
            sizes.append(max(x.shape[-2:]))
            return super().forward(x)

    upscale_tiled(Watched(), lr, tile=20, halo=3)
    probes = 64 + 1  # of the receptive radius
    assert max(size for size in sizes if size < probes - 1) <= 20 + 2 * 3


def test_tile_and_halo_must_be_positive(colour):
    for options in ({"tile": 0}, {"halo": 0}):
        with pytest.raises(ValueError, match="at least 1"):
            upscale_tiled(Bicubic(2), colour, **options)


MIRROR = os.environ.get("MESR_MIRROR")
ASSETS = Path(__file__).parents[3] / "pipeline" / "assets" / "files.csv"


def photographs(dataset):
    with ASSETS.open() as file:
        urls = [row["url"] for row in csv.DictReader(file) if row["asset"] == dataset]
    paths = [Path(MIRROR, url.removeprefix("https://")) for url in urls]
    if not all(path.is_file() for path in paths):
        pytest.skip(f"{dataset} is not in MESR_MIRROR")
    return sorted(paths)


@pytest.mark.skipif(MIRROR is None, reason="MESR_MIRROR is not set: no benchmark images")
@pytest.mark.parametrize(
    ("dataset", "scale", "protocol", "psnr_db", "ssim"),
    [
        ("Set5", 2, Y, 33.66, 0.9299),
        ("Set5", 3, Y, 30.39, 0.8682),
        ("Set5", 4, Y, 28.42, 0.8104),
        ("Set14", 2, Y, 30.23, 0.8687),
        ("Set14", 3, Y, 27.54, 0.7736),
        ("Set14", 4, Y, 26.00, 0.7019),
        ("BSD100", 2, Y, 29.56, 0.8431),
        ("BSD100", 3, Y, 27.21, 0.7384),
        ("BSD100", 4, Y, 25.96, 0.6674),
        ("Set5", 2, RGB, 33.68, 0.9305),
        ("Set5", 3, RGB, 30.40, 0.8690),
        ("Set5", 4, RGB, 28.43, 0.8113),
        # The other family of tables of luma, whose code clips enlarged images.
        ("Set5", 2, VDSR, 33.66, 0.9299),
        ("Set5", 3, VDSR, 30.39, 0.8682),
        ("Set5", 4, VDSR, 28.42, 0.8104),
        ("Set14", 2, VDSR, 30.24, 0.8688),
        ("Set14", 3, VDSR, 27.55, 0.7742),
        ("Set14", 4, VDSR, 26.00, 0.7027),
        ("BSD100", 2, VDSR, 29.56, 0.8431),
        ("BSD100", 3, VDSR, 27.21, 0.7385),
        ("BSD100", 4, VDSR, 25.96, 0.6675),
    ],
)
def test_published_figures_of_bicubic(dataset, scale, protocol, psnr_db, ssim):
    found = [
        evaluate_image(Bicubic(scale), read_image(path), protocol) for path in photographs(dataset)
    ]
    assert np.mean([e.psnr_db for e in found]) == pytest.approx(psnr_db, abs=0.005)
    assert np.mean([e.ssim for e in found]) == pytest.approx(ssim, abs=0.00005)


@pytest.mark.skipif(MIRROR is None, reason="MESR_MIRROR is not set: no published weights")
def test_lr_pass_rounding_gives_the_log_of_pans_authors():
    # Their test log for the LR files that MATLAB wrote, Set5 x4. Without the option: 32.1403.
    with ASSETS.open() as file:
        url = next(row["url"] for row in csv.DictReader(file) if "PANx4" in row["url"])
    path = Path(MIRROR, url.removeprefix("https://"))
    if not path.is_file():
        pytest.skip("the weights of PAN x4 are not in MESR_MIRROR")
    network = PAN(4)
    network.load_state_dict(published_state_dict([path], 4))
    protocol = replace(RGB, lr_pass_rounding=True)
    found = [evaluate_image(network, read_image(path), protocol) for path in photographs("Set5")]
    assert np.mean([e.psnr_db for e in found]) == pytest.approx(32.1311, abs=2e-4)
    assert np.mean([e.ssim for e in found]) == pytest.approx(0.89481, abs=2e-5)
