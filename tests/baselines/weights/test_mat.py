from pathlib import Path

import numpy as np
import pytest
import scipy.io
import torch

from baselines.weights.mat import as_tensor, read_mat


@pytest.mark.parametrize("compressed", [True, False])
def test_numbers_cells_structs_and_text_are_read(tmp_path: Path, compressed: bool) -> None:
    path, kernel, cell = tmp_path / "net.mat", np.arange(24.0).reshape(2, 3, 4), np.empty(2, object)
    cell[:] = [kernel, np.zeros((2, 5))]
    variables = {
        "kernel": kernel.astype(np.float32),
        "small": np.uint8([[1, 2]]),
        "net": {"name": "VDSR", "layers": cell},
        "other": np.zeros(3),
    }
    scipy.io.savemat(path, variables, do_compression=compressed)
    found = read_mat(path, ["kernel", "small", "net"])
    assert found.keys() == {"kernel", "small", "net"}
    np.testing.assert_array_equal(found["kernel"], kernel)
    np.testing.assert_array_equal(found["small"], [1, 2])
    assert found["net"]["name"] == "VDSR"
    np.testing.assert_array_equal(found["net"]["layers"][0], kernel)
    with pytest.raises(ValueError, match=r"net\.mat: lacks the variables b, c"):
        read_mat(path, ["kernel", "b", "c"])
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(ValueError, match=r"net\.mat: not a MATLAB file up to version 7"):
        read_mat(path, ["other"])


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\0" * 128, b"<html>" * 50])
def test_other_formats_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "net.mat").write_bytes(content)
    with pytest.raises(ValueError, match=r"net\.mat: not a MATLAB file up to version 7"):
        read_mat(tmp_path / "net.mat", ["a"])


def test_v73_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "net.mat"
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(512))
    with pytest.raises(ValueError, match=r"net\.mat.*up to version 7.*HDF reader"):
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
        (np.zeros((2, 3), complex), "expected numbers"),
    ],
)
def test_as_tensor_refuses_anything_else(value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        as_tensor(value, (2, 3), "x")
