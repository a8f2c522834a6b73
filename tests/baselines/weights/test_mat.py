import os
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.weights import mat
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


def test_v73_is_refused_with_the_remedy(path: Path) -> None:
    with h5py.File(path, "w", userblock_size=512) as file:
        file["a"] = 1.0
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    with pytest.raises(ValueError, match=r"v7\.3 \(HDF5\).*-v7"):
        read_mat(path, ["a"])


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\0" * 128, b"<html>" * 50])
def test_other_formats_are_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"net\.mat: not a little-endian MATLAB v5 file"):
        read_mat(path, ["a"])


def test_v4_is_refused(path: Path) -> None:
    scipy.io.savemat(path, {"a": np.zeros(3)}, format="4")
    with pytest.raises(ValueError, match="not a little-endian MATLAB v5 file"):
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
        (np.full((2, 3), np.nan), "not finite"),
    ],
)
def test_as_tensor_refuses_anything_else(value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        as_tensor(value, (2, 3), "x")


# -- Files built by hand -------------------------------------------------------------------------


def _element(kind: int, body: bytes) -> bytes:
    return struct.pack("<II", kind, len(body)) + body + bytes(-len(body) % 8)


def _matrix(
    array_class: int, dimensions: tuple[int, ...], *content: bytes, name: bytes = b"net"
) -> bytes:
    flags = _element(6, struct.pack("<II", array_class, 0))
    sizes = _element(5, struct.pack(f"<{len(dimensions)}i", *dimensions))
    return _element(14, flags + sizes + _element(1, name) + b"".join(content))


def _file(*elements: bytes) -> bytes:
    return b"MATLAB 5.0".ljust(124) + b"\x00\x01IM" + b"".join(elements)


def _compressed(variable: bytes) -> bytes:
    body = zlib.compress(variable)
    return struct.pack("<II", 15, len(body)) + body  # the only element that is not padded


def _doubles(*values: float) -> bytes:
    return _element(9, struct.pack(f"<{len(values)}d", *values))


def test_the_hand_made_file_is_read(path: Path) -> None:
    numbers = _matrix(6, (1, 2), _doubles(1.5, 2.5))
    cell = _matrix(1, (1, 2), _matrix(6, (1, 1), _doubles(3)), _element(14, b""), name=b"cell")
    path.write_bytes(_file(numbers, cell))
    assert read_mat(path, ["net", "cell"])["net"].tolist() == [1.5, 2.5]
    assert read_mat(path, ["cell"])["cell"][0] == 3


_NESTED = _matrix(6, (1, 1), _doubles(1))
for _ in range(40):
    _NESTED = _matrix(1, (1, 1), _NESTED)

HOSTILE = {
    "dimensions beyond the data": _file(_matrix(6, (1 << 30, 1 << 30), _doubles(1))),
    "cells beyond the data": _file(_matrix(1, (1 << 30, 4), _matrix(6, (1, 1), _doubles(1)))),
    "structs beyond the data": _file(
        _matrix(2, (1 << 30, 1), struct.pack("<HHi", 5, 4, 8), _element(1, b"weight\0\0"))
    ),
    "more cells than declared": _file(
        _matrix(1, (1, 1), _matrix(6, (1, 1), _doubles(1)), _matrix(6, (1, 1), _doubles(1)))
    ),
    "negative dimensions": _file(_matrix(6, (-1, -1), _doubles(1))),
    "no dimensions": _file(_matrix(6, (), _doubles(1))),
    "endless dimensions": _file(_matrix(6, (1,) * 33, _doubles(1))),
    "no values": _file(_matrix(6, (1, 1))),
    "values of no known type": _file(_matrix(6, (1, 1), _element(180, bytes(8)))),
    "values of a reserved type": _file(_matrix(6, (1, 1), _element(8, bytes(8)))),
    "field names of no length": _file(
        _matrix(2, (1, 1), struct.pack("<HHi", 5, 4, 0), _element(1, b"weight\0\0"))
    ),
    "length beyond the file": _file(struct.pack("<II", 14, 0xFFFFFFF0)),
    "length beyond the element": _file(
        _matrix(6, (1, 1), struct.pack("<II", 9, 0x7FFFFFF0), _doubles(1))
    ),
    "tag cut short": _file(b"\x0e\x00\x00\x00"),
    "long small element": _file(struct.pack("<HHi", 14, 9, 0)),
    "no variable": _file(_doubles(1)),
    "compressed noise": _file(_element(15, b"\x78\x9c" + b"\xaa" * 30)),
    "compressed numbers": _file(_compressed(_doubles(1))),
    "object": _file(_matrix(3, (1, 1), _matrix(6, (1, 1), _doubles(1)))),
    "sparse": _file(_matrix(5, (1, 1), _doubles(1))),
    "function": _file(_matrix(16, (1, 1), _matrix(6, (1, 1), _doubles(1)))),
    "deep nesting": _file(_NESTED),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_is_refused_before_scipy_sees_it(
    path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(scipy.io, "loadmat", lambda *_, **__: pytest.fail("reached SciPy"))
    path.write_bytes(HOSTILE[name])
    with pytest.raises(ValueError, match=r"net\.mat"):
        read_mat(path, ["net"])


def test_compression_bomb_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mat, "_MAX_BYTES", 1 << 20)
    values = np.zeros(1 << 18)  # 2 MiB, 2 kB compressed
    scipy.io.savemat(path, {"net": values}, do_compression=True)
    assert path.stat().st_size < 10_000
    with pytest.raises(ValueError, match="unpacks to more than 1,048,576 bytes"):
        read_mat(path, ["net"])
    scipy.io.savemat(path, {f"n{k}": values[: 1 << 15] for k in range(5)}, do_compression=True)
    with pytest.raises(ValueError, match="unpacks to more than"):  # the sum counts
        read_mat(path, ["n0"])


def test_many_empty_elements_in_a_small_file_are_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scipy.io, "loadmat", lambda *_, **__: pytest.fail("reached SciPy"))
    empty = _element(14, b"")
    flat = _matrix(1, (1, 1_000_000), empty * 1_000_000)  # 8 MB
    path.write_bytes(_file(_compressed(flat)))
    assert path.stat().st_size < 50_000
    with pytest.raises(ValueError, match="a container has more than 100,000 elements"):
        read_mat(path, ["net"])
    inner = _matrix(1, (1, 60_000), empty * 60_000)
    path.write_bytes(_file(_compressed(_matrix(1, (1, 2), inner * 2))))
    with pytest.raises(ValueError, match="a variable has more than 100,000 elements"):
        read_mat(path, ["net"])


@pytest.mark.skipif("MESR_MIRROR" not in os.environ, reason="MESR_MIRROR is not set")
@pytest.mark.parametrize(
    ("name", "variable"), [("LapSRN_x4.mat", "net"), ("VDSR_Official.mat", "model")]
)
def test_released_files_are_far_from_the_limits(
    monkeypatch: pytest.MonkeyPatch, name: str, variable: str
) -> None:
    monkeypatch.setattr(mat, "_MAX_BYTES", mat._MAX_BYTES // 10)
    monkeypatch.setattr(mat, "_MAX_ELEMENTS", mat._MAX_ELEMENTS // 10)
    (file,) = Path(os.environ["MESR_MIRROR"]).rglob(name)
    assert len(read_mat(file, [variable])[variable]) > 0


@pytest.mark.parametrize("compressed", [True, False])
def test_truncated_file_is_refused(path: Path, compressed: bool) -> None:
    net = {"weight": _cell(np.random.default_rng(0).normal(size=(3, 3, 4)))}
    scipy.io.savemat(path, {"net": net}, do_compression=compressed)
    whole = path.read_bytes()
    for length in [0, 100, *range(128, len(whole), 23), len(whole) - 8]:
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"net\.mat"):
            read_mat(path, ["net"])


@settings(max_examples=300, deadline=None)
@given(data=st.data(), compressed=st.booleans())
def test_any_changed_byte_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, compressed: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "changed.mat"
    net = {"name": "net", "weight": _cell(np.arange(12.0).reshape(3, 4), np.zeros((2, 2)))}
    scipy.io.savemat(path, {"net": net}, do_compression=compressed)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(116, len(content) - 1))
        content[position] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with suppress(ValueError):  # anything else fails the test
        read_mat(path, ["net"])
