import os
import struct
from itertools import takewhile
from pathlib import Path

import numpy as np
import pytest
import torch

from baselines import drsan
from baselines.weights.tensorflow import read_checkpoint, read_index, shape_of
from tests.baselines.weights.wire import bytes_field, number_field, varint

DTYPES = {"float32": 1, "float64": 2, "int32": 3}


def entry(values: np.ndarray, offset: int) -> bytes:
    shape = b"".join(bytes_field(2, number_field(1, size)) for size in values.shape)
    content = values.tobytes()
    message = number_field(1, DTYPES[str(values.dtype)]) + bytes_field(2, shape)
    message += number_field(4, offset) + number_field(5, len(content))
    return message + varint(6 << 3 | 5) + bytes(4)  # the checksum, which is not read


def block(entries: list[tuple[bytes, bytes]]) -> bytes:
    """Encode a LevelDB block whose keys share prefixes, with one restart point."""
    body, previous = b"", b""
    for key, value in entries:
        same = (a == b for a, b in zip(previous, key, strict=False))
        shared = sum(takewhile(bool, same))
        own = key[shared:]
        body += varint(shared) + varint(len(own)) + varint(len(value)) + own + value
        previous = key
    body += struct.pack("<II", 0, 1)
    return body + bytes(5)  # type of compression and checksum


def table(entries: list[tuple[bytes, bytes]], per_block: int = 20) -> bytes:
    out, index = b"", []
    for start in range(0, len(entries), per_block):
        part = entries[start : start + per_block]
        encoded = block(part)
        index.append((part[-1][0], varint(len(out)) + varint(len(encoded) - 5)))
        out += encoded
    handles = b""
    for encoded in (block([]), block(index)):
        handles += varint(len(out)) + varint(len(encoded) - 5)
        out += encoded
    return out + handles.ljust(40, b"\x00") + struct.pack("<Q", 0xDB4775248B80FB57)


HEADER = number_field(1, 1) + bytes_field(3, number_field(1, 1))


def write_checkpoint(
    folder: Path, variables: dict[str, np.ndarray], header: bytes = HEADER
) -> tuple[Path, Path]:
    """Write a checkpoint as TensorFlow's BundleWriter lays it out."""
    entries, data = [(b"", header)], b""
    for name in sorted(variables):
        entries.append((name.encode(), entry(variables[name], len(data))))
        data += variables[name].tobytes()
    index_path, data_path = folder / "net.index", folder / "net.data-00000-of-00001"
    index_path.write_bytes(table(entries))
    data_path.write_bytes(data)
    return index_path, data_path


