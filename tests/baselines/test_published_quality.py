"""Published weights give the published PSNR and SSIM on Set5.

The evaluations of the networks' authors are spelt out here, independent of the study's. RGB
networks: 8-bit LR images from MATLAB's bicubic, 8-bit SR images, luma in floating point. Luma
networks: 8-bit luma, LR images that are not rounded. LapSRN: nothing rounded but the SR image.
`scale` pixels are left out at the border.
"""

import csv
import os
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.metrics import structural_similarity
from torch import Tensor

from mesr.common.base import SRNetwork
from mesr.common.imresize import imresize
from pipeline.assets.registry import find_asset, find_file
from pipeline.models.networks import build_network
from pipeline.models.published_weights import published_weights

ROOT = Path(__file__).parents[2]
MIRROR = os.environ.get("MESR_MIRROR")
pytestmark = pytest.mark.skipif(not MIRROR, reason="MESR_MIRROR is not set")

# Of files that differ by the scale alone, one or two; x2 takes longest.
SCALES = {
    ("srcnn", "9-1-5"): (2, 3, 4), ("vdsr", ""): (3,), ("lapsrn", ""): (2, 3, 4),
    ("idn", ""): (3, 4), ("pan", ""): (3, 4), ("a2f", "SD"): (2, 4), ("a2f", "S"): (3,),
    ("a2f", "M"): (4,),
}  # fmt: skip
WANG = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
CASES = [(*size, scale) for size, scales in SCALES.items() for scale in scales]


def published_figures(model: str, variant: str, scale: int) -> tuple[str, str]:
    """PSNR in dB and SSIM as printed; "" where there is none."""
    with (ROOT / "published" / "quality.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            key = row["model"], row["variant"], row["scale"], row["dataset"]
            if key == (model, variant, str(scale), "Set5"):
                return row["psnr_db"], row["ssim"]
    pytest.fail("no such figure")


def published_network(model: str, variant: str, scale: int) -> SRNetwork:
    entry = next(w for w in published_weights(model, scale) if w.variant == variant)
    paths = [find_file(file).mirror_path(Path(str(MIRROR))) for file in entry.files]
    if not all(path.is_file() for path in paths):
        pytest.skip("the weights are not in MESR_MIRROR")
    network = build_network(model, scale, **entry.settings)
    network.load_state_dict(import_module(f"baselines.{model}").published_state_dict(paths, scale))
    return network.eval()


def rounded(x: Tensor) -> Tensor:
    """Round as MATLAB does; what misses a half by rounding errors alone is one."""
    return x.add(0.5 + 1e-9).floor().clamp(0, 255)


def luma(rgb: Tensor) -> Tensor:
    """BT.601 studio luma of (1, 3, H, W), all in 0..255."""
    weights = torch.tensor([65.481, 128.553, 24.966], dtype=torch.float64) / 255
    return torch.einsum("c,bchw->bhw", weights, rgb)[:, None] + 16


def super_resolved(network: SRNetwork, model: str, hr: Tensor) -> tuple[Tensor, Tensor]:
    """Luma of the HR and of the SR image, (1, 1, H, W) in 0..255."""
    scale = network.scale
    if network.domain == "rgb":
        sr = run(network, rounded(imresize(hr, scale=1 / scale)))
        return luma(hr), luma(rounded(sr))
    if model == "lapsrn":
        lr = imresize(hr, scale=1 / scale)
        enlarged = imresize(lr, scale=scale)
        # Chroma is that of the enlarged image: the difference of lumas is added to R, G and B.
        sr = enlarged + (run(network, luma(lr)) - luma(enlarged)) * 255 / 219
        return luma(hr), luma(rounded(sr))
    reference = rounded(luma(hr))
    x = imresize(reference, scale=1 / scale)
    if network.preupsampled:
        x = imresize(x, scale=scale)
    if model == "vdsr":  # its authors' rgb2ycbcr clips to the range of studio luma
        x = x.clamp(16, 235)
    return reference, rounded(run(network, x))


def run(network: SRNetwork, x: Tensor) -> Tensor:
    with torch.inference_mode():
        return network((x / 255).float())[-1].double() * 255


@pytest.mark.parametrize(("model", "variant", "scale"), CASES)
def test_published_weights_give_the_published_figures(model: str, variant: str, scale: int) -> None:
    network = published_network(model, variant, scale)
    psnr, ssim = [], []
    for file in find_asset("Set5").files:
        with Image.open(file.mirror_path(Path(str(MIRROR)))) as image:
            pixels = np.array(image.convert("RGB"), np.float64)
        height, width = (size - size % scale for size in pixels.shape[:2])
        hr = torch.from_numpy(pixels[:height, :width]).permute(2, 0, 1)[None]
        planes = super_resolved(network, model, hr)
        a, b = (y[0, 0, scale:-scale, scale:-scale].numpy() for y in planes)
        psnr.append(10 * np.log10(255**2 / np.mean((a - b) ** 2)))
        ssim.append(structural_similarity(a, b, **WANG))
    assert len(psnr) == 5
    figures = zip((psnr, ssim), published_figures(model, variant, scale), strict=True)
    for (measured, printed), tolerance in zip(figures, (0.02, 0.001), strict=True):
        # MATLAB's `ssim`, which LapSRN's authors used, continues images beyond their borders.
        if printed and not (measured is ssim and model == "lapsrn"):
            assert np.mean(measured) == pytest.approx(float(printed), abs=tolerance)
