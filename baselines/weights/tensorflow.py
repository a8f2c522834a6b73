"""Reader of TensorFlow v2 checkpoints ("tensor bundles") without TensorFlow.

A bundle is a ``.index`` file and one or more ``.data`` files. The index is a LevelDB table
(https://github.com/google/leveldb/blob/main/doc/table_format.md), which TensorFlow writes without
compression; it maps the name of each variable to a ``BundleEntryProto``
(tensorflow/core/protobuf/tensor_bundle.proto) with its type, shape, place in the data file and
checksum. The data file is the values one after the other.

Nothing in either file is executed. Lengths are checked before anything is read or allocated, and
checksums before anything is believed.
"""

import math
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

# The released checkpoints have indices of 24 kB and names of 45 bytes. Names share prefixes, so
# that an entry of a few bytes may become a name of the greatest length.
MAX_INDEX_BYTES = 2**20
MAX_KEY_BYTES = 1000
FOOTER_BYTES = 48
TABLE_MAGIC = 0xDB4775248B80FB57
BLOCK_TRAILER_BYTES = 5  # compression type, masked CRC-32C
FLOAT32 = 1  # DataType.DT_FLOAT

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # protobuf wire types


@dataclass(frozen=True)
class Variable:
    """What the index says about one variable.

    Attributes
    ----------
    dtype : int
        TensorFlow's ``DataType``; 1 is float32.
    shape : tuple of int
        Sizes of the dimensions; empty for a scalar.
    shard : int
        Number of the data file.
    offset, size : int
        Place in the data file, in bytes.
    checksum : int
        Masked CRC-32C of the bytes.
    """

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    checksum: int


def read_checkpoint(
    index: Path, data: Path, names: Iterable[str] | None = None
) -> dict[str, Tensor]:
    """Read float32 variables of a checkpoint that has one data file.

    Parameters
    ----------
    index : Path
        The ``.index`` file.
    data : Path
        The ``.data-00000-of-00001`` file.
    names : iterable of str, optional
        Variables to read; all of them when not given.

    Returns
    -------
    dict
        Name to float32 tensor, in TensorFlow's layout (kernels are height, width, input, output).

    Raises
    ------
    ValueError
        When a file is damaged or is no such file, when a variable is missing, is not float32,
        does not lie within the data file, or does not match its checksum.
    """
    variables = read_index(index)
    wanted = list(variables if names is None else names)
    missing = [name for name in wanted if name not in variables]
    if missing:
        raise ValueError(
            f"{index}: {len(missing)} variables are missing, the first is {missing[0]!r}; "
            "the checkpoint is of another network or scale. Fetch the file again."
        )
    with data.open("rb") as stream:
        available = data.stat().st_size
        tensors = {}
        for name in wanted:
            variable = variables[name]
            _check_variable(index, data, name, variable, available)
            stream.seek(variable.offset)
            content = stream.read(variable.size)
            if len(content) != variable.size or _masked_crc32c(content) != variable.checksum:
                raise ValueError(
                    f"{data}: variable {name!r} does not match the checksum in {index.name}; "
                    "the file is damaged or belongs to another index. Fetch both again."
                )
            values = np.frombuffer(content, dtype="<f4").astype(np.float32)
            tensors[name] = torch.from_numpy(values).reshape(variable.shape)
    return tensors


def read_index(index: Path) -> dict[str, Variable]:
    """Read which variables a checkpoint holds, and where.

    Parameters
    ----------
    index : Path
        The ``.index`` file.

    Returns
    -------
    dict
        Name to `Variable`, in the order of the names.

    Raises
    ------
    ValueError
        When the file is damaged, too large, compressed, or no index of a little-endian checkpoint
        with one data file.
    """
    size = index.stat().st_size
    if not FOOTER_BYTES <= size <= MAX_INDEX_BYTES:
        raise ValueError(
            f"{index}: {size} bytes; expected a checkpoint index of {FOOTER_BYTES} to "
            f"{MAX_INDEX_BYTES} bytes. Fetch the file again."
        )
    table = index.read_bytes()
    try:
        entries = dict(_table_entries(table))
        _check_header(entries.pop(b"", b""))
        return {key.decode(): _parse_variable(value) for key, value in entries.items()}
    except (ValueError, struct.error) as error:
        raise ValueError(
            f"{index}: not a readable TensorFlow checkpoint index: {error}. Fetch the file again."
        ) from error


def _check_variable(index: Path, data: Path, name: str, variable: Variable, available: int) -> None:
    if variable.dtype != FLOAT32:
        raise ValueError(
            f"{index}: variable {name!r} has TensorFlow data type {variable.dtype}; "
            f"expected {FLOAT32} (float32)"
        )
    needed = 4 * math.prod(variable.shape)
    if variable.size != needed:
        raise ValueError(
            f"{index}: variable {name!r} of shape {variable.shape} has {variable.size} bytes; "
            f"expected {needed}"
        )
    if variable.shard != 0 or variable.offset + variable.size > available:
        raise ValueError(
            f"{data}: variable {name!r} should lie at bytes {variable.offset} to "
            f"{variable.offset + variable.size} of data file {variable.shard}; "
            f"this is file 0 and has {available} bytes"
        )


