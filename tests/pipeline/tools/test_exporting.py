"""Files for other programs against the networks that they were made of."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from baselines import idn
from mesr.common.base import SRNetwork
from mesr.common.imresize import imresize
from pipeline.assets.fetching import fetch_assets
from pipeline.models.networks import build_network, network_names
from pipeline.models.published_weights import load_published
from pipeline.support.errors import UserError
from pipeline.tools import exporting
from pipeline.tools.exporting import enlarge, export_subject
from pipeline.tools.selection import TOY, Subject
from tests.pipeline.tools.networks import WindowAttention

# As small as each network can be: what is tried is its operations.
SMALL: dict[str, dict[str, Any]] = {
    "a2f": {"variant": "SD", "features": 4, "depth": 2, "block_features": 4},
    "bicubic": {},
    "dasr": {"features": 8, "depth": 1, "blocks": 1},
    "defian": {"features": 16, "depth": 1, "blocks": 1},
    "dpsr": {"features": 4, "depth": 2},
    "drcn": {"features": 4, "recursions": 2},
    "drsan": {"features": 8, "depth": 2, "units": 2, "squeezed": 4},
    "idn": {"features": 16, "blocks": 1},
    "lapar": {"variant": "C", "features": 4, "depth": 1},
    "lapsrn": {"features": 4, "depth": 1},
    "mesr": {"features": 8, "branch_features": 3, "blocks": 2, "refinement_features": 4},
    "msrn": {"features": 4, "blocks": 2},
    "pan": {"features": 8, "upsampler_features": 4, "depth": 2},
    "srcnn": {"features": (4, 4)},
    "vdsr": {"features": 4, "depth": 3},
}


def small(name: str, scale: int = 4) -> SRNetwork:
    """A small network whose outputs are of the size of images, as those of trained networks are."""
    torch.manual_seed(0)
    network = build_network(name, scale, **SMALL[name])
    if name in ("dpsr", "srcnn"):  # begin with outputs near zero
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    return network


def export(network: SRNetwork, target: Path, **facts: Any) -> tuple[dict[str, str], float]:
    return export_subject(Subject(network, "net", "", "trained", **facts), target)


def onnx_image(path: Path, x: Tensor) -> Tensor:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return torch.from_numpy(session.run(None, {"lr": x.numpy()})[0])


def pt2_image(path: Path, x: Tensor) -> Tensor:
    with torch.inference_mode():
        return torch.export.load(path).module()(x)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("size", [(8, 8), (9, 14)])
def test_enlarging_by_a_convolution_is_imresize(scale: int, size: tuple[int, int]) -> None:
    x = torch.rand(2, 3, *size, dtype=torch.float64)
    torch.testing.assert_close(enlarge(x, scale), imresize(x, scale=scale), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "suffix"),
    [*((name, ".onnx") for name in network_names()), ("mesr", ".pt2"), ("idn", ".pt2")],
)
def test_a_network_becomes_a_file_for_any_size(name: str, suffix: str, tmp_path: Path) -> None:
    network, path = small(name), tmp_path / f"net{suffix}"
    _, deviation = export(network, path)
    assert deviation <= 1e-5
    x = torch.rand(1, 1 if network.domain == "y" else 3, 13, 29)  # a fourth size
    with torch.inference_mode():
        expected = network.eval()(imresize(x, scale=4) if network.preupsampled else x)[-1].float()
    found = (onnx_image if suffix == ".onnx" else pt2_image)(path, x)
    assert found.shape == (1, x.shape[1], 4 * 13, 4 * 29)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_files_say_what_they_are(tmp_path: Path) -> None:
    network = small("vdsr", 3)
    said, _ = export(network, tmp_path / "vdsr.onnx", seed=1, licence="terms", toy=True)
    model = onnx.load(tmp_path / "vdsr.onnx")
    assert [(s.domain, s.version) for s in model.opset_import] == [("", 18)]
    facts = {entry.key: entry.value for entry in model.metadata_props}
    assert facts.items() >= said.items()
    expected = {"network": "net", "weights": "trained", "licence": "terms", "seed": "1",
                "scale": "3", "domain": "BT.601 luma", "range": "16/255 to 235/255",
                "opset": "18", "purpose": TOY}  # fmt: skip
    assert facts.items() >= expected.items()
    shape = model.graph.input[0].type.tensor_type.shape.dim
    assert [d.dim_param or d.dim_value for d in shape] == [1, 1, "height", "width"]
    extra = {"metadata.json": ""}
    said, _ = export(network, tmp_path / "vdsr.pt2")
    torch.export.load(tmp_path / "vdsr.pt2", extra_files=extra)
    assert json.loads(extra["metadata.json"]) == said


@pytest.mark.skipif("MESR_MIRROR" not in os.environ, reason="MESR_MIRROR is not set")
@pytest.mark.parametrize(("name", "asset"), [("pan", "PAN"), ("vdsr", "VDSR")])
def test_published_weights_keep_the_tolerance(name: str, asset: str, tmp_path: Path) -> None:
    # Trained weights multiply what rounding leaves; random ones hide it.
    fetch_assets([asset], tmp_path)
    _, deviation = export(load_published(name, 4, raw=tmp_path / "raw"), tmp_path / "net.onnx")
    assert deviation <= 1e-5


def test_sigmoids_are_written_out(tmp_path: Path) -> None:
    # onnxruntime approximates the operator; published weights of PAN then miss the tolerance.
    export(small("pan"), tmp_path / "pan.onnx")
    operators = {node.op_type for node in onnx.load(tmp_path / "pan.onnx").graph.node}
    assert "Exp" in operators
    assert "Sigmoid" not in operators
    extreme = torch.tensor([-1e4, -90.0, 0.0, 90.0, 1e4])
    torch.testing.assert_close(exporting._sigmoid(extreme), extreme.sigmoid())


def test_export_leaves_the_network_as_it_was(tmp_path: Path) -> None:
    network = small("idn").train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    export(network, tmp_path / "idn.pt2")
    assert network.training
    assert network.state_dict().keys() == before.keys()
    assert all(torch.equal(t, before[n]) for n, t in network.state_dict().items())
    assert all(p.requires_grad for p in network.parameters())
    assert idn.imresize is imresize


class Picky(SRNetwork):
    """Depends on the values of the image."""

    def forward(self, x: Tensor) -> tuple[Tensor]:
        big = x.repeat_interleave(2, -1).repeat_interleave(2, -2)
        return (big if float(x.mean()) > 0.5 else -big,)


class Chance(SRNetwork):
    """Gives another image each time."""

    def forward(self, x: Tensor) -> tuple[Tensor]:
        big = x.repeat_interleave(2, -1).repeat_interleave(2, -2)
        return (big + 1e-3 * torch.rand_like(big),)


@pytest.mark.parametrize(
    ("network", "file", "message"),
    [
        (small("lapsrn", 3), "a.onnx", r"LapSRN at x3 cannot be exported: .* no integer"),
        (WindowAttention(2), "a.onnx", r"WindowAttention at x2 cannot be exported.*of a window"),
        (Picky(2), "a.onnx", "Picky at x2 cannot be exported: "),
        # Computes something else.
        (Chance(2), "a.onnx", r"not written; .* differ from PyTorch by"),
        (Chance(2), "a.pt2", r"not written; .* differ from PyTorch by"),
        (small("vdsr"), "a.pth", r"ends in '.pth'; expected .onnx or .pt2"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(network, file: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        export(network, Path(file))
    assert list(Path().iterdir()) == []


def test_onnx_is_needed_by_onnx_files_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UserError, match=r"onnxruntime is not installed.*pip install .*export"):
        export(small("vdsr"), Path("net.onnx"))
    code = (
        "import sys, pipeline.cli, pipeline.tools.exporting;"
        "sys.exit(bool({'onnx', 'onnxruntime', 'onnxscript'} & set(sys.modules)))"
    )
    root = Path(exporting.__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
