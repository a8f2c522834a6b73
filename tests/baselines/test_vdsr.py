from pathlib import Path

import numpy as np
import pytest
import scipy.io
import torch

from baselines.vdsr import VDSR, published_state_dict
from tests.baselines.formulas import conv


def test_is_the_input_plus_a_chain_of_convolutions() -> None:
    torch.manual_seed(0)
    net, x = VDSR(2, features=5, depth=3), torch.rand(2, 1, 6, 7)
    y = x
    for number, layer in enumerate(net.convs):
        y = conv(y, layer.weight, layer.bias)
        y = y if number == 2 else y.clamp(min=0)
    torch.testing.assert_close(net(x)[-1], x + y)


def test_initialisation_is_hes() -> None:
    torch.manual_seed(0)
    net = VDSR(2)
    hidden = torch.cat([conv.weight.flatten() for conv in net.convs[1:-1]])
    assert hidden.std().item() == pytest.approx((2 / (9 * 64)) ** 0.5, rel=0.01)
    assert all(not conv.bias.any() for conv in net.convs)


Model = dict[str, np.ndarray]


def _model() -> Model:
    generator = np.random.default_rng(0)
    widths = [1, *[64] * 19, 1]
    cells = {"weight": np.empty((1, 20), object), "bias": np.empty((1, 20), object)}
    for n in range(20):
        shape = (3, 3, widths[n], widths[n + 1])
        cells["weight"][0, n] = generator.normal(size=shape).astype(np.float32)
        cells["bias"][0, n] = generator.normal(size=(shape[-1], 1)).astype(np.float32)
    return cells


def test_reads_the_layout_of_matconvnet(tmp_path: Path) -> None:
    path, model = tmp_path / "VDSR_Official.mat", _model()
    scipy.io.savemat(path, {"model": model}, do_compression=True)
    state = published_state_dict([path], 2)
    net = VDSR(2)
    net.load_state_dict(state)
    for layer, (tap_y, tap_x, inputs, outputs) in ((0, (0, 2, 0, 7)), (5, (2, 1, 3, 60))):
        found = net.convs[layer].weight[outputs, inputs, tap_y, tap_x].item()
        assert found == model["weight"][0, layer][tap_y, tap_x, inputs, outputs]
    torch.testing.assert_close(net.convs[19].bias, torch.from_numpy(model["bias"][0, 19][:, 0]))


@pytest.mark.parametrize("other", [np.zeros((3, 3, 64, 63), np.float32), "weights"])
def test_spoiled_model_is_refused(tmp_path: Path, other: object) -> None:
    path, model = tmp_path / "VDSR_Official.mat", _model()
    model["weight"][0, 3] = other
    scipy.io.savemat(path, {"model": model})
    with pytest.raises(ValueError, match=r"Official\.mat: model\.weight\{4\}.*expected numbers"):
        published_state_dict([path], 2)
