"""Read tensors out of pickled PyTorch files without unpickling them.

Unpickling runs whatever functions a file names. Here the pickle is only parsed, opcode by opcode
(`pickletools.genops`), on a small stack machine whose values are plain numbers, strings, lists,
tuples, dicts and three inert records: `Global` (a name), `Call` (a name with arguments, never
called) and `Storage` (the declaration of a block of numbers). Nothing is imported, looked up or
called on behalf of the file; names that are not expected, and opcodes that PyTorch does not write,
are refused.

Two users: `read_pickled_module` reads whole networks pickled by Python 2 and PyTorch < 0.4, which
`torch.load(weights_only=True)` cannot open at all; `baselines.weights.state_dict` inspects a file
with `parse_pickle` before it hands it to torch.
"""

import io
import math
import pickletools
import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

# Released networks take a few thousand opcodes; the limit bounds time and memory.
_MAX_OPCODES = 1_000_000
_MAX_ENTRIES = 100_000  # modules, parameters and buffers; one that is met twice counts twice
_MAX_DEPTH = 32

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001

STORAGE_DTYPES = {
    "torch.DoubleStorage": torch.float64,
    "torch.FloatStorage": torch.float32,
    "torch.HalfStorage": torch.float16,
    "torch.BFloat16Storage": torch.bfloat16,
    "torch.LongStorage": torch.int64,
    "torch.IntStorage": torch.int32,
    "torch.ShortStorage": torch.int16,
    "torch.CharStorage": torch.int8,
    "torch.ByteStorage": torch.uint8,
    "torch.BoolStorage": torch.bool,
}

_ORDERED_DICT = "collections.OrderedDict"
_PARAMETER = "torch.nn.parameter.Parameter"
_REBUILD_TENSOR = ("torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2")
_MODULE_GLOBALS = frozenset(
    {
        _ORDERED_DICT,
        _PARAMETER,
        *_REBUILD_TENSOR,
        *STORAGE_DTYPES,
        # Old modules carry a reference to the library of C functions that they would use.
        "torch.nn.backends.thnn._get_thnn_function_backend",
    }
)


@dataclass(frozen=True)
class Global:
    """A dotted name that the file refers to; never imported."""

    name: str


@dataclass(frozen=True)
class Storage:
    """Declaration of a block of numbers that the file holds elsewhere."""

    key: str
    dtype: torch.dtype
    count: int

    @property
    def nbytes(self) -> int:
        """Size of the block in bytes."""
        return self.count * self.dtype.itemsize


@dataclass(eq=False)
class Call:
    """An object that unpickling would have created by calling `function`; never called."""

    function: Global
    arguments: tuple[Any, ...]
    state: Any = None
    items: list[tuple[Any, Any]] = field(default_factory=list)


