"""dvc.lock, written at the speed of its text and in the order that serial `dvc repro` gives it.

`dvc repro` parses and writes the whole of dvc.lock for each stage, and adds new entries in the
order in which stages finish. Here an entry is rendered by DVC once, entries stay text, and new
ones are put in the order of the serial plan, also when some come from an interrupted run.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from dvc.utils.serialize import dumps_yaml, parse_yaml, parse_yaml_for_update

from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path

_EMPTY = "schema: '2.0'\nstages:\n"
_BLOCK = re.compile(r"(?ms)\A(?P<head>.*?^stages:\n)(?P<body>(?:^ .*?\n)*)(?P<foot>.*)\Z")
_ENTRY = re.compile(r"(?m)^  (?=\S)")
_COMMENT = re.compile(r"(?m)(^|\s)#")
_TITLE = re.compile(r"  \S.*:\n")


class LockFile:
    """The lock file of one dvc.yaml.

    Parameters
    ----------
    path : Path
        The lock file; it need not exist.
    plan : sequence of str
        Names of the stages in the order in which `dvc repro` would run them.
    record : Path
        Where to remember, while a run is unfinished, which entries are older than the run.
    """

    def __init__(self, path: Path, plan: Sequence[str], record: Path) -> None:
        self.path, self.plan, self.record = path, plan, record
        self.known: tuple[int, int] | None = None
        self.dirty = False
        self.head, self.foot = _EMPTY, ""
        self.entries: dict[str, str] = {}
        self._read()
        self.older = self._older()

    def put(self, name: str, entry: Mapping[str, Any]) -> None:
        """Set the entry of a stage to what DVC's serializer made of it."""
        text = dumps_yaml({"stages": {name: entry}}).partition("\n")[2]
        if self.entries.get(name) != text:
            self.entries[name] = text
            self.dirty = True

    def refresh(self) -> None:
        """Read the file again if another process wrote it."""
        if not self.dirty and self._signature() != self.known:
            self._read()

    def flush(self) -> None:
        """Write the file, in one step, if there is anything new."""
        if not self.dirty:
            return
        text = self._text()
        former = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        # Written first: whichever of the two texts a crash leaves, its record is there.
        self.record.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(self.record) as temporary:
            texts = [_digest(former), _digest(text)]
            temporary.write_text(json.dumps({"texts": texts, "older": self.older}))
        with atomic_path(self.path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        self.known, self.dirty = self._signature(), False

    def complete(self) -> None:
        """Forget what is older than the run: all stages are up to date."""
        self.record.unlink(missing_ok=True)

    def _text(self) -> str:
        older = [name for name in self.older if name in self.entries]
        place = {name: index for index, name in enumerate(self.plan)}
        newer = [name for name in self.entries if name not in set(older)]
        newer.sort(key=lambda name: place.get(name, len(place)))
        return self.head + "".join(self.entries[name] for name in (*older, *newer)) + self.foot

    def _read(self) -> None:
        self.known = self._signature()
        if self.known is None:
            self.head, self.foot, self.entries = _EMPTY, "", {}
            return
        text = self.path.read_text(encoding="utf-8")
        if _COMMENT.search(text) or not self._split(text):
            # Not as DVC writes it: DVC would rewrite it at its first change.
            text = dumps_yaml(parse_yaml_for_update(text, self.path))
            if not self._split(text):
                raise UserError(
                    f"{self.path}: is not a lock file as DVC writes it. Restore it from git, or "
                    "delete it: stages are then restored from the run cache."
                )

    def _split(self, text: str) -> bool:
        if text.strip() in ("", "schema: '2.0'", "schema: '2.0'\nstages: {}"):
            self.head, self.foot, self.entries = _EMPTY, "", {}
            return True
        match = _BLOCK.match(text)
        if match is None:
            return False
        body = match["body"]
        bounds = [found.start() for found in _ENTRY.finditer(body)] + [len(body)]
        parts = [body[start:end] for start, end in pairwise(bounds)]
        if "".join(parts) != body or not all(_TITLE.match(part) for part in parts):
            return False
        self.head, self.foot = match["head"], match["foot"]
        self.entries = {_name(part): part for part in parts}
        return len(self.entries) == len(parts)

    def _older(self) -> list[str]:
        try:
            record = json.loads(self.record.read_text())
            text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
            if _digest(text) in record["texts"]:
                return [str(name) for name in record["older"]]
        except (OSError, ValueError, KeyError):
            pass
        return list(self.entries)

    def _signature(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_size


def record_path(folder: Path, lock: Path) -> Path:
    """Where `LockFile` keeps its record on a lock file."""
    return folder / f"lock-{_digest(str(lock))[:16]}.json"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _name(entry: str) -> str:
    key = entry.partition(":\n")[0].strip()
    return str(parse_yaml(f"{key}: 0", "dvc.lock").popitem()[0]) if key[0] in "'\"" else key
