"""The restricted reader, and hostile pickles in place of every kind of weight file."""

import collections
import io
import os
import pickle
import pickletools
import struct
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from baselines import idn, lapsrn, msrn, srcnn, vdsr
from baselines.weights import pickled
from baselines.weights.pickled import Call, Global, Storage, parse_pickle, read_pickled_module

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
SYSTEM = {"protocol_version": PROTOCOL, "little_endian": True, "type_sizes": {"long": 4}}
CLASSES = ("oldnet.Net", "oldnet.Conv2d")


# -- What such a file looks like ------------------------------------------------------------------


class _OldPickler(pickle._Pickler):  # the pure-Python one, whose opcodes can be overridden
    """Pickle modules as PyTorch < 0.4 did: classes with their source, tensors by storage."""

    dispatch = pickle._Pickler.dispatch.copy()

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream, protocol=2)
        self.classes: set[type] = set()

    def persistent_id(self, obj: object) -> object:
        if isinstance(obj, type) and obj.__module__ == "oldnet" and obj not in self.classes:
            self.classes.add(obj)
            return ("module", obj, "oldnet.py", "class Net: ...")
        if isinstance(obj, _Block):
            return ("storage", torch.FloatStorage, obj.key, "cuda:0", len(obj.values), None)
        return None

    def save_text(self, text: str) -> None:
        """Write text as Python 2 wrote its byte strings: opcodes U and T."""
        data = text.encode("latin-1")
        if len(data) < 256:
            self.write(pickle.SHORT_BINSTRING + bytes([len(data)]) + data)
        else:
            self.write(pickle.BINSTRING + struct.pack("<i", len(data)) + data)
        self.memoize(text)

    dispatch[str] = save_text


class _Block:
    """A storage: its key and its numbers."""

    def __init__(self, key: str, values: list[float]) -> None:
        self.key, self.values = key, values


class _Named:
    """Pickled as a call of a named function."""

    def __init__(self, function: object, *arguments: object, state: object = None) -> None:
        self.call = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


def _rebuild(block: _Block, size: tuple[int, ...], start: int = 0) -> _Named:
    stride, strides = 1, []
    for n in reversed(size):
        strides.insert(0, stride)
        stride *= n
    tensor = _Named(torch._utils._rebuild_tensor, block, start, size, tuple(strides))
    return _Named(torch.nn.parameter.Parameter, tensor, state=(True, False, None))


def _ordered(pairs: list[tuple[str, object]]) -> _Named:
    """Python 2 pickles an OrderedDict as a call with a list of lists."""
    return _Named(collections.OrderedDict, [list(pair) for pair in pairs])


def _module(cls: type, parameters: list[Any], children: list[Any]) -> object:
    module = cls()
    module.__dict__.update(
        _parameters=_ordered(parameters),
        _buffers=_ordered([]),
        _modules=_ordered(children),
        training=True,
    )
    return module


