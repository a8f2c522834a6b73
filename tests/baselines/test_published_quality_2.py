"""Published weights of PAN and A2F give the published quality on Set5.

The evaluation is spelt out here, independent of the study's: 8-bit LR from MATLAB's bicubic, 8-bit
SR, luma in floating point, a border of `scale` pixels left out.
"""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.metrics import structural_similarity
from torch import nn

from baselines import a2f, pan
from mesr.common.imresize import imresize

pytestmark = pytest.mark.skipif(
    not os.environ.get("MESR_MIRROR"), reason="MESR_MIRROR is not set: no published weights at hand"
)


def find(name: str, folder: str) -> Path:
    found = [p for p in Path(os.environ["MESR_MIRROR"]).rglob(name) if folder in str(p)]
    if not found:
        pytest.skip(f"{folder}/{name} is not in the mirror")
    return found[0]


def luma(rgb: np.ndarray) -> np.ndarray:
    return rgb.astype(np.float64) @ np.array([65.481, 128.553, 24.966]) / 255 + 16


def set5_quality(net: nn.Module, scale: int) -> tuple[float, float]:
    psnr, ssim = [], []
    for name in ("baby", "bird", "butterfly", "head", "woman"):
        with Image.open(find(f"{name}_GT.bmp", "Set5")) as file:
            hr = np.array(file.convert("RGB"))
        height, width = (size - size % scale for size in hr.shape[:2])
        hr = hr[:height, :width]
        x = torch.from_numpy(hr.astype(np.float64)).permute(2, 0, 1)[None]
        lr = imresize(x, scale=1 / scale).add(0.5 + 1e-9).floor().clamp(0, 255)
        with torch.inference_mode():
            output = net(lr.float() / 255)[-1]
        sr = output.mul(255).round().clamp(0, 255)[0].permute(1, 2, 0).numpy()
        a, b = (luma(image)[scale:-scale, scale:-scale] for image in (hr, sr))
        psnr.append(10 * np.log10(255**2 / np.mean((a - b) ** 2)))
        ssim.append(
            structural_similarity(
                a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
            )
        )
    return float(np.mean(psnr)), float(np.mean(ssim))


@pytest.mark.parametrize(
    ("scale", "psnr_db", "ssim"),
    # The authors' test logs. They read LR files that MATLAB wrote; with LR images computed
    # anew, as here, the figures move by up to 0.02 dB.
    [(2, 38.0007, 0.96049), (3, 34.4003, 0.92717), (4, 32.1311, 0.89481)],
)
def test_pan(scale: int, psnr_db: float, ssim: float) -> None:
    net = pan.PAN(scale).eval()
    path = find(Path(pan.PUBLISHED[scale - 2].files[0]).name, "PAN")
    net.load_state_dict(pan.published_state_dict([path], scale))
    measured = set5_quality(net, scale)
    assert measured == (pytest.approx(psnr_db, abs=0.02), pytest.approx(ssim, abs=0.001))


@pytest.mark.parametrize(
    ("variant", "scale", "psnr_db", "ssim"),
    # As the DRSAN paper's table quotes them; it leaves out S and SD at x4, whose PSNR is the
    # A2F paper's.
    [
        ("SD", 2, 37.91, 0.9602),
        ("SD", 3, 34.23, 0.9259),
        ("SD", 4, 32.06, None),
        ("S", 3, 34.06, 0.9241),
        ("S", 4, 31.87, None),
        ("M", 3, 34.50, 0.9278),
        ("M", 4, 32.28, 0.8955),
    ],
)
def test_a2f(variant: str, scale: int, psnr_db: float, ssim: float | None) -> None:
    net = a2f.A2F(scale, variant=variant).eval()
    # The mirror keeps the authors' layout: one folder per network, all files of one name.
    path = find("model_best.pt", f"AAF_{variant}_x{scale}")
    net.load_state_dict(a2f.published_state_dict([path], scale))
    measured_psnr, measured_ssim = set5_quality(net, scale)
    assert measured_psnr == pytest.approx(psnr_db, abs=0.02)
    if ssim is not None:
        assert measured_ssim == pytest.approx(ssim, abs=0.001)
