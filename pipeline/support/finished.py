"""Which stages ran on this machine: each leaves a note of what it wrote in ``logs/finished``.

DVC tells whether outputs are those of the lock, not whether they were computed here, taken from a
cache, or came with a clone; `mesr verify` does.
"""

import hashlib
import json
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.support import files
from pipeline.support.json import write_json

FOLDER = Path("logs/finished")
_NO_OUTPUTS = {"logs", "checkpoints"}
# Written into the folder of the report after its stage; DVC ignores them too.
_LATER = {"logs.js", "costs.js", "verified.js", "machines"}


def note_finished() -> None:
    """Note what this process wrote, where it is a ``python -m`` in a project of DVC's."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is None or not Path("dvc.yaml").is_file():
        return
    top = Path.cwd()
    outputs = {path.relative_to(top) for path in files.written if path.is_relative_to(top)}
    ours = {path for path in outputs if path.parts[0] not in _NO_OUTPUTS}
    digests = {file.as_posix(): _digest(file) for path in sorted(ours) for file in _files(path)}
    command = shlex.join([str(spec.name).removesuffix(".__main__"), *sys.argv[1:]])
    write_json(_note(command), {"wrote": digests})


def computed_here(command: str, outputs: Sequence[str]) -> bool:
    """Whether outputs hold what a stage's command wrote when it last ran on this machine.

    Parameters
    ----------
    command : str
        As in dvc.lock; only ``python -m MODULE ...`` leaves notes.
    outputs : sequence of str
        Its files and folders.
    """
    words = shlex.split(command)
    if words[:2] != ["python", "-m"]:
        return False
    try:
        note = json.loads(_note(shlex.join(words[2:])).read_text(encoding="utf-8"))["wrote"]
    except OSError:
        return False
    top = Path.cwd()
    found = [file for path in outputs for file in _files(top / path)]
    return all(note.get(file.relative_to(top).as_posix()) == _digest(file) for file in found)


def _note(command: str) -> Path:
    name = re.sub(r"[^A-Za-z0-9_.=+-]+", "_", command)
    if len(name) > 150:  # file systems allow 255 characters, `atomic_path` adds some
        name = f"{name[:100]}_{hashlib.sha256(command.encode()).hexdigest()[:16]}"
    return FOLDER / f"{name}.json"


def _files(path: Path) -> list[Path]:
    found = [file for file in (path, *path.rglob("*")) if file.is_file()]
    return [file for file in found if _LATER.isdisjoint(file.relative_to(path).parts)]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
