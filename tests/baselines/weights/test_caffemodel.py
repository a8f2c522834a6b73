import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from baselines.weights.caffemodel import read_caffemodel


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.caffemodel"


def varint(value: int) -> bytes:
    encoded = b""
    while value > 127:
        encoded += bytes([value & 127 | 128])
        value >>= 7
    return encoded + bytes([value])


def field(number: int, body: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(body)) + body


def blob(data: bytes, *dimensions: int) -> bytes:
    shape = field(7, field(1, b"".join(map(varint, dimensions))))
    return field(7, field(5, data) + shape)


def layer(name: str, *blobs: bytes) -> bytes:
    return field(100, field(1, name.encode()) + b"".join(blobs))


ONE = np.float32(1).tobytes()


def test_agrees_with_the_protobuf_library(path: Path) -> None:
    protobuf = pytest.importorskip("google.protobuf")
    pytest.importorskip("google.protobuf.descriptor_pb2")
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # noqa: PLC0415

    assert protobuf
    proto = descriptor_pb2.FileDescriptorProto(name="caffe.proto", package="caffe")
    kinds = descriptor_pb2.FieldDescriptorProto
    # Field numbers of caffe.proto, some of which the reader has to skip.
    messages = {
        "BlobShape": [("dim", 1, kinds.TYPE_INT64, True, "")],
        "BlobProto": [
            ("data", 5, kinds.TYPE_FLOAT, True, ""),
            ("diff", 6, kinds.TYPE_FLOAT, True, ""),
            ("shape", 7, kinds.TYPE_MESSAGE, False, "BlobShape"),
        ],
        "LayerParameter": [
            ("name", 1, kinds.TYPE_STRING, False, ""),
            ("type", 2, kinds.TYPE_STRING, False, ""),
            ("loss_weight", 5, kinds.TYPE_FLOAT, True, ""),
            ("blobs", 7, kinds.TYPE_MESSAGE, True, "BlobProto"),
            ("phase", 10, kinds.TYPE_INT64, False, ""),
        ],
        "NetParameter": [
            ("name", 1, kinds.TYPE_STRING, False, ""),
            ("layer", 100, kinds.TYPE_MESSAGE, True, "LayerParameter"),
        ],
    }
    for message, fields in messages.items():
        descriptor = proto.message_type.add(name=message)
        for name, number, kind, repeated, of in fields:
            entry = descriptor.field.add(name=name, number=number, type=kind)
            entry.label = kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL
            if of:
                entry.type_name = f".caffe.{of}"
            if repeated and kind != kinds.TYPE_MESSAGE:
                entry.options.packed = name != "loss_weight"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(proto)
    net_class = message_factory.GetMessageClass(pool.FindMessageTypeByName("caffe.NetParameter"))
    net = net_class(name="DPFN")
    values = np.random.default_rng(0).normal(size=(2, 3, 5, 5)).astype(np.float32)
    net.layer.add(name="relu", type="ReLU", phase=1)
    conv = net.layer.add(name="conv1", type="Convolution", loss_weight=[0.5, 1.0])
    for array in (values, values[0, :, 0, 0]):
        stored = conv.blobs.add(data=array.ravel().tolist(), diff=[1.0])
        stored.shape.dim.extend(array.shape)
    path.write_bytes(net.SerializeToString())

    found = read_caffemodel(path)
    assert list(found) == ["conv1"]
    weight, bias = found["conv1"]
    assert weight.dtype == torch.float32
    np.testing.assert_array_equal(weight.numpy(), values)
    np.testing.assert_array_equal(bias.numpy(), values[0, :, 0, 0])


@pytest.mark.skipif("MESR_MIRROR" not in os.environ, reason="MESR_MIRROR is not set")
def test_reads_the_authors_file() -> None:
    file = next(Path(os.environ["MESR_MIRROR"]).rglob("IDN_x2.caffemodel"))
    blobs = [blob for layer in read_caffemodel(file).values() for blob in layer]
    assert sum(blob.numel() for blob in blobs) == 552_769  # README of the authors' code


def test_the_hand_made_file_is_read(path: Path) -> None:
    path.write_bytes(layer("fc", blob(6 * ONE, 2, 3), blob(ONE, 1)))
    weight, bias = read_caffemodel(path)["fc"]
    assert weight.tolist() == [[1, 1, 1], [1, 1, 1]]
    assert bias.tolist() == [1]


HOSTILE = {
    "nothing": b"",
    "text": b"<html>404 not found</html>",
    "no layer": field(1, b"DPFN"),
    "layer without blobs": layer("relu"),
    "older format": field(2, field(4, b"conv1")),
    "layer without a name": field(100, blob(ONE, 1)),
    "layer with two names": field(100, field(1, b"a") + field(1, b"b") + blob(ONE, 1)),
    "absurd length": varint(100 << 3 | 2) + varint(1 << 60) + b"abc",
    "absurd length inside": field(100, field(1, b"a") + varint(7 << 3 | 2) + varint(1 << 40)),
    "endless integer": varint(100 << 3 | 2) + b"\xff" * 100,
    "integer cut short": varint(100 << 3 | 2) + b"\x80",
    "fixed field cut short": varint(9 << 3 | 1) + b"1234",
    "group": varint(100 << 3 | 3) + b"abc",
    "shape beyond the data": layer("a", blob(ONE, 1 << 31, 1 << 31)),
    "negative shape": layer("a", blob(ONE, (1 << 64) - 1)),
    "shape below the data": layer("a", blob(4 * ONE, 3)),
    "too many axes": layer("a", blob(ONE, *[1] * 9)),
    "no shape": layer("a", field(7, field(5, ONE))),
    "no data": layer("a", field(7, field(7, field(1, b"\x01")))),
    "part of a number": layer("a", blob(ONE[:3], 1)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_is_refused(path: Path, name: str) -> None:
    path.write_bytes(HOSTILE[name])
    with pytest.raises(ValueError, match=r"net\.caffemodel"):
        read_caffemodel(path)


def test_truncated_file_is_refused_at_every_length(path: Path) -> None:
    whole = layer("conv1", blob(6 * ONE, 2, 3), blob(ONE, 1))
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"net\.caffemodel"):
            read_caffemodel(path)


@given(st.binary(max_size=200))
def test_random_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "random.caffemodel"
    path.write_bytes(data)
    with suppress(ValueError):  # anything else fails the test
        read_caffemodel(path)