def test_round_trip(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    shapes = {"a/kernel": (3, 3, 2, 4), "a/bias": (4,), "beta1_power": (), "empty": (0, 3)}
    many = {name: rng.random(shape, np.float32) for name, shape in shapes.items()}
    many |= {f"layer_{i}/w": np.full(3, i, np.float32) for i in range(50)}
    index, data = write_checkpoint(tmp_path, many)
    assert list(read_index(index)) == sorted(many)
    read = read_checkpoint(index, data, many)
    for name, value in many.items():
        assert read[name].dtype == torch.float32
        np.testing.assert_array_equal(read[name].numpy(), value)


def test_only_the_wanted_variables_are_read(tmp_path: Path) -> None:
    stored = {"step": np.array(7, np.int32), "w": np.ones(3, np.float32)}
    index, data = write_checkpoint(tmp_path, stored)
    assert list(read_checkpoint(index, data, ["w"])) == ["w"]
    assert shape_of(read_index(index)["step"]) == ()
    with pytest.raises(ValueError, match="'step' has TensorFlow data type 3"):
        read_checkpoint(index, data, ["step"])
    with pytest.raises(ValueError, match="missing, the first is 'v'"):
        read_checkpoint(index, data, ["w", "v"])


ONE = number_field(1, 1)  # float32; a header of one data file
ABSURD = {
    "offset": (ONE + number_field(4, 2**62) + number_field(5, 4), "should lie at bytes"),
    "negative offset": (ONE + number_field(4, 2**63) + number_field(5, 4), "should lie at bytes"),
    "size": (ONE + number_field(5, 2**62), "expected type 1"),
    "strings": (number_field(1, 7) + number_field(5, 8), "data type 7"),
    "endless integer": (b"\x08" + b"\xff" * 11, "Error parsing message"),
    "slices": (bytes_field(7, b""), "slices"),
}


@pytest.mark.parametrize(("message", "complaint"), ABSURD.values(), ids=ABSURD)
def test_absurd_entries_are_refused(tmp_path: Path, message: bytes, complaint: str) -> None:
    index, data = tmp_path / "net.index", tmp_path / "net.data"
    index.write_bytes(table([(b"", HEADER), (b"w", message)]))
    data.write_bytes(bytes(16))
    with pytest.raises(ValueError, match=complaint):
        read_checkpoint(index, data, ["w"])


def test_other_files_are_refused(tmp_path: Path) -> None:
    one = {"w": np.ones(1, np.float32)}
    for header, complaint in {
        number_field(1, 2): "2 data files",
        b"": "0 data files",
        ONE + number_field(2, 1): "endianness 1",
    }.items():
        with pytest.raises(ValueError, match=complaint):
            read_index(write_checkpoint(tmp_path, one, header)[0])
    index, _ = write_checkpoint(tmp_path, one)
    raw = index.read_bytes()
    for damaged, complaint in {
        raw[:-8] + b"PK\x03\x04....": "not a readable TensorFlow checkpoint index: the file ends",
        raw[:-48] + b"\xff" * 40 + raw[-8:]: "not a readable TensorFlow checkpoint index",
        # A block of four bytes, without entries, of compression type 1: Snappy.
        bytes(8) + b"\x01" + (bytes(3) + b"\x08").ljust(40, b"\0") + raw[-8:]: "compression type 1",
    }.items():
        index.write_bytes(damaged)
        with pytest.raises(ValueError, match=complaint):
            read_index(index)


@pytest.mark.parametrize(("scale", "number", "layer"), [(3, 74, 0), (4, 75, 2)])
def test_drsan_checkpoint_becomes_a_state_dict(
    tmp_path: Path, scale: int, number: int, layer: int
) -> None:
    rng = np.random.default_rng(0)
    with torch.device("meta"):
        shapes = {name: tuple(p.shape) for name, p in drsan.DRSAN(scale).state_dict().items()}
    official = {}
    for ours, theirs in drsan.checkpoint_names(scale).items():
        shape = shapes[ours]
        if len(shape) == 4:
            out, inputs, height, width = shape
            shape = (height, width, inputs, out)
        official[theirs] = rng.standard_normal(shape).astype(np.float32)
    official["Variable"] = np.array(0, np.int32)  # TensorFlow's step counter
    net = drsan.DRSAN(scale)
    net.load_state_dict(drsan.published_state_dict(write_checkpoint(tmp_path, official), scale))

    # The last convolution before a pixel shuffle; follow it as TensorFlow computes it.
    kernel, bias = (official[f"DRAN/conv2d_{number}/{part}"] for part in ("kernel", "bias"))
    image = rng.standard_normal((4, 5, 48)).astype(np.float32)
    padded = np.pad(image, [(1, 1), (1, 1), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(0, 1))
    convolved = np.einsum("hwcyx,yxco->hwo", windows, kernel) + bias
    # depth_to_space as TensorFlow documents it: depth is (row, column, channel) of a cell.
    side = 3 if scale == 3 else 2
    cells = convolved.reshape(4, 5, side, side, 48)
    expected = cells.transpose(0, 2, 1, 3, 4).reshape(4 * side, 5 * side, 48)
    with torch.no_grad():
        x = torch.from_numpy(image).permute(2, 0, 1)[None]
        ours = net.upsampler[layer + 1](net.upsampler[layer](x))[0].permute(1, 2, 0)
    np.testing.assert_allclose(ours.numpy(), expected, atol=1e-3)


@pytest.mark.skipif(not os.environ.get("MESR_MIRROR"), reason="MESR_MIRROR is not set")
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_index_of_the_authors_checkpoint(scale: int) -> None:
    found = list(Path(os.environ["MESR_MIRROR"]).rglob(f"DRSAN48mx{scale}.index"))
    if not found:
        pytest.skip("the checkpoint is not in the mirror")
    variables = read_index(found[0])
    with torch.device("meta"):
        shapes = {key: tuple(p.shape) for key, p in drsan.DRSAN(scale).state_dict().items()}
    names = drsan.checkpoint_names(scale)
    others = {"Variable", "beta1_power", "beta2_power"}  # and what Adam keeps
    assert set(names.values()) == {n for n in variables if "Adam" not in n} - others
    for ours, theirs in names.items():
        shape = shape_of(variables[theirs])
        assert shapes[ours] == (tuple(shape[i] for i in (3, 2, 0, 1)) if len(shape) == 4 else shape)