class _Machine:
    """The stack machine: method ``op_x`` executes opcode X; opcodes without one are refused."""

    def __init__(self, allowed: Collection[str]) -> None:
        self.allowed = allowed
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.storages: dict[str, Storage] = {}

    def run(self, stream: BinaryIO) -> Any:
        """Execute the opcodes from the stream's position to STOP; return the one value left."""
        for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
            if count == _MAX_OPCODES:
                raise ValueError(f"it has more than {_MAX_OPCODES:,} opcodes")
            if opcode.name in _LITERALS:
                self.stack.append(argument)
                continue
            name = _SYNONYMS.get(opcode.name, opcode.name)
            operation = getattr(self, f"op_{name.lower()}", None)
            if operation is None:
                raise ValueError(f"it uses opcode {opcode.name}, which PyTorch does not write")
            operation(argument)
        if len(self.stack) != 1 or self.marks:
            raise ValueError("it does not end with exactly one value")
        return self.stack[0]

    def pop(self) -> Any:
        """Pop a value, but not past the last mark."""
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise ValueError("it pops from an empty stack")
        return self.stack.pop()

    def pop_to_mark(self) -> list[Any]:
        """Pop the values above the last mark, and the mark."""
        if not self.marks:
            raise ValueError("it lacks a mark")
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def op_proto(self, argument: int) -> None:
        if argument > 5:
            raise ValueError(f"it is written in pickle protocol {argument}")

    def op_frame(self, argument: int) -> None:
        """Do nothing: frames only group opcodes."""

    def op_stop(self, argument: None) -> None:
        """Do nothing: `pickletools.genops` ends here by itself."""

    def op_mark(self, argument: None) -> None:
        self.marks.append(len(self.stack))

    def op_none(self, argument: None) -> None:
        self.stack.append(None)

    def op_newtrue(self, argument: None) -> None:
        self.stack.append(True)

    def op_newfalse(self, argument: None) -> None:
        self.stack.append(False)

    def op_empty_tuple(self, argument: None) -> None:
        self.stack.append(())

    def op_empty_list(self, argument: None) -> None:
        self.stack.append([])

    def op_empty_dict(self, argument: None) -> None:
        self.stack.append({})

    def op_tuple(self, argument: None) -> None:
        self.stack.append(tuple(self.pop_to_mark()))

    def op_tuple1(self, argument: None) -> None:
        self.stack.append((self.pop(),))

    def op_tuple2(self, argument: None) -> None:
        second, first = self.pop(), self.pop()
        self.stack.append((first, second))

    def op_tuple3(self, argument: None) -> None:
        third, second, first = self.pop(), self.pop(), self.pop()
        self.stack.append((first, second, third))

    def op_binput(self, argument: int) -> None:
        self.stack.append(self.pop())
        self.memo[argument] = self.stack[-1]

    def op_memoize(self, argument: None) -> None:
        self.op_binput(len(self.memo))

    def op_binget(self, argument: int) -> None:
        if argument not in self.memo:
            raise ValueError(f"it refers to object {argument}, which it never stored")
        self.stack.append(self.memo[argument])

    def op_append(self, argument: None) -> None:
        self._extend([self.pop()])

    def op_appends(self, argument: None) -> None:
        self._extend(self.pop_to_mark())

    def op_setitem(self, argument: None) -> None:
        value, key = self.pop(), self.pop()
        self._update([key, value])

    def op_setitems(self, argument: None) -> None:
        self._update(self.pop_to_mark())

    def op_global(self, argument: str) -> None:
        self._push_global(argument.replace(" ", "."))

    def op_stack_global(self, argument: None) -> None:
        name, module = self.pop(), self.pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise ValueError("it names a function by something else than text")  # noqa: TRY004
        self._push_global(f"{module}.{name}")

    def op_reduce(self, argument: None) -> None:
        arguments, function = self.pop(), self.pop()
        if not isinstance(function, Global) or not isinstance(arguments, tuple):
            raise ValueError("it calls something that is not a named function")  # noqa: TRY004
        self.stack.append(Call(function, arguments))

    def op_build(self, argument: None) -> None:
        state, target = self.pop(), self.pop()
        if not isinstance(target, Call) or target.state is not None:
            raise ValueError("it sets the state of something that is not a new object")
        target.state = state
        self.stack.append(target)

    def op_binpersid(self, argument: None) -> None:
        match self.pop():
            case ("module", Global() as module, str(), str()):
                self.stack.append(module)  # the source text that comes with it is not needed
            case ("storage", Global(name), str() as key, str(), int() as count, *view) if (
                name in STORAGE_DTYPES and count >= 0 and view in ([], [None])
            ):
                storage = Storage(key, STORAGE_DTYPES[name], count)
                if self.storages.setdefault(key, storage) != storage:
                    raise ValueError(f"it declares storage {key!r} twice, differently")
                self.stack.append(storage)
            case _:
                raise ValueError("it holds an external reference that is not a block of numbers")

    def _push_global(self, name: str) -> None:
        if name not in self.allowed:
            raise ValueError(f"it names {name[:80]!r}, which has no place in a file of weights")
        self.stack.append(Global(name))

    def _extend(self, values: list[Any]) -> None:
        target = self.pop()
        if not isinstance(target, list):
            raise ValueError("it appends to something that is not a list")  # noqa: TRY004
        target.extend(values)
        self.stack.append(target)

    def _update(self, flat: list[Any]) -> None:
        target = self.pop()
        if len(flat) % 2 or not isinstance(target, dict | Call):
            raise ValueError("it sets items of something that is not a dict")
        # Only scalars may be keys: hashing nested tuples can take exponential time.
        if not all(isinstance(key, str | int) for key in flat[::2]):
            raise ValueError("it has a dict key that is neither text nor an integer")
        pairs = list(zip(flat[::2], flat[1::2], strict=True))
        if isinstance(target, dict):
            target.update(pairs)
        else:
            target.items.extend(pairs)
        self.stack.append(target)