@pytest.fixture
def oldnet(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A module with the classes of the pickled network; only the writer needs it."""
    module = types.ModuleType("oldnet")
    for name in ("Net", "Conv2d", "Other"):
        setattr(module, name, type(name, (), {"__module__": "oldnet"}))
    monkeypatch.setitem(sys.modules, "oldnet", module)
    return module


def _old_file(root: object, blocks: list[_Block]) -> bytes:
    stream = io.BytesIO()
    for header in (MAGIC, PROTOCOL, SYSTEM):
        pickle.dump(header, stream, protocol=2)
    _OldPickler(stream).dump(root)
    pickle.dump([block.key for block in blocks], stream, protocol=2)
    for block in blocks:
        stream.write(struct.pack(f"<q{len(block.values)}f", len(block.values), *block.values))
    return stream.getvalue()


Build = Callable[..., bytes]


@pytest.fixture
def build(oldnet: types.ModuleType) -> Build:
    """Return a writer of a network of two layers, each part replaceable."""

    def write(
        *, size: tuple[int, ...] = (2, 3), start: int = 0, stored: list[float] | None = None
    ) -> bytes:
        first = _Block("11", [float(n) for n in range(6)])
        second = _Block("22", [7.0, 8.0])
        inner = _module(oldnet.Conv2d, [("weight", _rebuild(first, size, start))], [])
        last = _module(oldnet.Conv2d, [("weight", _rebuild(second, (2,))), ("bias", None)], [])
        net = _module(oldnet.Net, [], [("block", inner), ("output", last)])
        blocks = [first if stored is None else _Block("11", stored), second]
        return _old_file({"epoch": 50, "model": net}, blocks)

    return write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.pth"


# -- Reading ---------------------------------------------------------------------------------------


def test_reads_every_tensor_of_a_pickled_network(build: Build, path: Path) -> None:
    path.write_bytes(build())
    sys.modules.pop("oldnet")  # the reader must not need the classes
    tensors = read_pickled_module(path, "model", CLASSES)
    assert list(tensors) == ["block.weight", "output.weight"]
    torch.testing.assert_close(tensors["block.weight"], torch.arange(6.0).reshape(2, 3))
    torch.testing.assert_close(tensors["output.weight"], torch.tensor([7.0, 8.0]))


def test_reads_a_part_of_a_storage(build: Build, path: Path) -> None:
    path.write_bytes(build(size=(2, 2), start=1))
    tensor = read_pickled_module(path, "model", CLASSES)["block.weight"]
    torch.testing.assert_close(tensor, torch.tensor([[1.0, 2.0], [3.0, 4.0]]))


def test_torchs_weights_only_reader_does_not_open_such_files(build: Build, path: Path) -> None:
    path.write_bytes(build())  # the reason for this reader; drop it once torch can
    with pytest.raises(pickle.UnpicklingError):
        torch.load(path, weights_only=True)


@pytest.mark.skipif("MESR_MIRROR" not in os.environ, reason="MESR_MIRROR is not set")
def test_reads_pytorch_vdsr() -> None:
    mirror = Path(os.environ["MESR_MIRROR"]) / "raw.githubusercontent.com/twtygqyy/pytorch-vdsr"
    (file,) = mirror.rglob("model_epoch_50.pth")
    state = vdsr.published_state_dict([file], 2)
    vdsr.VDSR(2, bias=False).load_state_dict(state)
    assert sum(tensor.numel() for tensor in state.values()) == 664_704


def test_values_are_inert_records() -> None:
    content = pickle.dumps(collections.OrderedDict(a=1), protocol=2)
    value, storages = parse_pickle(io.BytesIO(content), {"collections.OrderedDict"}, "file")
    assert isinstance(value, Call)
    assert value.function == Global("collections.OrderedDict")
    assert value.items == [("a", 1)]
    assert storages == {}


@settings(max_examples=50, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.floats(),
        lambda inner: (
            st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner)
        ),
    ),
    st.sampled_from([2, 3, 4]),
)
def test_plain_values_are_read_as_pickle_reads_them(value: object, protocol: int) -> None:
    # Compared by repr, which tells 1 from True and nan from nothing.
    content = pickle.dumps(value, protocol=protocol)
    if any(op.name == "GLOBAL" for op, _, _ in pickletools.genops(content)):
        return  # protocol 2 writes bytes as a call of codecs.encode, which is refused
    found, _ = parse_pickle(io.BytesIO(content), (), "file")
    assert repr(found) == repr(value)


def test_text_of_python_2_is_read() -> None:
    found, _ = parse_pickle(io.BytesIO(b"\x80\x02T\x05\x00\x00\x00hello."), (), "file")
    assert found == "hello"


# -- Damage ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": (2, 4)}, r"block\.weight of size \(2, 4\) does not fit"),
        ({"size": (2, 3), "start": 1}, "does not fit"),
        ({"size": (0, 3)}, "does not fit"),
        ({"size": (1 << 40, 1 << 40)}, "does not fit"),
        ({"stored": [1.0] * 5}, "declares .* bytes of numbers but holds"),
        ({"stored": [1.0] * 7}, "storage '11' has 7 values, not 6"),
    ],
)
def test_tensors_that_do_not_fit_their_storage_are_refused(
    build: Build, path: Path, arguments: dict[str, Any], message: str
) -> None:
    path.write_bytes(build(**arguments))
    with pytest.raises(ValueError, match=message):
        read_pickled_module(path, "model", CLASSES)


def test_classes_that_were_not_expected_are_refused(build: Build, path: Path) -> None:
    path.write_bytes(build())
    with pytest.raises(ValueError, match=r"names 'oldnet\.Conv2d'"):
        read_pickled_module(path, "model", ("oldnet.Net",))


def test_other_key_is_refused(build: Build, path: Path) -> None:
    path.write_bytes(build())
    with pytest.raises(ValueError, match="holds no network under the key 'net'"):
        read_pickled_module(path, "net", CLASSES)


def test_network_that_contains_itself_is_refused(oldnet: types.ModuleType, path: Path) -> None:
    loop: list[Any] = []
    net = _module(oldnet.Net, [], [])
    net.__dict__["_modules"] = _Named(collections.OrderedDict, loop)
    loop.append(["again", net])
    path.write_bytes(_old_file({"model": net}, []))
    with pytest.raises(ValueError, match="nested too deep"):
        read_pickled_module(path, "model", CLASSES)


def test_network_of_absurd_depth_is_refused(oldnet: types.ModuleType, path: Path) -> None:
    net = _module(oldnet.Net, [], [])
    for _ in range(40):
        net = _module(oldnet.Net, [], [("a", net)])
    path.write_bytes(_old_file({"model": net}, []))
    with pytest.raises(ValueError, match="nested too deep"):
        read_pickled_module(path, "model", CLASSES)


def test_network_that_doubles_at_every_level_is_refused(
    oldnet: types.ModuleType, path: Path
) -> None:
    net = _module(oldnet.Net, [], [])
    for _ in range(30):  # 2^30 modules, in a file of a few kilobytes
        net = _module(oldnet.Net, [], [("a", net), ("b", net)])
    path.write_bytes(_old_file({"model": net}, []))
    assert path.stat().st_size < 20_000
    with pytest.raises(ValueError, match="too many"):
        read_pickled_module(path, "model", CLASSES)


def test_one_storage_under_many_names_is_refused(oldnet: types.ModuleType, path: Path) -> None:
    block = _Block("11", [0.0] * 1000)
    whole = _rebuild(block, (1000,))
    names = [(f"weight{number}", whole) for number in range(1000)]  # 1000 times the file
    path.write_bytes(_old_file({"model": _module(oldnet.Net, names, [])}, [block]))
    with pytest.raises(ValueError, match=r"net\.pth: the tensors hold more values .* weight1 on"):
        read_pickled_module(path, "model", CLASSES)


def test_parts_of_one_storage_are_read(oldnet: types.ModuleType, path: Path) -> None:
    block = _Block("11", [float(n) for n in range(6)])
    parts = [("first", _rebuild(block, (3,))), ("last", _rebuild(block, (3,), 3))]
    path.write_bytes(_old_file({"model": _module(oldnet.Net, parts, [])}, [block]))
    found = read_pickled_module(path, "model", CLASSES)
    assert {name: tensor.tolist() for name, tensor in found.items()} == {
        "first": [0, 1, 2],
        "last": [3, 4, 5],
    }


def test_empty_entries_that_multiply_are_refused(oldnet: types.ModuleType, path: Path) -> None:
    # 64 times the same module with 2000 empty parameters
    net = _module(oldnet.Net, [(f"empty{number}", None) for number in range(2000)], [])
    for _ in range(6):
        net = _module(oldnet.Net, [], [("a", net), ("b", net)])
    path.write_bytes(_old_file({"model": net}, []))
    with pytest.raises(ValueError, match="too many"):
        read_pickled_module(path, "model", CLASSES)


def test_truncated_file_is_refused_at_every_length(build: Build, path: Path) -> None:
    whole = build()
    for length in [*range(0, 200), *range(200, len(whole), 17), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"net\.pth"):
            read_pickled_module(path, "model", CLASSES)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_is_read_or_refused(build: Build, path: Path, data: st.DataObject) -> None:
    content = bytearray(build())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with suppress(ValueError):  # anything else fails the test
        read_pickled_module(path, "model", CLASSES)


@given(st.binary(max_size=300))
def test_random_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="refused"):
        parse_pickle(io.BytesIO(data + b"\xff"), (), "file")


# -- Hostility -------------------------------------------------------------------------------------


def _reduce(function: object, *arguments: object) -> bytes:
    return pickle.dumps(_Named(function, *arguments), protocol=2)


def _exponential_key() -> bytes:
    """Make t = (t', t') forty times over a dict key; hashing it would take 2^40 steps."""
    doubling = b"".join(b"q" + bytes([n]) + b"h" + bytes([n]) + b"\x86" for n in range(40))
    return b"\x80\x02})" + doubling + b"K\x01s."


def _payloads(sentinel: Path) -> dict[str, bytes]:
    command = f"touch {sentinel}"
    code = f"__import__('pathlib').Path({str(sentinel)!r}).touch()"
    text = code.encode()
    nested = _Named(eval, _Named(str.join, "", [code]))
    return {
        "os.system": _reduce(os.system, command),
        "eval": _reduce(eval, code),
        "exec": _reduce(exec, code),
        "nested reduce": pickle.dumps(_Named(list, [nested, _Named(len, nested)]), protocol=2),
        "getattr of a module": _reduce(getattr, Call, "__init__"),
        "protocol 4": pickle.dumps(_Named(os.system, command), protocol=4),
        "protocol 0": pickle.dumps(_Named(os.system, command), protocol=0),
        "old instance": b"(S'" + command.encode() + b"'\nios\nsystem\n.",
        "old object": b"\x80\x02(cos\nsystem\nX"
        + struct.pack("<I", len(command)) + command.encode() + b"o.",
        "extension code": b"\x80\x02\x82\x01)R.",
        "persistent text": b"Pos.system\n.",
        "persistent call": b"\x80\x02X\x06\x00\x00\x00modulecbuiltins\neval\nX\x01\x00\x00\x00aX"
        + struct.pack("<I", len(text)) + text + b"\x94tQ.",
        "call of a call's result": b"\x80\x02ccollections\nOrderedDict\n)R(X"
        + struct.pack("<I", len(text)) + text + b"tR.",
        "state of a class": b"\x80\x02ccollections\nOrderedDict\n}X\x08\x00\x00\x00__init__"
        b"cbuiltins\neval\nsb.",
        "state of a dict": b"\x80\x02}}X\x01\x00\x00\x00aK\x01sb.",
        "dotted name": b"\x80\x04\x8c\x0bcollections\x8c\x14OrderedDict.__init__\x93.",
        "huge allocation": _reduce(bytearray, 1 << 40),
        "huge text": b"\x80\x02X\xff\xff\xff\xff.",
        "huge bytes": b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7f.",
        "huge integer": b"\x80\x02\x8b\xff\xff\xff\x7f.",
        "huge memo": b"\x80\x02Nr\xff\xff\xff\xff.",
        "exponential key": _exponential_key(),
        "nothing": b"",
        "stop": b".",
        "mark": b"(.",
    }  # fmt: skip


NAMES = sorted(_payloads(Path("sentinel")))
READERS = {
    "vdsr.pth": vdsr.published_state_dict,
    "VDSR_Official.mat": vdsr.published_state_dict,
    "LapSRN_x4.mat": lapsrn.published_state_dict,
    "SRCNN_915_x4.mat": srcnn.published_state_dict,
    "IDN_x4.caffemodel": idn.published_state_dict,
    "MSRN_x4.pt": msrn.published_state_dict,
}


@pytest.fixture
def sentinel(tmp_path: Path) -> Iterator[Path]:
    """Return a file that hostile code would create; fail when it exists after the test."""
    file = tmp_path / "executed"
    yield file
    assert not file.exists()


@pytest.mark.parametrize("name", ["os.system", "eval", "exec", "protocol 4", "nested reduce"])
def test_the_payloads_are_live(tmp_path: Path, name: str) -> None:
    file = tmp_path / "control"
    try:
        pickle.loads(_payloads(file)[name])
    except TypeError:
        assert name == "nested reduce"  # len(None), after eval
    assert file.exists()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("file", READERS)
def test_hostile_pickle_in_place_of_weights_is_refused(
    tmp_path: Path, sentinel: Path, file: str, name: str
) -> None:
    path = tmp_path / file
    path.write_bytes(_payloads(sentinel)[name])
    with pytest.raises(ValueError, match=file):
        READERS[file]([path], 4)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("file", ["vdsr.pth", "MSRN_x4.pt"])
@pytest.mark.parametrize("place", range(5))
def test_hostile_pickle_inside_a_legacy_file_is_refused(
    tmp_path: Path, sentinel: Path, file: str, name: str, place: int
) -> None:
    pickles = [pickle.dumps(value, protocol=2) for value in (MAGIC, PROTOCOL, SYSTEM, {}, [])]
    pickles[place] = _payloads(sentinel)[name]
    path = tmp_path / file
    path.write_bytes(b"".join(pickles))
    with pytest.raises(ValueError, match=file):
        READERS[file]([path], 4)


def test_refusal_names_what_was_asked_for(path: Path, sentinel: Path) -> None:
    path.write_bytes(_payloads(sentinel)["eval"])
    with pytest.raises(ValueError, match=r"net\.pth.*'(__builtin__|builtins)\.eval'.*executed"):
        read_pickled_module(path, "model", CLASSES)


def test_hostile_state_of_a_module_stays_text(
    oldnet: types.ModuleType, path: Path, sentinel: Path
) -> None:
    """What unpickling would set on an object is kept beside it, never set."""
    net = _module(oldnet.Net, [], [])
    net.__dict__["__class__"] = "posix.system"
    net.__dict__["__setstate__"] = f"touch {sentinel}"
    path.write_bytes(_old_file({"model": net}, []))
    assert read_pickled_module(path, "model", CLASSES) == {}


def test_key_that_takes_exponential_time_to_hash_is_refused() -> None:
    with pytest.raises(ValueError, match="dict key"):
        parse_pickle(io.BytesIO(_exponential_key()), (), "file")


def test_endless_opcodes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickled, "_MAX_OPCODES", 1000)
    parse_pickle(io.BytesIO(b"\x80\x02]" + 498 * b"Na" + b"."), (), "file")
    with pytest.raises(ValueError, match="more than 1,000 opcodes"):
        parse_pickle(io.BytesIO(b"\x80\x02]" + 499 * b"Na" + b"."), (), "file")


def test_declared_storage_is_not_allocated(path: Path) -> None:
    """A tensor of 4 EiB is a number in a record, refused when compared with the file."""
    storage = io.BytesIO()
    storage.write(b"\x80\x02(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x00a")
    storage.write(b"X\x03\x00\x00\x00cpu\x8a\x08" + struct.pack("<q", 1 << 60) + b"tQ.")
    value, _ = parse_pickle(io.BytesIO(storage.getvalue()), {"torch.FloatStorage"}, "file")
    assert value == Storage("a", torch.float32, 1 << 60)
    headers = b"".join(pickle.dumps(value, protocol=2) for value in (MAGIC, PROTOCOL, SYSTEM))
    path.write_bytes(headers + storage.getvalue() + pickle.dumps(["a"], protocol=2))
    with pytest.raises(ValueError, match=r"declares .* bytes of numbers but holds 0"):
        read_pickled_module(path, "model", CLASSES)
