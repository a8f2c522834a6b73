"""Finding and loading published weights; files are made here in the structure of the real ones."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import loadmat, savemat

from baselines.pan import PAN
from pipeline.assets.registry import find_asset
from pipeline.models import published_weights as module
from pipeline.models.networks import NETWORKS, network_variants
from pipeline.models.published_weights import load_published, published_weights
from pipeline.support.errors import UserError


def test_names_are_unique_and_fit_stages_and_variants() -> None:
    names = [(entry.name, entry.scale) for model in NETWORKS for entry in published_weights(model)]
    assert len(set(names)) == len(names)
    assert ("srcnn_9_1_5", 2) in names
    assert ("a2f_SD", 2) in names
    assert ("vdsr_pytorch", 4) in names
    for name, _ in names:
        assert name.isidentifier()


def test_variants_are_those_of_the_registry() -> None:
    (entry,) = published_weights("msrn", 2)
    assert entry.variant == "rgb"
    assert {entry.variant for entry in published_weights("a2f")} == set(network_variants("a2f"))


def test_weights_that_do_not_exist_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a2f L at x2 .* a2f_SD x2"):
        load_published("a2f", 2, "L", tmp_path)
    with pytest.raises(UserError, match="Known for drcn: none"):
        load_published("drcn", 2, raw=tmp_path)


def test_a_missing_file_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"PANx2_DF2K\.pth: not downloaded.*pipeline\.fetch PAN"):
        load_published("pan", 2, raw=tmp_path / "raw")


@pytest.fixture
def srcnn_raw(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    shapes = {
        "weights_conv1": (81, 64),
        "biases_conv1": (64, 1),
        "weights_conv2": (64, 1, 32),
        "biases_conv2": (32, 1),
        "weights_conv3": (32, 25),
        "biases_conv3": (1, 1),
    }
    path = tmp_path / "raw" / "SRCNN" / "SRCNN_915_x2.mat"
    path.parent.mkdir(parents=True)
    savemat(path, {name: rng.normal(size=shape) for name, shape in shapes.items()})
    return tmp_path / "raw"


def test_converted_weights_are_the_same_and_used_again(srcnn_raw: Path, monkeypatch) -> None:
    first = load_published("srcnn", 2, "9-1-5", srcnn_raw)
    converted = srcnn_raw.parent / "weights" / "srcnn_9_1_5_x2.safetensors"
    assert converted.is_file()
    assert not first.training

    def no_reading(*_: object) -> None:
        raise AssertionError("the file was read again")

    monkeypatch.setattr("baselines.srcnn.published_state_dict", no_reading)
    second = load_published("srcnn", 2, "9-1-5", srcnn_raw)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


def test_another_download_or_a_torn_conversion_is_converted_anew(srcnn_raw: Path) -> None:
    load_published("srcnn", 2, "9-1-5", srcnn_raw)
    path = srcnn_raw / "SRCNN" / "SRCNN_915_x2.mat"
    content = {k: v for k, v in loadmat(path).items() if not k.startswith("__")}
    content["biases_conv3"] = content["biases_conv3"] + 1
    savemat(path, content)
    changed = load_published("srcnn", 2, "9-1-5", srcnn_raw)
    expected = torch.tensor(content["biases_conv3"]).float().flatten()
    assert torch.allclose(list(changed.parameters())[-1].flatten(), expected)

    converted = srcnn_raw.parent / "weights" / "srcnn_9_1_5_x2.safetensors"
    converted.write_bytes(converted.read_bytes()[:100])
    again = load_published("srcnn", 2, "9-1-5", srcnn_raw)
    assert torch.equal(list(again.parameters())[-1], list(changed.parameters())[-1])


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "raw" / "PAN" / "PANx2_DF2K.pth"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not a state dict")
    with pytest.raises(UserError, match="PANx2_DF2K"):
        load_published("pan", 2, raw=tmp_path / "raw")
    assert not (tmp_path / "weights").exists()


def test_weights_of_another_size_are_refused(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "raw" / "PAN" / "PANx2_DF2K.pth"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"any")
    monkeypatch.setattr(
        "baselines.pan.published_state_dict", lambda paths, scale: PAN(4).state_dict()
    )
    with pytest.raises(UserError, match="do not fit pan x2"):
        load_published("pan", 2, raw=tmp_path / "raw")


def test_raw_folder_is_the_one_fetch_writes() -> None:
    assert find_asset("PAN").output() == module.RAW / "PAN"