def _table_entries(table: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of a LevelDB table."""
    footer = table[-FOOTER_BYTES:]
    (magic,) = struct.unpack("<Q", footer[-8:])
    if magic != TABLE_MAGIC:
        raise ValueError(f"the file ends in {magic:#x} instead of {TABLE_MAGIC:#x}")
    position = 0
    handle = []
    for _ in range(4):  # offset and size of the meta index, then of the index block
        value, position = _varint(footer, position)
        handle.append(value)
    for _, place in _block_entries(_block(table, handle[2], handle[3])):
        offset, position = _varint(place, 0)
        length, _ = _varint(place, position)
        yield from _block_entries(_block(table, offset, length))


def _block(table: bytes, offset: int, length: int) -> bytes:
    """Return the contents of a table's block after checking its checksum."""
    end = offset + length + BLOCK_TRAILER_BYTES
    if end > len(table) - FOOTER_BYTES:
        raise ValueError(f"a block ends at byte {end} of {len(table)}")
    compression, checksum = struct.unpack("<BI", table[end - BLOCK_TRAILER_BYTES : end])
    if compression != 0:
        raise ValueError(f"a block has compression type {compression}; expected none (0)")
    if _masked_crc32c(table[offset : end - 4]) != checksum:
        raise ValueError(f"the block at byte {offset} does not match its checksum")
    return table[offset : offset + length]


def _block_entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of a block; keys share prefixes with their predecessors."""
    if len(block) < 4:
        raise ValueError("a block is too short")
    (restarts,) = struct.unpack("<I", block[-4:])
    end = len(block) - 4 - 4 * restarts
    if end < 0:
        raise ValueError(f"a block of {len(block)} bytes claims {restarts} restart points")
    position, key = 0, b""
    while position < end:
        shared, position = _varint(block, position)
        own, position = _varint(block, position)
        length, position = _varint(block, position)
        if shared > len(key) or position + own + length > end:
            raise ValueError(f"an entry of {own} + {length} bytes overruns its block")
        if shared + own > MAX_KEY_BYTES:
            raise ValueError(f"a name has {shared + own} bytes; expected up to {MAX_KEY_BYTES}")
        key = key[:shared] + block[position : position + own]
        position += own
        yield key, block[position : position + length]
        position += length


def _check_header(message: bytes) -> None:
    """Check ``BundleHeaderProto``: 1 num_shards, 2 endianness (0 is little)."""
    header = {number: value for number, value in _fields(message) if isinstance(value, int)}
    if header.get(1, 0) != 1:
        raise ValueError(f"the checkpoint has {header.get(1, 0)} data files; expected 1")
    if header.get(2, 0) != 0:
        raise ValueError("the checkpoint is big-endian; expected little-endian")


def _parse_variable(message: bytes) -> Variable:
    """Parse ``BundleEntryProto``: 1 dtype, 2 shape, 3 shard, 4 offset, 5 size, 6 CRC-32C."""
    numbers: dict[int, int] = {}
    shape: tuple[int, ...] = ()
    for number, value in _fields(message):
        if isinstance(value, int):
            numbers[number] = value
        elif number == 2:
            shape = tuple(_parse_shape(value))
        elif number == 7:
            raise ValueError("a variable is stored in slices; expected whole variables")
    dtype, shard, offset, size, checksum = (numbers.get(number, 0) for number in (1, 3, 4, 5, 6))
    return Variable(dtype, shape, shard, offset, size, checksum)


def _parse_shape(message: bytes) -> Iterator[int]:
    """Yield the sizes in a ``TensorShapeProto``: 2 dim, each with 1 size."""
    for number, dimension in _fields(message):
        if number == 2 and isinstance(dimension, bytes):
            size = dict(_fields(dimension)).get(1, 0)
            if not isinstance(size, int) or size >= 2**31:
                raise ValueError(f"a dimension has size {size!r}")
            yield size


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the fields of a protobuf message as number and value."""
    position = 0
    value: int | bytes
    while position < len(message):
        tag, position = _varint(message, position)
        kind = tag & 7
        if kind == _VARINT:
            value, position = _varint(message, position)
        elif kind in (_FIXED32, _FIXED64):
            width = 4 if kind == _FIXED32 else 8
            value = int.from_bytes(_take(message, position, width), "little")
            position += width
        elif kind == _BYTES:
            length, position = _varint(message, position)
            value = _take(message, position, length)
            position += length
        else:
            raise ValueError(f"protobuf wire type {kind} is not in use")
        yield tag >> 3, value


def _take(message: bytes, position: int, length: int) -> bytes:
    if position + length > len(message):
        raise ValueError(f"a field of {length} bytes overruns its message of {len(message)}")
    return message[position : position + length]


def _varint(buffer: bytes, position: int) -> tuple[int, int]:
    """Return a base-128 integer of at most 64 bits and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(buffer):
            raise ValueError("the data end within a number")
        byte = buffer[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (2**64 - 1), position
    raise ValueError("a number is longer than 64 bits")


def _crc32c_table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_CRC32C_TABLE = _crc32c_table()


def crc32c(content: bytes) -> int:
    """Return the CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `content`."""
    # The standard library and zlib have the other polynomial only.
    value = 0xFFFFFFFF
    table = _CRC32C_TABLE
    for byte in content:
        value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def _masked_crc32c(content: bytes) -> int:
    """Return the CRC-32C as LevelDB stores it: rotated and offset, see its util/crc32c.h."""
    value = crc32c(content)
    return (((value >> 15) | (value << 17)) + 0xA282EAD8) & 0xFFFFFFFF
