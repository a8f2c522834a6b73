"""Authors' weights give the Set5 figures that the authors (or later tables) published."""

import os
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from baselines import idn, lapsrn, srcnn, vdsr
from pipeline.imaging.images import read_image
from pipeline.imaging.protocol import LAPSRN, SRCNN, VDSR, Protocol, Y
from pipeline.scoring.evaluation import evaluate_image

MIRROR = os.environ.get("MESR_MIRROR")
SET5 = "Zheng222/IDN-Caffe/*/test/test_data/Set5"
VDSR_FILE = "huangzehao/caffe-vdsr/*/Test/VDSR_Official.mat"
VDSR_PYTORCH_FILE = "twtygqyy/pytorch-vdsr/*/model/model_epoch_50.pth"
SRCNN_FILE = "Guominyingxiongququ/superResolution/*/libs/SRCNN/x{scale}.mat"
LAPSRN_FILE = "phoenix104104/LapSRN/*/pretrained_models/LapSRN_x{scale}.mat"
IDN_FILE = "Zheng222/IDN-Caffe/*/test/caffemodel/IDN_x{scale}.caffemodel"

Read = Callable[[Sequence[Path], int], dict[str, Tensor]]

pytestmark = pytest.mark.skipif(MIRROR is None, reason="MESR_MIRROR is not set")


def _files(pattern: str) -> list[Path]:
    return sorted(Path(str(MIRROR), "raw.githubusercontent.com").glob(pattern))


@cache
def _set5() -> list[np.ndarray]:
    (folder,) = _files(SET5)
    images = [read_image(path) for path in sorted(folder.glob("*.bmp"))]
    assert len(images) == 5
    return images


def _check(
    network: nn.Module, read: Read, pattern: str, protocol: Protocol, expected: float
) -> None:
    files = _files(pattern)
    if not files:
        pytest.skip(f"{pattern} is not in MESR_MIRROR")
    network.load_state_dict(read(files, int(network.scale)))
    with torch.no_grad():
        scores = [evaluate_image(network, image, protocol).psnr_db for image in _set5()]
    assert np.mean(scores) == pytest.approx(expected, abs=0.0075)


# TPAMI's table of the 9-1-5 network of ECCV 2014: 36.34, 32.39, 30.09 dB.
@pytest.mark.parametrize(("scale", "psnr_db"), [(2, 36.34), (3, 32.39), (4, 30.08)])
def test_srcnn(scale: int, psnr_db: float) -> None:
    network = srcnn.SRCNN(scale, variant="9-1-5")
    file = SRCNN_FILE.format(scale=scale)
    _check(network, srcnn.published_state_dict, file, SRCNN, psnr_db)


# One file for all scales; x2 and x4 (37.53, 31.35 dB) cost as much as x3 and are certified apart.
def test_vdsr() -> None:
    _check(vdsr.VDSR(3), vdsr.published_state_dict, VDSR_FILE, VDSR, 33.66)


@pytest.mark.parametrize(
    ("scale", "file", "psnr_db"), [(2, 2, 37.52), (3, 4, 33.81), (4, 4, 31.54)]
)
def test_lapsrn(scale: int, file: int, psnr_db: float) -> None:
    path = LAPSRN_FILE.format(scale=file)
    _check(lapsrn.LapSRN(scale), lapsrn.published_state_dict, path, LAPSRN, psnr_db)


# The paper has 31.82 dB at x4.
@pytest.mark.parametrize(("scale", "psnr_db"), [(2, 37.83), (3, 34.11), (4, 31.81)])
def test_idn(scale: int, psnr_db: float) -> None:
    _check(idn.IDN(scale), idn.published_state_dict, IDN_FILE.format(scale=scale), Y, psnr_db)


def test_third_party_vdsr_beats_the_authors_on_a_small_image() -> None:
    """Its README has 33.77 dB at x3 for Set5, the paper 33.66."""
    butterfly = min(_set5(), key=np.size)
    scores = []
    for network, pattern in (
        (vdsr.VDSR(3), VDSR_FILE),
        (vdsr.VDSR(3, bias=False), VDSR_PYTORCH_FILE),
    ):
        network.load_state_dict(vdsr.published_state_dict(_files(pattern), 3))
        scores.append(evaluate_image(network, butterfly, Y).psnr_db)
    assert 0 < scores[1] - scores[0] < 0.5
