"""Files in the structure of the authors': each tensor finds its place."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import torch
from torch import Tensor

from baselines import idn, lapsrn, srcnn, vdsr
from pipeline.models.networks import build_network
from tests.baselines.formulas import authors_state
from tests.baselines.weights.test_caffemodel import blob, layer

SMALL: dict[str, dict[str, Any]] = {
    "a2f": {"features": 4, "block_features": 8},
    "dasr": {"features": 4},
    "dpsr": {"features": 4},
    "idn": {},
    "msrn": {"features": 4},
}
OTHERS = {"dasr": {"E.encoder_k.E.0.weight": torch.ones(3), "E.queue_ptr": torch.ones(1)}}


def caffemodel(state: dict[str, Tensor]) -> bytes:
    """Encode weights and biases as Caffe does."""
    pairs = {name.rpartition(".")[0]: b"" for name in state}
    for name, tensor in state.items():
        pairs[name.rpartition(".")[0]] += blob(tensor.numpy().tobytes(), *tensor.shape)
    return b"".join(layer(name, blobs) for name, blobs in pairs.items())


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("model", SMALL)
def test_each_tensor_finds_its_place(model: str, scale: int, tmp_path: Path) -> None:
    shapes = build_network(model, scale, **SMALL[model]).state_dict()
    state = {name: torch.full_like(t, index) for index, (name, t) in enumerate(shapes.items())}
    official, path = authors_state(model, scale, state), tmp_path / "file"
    if model == "idn":
        path.write_bytes(caffemodel(official))
    else:
        torch.save(official | OTHERS.get(model, {}), path)
    found = importlib.import_module(f"baselines.{model}").published_state_dict([path], scale)
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in state.items())


def test_other_layers_are_named(tmp_path: Path) -> None:
    path = tmp_path / "IDN_x3.caffemodel"
    blobs = authors_state("idn", 3, build_network("idn", 3).state_dict())
    path.write_bytes(caffemodel({n: t for n, t in blobs.items() if not n.startswith("down2")}))
    with pytest.raises(ValueError, match=r"IDN_x3\.caffemodel.*missing \['down2'\]"):
        idn.published_state_dict([path], 3)
    path.write_bytes(caffemodel({n: t for n, t in blobs.items() if n != "conv1.bias"}))
    with pytest.raises(ValueError, match=r"IDN_x3\.caffemodel: layer 'conv1' has no pair"):
        idn.published_state_dict([path], 3)


# -- MATLAB's -------------------------------------------------------------------------------------


GENERATOR = np.random.default_rng(0)


def random(*shape: int) -> np.ndarray:
    return GENERATOR.normal(size=shape).astype(np.float32)


def lapsrn_params(levels: int) -> dict[str, np.ndarray]:
    layers: dict[str, tuple[int, ...]] = {"input_conv": (3, 3, 1, 64)}
    for level in range(levels, 0, -1):
        layers |= {f"level{level}_conv{depth}": (3, 3, 64, 64) for depth in range(1, 11)}
        layers[f"level{level}_upconv"] = (3, 3, 64, 64)
        layers[f"level{level}_residual_conv"] = (3, 3, 64)
    shapes = {f"{name}_f": shape for name, shape in layers.items()}
    shapes |= {f"{n}_b": (1, 1 if "residual" in n else 64) for n in layers}
    shapes |= {f"level{level}_img_up_f": (4, 4) for level in range(1, levels + 1)}
    return {name: random(*shape) for name, shape in shapes.items()}


def save_lapsrn(path: Path, params: dict[str, Any]) -> None:
    records = np.zeros((1, len(params)), [("name", object), ("value", object)])
    for n, (name, value) in enumerate(params.items()):
        records[0, n] = (name, value)
    scipy.io.savemat(path, {"net": {"params": records, "layers": np.zeros(2)}})


@pytest.mark.parametrize(("scale", "levels"), [(2, 1), (3, 2), (4, 2)])
def test_lapsrn_has_the_layout_of_matconvnet(tmp_path: Path, scale: int, levels: int) -> None:
    path, params = tmp_path / "LapSRN.mat", lapsrn_params(levels)
    save_lapsrn(path, params)
    net = lapsrn.LapSRN(scale)
    net.load_state_dict(lapsrn.published_state_dict([path], scale))
    first, last = net.levels[0], net.levels[-1]
    conv = params[f"level{levels}_conv3_f"]  # stored (h, w, in, out); the first level counts most
    assert first.convs[2].weight[9, 7, 0, 2].item() == conv[0, 2, 7, 9]
    upconv = params["level1_upconv_f"]  # stored (h, w, out, in); torch has (in, out, h, w)
    assert last.upsample.weight[9, 7, 0, 2].item() == upconv[0, 2, 7, 9]
    residual = params["level1_residual_conv_f"]
    assert last.residual.weight[0, 5, 0, 2].item() == residual[0, 2, 5]
    assert last.upsample_image.weight[0, 0, 1, 3].item() == params["level1_img_up_f"][1, 3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"level1_conv4_f": None}, "not the parameters of LapSRN x4; missing .*level1_conv4_f"),
        ({"level3_conv1_f": np.zeros(3)}, "unexpected .*level3_conv1_f"),
        ({"level1_conv4_b": np.zeros((1, 63))}, "level1_conv4_b .*expected numbers of shape"),
    ],
)
def test_other_parameters_of_lapsrn_are_named(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    path, params = tmp_path / "LapSRN_x4.mat", lapsrn_params(2) | change
    save_lapsrn(path, {name: value for name, value in params.items() if value is not None})
    with pytest.raises(ValueError, match=rf"LapSRN_x4\.mat: .*{message}"):
        lapsrn.published_state_dict([path], 4)


def test_no_matconvnet_model_is_refused(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "net.mat", {"net": {"weights": np.zeros(3)}})
    with pytest.raises(ValueError, match="not a MatConvNet model"):
        lapsrn.published_state_dict([tmp_path / "net.mat"], 4)


def test_vdsr_is_a_cell_of_kernels_and_one_of_biases(tmp_path: Path) -> None:
    path, widths = tmp_path / "VDSR_Official.mat", [1, *[64] * 19, 1]
    model = {"weight": np.empty((1, 20), object), "bias": np.empty((1, 20), object)}
    for n in range(20):
        model["weight"][0, n] = random(3, 3, widths[n], widths[n + 1])
        model["bias"][0, n] = random(widths[n + 1], 1)
    scipy.io.savemat(path, {"model": model}, do_compression=True)
    net = vdsr.VDSR(2)
    net.load_state_dict(vdsr.published_state_dict([path], 2))
    for number, (tap_y, tap_x, inputs, outputs) in ((0, (0, 2, 0, 7)), (5, (2, 1, 3, 60))):
        found = net.convs[number].weight[outputs, inputs, tap_y, tap_x].item()
        assert found == model["weight"][0, number][tap_y, tap_x, inputs, outputs]
    torch.testing.assert_close(net.convs[19].bias, torch.from_numpy(model["bias"][0, 19][:, 0]))
    model["weight"][0, 3] = "weights"
    scipy.io.savemat(path, {"model": model})
    with pytest.raises(ValueError, match=r"Official\.mat: model\.weight\{4\}.*expected numbers"):
        vdsr.published_state_dict([path], 2)


def test_a_missing_matrix_of_srcnn_is_named(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "SRCNN_915_x2.mat", {"weights_conv1": random(81, 64)})
    with pytest.raises(ValueError, match=r"SRCNN_915_x2\.mat.*weights_conv2"):
        srcnn.published_state_dict([tmp_path / "SRCNN_915_x2.mat"], 2)
