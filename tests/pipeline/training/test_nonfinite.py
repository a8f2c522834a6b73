import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from pipeline.imaging.packed import PackedImages
from pipeline.support.errors import UserError
from pipeline.training.patches import PatchSampler, hold_out
from tests.pipeline.training.toy import PlainToy, make_data, train_toy


@pytest.fixture
def folder(tmp_path):
    make_data(tmp_path)
    return tmp_path


class Explodes(PlainToy):
    """Fails in the forward pass of step 5."""

    calls = 0

    def forward(self, x):
        coarse, fine = super().forward(x)
        self.calls += 1
        return coarse, fine + self.poison() if self.calls == 6 else fine

    def poison(self):
        return self.weight * torch.inf


class ExplodesBackward(Explodes):
    """Has a finite loss at step 5, but not a finite gradient."""

    def poison(self):
        return (self.weight * 0).sqrt()


@pytest.mark.parametrize("network", [Explodes, ExplodesBackward])
def test_nonfinite_step_stops_with_a_dump(folder, network):
    options = {"schedule": "constant", "validate_every": 100, "seed": 4}
    with pytest.raises(UserError, match=r"run: step 5: loss .* gradient norm") as caught:
        train_toy(folder, "run", network, **options)
    assert not (folder / "run").exists()
    (report_path,) = (folder / "checkpoints").glob("*/nonfinite.json")
    assert str(report_path) in str(caught.value)
    report = json.loads(report_path.read_text())
    assert report["step"] == 5
    assert "weight" in report["parameters_with_nonfinite_gradient"]
    assert len(report["patches"]) == 4
    dump = load_file(report_path.with_suffix(".safetensors"))
    hr, lr = PackedImages(folder / "hr.h5"), PackedImages(folder / "lr.h5")
    sampler = PatchSampler(hr, lr, hold_out(list(hr), 1)[0], scale=2, patch=8, seed=4)
    np.testing.assert_array_equal(dump["lr"], sampler.batch(5, range(4)).lr)
    np.testing.assert_array_equal(dump["hr"], sampler.batch(5, range(4)).hr)
    # The weights are those that five good steps leave.
    train_toy(folder, "five", PlainToy, steps=5, **options)
    for name, value in load_file(folder / "five" / "weights.safetensors").items():
        torch.testing.assert_close(dump[f"network.{name}"], value, rtol=0, atol=0)
