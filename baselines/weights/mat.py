"""Read MATLAB v5 files (``save`` up to v7, MatConvNet models) with SciPy, sizes checked first."""

import io
import math
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
import torch
from torch import Tensor

_HEADER_BYTES = 128
_MAX_BYTES = 1 << 26  # unpacked; the released models take 3 MB
_MAX_DEPTH = 16
# An element of 8 bytes becomes Python objects of a few hundred. The released models have up to
# 1,100 arrays in all, of up to 4 dimensions.
_MAX_ELEMENTS = 100_000
_MAX_DIMENSIONS = 32
_MATRIX, _COMPRESSED = 14, 15  # data types miMATRIX, miCOMPRESSED
_INT32 = 5
# Data types of numbers and text. SciPy looks others up outside its table and crashes
# (https://github.com/scipy/scipy/pull/25349).
_VALUES = frozenset({*range(1, 8), 9, 12, 13, 16, 17, 18})
_CELL, _STRUCT, _CHAR = 1, 2, 4
# Besides these three, numbers from double (6) to uint64 (15). Objects, sparse matrices, function
# handles and opaque classes have no place in a file of weights.
_CLASSES = frozenset({_CELL, _STRUCT, _CHAR, *range(6, 16)})


def read_mat(path: Path, variables: Sequence[str]) -> dict[str, Any]:
    """Read variables of a MATLAB v5 file.

    Parameters
    ----------
    path : Path
        The file.
    variables : sequence of str
        Names that must be present; others are ignored.

    Returns
    -------
    dict
        Structs as dicts, cells as lists or object arrays, numbers as NumPy arrays, axes of length
        1 removed (MATLAB drops trailing ones anyway; `as_tensor` restores them).

    Raises
    ------
    ValueError
        When the file is not a MATLAB v5 file, is damaged, declares more than it holds, or lacks a
        variable.
    """
    data = _unpacked(Path(path).read_bytes(), str(path))
    try:
        found = scipy.io.loadmat(
            io.BytesIO(data), variable_names=list(variables), simplify_cells=True
        )
    except Exception as error:  # SciPy raises many kinds for damaged files
        raise ValueError(
            f"{path}: damaged MATLAB file ({type(error).__name__}: {error}); fetch it again"
        ) from error
    missing = [name for name in variables if name not in found]
    if missing:
        raise ValueError(
            f"{path}: lacks the variable{'s' * (len(missing) > 1)} {', '.join(missing)}; not the "
            "weights that were expected"
        )
    return {name: found[name] for name in variables}


