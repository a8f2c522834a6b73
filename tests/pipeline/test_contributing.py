"""What docs/contributing.md promises: one file, one line, one entry."""

from pathlib import Path

import numpy as np
import pytest

from pipeline import complexity, degrade, evaluate, train
from pipeline.imaging.packed import pack_images
from pipeline.imaging.protocol import RGB
from pipeline.models import networks

ROOT = Path(__file__).parents[2]
NETWORK = """
from torch import Tensor, nn

from mesr.common.base import SRNetwork
from mesr.common.layers import SubPixelUpsampler


class ToyNet(SRNetwork):
    def __init__(self, scale: int, *, features: int = 64) -> None:
        super().__init__(scale)
        self.body = nn.Sequential(
            nn.Conv2d(3, features, 3, padding=1),
            SubPixelUpsampler(scale, features),
            nn.Conv2d(features, 3, 3, padding=1),
        )

    def forward(self, x: Tensor) -> tuple[Tensor]:
        return (self.body(x),)
"""


def test_a_network_from_another_folder_is_trained_evaluated_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "toynet.py").write_text(NETWORK, encoding="utf-8")  # one file
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(networks.NETWORKS, "toynet", "toynet:ToyNet")  # one line
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    for old, new in (
        ("networks:\n", "networks:\n  toynet:\n    features: 4\n"),  # one entry
        ("train: photos_train", "train: photos_toy"),
        ("- photos_train", "- photos_toy"),
        ("patch: 12", "patch: 8"),
        ("batch: 8", "batch: 2"),
        ("steps: 500", "steps: 2"),
        ("validate_every: 100", "validate_every: 1"),
    ):
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")

    rng = np.random.default_rng(0)
    hr = Path("data/hr/photos_toy.h5")
    pack_images([(n, rng.integers(0, 256, (48, 40, 3), dtype=np.uint8)) for n in "abc"], hr)
    degrade.degrade(hr, Path("data/lr/photos_toy_x2.h5"), 2)
    train.main(["toynet", "x2", "s0"])
    table = evaluate.evaluate("toynet_x2_s0", "photos_toy", RGB, [])

    assert set(table.model) == {"toynet"}
    assert len(table) == 3
    counted = complexity.count_all(["toynet"], [2], 72, 128)
    weights = 27 * 64 + 64 * 256 * 9  # on the LR grid; the last convolution on the HR grid
    assert counted.multi_adds.tolist() == [36 * 64 * weights + 72 * 128 * 64 * 27]
