"""Reader of TensorFlow v2 checkpoints ("tensor bundles") without TensorFlow.

A bundle is a ``.index`` file and one or more ``.data`` files. The index is a LevelDB table
(https://github.com/google/leveldb/blob/main/doc/table_format.md), which TensorFlow writes without
compression; it maps the name of each variable to a ``BundleEntryProto``
(tensorflow/core/protobuf/tensor_bundle.proto) with its type, shape and place in the data file. The
data file is the values one after the other. Checksums are not read: the registry's digests cover
both files.
"""

import math
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from google.protobuf.message import DecodeError
from torch import Tensor

from baselines.weights.protobuf import message_types

_FOOTER_BYTES = 48
_TABLE_MAGIC = 0xDB4775248B80FB57
_FLOAT32 = 1  # DataType.DT_FLOAT

# The part of tensor_bundle.proto and tensor_shape.proto that whole variables need.
_MESSAGES = message_types(
    {
        "BundleHeaderProto": {"num_shards": (1, "int32"), "endianness": (2, "int32")},
        "BundleEntryProto": {
            "dtype": (1, "int32"),
            "shape": (2, "TensorShapeProto"),
            "offset": (4, "int64"),
            "size": (5, "int64"),
            "slices": (7, "bytes[]"),
        },
        "TensorShapeProto": {"dim": (2, "Dim[]")},
        "Dim": {"size": (1, "int64")},
    }
)


def read_checkpoint(index: Path, data: Path, names: Iterable[str]) -> dict[str, Tensor]:
    """Read float32 variables of a checkpoint that has one data file.

    Parameters
    ----------
    index : Path
        The ``.index`` file.
    data : Path
        The ``.data-00000-of-00001`` file.
    names : iterable of str
        Variables to read.

    Returns
    -------
    dict
        Name to float32 tensor, in TensorFlow's layout (kernels are height, width, input, output).

    Raises
    ------
    ValueError
        When a file is damaged or is no such file, when a variable is missing, is not float32, or
        does not lie within the data file.
    """
    variables = read_index(index)
    wanted = list(names)
    if missing := [name for name in wanted if name not in variables]:
        raise ValueError(
            f"{index}: {len(missing)} variables are missing, the first is {missing[0]!r}; "
            "the checkpoint is of another network or scale. Fetch the file again."
        )
    content = data.read_bytes()
    tensors = {}
    for name in wanted:
        found, shape = variables[name], shape_of(variables[name])
        if found.dtype != _FLOAT32 or found.size != 4 * math.prod(shape):
            raise ValueError(
                f"{index}: variable {name!r} has TensorFlow data type {found.dtype}, shape {shape} "
                f"and {found.size} bytes; expected type {_FLOAT32} (float32) and 4 bytes a value"
            )
        if not 0 <= found.offset <= len(content) - found.size:
            raise ValueError(
                f"{data}: variable {name!r} should lie at bytes {found.offset} to "
                f"{found.offset + found.size}; the file has {len(content)}. Fetch it again."
            )
        values = np.frombuffer(content, "<f4", math.prod(shape), found.offset)
        tensors[name] = torch.from_numpy(values.astype(np.float32)).reshape(shape)
    return tensors


def read_index(index: Path) -> dict[str, Any]:
    """Read which variables a checkpoint holds, and where.

    Parameters
    ----------
    index : Path
        The ``.index`` file.

    Returns
    -------
    dict
        Name to its BundleEntryProto, in the order of the names: ``dtype`` (1 is float32),
        ``offset`` and ``size`` in bytes, and what `shape_of` reads.

    Raises
    ------
    ValueError
        When the file is damaged, compressed, or no index of a little-endian checkpoint with one
        data file.
    """
    try:
        return _variables(dict(_table_entries(index.read_bytes())))
    except (ValueError, IndexError, struct.error, DecodeError) as error:
        raise ValueError(
            f"{index}: not a readable TensorFlow checkpoint index: {error}. Fetch the file again."
        ) from error


def _variables(entries: dict[bytes, bytes]) -> dict[str, Any]:
    header = _MESSAGES["BundleHeaderProto"].FromString(entries.pop(b"", b""))
    if header.num_shards != 1 or header.endianness != 0:
        raise ValueError(
            f"it has {header.num_shards} data files of endianness {header.endianness}; expected 1 "
            "of endianness 0 (little)"
        )
    parse = _MESSAGES["BundleEntryProto"].FromString
    found = {name.decode(): parse(message) for name, message in entries.items()}
    if sliced := [name for name, entry in found.items() if entry.slices]:
        raise ValueError(f"{sliced[0]!r} is stored in slices; expected whole variables")
    return found


def shape_of(entry: Any) -> tuple[int, ...]:
    """Return the shape of a variable from its entry of the index."""
    return tuple(dimension.size for dimension in entry.shape.dim)


def _table_entries(table: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of a LevelDB table."""
    footer = table[-_FOOTER_BYTES:]
    (magic,) = struct.unpack("<Q", footer[-8:])
    if magic != _TABLE_MAGIC:
        raise ValueError(f"the file ends in {magic:#x} instead of {_TABLE_MAGIC:#x}")
    _, position = _varint(footer, 0)  # offset and size of the meta index, which is not needed
    _, position = _varint(footer, position)
    for _, place in _block_entries(table, footer[position:]):
        yield from _block_entries(table, place)


def _block_entries(table: bytes, place: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of the block that lies at `place`, an offset and a length.

    Keys share prefixes with their predecessors. A block ends with the number of its restart
    points, which are not needed to read all of it; its type of compression follows it.
    """
    offset, position = _varint(place, 0)
    length, _ = _varint(place, position)
    block, compression = table[offset : offset + length], table[offset + length]
    if compression != 0:
        raise ValueError(f"a block has compression type {compression}; expected none (0)")
    (restarts,) = struct.unpack("<I", block[-4:])
    end = len(block) - 4 - 4 * restarts
    position, key = 0, b""
    while position < end:
        shared, position = _varint(block, position)
        own, position = _varint(block, position)
        length, position = _varint(block, position)
        if shared > len(key) or position + own + length > end:
            raise ValueError(f"an entry of {own} + {length} bytes overruns its block")
        key = key[:shared] + block[position : position + own]
        position += own
        yield key, block[position : position + length]
        position += length


def _varint(buffer: bytes, position: int) -> tuple[int, int]:
    """Return a base-128 integer, as LevelDB writes it, and the position after it."""
    value = shift = 0
    while True:
        byte = buffer[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, position
