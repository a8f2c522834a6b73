import os
import re
import struct
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from baselines import drsan
from baselines.weights.tensorflow import crc32c, read_checkpoint, read_index

DTYPES = {"float32": 1, "float64": 2, "int32": 3}


def varint(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def number_field(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value) if value else b""


def bytes_field(number: int, value: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(value)) + value


def masked(content: bytes) -> bytes:
    value = crc32c(content)
    return struct.pack("<I", ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def entry(values: np.ndarray, offset: int) -> bytes:
    shape = b"".join(bytes_field(2, number_field(1, size)) for size in values.shape)
    content = values.tobytes()
    message = number_field(1, DTYPES[str(values.dtype)]) + bytes_field(2, shape)
    message += number_field(4, offset) + number_field(5, len(content))
    return message + varint(6 << 3 | 5) + masked(content)


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
    return body + b"\x00" + masked(body + b"\x00")


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


@pytest.fixture
def variables() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    shapes = {"a/kernel": (3, 3, 2, 4), "a/bias": (4,), "beta1_power": (), "empty": (0, 3)}
    return {name: rng.random(shape, np.float32) for name, shape in shapes.items()}


def test_crc32c_known_answers() -> None:
    # RFC 3720, appendix B.4, and the check value of the CRC catalogue.
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E


def test_round_trip(tmp_path: Path, variables: dict[str, np.ndarray]) -> None:
    many = variables | {f"layer_{i}/w": np.full(3, i, np.float32) for i in range(50)}
    read = read_checkpoint(*write_checkpoint(tmp_path, many))
    assert list(read) == sorted(many)
    for name, value in many.items():
        assert read[name].dtype == torch.float32
        np.testing.assert_array_equal(read[name].numpy(), value)


def test_only_the_wanted_variables_are_read(tmp_path: Path) -> None:
    stored = {"step": np.array(7, np.int32), "w": np.ones(3, np.float32)}
    index, data = write_checkpoint(tmp_path, stored)
    assert list(read_checkpoint(index, data, ["w"])) == ["w"]
    assert read_index(index)["step"].shape == ()
    with pytest.raises(ValueError, match="'step' has TensorFlow data type 3"):
        read_checkpoint(index, data)
    with pytest.raises(ValueError, match="missing, the first is 'v'"):
        read_checkpoint(index, data, ["w", "v"])


def test_every_truncation_is_refused(tmp_path: Path, variables: dict[str, np.ndarray]) -> None:
    index, data = write_checkpoint(tmp_path, variables)
    whole = index.read_bytes()
    for length in range(len(whole)):
        index.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=re.escape(str(index))):
            read_index(index)
    index.write_bytes(whole)
    data.write_bytes(data.read_bytes()[:-1])
    with pytest.raises(ValueError, match=re.escape(str(data))):
        read_checkpoint(index, data)


def test_every_flipped_byte_of_the_entries_is_noticed(
    tmp_path: Path, variables: dict[str, np.ndarray]
) -> None:
    index, _ = write_checkpoint(tmp_path, variables)
    whole = index.read_bytes()
    for position in range(len(whole) - 48):
        changed = bytearray(whole)
        changed[position] ^= 0x10
        index.write_bytes(changed)
        # The empty meta index block is not read: nothing depends on it.
        if read_or_none(index) is not None:
            assert position >= whole.rindex(block([])), position
            assert position < whole.rindex(block([])) + len(block([])), position


def read_or_none(index: Path) -> object:
    try:
        return read_index(index)
    except ValueError:
        return None


def test_changed_values_are_noticed(tmp_path: Path, variables: dict[str, np.ndarray]) -> None:
    index, data = write_checkpoint(tmp_path, variables)
    changed = bytearray(data.read_bytes())
    changed[0] ^= 1
    data.write_bytes(changed)
    with pytest.raises(ValueError, match="'a/bias' does not match the checksum"):
        read_checkpoint(index, data)


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        # 2^40 floats that the file does not have; nothing may be allocated for them.
        (
            number_field(1, 1)
            + bytes_field(2, bytes_field(2, number_field(1, 2**20)) * 2)
            + number_field(5, 2**42),
            "has 0 bytes|lie at bytes",
        ),
        (number_field(1, 1) + number_field(4, 2**63) + number_field(5, 4), "should lie at bytes"),
        (number_field(1, 1) + number_field(3, 3) + number_field(5, 4), "data file 3"),
        (number_field(1, 1) + number_field(5, 2**62), "expected 4"),
        (number_field(1, 2) + number_field(5, 8), "data type 2"),
        (number_field(1, 7) + number_field(5, 8), "data type 7"),  # strings
    ],
)
def test_absurd_entries_are_refused(tmp_path: Path, message: bytes, complaint: str) -> None:
    index, data = tmp_path / "net.index", tmp_path / "net.data"
    index.write_bytes(table([(b"", HEADER), (b"w", message)]))
    data.write_bytes(bytes(16))
    with pytest.raises(ValueError, match=complaint):
        read_checkpoint(index, data)


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        (bytes_field(2, bytes_field(2, number_field(1, 2**63))), "dimension has size"),
        (varint(2 << 3 | 2) + varint(2**60), "overruns its message"),
        (varint(3), "wire type 3"),
        (b"\x08" + b"\xff" * 11, "longer than 64 bits"),
        (bytes_field(7, b""), "slices"),
    ],
)
def test_malformed_messages_are_refused(tmp_path: Path, message: bytes, complaint: str) -> None:
    index = tmp_path / "net.index"
    index.write_bytes(table([(b"", HEADER), (b"w", message)]))
    with pytest.raises(ValueError, match=complaint):
        read_index(index)


