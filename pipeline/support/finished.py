"""Which stages ran on this machine: each leaves a note in ``logs/finished`` when it is done.

DVC tells whether outputs are those of the lock, not whether they were computed here, taken from a
cache, or came with a clone; `mesr verify` does.
"""

import hashlib
import json
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pipeline.support.files import atomic_path

FOLDER = Path("logs/finished")
_LEEWAY_S = 2.0  # clocks of file systems
# Written into the folder of the report after its stage; DVC ignores them too.
_LATER = {"logs.js", "costs.js", "verified.js", "machines"}


def note_finished(began: datetime) -> None:
    """Note that this process, a ``python -m``, did its work; other programs note nothing."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is None or not Path("dvc.yaml").is_file():
        return
    name = str(spec.name).removesuffix(".__main__")
    facts = {"began": began.isoformat(), "ended": datetime.now(UTC).isoformat()}
    with atomic_path(_note(shlex.join([name, *sys.argv[1:]]), Path())) as temporary:
        temporary.write_text(json.dumps(facts) + "\n", encoding="utf-8")


def computed_here(command: str, outputs: Sequence[str], root: Path = Path()) -> bool:
    """Whether outputs are those that a stage's command left when it last ran on this machine.

    Parameters
    ----------
    command : str
        As in dvc.lock; only ``python -m MODULE ...`` leaves notes.
    outputs : sequence of str
        Its files and folders, whose time of writing must be that of the run: files that a cache or
        a clone brought are of another time.
    root : Path
        The project.
    """
    words = shlex.split(command)
    if words[:2] != ["python", "-m"]:
        return False
    try:
        facts = json.loads(_note(shlex.join(words[2:]), root).read_text(encoding="utf-8"))
        began, ended = (datetime.fromisoformat(facts[k]).timestamp() for k in ("began", "ended"))
    except (OSError, ValueError, KeyError, TypeError):
        return False
    times = [time for path in outputs for time in _written(root / path)]
    return all(began - _LEEWAY_S <= time <= ended + _LEEWAY_S for time in times)


def _note(command: str, root: Path) -> Path:
    name = re.sub(r"[^A-Za-z0-9_.=+-]+", "_", command)
    if len(name) > 150:  # file systems allow 255 characters, `atomic_path` adds some
        name = f"{name[:100]}_{hashlib.sha256(command.encode()).hexdigest()[:16]}"
    return root / FOLDER / f"{name}.json"


def _written(path: Path) -> Iterator[float]:
    if path.is_dir():
        for inner in path.iterdir():
            if inner.name not in _LATER:
                yield from _written(inner)
    elif path.exists():
        yield path.stat().st_mtime
