from pathlib import Path

import numpy as np
import pytest
import torch

from baselines.weights.caffemodel import read_caffemodel
from tests.baselines.weights.wire import bytes_field as field
from tests.baselines.weights.wire import varint


def blob(data: bytes, *dimensions: int) -> bytes:
    shape = field(7, field(1, b"".join(map(varint, dimensions))))
    return field(7, field(5, data) + shape)


def layer(name: str, *blobs: bytes) -> bytes:
    return field(100, field(1, name.encode()) + b"".join(blobs))


ONE = np.float32(1).tobytes()


def test_layers_are_read_and_other_fields_skipped(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(2, 3, 5, 5)).astype(np.float32)
    # Field numbers of caffe.proto: name 1, type 2, loss_weight 5, blobs 7, phase 10.
    others = field(2, b"Convolution") + field(5, 2 * ONE) + varint(10 << 3) + varint(1)
    conv = field(1, b"conv1") + others + blob(values.tobytes(), *values.shape)
    conv += blob(values[0, :, 0, 0].tobytes(), 3)
    path = tmp_path / "net.caffemodel"
    path.write_bytes(field(1, b"DPFN") + layer("relu") + field(100, conv))
    found = read_caffemodel(path)
    assert list(found) == ["conv1"]
    weight, bias = found["conv1"]
    assert weight.dtype == torch.float32
    np.testing.assert_array_equal(weight.numpy(), values)
    np.testing.assert_array_equal(bias.numpy(), values[0, :, 0, 0])


DAMAGED = {
    "text": b"<html>404 not found</html>",
    "no layer": field(1, b"DPFN"),
    "layer without blobs": layer("relu"),
    "older format": field(2, field(4, b"conv1")),
    "cut short": varint(100 << 3 | 2) + varint(1 << 60) + b"abc",
    "negative shape": layer("a", blob(ONE, (1 << 64) - 1)),
    "shape below the data": layer("a", blob(4 * ONE, 3)),
    "no data": layer("a", field(7, field(7, field(1, b"\x01")))),
    "part of a number": layer("a", blob(ONE[:3], 1)),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_file_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "net.caffemodel"
    path.write_bytes(DAMAGED[name])
    with pytest.raises(ValueError, match=r"net\.caffemodel"):
        read_caffemodel(path)
