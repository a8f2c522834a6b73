"""From an HR image to its scores, and to the folder of an evaluation."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch.nn.functional as F
from PIL import Image
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio

from baselines.bicubic import Bicubic
from baselines.lapsrn import LapSRN
from baselines.pan import PAN, published_state_dict
from mesr.common.base import SRNetwork
from pipeline.assets.registry import find_asset, find_file
from pipeline.imaging.ensemble import SelfEnsemble
from pipeline.imaging.images import read_image
from pipeline.imaging.inference import super_resolve
from pipeline.imaging.packed import PackedImages, pack_images
from pipeline.imaging.protocol import PROTOCOLS, RGB, VDSR, Y
from pipeline.scoring.evaluation import (
    evaluate_dataset,
    evaluate_image,
    is_luma_of,
    prepare_given,
    save_images,
    score,
)
from pipeline.support.errors import UserError

COLOUR = np.random.default_rng(0).integers(0, 256, (29, 34, 3), dtype=np.uint8)
GRAY = np.ascontiguousarray(COLOUR[..., 1])
# Protocol ntire takes LR files as they are and makes none.
MADE_LR = {name: protocol for name, protocol in PROTOCOLS.items() if protocol.lr == "made"}


class TwoStages(SRNetwork):
    """A coarse image of noise added to copied pixels, its refinement, and a gate of known size."""

    def __init__(self, scale, domain="rgb", *, preupsampled=False, shift=5 / 255):
        super().__init__(scale)
        self.domain, self.preupsampled, self.shift = domain, preupsampled, shift

    def forward(self, x):
        fine = x if self.preupsampled else F.interpolate(x, scale_factor=self.scale)
        return fine + self.shift, fine

    def gate(self, coarse):
        return coarse / 2


@pytest.mark.parametrize("preupsampled", [False, True])
@pytest.mark.parametrize("domain", ["rgb", "y"])
@pytest.mark.parametrize("protocol", MADE_LR.values(), ids=MADE_LR)
@pytest.mark.parametrize("hr", [COLOUR, GRAY], ids=["colour", "gray"])
def test_any_network_on_any_image(domain, preupsampled, protocol, hr):
    found = evaluate_image(TwoStages(3, domain, preupsampled=preupsampled), hr, protocol)
    luma_alone = protocol.space == "y" or (hr.ndim == 2 and protocol.gray == "keep")
    shape = (27, 33) if luma_alone else (27, 33, 3)
    assert found.sr.shape == found.hr.shape == found.coarse[0].shape == shape
    assert found.lr.shape == (9, 11, *shape[2:])
    assert found.sr.dtype == np.uint8
    assert np.isfinite([found.psnr_db, found.coarse_psnr_db]).all()
    assert -1 <= found.ssim <= 1


def test_the_first_output_is_scored_under_the_same_protocol(tmp_path):
    found = evaluate_image(TwoStages(2), COLOUR, RGB)
    luma = [rgb2ycbcr(image[2:-2, 2:-2])[..., 0] for image in (found.coarse[0], found.hr)]
    expected = peak_signal_noise_ratio(*luma, data_range=255)
    assert found.coarse_psnr_db == pytest.approx(expected, abs=1e-9)
    assert found.coarse_psnr_db != found.psnr_db
    # LapSRN's first output is half as large, bicubic interpolation has one.
    smaller = evaluate_image(LapSRN(4), COLOUR[:28, :32], RGB)
    assert smaller.coarse_psnr_db is None
    save_images(tmp_path, smaller, with_inputs=False)
    assert [path.name for path in tmp_path.iterdir()] == ["sr.png"]
    assert evaluate_image(Bicubic(2), COLOUR, RGB).coarse_psnr_db is None


def test_the_gate_is_that_of_the_forward_pass():
    found = evaluate_image(TwoStages(2), COLOUR, RGB)
    coarse = found.lr / 255 + 5 / 255  # not rounded, not clipped
    assert found.gate_mean == pytest.approx(coarse.mean() / 2, abs=1e-6)
    assert found.gate_max == pytest.approx(coarse.max() / 2, abs=1e-6)
    for network in (Bicubic(2), SelfEnsemble(TwoStages(2))):
        without = evaluate_image(network, COLOUR)
        assert (without.gate_mean, without.gate_max) == (None, None)


def test_a_given_lr_image_is_used():
    lr = np.zeros((14, 17, 3), np.uint8)
    found = evaluate_image(Bicubic(2), COLOUR, RGB, lr=lr)
    assert found.sr.max() == 0
    np.testing.assert_array_equal(found.hr, COLOUR[:28])
    assert evaluate_image(Bicubic(2), GRAY, RGB, lr=lr[..., 0]).sr.shape == (28, 34, 3)
    with pytest.raises(UserError, match=r"a: the LR image is 17x13 pixels.*by 2 is 17x14"):
        evaluate_image(Bicubic(2), COLOUR, RGB, lr=lr[:13], name="a")
    with pytest.raises(UserError, match="ntire takes LR files as they are"):
        evaluate_image(Bicubic(2), COLOUR, PROTOCOLS["ntire"])


@pytest.mark.parametrize("protocol", [RGB, Y], ids=["rgb", "y"])
def test_stacking_gray_raises_psnr_by_the_width_of_the_studio_range(protocol):
    # Errors shrink with the range from 255 to 219 grey levels: 20 log10(255/219) = 1.32 dB.
    unrounded = replace(protocol, lr_rounding=False, luma_rounding=False, sr_rounding=False)
    kept, stacked = (
        evaluate_image(Bicubic(2), GRAY, replace(unrounded, gray=choice)).psnr_db
        for choice in ("keep", "replicate")
    )
    assert stacked - kept == pytest.approx(20 * np.log10(255 / 219), abs=1e-6)


def test_images_without_enough_to_score_are_refused():
    with pytest.raises(UserError, match=r"tiny: is 4x4 pixels; nothing is left"):
        evaluate_image(Bicubic(2), COLOUR[:5, :5], RGB, name="tiny")
    with pytest.raises(UserError, match=r"small: 10x10 pixels are left inside the border of 2"):
        evaluate_image(Bicubic(2), COLOUR[:14, :14], RGB, name="small")


def test_border_is_not_scored():
    hr = COLOUR[:28]
    sr = super_resolve(Bicubic(2), evaluate_image(Bicubic(2), hr, RGB).lr)[-1]
    spoiled = sr.copy()
    spoiled[:2] = spoiled[-2:] = 255 - hr[:2]
    spoiled[:, :2] = 255 - hr[:, :2]
    spoiled[:, -2:] = 0
    assert score(spoiled, hr, 2, RGB) == score(sr, hr, 2, RGB)
    assert score(spoiled, hr, 2, replace(RGB, border="none")) != score(sr, hr, 2, RGB)


def test_given_images_are_prepared_as_their_hr_images_are():
    sr, reference = prepare_given(GRAY[:28], GRAY, 2, RGB)
    assert sr.shape == reference.shape == (28, 34, 3)
    luma, reference = prepare_given(GRAY[:28], COLOUR, 2, RGB)
    assert (luma.shape, reference.shape) == ((28, 34), (28, 34, 3))
    assert is_luma_of(GRAY, COLOUR)
    assert not is_luma_of(GRAY, np.dstack([GRAY] * 3))
    with pytest.raises(UserError, match=r"a: the SR image is 34x29 .*of 2 is 34x28"):
        prepare_given(COLOUR, COLOUR, 2, RGB, "a")


def test_a_dataset_becomes_a_folder_of_scores_and_images(tmp_path):
    pack_images([("b", COLOUR), ("a", GRAY)], tmp_path / "toy.h5")
    images, folder = PackedImages(tmp_path / "toy.h5"), tmp_path / "evaluations/key/toy"
    network = TwoStages(2)
    table = evaluate_dataset(
        network, images, RGB, folder, keep=["b"], with_inputs=True, facts={"key": "key"}
    )
    assert list(table.image) == ["a", "b"]
    expected = evaluate_image(network, COLOUR, RGB)
    for column in ("psnr_db", "ssim", "coarse_psnr_db", "gate_mean", "gate_max"):
        assert table[column][1] == getattr(expected, column)
    pd.testing.assert_frame_equal(pd.read_csv(folder / "scores.csv"), table, rtol=0, atol=5e-7)
    assert [path.name for path in (folder / "images").iterdir()] == ["b"]
    kept = {path.stem: np.asarray(Image.open(path)) for path in (folder / "images/b").iterdir()}
    assert sorted(kept) == ["coarse", "hr", "lr", "sr"]
    for name, image in kept.items():
        whole = expected.coarse[0] if name == "coarse" else getattr(expected, name)
        np.testing.assert_array_equal(image, whole)
    record = json.loads((folder / "record.json").read_text())
    assert record == {
        "key": "key", "dataset": "toy", "protocol": "rgb", "images": 2,
        "data_digest": images.digest,
    }  # fmt: skip
    # What does not apply is empty; an earlier folder is replaced, and kept when something fails.
    evaluate_dataset(Bicubic(2), images, RGB, folder, keep=[])
    assert (folder / "scores.csv").read_text().splitlines()[1].endswith(",,,")
    assert not (folder / "images").exists()
    pack_images([("a", COLOUR), ("tiny", COLOUR[:9, :9])], tmp_path / "small.h5")
    before = (folder / "scores.csv").read_bytes()
    with pytest.raises(UserError, match="small/tiny: "):
        evaluate_dataset(Bicubic(2), PackedImages(tmp_path / "small.h5"), RGB, folder)
    assert (folder / "scores.csv").read_bytes() == before


# -- Published figures ----------------------------------------------------------------------------

MIRROR = os.environ.get("MESR_MIRROR")


def photographs(dataset):
    paths = [file.mirror_path(Path(MIRROR)) for file in find_asset(dataset).files]
    if not all(path.is_file() for path in paths):
        pytest.skip(f"{dataset} is not in MESR_MIRROR")
    return sorted(paths)


# Each at x2, x3, x4. The tables that VDSR stands for clip enlarged images.
BICUBIC = [
    ("Set5", Y, (33.66, 30.39, 28.42), (0.9299, 0.8682, 0.8104)),
    ("Set14", Y, (30.23, 27.54, 26.00), (0.8687, 0.7736, 0.7019)),
    ("BSD100", Y, (29.56, 27.21, 25.96), (0.8431, 0.7384, 0.6674)),
    ("Set5", RGB, (33.68, 30.40, 28.43), (0.9305, 0.8690, 0.8113)),
    ("Set14", VDSR, (30.24, 27.55, 26.00), (0.8688, 0.7742, 0.7027)),
]


@pytest.mark.skipif(MIRROR is None, reason="MESR_MIRROR is not set: no benchmark images")
@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize(("dataset", "protocol", "psnr_db", "ssim"), BICUBIC)
def test_published_figures_of_bicubic(dataset, protocol, psnr_db, ssim, scale):
    found = [
        evaluate_image(Bicubic(scale), read_image(path), protocol) for path in photographs(dataset)
    ]
    assert np.mean([e.psnr_db for e in found]) == pytest.approx(psnr_db[scale - 2], abs=0.005)
    assert np.mean([e.ssim for e in found]) == pytest.approx(ssim[scale - 2], abs=0.00005)


@pytest.mark.skipif(MIRROR is None, reason="MESR_MIRROR is not set: no published weights")
def test_lr_pass_rounding_gives_the_log_of_pans_authors():
    # Their test log for the LR files that MATLAB wrote, Set5 x4. Without the option: 32.1403.
    path = find_file("PAN/PANx4_DF2K.pth").mirror_path(Path(MIRROR))
    if not path.is_file():
        pytest.skip("the weights of PAN x4 are not in MESR_MIRROR")
    network = PAN(4)
    network.load_state_dict(published_state_dict([path], 4))
    protocol = replace(RGB, lr_pass_rounding=True)
    found = [evaluate_image(network, read_image(path), protocol) for path in photographs("Set5")]
    assert np.mean([e.psnr_db for e in found]) == pytest.approx(32.1311, abs=2e-4)
    assert np.mean([e.ssim for e in found]) == pytest.approx(0.89481, abs=2e-5)
