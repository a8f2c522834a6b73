"""Damaging valid files: bytes at random, and the inside of formats that checksums protect."""

import io
import json
import struct
import zipfile
import zlib
from random import Random
from typing import Any

import yaml

# Lengths, counts and offsets that readers get wrong.
NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
LARGEST = 1 << 20
NAMES = ("../x.png", "/x.png", "a\\b.png", "..png", "x/", "\udcff.png", "é" * 200)
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 3, 10**9, 10**400, 0.0, -0.5, float("nan"), float("inf"), "", "x", "x4",
    "nan", "[red]x", "<b>", "$(touch x)", "; touch x", "../x", "a\nb", "\x00", "\u202e", "9" * 300,
    [], {}, [[]], [None], {"": None}, ["x4", "x4"], [1, 2, 3, 4],
)  # fmt: skip


def mutate(random: Random, data: bytes) -> bytes:
    """Change, drop, repeat or insert bytes, one to four times; sometimes not at all."""
    body = bytearray(data)
    for _ in range(random.randrange(5)):
        start = random.randrange(len(body) + 1)
        stop = min(len(body), start + random.choice((1, 2, 4, 8, 64)))
        kind = random.randrange(6)
        if kind == 0:
            del body[start:]
        elif kind == 1:
            del body[start:stop]
        elif kind == 2:
            body[start:start] = body[start:stop] * random.choice((1, 2, 100))
        elif kind == 3:
            form = random.choice(("<I", ">I"))
            body[start : start + 4] = struct.pack(form, random.choice(NUMBERS))
        elif kind == 4:
            body[start:start] = random.randbytes(stop - start)
        elif start < len(body):
            body[start] ^= 1 << random.randrange(8)
        del body[LARGEST:]
    return bytes(body)


def mutate_zip(random: Random, data: bytes) -> bytes:
    """Change members or their names; checksums fit what is inside."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    for _ in range(random.randrange(1, 3)):
        place = random.randrange(len(members))
        name, content = members[place]
        kind = random.randrange(6)
        if kind == 0:
            members.pop(place)
        elif kind == 1:
            members.append(members[place])
        elif kind == 2:
            members[place] = (random.choice(NAMES), content)
        else:
            members[place] = (name, mutate(random, content))
        if not members:
            break
    method = random.choice((zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in members:
            archive.writestr(
                zipfile.ZipInfo(name.encode(errors="replace").decode()), content, method
            )
    return target.getvalue()


def mutate_png(random: Random, data: bytes) -> bytes:
    """Change the body of a chunk, or of the pixels; checksums fit what is inside."""
    chunks, position = [], 8
    while position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        end = position + 8 + length
        chunks.append((data[position + 4 : position + 8], data[position + 8 : end]))
        position = end + 4
    place = random.randrange(len(chunks))
    kind, body = chunks[place]
    if kind == b"IDAT" and random.randrange(2):
        body = zlib.compress(mutate(random, zlib.decompress(body)))
    else:
        body = mutate(random, body)
    chunks[place] = (kind, body)
    if not random.randrange(4):
        chunks.insert(random.randrange(len(chunks)), random.choice(chunks))
    parts = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    ]
    return data[:8] + b"".join(parts)


def mutate_tree(random: Random, tree: Any) -> Any:
    """Put an odd value somewhere in nested containers, drop an entry or add one."""
    if isinstance(tree, dict) and tree and random.randrange(8):
        name = random.choice(list(tree))
        kind = random.randrange(12)
        if kind == 0:
            return {key: value for key, value in tree.items() if key != name}
        if kind == 1:
            return tree | {random.choice(("x", "", "../x", "__class__")): random.choice(VALUES)}
        return tree | {name: mutate_tree(random, tree[name])}
    if isinstance(tree, list) and tree and random.randrange(4):
        place = random.randrange(len(tree))
        return [*tree[:place], mutate_tree(random, tree[place]), *tree[place + 1 :]]
    return random.choice(VALUES)


def mutate_yaml(random: Random, data: bytes) -> bytes:
    if not random.randrange(3):
        return mutate(random, data)
    tree = mutate_tree(random, yaml.safe_load(data))
    return yaml.safe_dump(tree, allow_unicode=True).encode(errors="replace")


def mutate_json(random: Random, data: bytes) -> bytes:
    kind = random.randrange(6)
    if kind == 0:
        return mutate(random, data)
    if kind == 1:
        depth = random.choice((10, 100_000))
        return b'{"a":' * depth + b"1" + b"}" * depth
    return json.dumps(mutate_tree(random, json.loads(data))).encode()