def as_tensor(value: Any, shape: tuple[int, ...], what: str) -> Tensor:
    """Convert a numeric value read from a MATLAB file to a float32 tensor of a given shape.

    Parameters
    ----------
    value : array_like
        Numbers whose shape equals `shape` up to axes of length 1.
    shape : tuple of int
        Expected shape.
    what : str
        Names the value in error messages.

    Returns
    -------
    Tensor
        float32, contiguous.

    Raises
    ------
    ValueError
        When the value is not numeric, has another shape or values that are not finite.
    """
    array = np.asarray(value)
    wanted = tuple(n for n in shape if n != 1)
    if array.dtype.kind not in "fiu" or tuple(n for n in array.shape if n != 1) != wanted:
        raise ValueError(
            f"{what} is {array.dtype} of shape {array.shape}; expected numbers of shape {shape}"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{what} has values that are not finite")
    return torch.from_numpy(array.reshape(shape).astype(np.float32))


def _unpacked(data: bytes, what: str) -> bytes:
    """Return the file with its compressed variables unpacked and every length checked.

    SciPy allocates what lengths and dimensions declare before it looks for the data.
    """
    version = data[124:128]
    if version != b"\x00\x01IM":
        known = "MATLAB v7.3 (HDF5)" if data.startswith(b"MATLAB 7.3") else "unknown"
        raise ValueError(
            f"{what}: not a little-endian MATLAB v5 file (format: {known}); save with '-v7'"
        )
    parts, size = [data[:_HEADER_BYTES]], 0
    for kind, body in _elements(memoryview(data)[_HEADER_BYTES:], what):
        elements = [(kind, body)]
        if kind == _COMPRESSED:
            elements = _elements(memoryview(_inflate(body, _MAX_BYTES - size, what)), what)
        if len(elements) != 1 or elements[0][0] != _MATRIX:
            raise ValueError(f"{what}: holds something else than variables")
        variable = elements[0][1]
        _check_matrix(variable, what, depth=0)
        size += len(variable)
        parts += [struct.pack("<II", _MATRIX, len(variable)), bytes(variable)]
    return b"".join(parts)


def _inflate(body: memoryview, limit: int, what: str) -> bytes:
    try:
        unpacked = zlib.decompressobj().decompress(body, limit + 1)
    except zlib.error as error:
        raise ValueError(f"{what}: damaged compressed variable ({error})") from error
    if len(unpacked) > limit:
        raise ValueError(f"{what}: unpacks to more than {_MAX_BYTES:,} bytes")
    return unpacked


def _elements(data: memoryview, what: str) -> list[tuple[int, memoryview]]:
    """Split data elements: a tag of type and length, then the body, padded to 8 bytes."""
    elements: list[tuple[int, memoryview]] = []
    position = 0
    while position < len(data):
        if len(data) - position < 8:
            raise ValueError(f"{what}: ends inside the tag of an element")
        kind, length = struct.unpack_from("<II", data, position)
        if kind >> 16:  # small element: length and type share four bytes, four bytes of data
            kind, length, start, step = kind & 0xFFFF, kind >> 16, position + 4, 8
            if length > 4:
                raise ValueError(f"{what}: a small element declares {length} bytes")
        else:
            start = position + 8
            step = 8 + length + (0 if kind == _COMPRESSED else -length % 8)
        if length > len(data) - start:
            raise ValueError(
                f"{what}: an element declares {length:,} bytes where {len(data) - start:,} are left"
            )
        if len(elements) == _MAX_ELEMENTS:
            raise ValueError(f"{what}: a container has more than {_MAX_ELEMENTS:,} elements")
        elements.append((kind, data[start : start + length]))
        position += step
    return elements


def _check_matrix(body: memoryview, what: str, depth: int) -> int:
    """Check class and dimensions of a miMATRIX element and of those inside it; count them all."""
    if depth > _MAX_DEPTH:
        raise ValueError(f"{what}: cells or structs are nested more than {_MAX_DEPTH} deep")
    if not body:
        return 1  # MATLAB writes empty arrays inside cells like this
    elements = _elements(body, what)
    if len(elements) < 3 or len(elements[0][1]) != 8 or elements[1][0] != _INT32:
        raise ValueError(f"{what}: a variable lacks its flags, dimensions or name")
    array_class = elements[0][1][0]
    if array_class not in _CLASSES:
        raise ValueError(f"{what}: holds an array of class {array_class}; expected plain data")
    sizes = elements[1][1]
    if len(sizes) > 4 * _MAX_DIMENSIONS:
        raise ValueError(f"{what}: a variable has more than {_MAX_DIMENSIONS} dimensions")
    dimensions = struct.unpack(f"<{len(sizes) // 4}i", sizes[: len(sizes) // 4 * 4])
    # Every number takes a byte, every cell or field the 8 of a tag.
    if min(dimensions, default=-1) < 0 or math.prod(dimensions) > len(body):
        raise ValueError(f"{what}: a variable declares dimensions {dimensions}, more than it holds")
    content = elements[3:]
    arrays = 1
    if array_class in (_CELL, _STRUCT):
        count = math.prod(dimensions)
        if array_class == _STRUCT:
            count *= _field_count(content[:2], what)
            content = content[2:]
        if len(content) != count or any(kind != _MATRIX for kind, _ in content):
            raise ValueError(f"{what}: a cell or struct array does not have its {count} elements")
        for _, inner in content:
            arrays += _check_matrix(inner, what, depth + 1)
            if arrays > _MAX_ELEMENTS:
                raise ValueError(f"{what}: a variable has more than {_MAX_ELEMENTS:,} elements")
    elif not 1 <= len(content) <= 2 or any(kind not in _VALUES for kind, _ in content):
        raise ValueError(f"{what}: an array of numbers or characters lacks its values")
    return arrays


def _field_count(elements: list[tuple[int, memoryview]], what: str) -> int:
    """Return the number of fields of a struct from its two elements: name length, names."""
    if len(elements) != 2 or len(elements[0][1]) != 4:
        raise ValueError(f"{what}: a struct lacks the names of its fields")
    (length,) = struct.unpack("<i", elements[0][1])
    if length < 1 or len(elements[1][1]) % length:
        raise ValueError(f"{what}: a struct's field names have length {length}")
    return len(elements[1][1]) // length