_LITERALS = frozenset(
    {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"}
    | {"STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES"}
    | {"UNICODE", "BINUNICODE", "SHORT_BINUNICODE"}
)
_SYNONYMS = {"LONG_BINPUT": "BINPUT", "LONG_BINGET": "BINGET", "NEWOBJ": "REDUCE"}


def parse_pickle(
    stream: BinaryIO, allowed: Collection[str], what: str
) -> tuple[Any, dict[str, Storage]]:
    """Parse one pickle without executing anything.

    Parameters
    ----------
    stream : BinaryIO
        Seekable and held in memory (`io.BytesIO`); left right after the pickle.
    allowed : collection of str
        Dotted names that the pickle may refer to.
    what : str
        Names the file in error messages.

    Returns
    -------
    value : object
        Plain values, `Global`, `Call` and `Storage`.
    storages : dict of str to Storage
        The declared storages by key.

    Raises
    ------
    ValueError
        When the pickle is damaged, too long, or holds anything else than a file of weights would.
    """
    machine = _Machine(allowed)
    try:
        value = machine.run(stream)
    # genops raises ValueError for most damage, the others for some.
    except (ValueError, struct.error, IndexError, OverflowError, MemoryError) as error:
        raise ValueError(
            f"{what}: the pickle is refused, {error}. Nothing in it was executed. Expected a file "
            "of weights as PyTorch writes it; fetch the file again or check where it comes from."
        ) from error
    return value, machine.storages


def parse_legacy(
    data: bytes, allowed: Collection[str], what: str
) -> tuple[Any, dict[str, Storage], int]:
    """Parse the pickles of PyTorch's format before 1.6 (magic number, header, object, keys).

    Parameters
    ----------
    data : bytes
        The whole file.
    allowed : collection of str
        Dotted names that the pickles may refer to.
    what : str
        Names the file in error messages.

    Returns
    -------
    value : object
        The pickled object, inert.
    storages : dict of str to Storage
        In the order in which their numbers follow in the file.
    offset : int
        Where the numbers begin.

    Raises
    ------
    ValueError
        When the file has another format, or declares more numbers than it holds.
    """
    stream = io.BytesIO(data)
    magic, protocol, system = (parse_pickle(stream, allowed, what)[0] for _ in range(3))
    little_endian = isinstance(system, dict) and system.get("little_endian") is True
    if magic != _LEGACY_MAGIC or protocol != _LEGACY_PROTOCOL or not little_endian:
        raise ValueError(f"{what}: not a PyTorch file (magic number or version differ)")
    value, storages = parse_pickle(stream, allowed, what)
    keys, _ = parse_pickle(stream, (), what)
    if (
        not isinstance(keys, list)
        or not all(isinstance(key, str) for key in keys)
        or sorted(keys) != sorted(storages)
    ):
        raise ValueError(f"{what}: the list of storages does not match those that are used")
    ordered = {key: storages[key] for key in keys}
    held = len(data) - stream.tell()
    declared = sum(storage.nbytes + 8 for storage in ordered.values())
    if declared > held:
        raise ValueError(f"{what}: declares {declared:,} bytes of numbers but holds {held:,}")
    return value, ordered, stream.tell()


def read_pickled_module(path: Path, key: str, classes: Collection[str]) -> dict[str, Tensor]:
    """Read the parameters and buffers of a network that was pickled whole by PyTorch < 0.4.

    Parameters
    ----------
    path : Path
        The file, in PyTorch's format before 1.6.
    key : str
        Key of the network in the pickled dict.
    classes : collection of str
        Dotted names of the module classes that the network consists of.

    Returns
    -------
    dict of str to Tensor
        By the names that ``network.state_dict()`` would have used.

    Raises
    ------
    ValueError
        When the file holds anything that such a network does not need, or is damaged. Nothing in
        it is executed in any case.
    """
    data = Path(path).read_bytes()
    what = str(path)
    value, storages, offset = parse_legacy(data, _MODULE_GLOBALS | set(classes), what)
    if not isinstance(value, dict) or not isinstance(value.get(key), Call):
        raise ValueError(f"{what}: holds no network under the key {key!r}")  # noqa: TRY004
    blocks = _read_storages(data, offset, storages, what)
    left = sum(block.numel() for block in blocks.values())
    tensors = {}
    for name, node in _walk(value[key], frozenset(classes), what):
        view = _view(node, blocks, f"{what}: {name}")
        # Copies of one storage under many names would need more memory than the file has.
        left -= view.numel()
        if left < 0:
            raise ValueError(f"{what}: the tensors hold more values than the file, from {name} on")
        tensors[name] = view.clone()
    return tensors


def _read_storages(
    data: bytes, offset: int, storages: dict[str, Storage], what: str
) -> dict[str, Tensor]:
    blocks = {}
    for key, storage in storages.items():
        (count,) = struct.unpack_from("<q", data, offset)
        if count != storage.count:
            raise ValueError(f"{what}: storage {key!r} has {count} values, not {storage.count}")
        if storage.dtype != torch.float32:
            raise ValueError(f"{what}: storage {key!r} is {storage.dtype}; expected float32")
        values = np.frombuffer(data, "<f4", count, offset + 8).astype(np.float32)
        blocks[key] = torch.from_numpy(values)
        offset += 8 + storage.nbytes
    return blocks


def _entries(node: Any) -> list[tuple[str, Any]]:
    """Return the items of a pickled OrderedDict or dict; Python 2 passes [[key, value], ...]."""
    match node:
        case dict():
            pairs = list(node.items())
        case Call(Global("collections.OrderedDict"), (), _, items):
            pairs = list(items)
        case Call(Global("collections.OrderedDict"), (list(given),), _, items):
            pairs = [*map(tuple, (p for p in given if isinstance(p, list | tuple))), *items]
        case _:
            raise ValueError("a module's parameters are not a dict")
    if not all(len(pair) == 2 and isinstance(pair[0], str) for pair in pairs):
        raise ValueError("a module's parameters are not named by text")
    return pairs


def _walk(root: Call, classes: frozenset[str], what: str) -> Iterator[tuple[str, Any]]:
    """Yield (name, node) of every parameter and buffer, in the order of ``state_dict()``."""
    pending: list[tuple[str, Any, int]] = [("", root, 0)]
    visited = 0
    while pending:
        prefix, module, depth = pending.pop()
        if (
            not isinstance(module, Call)
            or module.function.name not in classes
            or not isinstance(module.state, dict)
        ):
            raise ValueError(f"{what}: {prefix or 'the network'} is not a pickled module")
        try:
            own = [
                entry
                for part in ("_parameters", "_buffers")
                for entry in _entries(module.state[part])
            ]
            children = _entries(module.state["_modules"])
        except (KeyError, ValueError) as error:
            raise ValueError(f"{what}: {prefix or 'the network'} is damaged: {error}") from error
        visited += 1 + len(own) + len(children)
        if visited > _MAX_ENTRIES or depth > _MAX_DEPTH:
            raise ValueError(f"{what}: the modules are nested too deep or too many")
        yield from ((f"{prefix}{name}", node) for name, node in own if node is not None)
        pending += [(f"{prefix}{name}.", child, depth + 1) for name, child in reversed(children)]


def _view(node: Any, blocks: dict[str, Tensor], what: str) -> Tensor:
    """Return the tensor that a parameter's record describes, a view of its storage."""
    if isinstance(node, Call) and node.function.name == _PARAMETER and node.arguments:
        node = node.arguments[0]
    match node:
        case Call(Global(name), (Storage(key), int() as start, tuple(size), tuple(stride), *_)) if (
            name in _REBUILD_TENSOR
            and len(size) == len(stride) <= 8
            and all(isinstance(n, int) and n >= 0 for n in (start, *size, *stride))
        ):
            block = blocks[key]
        case _:
            raise ValueError(f"{what} is not a tensor")
    last = start + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if 0 in size or math.prod(size) > block.numel() or last >= block.numel():
        raise ValueError(f"{what} of size {size} does not fit its {block.numel()} values")
    return torch.as_strided(block, size, stride, start)
