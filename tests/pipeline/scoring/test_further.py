"""Further metrics: against independent implementations, and without any download."""

import socket
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import lpips
import numpy as np
import piq
import pytest
import torch
import torchvision
from pyiqa.default_model_configs import DEFAULT_CONFIGS
from skimage.data import astronaut, camera
from skimage.measure import shannon_entropy
from torch import nn
from torchmetrics.functional.image import dists

from pipeline.imaging.protocol import RGB, Y
from pipeline.imaging.tensors import resize_image
from pipeline.scoring.further import FurtherMetrics, metric_input
from pipeline.study.further_metrics import FURTHER
from pipeline.support.errors import UserError

# The largest deviations from the other implementations on these images; docs/protocols.md has them.
TOLERANCE = {"fsim": 2e-7, "vsi": 2e-7, "ms_ssim": 5e-6, "gmsd": 5e-6, "entropy": 5e-5}
SCALE = 4


def blurred(image):
    """Bicubic down and up again: what a benchmark scores."""
    low = resize_image(image, scale=1 / SCALE)
    return np.clip(np.round(resize_image(low, scale=SCALE)), 0, 255)


HR = astronaut()[:256, :256]
SR = blurred(HR)


def inside(image):
    return metric_input(image[SCALE:-SCALE, SCALE:-SCALE])


def luma(image):
    """Full-range luma of YIQ, rounded to 8 bits as pyiqa rounds it, in [0, 1]."""
    weights = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    return ((inside(image) * weights).sum(1, keepdim=True) * 255).round() / 255


def measured(name, weights=(), **images):
    metrics = FurtherMetrics({name: weights})
    sr, hr = images.get("sr", SR), images.get("hr", HR)
    return metrics.score(sr, hr, SCALE, RGB)[name]


INDEPENDENT = {
    "fsim": lambda: piq.fsim(inside(SR), inside(HR)),
    "vsi": lambda: piq.vsi(inside(SR), inside(HR)),
    "ms_ssim": lambda: piq.multi_scale_ssim(luma(SR), luma(HR), data_range=1.0),
    "gmsd": lambda: piq.gmsd(luma(SR), luma(HR)),
    "entropy": lambda: shannon_entropy((luma(SR) * 255).numpy()),
}


@pytest.mark.parametrize("name", INDEPENDENT)
def test_equal_to_an_independent_implementation(name):
    assert abs(measured(name) - float(INDEPENDENT[name]())) < TOLERANCE[name]


def test_what_is_scored_is_inside_the_border_and_rounded_to_8_bits():
    noisy = SR.copy()
    noisy[:SCALE] = noisy[-SCALE:] = 255.0
    noisy[:, :SCALE] = noisy[:, -SCALE:] = 0.0
    assert measured("gmsd", sr=noisy) == measured("gmsd")
    assert measured("gmsd", sr=SR + 0.4) == measured("gmsd")
    assert measured("gmsd", sr=SR + 3) != measured("gmsd")
    assert measured("piqe") == measured("piqe", hr=np.zeros_like(HR))  # needs no reference


def test_gray_images_and_luma_are_scored_as_three_equal_channels():
    gray = camera()[:256, :256]
    sr = blurred(gray)
    metrics = FurtherMetrics({"gmsd": (), "piqe": ()})
    stacked = [np.stack([i] * 3, axis=-1) for i in (sr, gray)]
    assert metrics.score(sr, gray, SCALE, Y) == metrics.score(*stacked, SCALE, RGB)


def test_metrics_without_weights_ask_nothing_of_the_network(monkeypatch):
    def refuse(*_):
        pytest.fail("asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    metrics = FurtherMetrics({name: () for name, metric in FURTHER.items() if not metric.weights})
    found = metrics.score(HR, HR, SCALE, RGB)  # identical images have the best score
    best = dict.fromkeys(("ms_ssim", "cw_ssim", "fsim", "vif", "vsi"), 1)
    best |= dict.fromkeys(("gmsd", "nlpd", "mad"), 0)
    assert {name: found[name] for name in best} == pytest.approx(best, abs=5e-6)
    small = np.zeros((40, 44, 3), dtype=np.uint8)
    with pytest.raises(UserError, match=r"set/a: \w+ cannot be computed on the 36x32 pixels"):
        metrics.score(small, small, SCALE, RGB, name="set/a")


# -- Weights --------------------------------------------------------------------------------------


@cache
def backbone(name: str) -> nn.Module:
    """The convolutions of a backbone of torchvision's, untrained."""
    torch.manual_seed(0)
    with torch.device("meta"):
        features = getattr(torchvision.models, name)(weights=None).features
    features.to_empty(device="cpu")
    for parameter in features.parameters():
        nn.init.kaiming_normal_(parameter) if parameter.dim() > 1 else nn.init.zeros_(parameter)
    return features


def backbone_file(name: str, folder: Path) -> Path:
    """Write a backbone under the names that torchvision publishes it with."""
    path = folder / f"{name}.pth"
    torch.save({f"features.{n}": p for n, p in backbone(name).state_dict().items()}, path)
    return path


@pytest.mark.parametrize(
    ("name", "net", "features"), [("lpips", "alex", "alexnet"), ("lpips-vgg", "vgg", "vgg16")]
)
def test_lpips_is_that_of_its_authors(name, net, features, tmp_path, monkeypatch):
    own = Path(lpips.__file__).parent / f"weights/v0.1/{net}.pth"
    weights = backbone_file(features, tmp_path), own
    untrained = SimpleNamespace(features=backbone(features))
    with monkeypatch.context() as patch:
        patch.setattr(torchvision.models, features, lambda **_: untrained)
        reference = lpips.LPIPS(net=net, pnet_rand=True, verbose=False).eval()
    with torch.no_grad():
        expected = float(reference(inside(SR), inside(HR), normalize=True))
    assert expected > 1e-6
    assert measured(name, weights) == pytest.approx(expected, rel=1e-5)


def test_dists_is_that_of_torchmetrics(tmp_path, monkeypatch):
    monkeypatch.setattr(dists, "vgg16", lambda **_: SimpleNamespace(features=backbone("vgg16")))
    own = Path(dists.__file__).parent / "dists_models/weights.pt"
    with torch.no_grad():
        expected = float(dists.DISTSNetwork().eval()(inside(SR), inside(HR)))
    assert expected > 1e-6
    weights = backbone_file("vgg16", tmp_path), own
    assert measured("dists", weights) == pytest.approx(expected, rel=1e-4)


def test_weights_of_another_network_are_refused(tmp_path):
    own = Path(lpips.__file__).parent / "weights/v0.1/vgg.pth"
    with pytest.raises(ValueError, match=r"the weights have no features\.0\.weight of shape"):
        FurtherMetrics({"lpips-vgg": (backbone_file("alexnet", tmp_path), own)})


@pytest.mark.parametrize("name", FURTHER)
def test_catalogue_agrees_with_pyiqa(name):
    assert DEFAULT_CONFIGS[name].get("lower_better", False) == FURTHER[name].lower_is_better
