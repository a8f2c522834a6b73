from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
import torch

from baselines.weights.mat import as_tensor, read_mat


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.mat"


def _cell(*values: object) -> np.ndarray:
    cell = np.empty((1, len(values)), object)
    cell[0, :] = values
    return cell


@pytest.mark.parametrize("compressed", [True, False])
def test_numbers_cells_structs_and_text_are_read(path: Path, compressed: bool) -> None:
    kernel = np.arange(24.0).reshape(2, 3, 4)
    scipy.io.savemat(
        path,
        {
            "kernel": kernel.astype(np.float32),
            "small": np.uint8([[1, 2]]),
            "net": {"name": "VDSR", "layers": _cell(kernel, np.zeros((2, 5)))},
            "other": np.zeros(3),
        },
        do_compression=compressed,
    )
    found = read_mat(path, ["kernel", "small", "net"])
    assert found.keys() == {"kernel", "small", "net"}
    np.testing.assert_array_equal(found["kernel"], kernel)
    np.testing.assert_array_equal(found["small"], [1, 2])
    assert found["net"]["name"] == "VDSR"
    np.testing.assert_array_equal(found["net"]["layers"][0], kernel)


def test_missing_variables_are_named(path: Path) -> None:
    scipy.io.savemat(path, {"a": 1.0})
    with pytest.raises(ValueError, match=r"net\.mat: lacks the variables b, c"):
        read_mat(path, ["a", "b", "c"])


def test_v73_is_refused_with_the_reason(path: Path) -> None:
    with h5py.File(path, "w", userblock_size=512) as file:
        file["a"] = 1.0
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    with pytest.raises(ValueError, match=r"net\.mat.*up to version 7.*HDF reader"):
        read_mat(path, ["a"])


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\0" * 128, b"<html>" * 50])
def test_other_formats_are_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"net\.mat: not a MATLAB file up to version 7"):
        read_mat(path, ["a"])


def test_as_tensor_restores_axes_of_length_one() -> None:
    tensor = as_tensor(np.arange(6.0).reshape(2, 3), (2, 1, 3, 1), "x")
    assert tensor.dtype == torch.float32
    assert tensor.shape == (2, 1, 3, 1)
    assert tensor[1, 0, 2, 0] == 5
    assert as_tensor(7, (1,), "x").tolist() == [7]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.zeros((3, 2)), r"x is float64 of shape \(3, 2\); expected numbers of shape \(2, 3\)"),
        ("text", "expected numbers"),
        ([object()] * 6, "expected numbers"),
        (np.zeros((2, 3), complex), "expected numbers"),
    ],
)
def test_as_tensor_refuses_anything_else(value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        as_tensor(value, (2, 3), "x")


@pytest.mark.parametrize("compressed", [True, False])
def test_truncated_file_is_refused(path: Path, compressed: bool) -> None:
    net = {"weight": _cell(np.random.default_rng(0).normal(size=(3, 3, 4)))}
    scipy.io.savemat(path, {"net": net}, do_compression=compressed)
    whole = path.read_bytes()
    for length in [0, 100, *range(128, len(whole), 23), len(whole) - 8]:
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"net\.mat"):
            read_mat(path, ["net"])