@pytest.mark.parametrize(
    ("header", "complaint"),
    [
        (number_field(1, 2), "2 data files"),
        (b"", "0 data files"),
        (number_field(1, 1) + number_field(2, 1), "big-endian"),
    ],
)
def test_other_bundles_are_refused(tmp_path: Path, header: bytes, complaint: str) -> None:
    index, _ = write_checkpoint(tmp_path, {"w": np.ones(1, np.float32)}, header)
    with pytest.raises(ValueError, match=complaint):
        read_index(index)


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw[:-8] + b"PK\x03\x04....",  # another kind of file
        lambda raw: raw[:-48] + (varint(0) * 2 + varint(2**62) * 2).ljust(40, b"\x00") + raw[-8:],
        lambda raw: raw[:-48] + b"\xff" * 40 + raw[-8:],
    ],
)
def test_hostile_footers_are_refused(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    index, _ = write_checkpoint(tmp_path, {"w": np.ones(1, np.float32)})
    index.write_bytes(change(index.read_bytes()))
    with pytest.raises(ValueError, match="not a readable TensorFlow checkpoint index"):
        read_index(index)


def test_compressed_table_is_refused(tmp_path: Path) -> None:
    body = struct.pack("<II", 0, 1) + b"\x01"  # compression type 1 is Snappy
    block_ = body + masked(body)
    handles = varint(0) * 2 + varint(0) + varint(len(body) - 1)
    index = tmp_path / "net.index"
    index.write_bytes(block_ + handles.ljust(40, b"\x00") + struct.pack("<Q", 0xDB4775248B80FB57))
    with pytest.raises(ValueError, match="compression type 1"):
        read_index(index)


def test_huge_index_is_refused_unread(tmp_path: Path) -> None:
    index = tmp_path / "net.index"
    with index.open("wb") as file:
        file.truncate(2**40)  # sparse
    with pytest.raises(ValueError, match="1099511627776 bytes"):
        read_index(index)


def test_long_names_with_one_prefix_are_refused(tmp_path: Path) -> None:
    index = tmp_path / "net.index"
    value = entry(np.zeros((), np.float32), 0)
    for length, accepted in ((996, True), (997, False)):
        names = [b"a" * length + b"%04d" % number for number in range(1000)]
        index.write_bytes(table([(b"", HEADER), *((name, value) for name in names)]))
        assert index.stat().st_size < 120_000  # the names alone have a million bytes
        if accepted:
            assert len(read_index(index)) == 1000
        else:
            with pytest.raises(ValueError, match="a name has 1001 bytes; expected up to 1000"):
                read_index(index)


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    index = tmp_path_factory.mktemp("fuzz") / "net.index"
    index.write_bytes(raw + bytes(40) + struct.pack("<Q", 0xDB4775248B80FB57))
    with pytest.raises(ValueError, match=r"net\.index"):
        read_index(index)


def test_drsan_checkpoint_becomes_a_state_dict(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    with torch.device("meta"):
        shapes = {name: tuple(p.shape) for name, p in drsan.DRSAN(4).state_dict().items()}
    official = {}
    for ours, theirs in drsan.checkpoint_names(4).items():
        shape = shapes[ours]
        if len(shape) == 4:
            out, inputs, height, width = shape
            shape = (height, width, inputs, out)
        official[theirs] = rng.standard_normal(shape).astype(np.float32)
    official["Variable"] = np.array(0, np.int32)  # TensorFlow's step counter
    net = drsan.DRSAN(4)
    net.load_state_dict(drsan.published_state_dict(write_checkpoint(tmp_path, official), 4))

    # conv2d_75 is the second upsampling convolution; follow it as TensorFlow computes it.
    kernel, bias = official["DRAN/conv2d_75/kernel"], official["DRAN/conv2d_75/bias"]
    image = rng.standard_normal((4, 5, 48)).astype(np.float32)
    padded = np.pad(image, [(1, 1), (1, 1), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(0, 1))
    convolved = np.einsum("hwcyx,yxco->hwo", windows, kernel) + bias
    # depth_to_space as TensorFlow documents it: depth is (row, column, channel) of a 2x2 cell.
    cells = convolved.reshape(4, 5, 2, 2, 48)
    expected = cells.transpose(0, 2, 1, 3, 4).reshape(8, 10, 48)
    with torch.no_grad():
        x = torch.from_numpy(image).permute(2, 0, 1)[None]
        ours = net.upsampler[3](net.upsampler[2](x))[0].permute(1, 2, 0)
    np.testing.assert_allclose(ours.numpy(), expected, atol=1e-3)


@pytest.mark.skipif(not os.environ.get("MESR_MIRROR"), reason="MESR_MIRROR is not set")
@pytest.mark.parametrize(("scale", "params"), [(2, 1_187_827), (3, 1_291_747), (4, 1_270_963)])
def test_index_of_the_authors_checkpoint(scale: int, params: int, tmp_path: Path) -> None:
    name = f"DRSAN48mx{scale}.index"
    found = list(Path(os.environ["MESR_MIRROR"]).rglob(name))
    if not found:
        pytest.skip(f"{name} is not in the mirror")
    variables = read_index(found[0])
    weights = {
        key: value
        for key, value in variables.items()
        if "Adam" not in key and key not in {"Variable", "beta1_power", "beta2_power"}
    }
    assert sum(np.prod(value.shape, dtype=int) for value in weights.values()) == params
    with torch.device("meta"):
        shapes = {key: tuple(p.shape) for key, p in drsan.DRSAN(scale).state_dict().items()}
    names = drsan.checkpoint_names(scale)
    assert set(names.values()) == set(weights)
    for ours, theirs in names.items():
        shape = weights[theirs].shape
        assert shapes[ours] == (tuple(shape[i] for i in (3, 2, 0, 1)) if len(shape) == 4 else shape)

    # Data of the right size but other content, as a corrupted download has.
    data = tmp_path / "data"
    with data.open("wb") as file:
        file.truncate(max(value.offset + value.size for value in variables.values()))
    with pytest.raises(ValueError, match="does not match the checksum"):
        drsan.published_state_dict([found[0], data], scale)
