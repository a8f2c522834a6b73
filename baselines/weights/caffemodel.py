"""Read the parameters of a ``.caffemodel`` without Caffe: a small Protocol Buffers wire reader.

Field numbers are those of Caffe's ``caffe.proto``: NetParameter.layer 100; LayerParameter.name 1,
.blobs 7; BlobProto.data 5, .shape 7; BlobShape.dim 1.
https://protobuf.dev/programming-guides/encoding/ describes the wire format.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LAYER, _LAYER_NAME, _LAYER_BLOBS = 100, 1, 7
_BLOB_DATA, _BLOB_SHAPE, _SHAPE_DIM = 5, 7, 1


def read_caffemodel(path: Path) -> dict[str, list[Tensor]]:
    """Read the blobs of every layer that has any.

    Parameters
    ----------
    path : Path
        A binary NetParameter in Caffe's current format (``layer``, not the older ``layers``).

    Returns
    -------
    dict of str to list of Tensor
        float32 blobs by layer name, usually weight and bias.

    Raises
    ------
    ValueError
        When the file is not such a message, or a length or shape does not fit the data.
    """
    data = memoryview(Path(path).read_bytes())
    try:
        layers = dict(_layer(body) for body in _messages(data, _LAYER))
    except ValueError as error:
        raise ValueError(
            f"{path}: not a readable caffemodel ({error}); fetch the file again"
        ) from error
    layers = {name: blobs for name, blobs in layers.items() if blobs}
    if not layers:
        raise ValueError(f"{path}: has no layer with parameters in Caffe's current format")
    return layers


def _layer(body: memoryview) -> tuple[str, list[Tensor]]:
    names = _messages(body, _LAYER_NAME)
    if len(names) != 1:
        raise ValueError(f"a layer has {len(names)} names")
    name = bytes(names[0]).decode("utf-8", errors="replace")
    return name, [_blob(blob, name) for blob in _messages(body, _LAYER_BLOBS)]


def _blob(body: memoryview, layer: str) -> Tensor:
    data = _messages(body, _BLOB_DATA)
    shapes = _messages(body, _BLOB_SHAPE)
    if len(data) != 1 or len(shapes) != 1 or len(data[0]) % 4:
        raise ValueError(f"a blob of layer {layer!r} lacks its packed floats or its shape")
    shape: list[int] = []
    for packed in _messages(shapes[0], _SHAPE_DIM):
        position = 0
        while position < len(packed):
            dimension, position = _varint(packed, position)
            shape.append(dimension)
    if len(shape) > 8 or math.prod(shape) != len(data[0]) // 4:
        raise ValueError(
            f"a blob of layer {layer!r} has {len(data[0]) // 4} values but shape {shape[:8]}"
        )
    values = np.frombuffer(data[0], "<f4").astype(np.float32)
    return torch.from_numpy(values.reshape(shape))


def _messages(data: memoryview, number: int) -> list[memoryview]:
    """Return the bodies of the length-delimited fields of that number."""
    return [body for found, body in _fields(data) if found == number and body is not None]


def _fields(data: memoryview) -> Iterator[tuple[int, memoryview | None]]:
    """Yield (number, body) of every field; body is None where it is not length-delimited."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            _, position = _varint(data, position)
            yield number, None
            continue
        if wire == _BYTES:
            length, position = _varint(data, position)
        elif wire in (_FIXED64, _FIXED32):
            length = 8 if wire == _FIXED64 else 4
        else:
            raise ValueError(f"unknown wire type {wire}")
        if length > len(data) - position:
            raise ValueError(
                f"field {number} declares {length:,} bytes where {len(data) - position:,} are left"
            )
        yield number, data[position : position + length] if wire == _BYTES else None
        position += length


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    """Decode a variable-length integer; return it and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            raise ValueError("it ends inside an integer")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("an integer has more than 10 bytes")
