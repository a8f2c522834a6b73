"""Writing files so that a reader never meets half of one."""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock, Timeout

from pipeline.support.errors import UserError

# Names in the temporary folder, beside what the body writes.
LOCK = ".partial.lock"
EARLIER = ".partial.earlier"

written: list[Path] = []  # what this process has put in place


@contextlib.contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a temporary path; rename it to `target` on success.

    The body writes a file or a directory at the yielded path. When the body raises (which Ctrl-C
    and, under `pipeline.support.console.run`, SIGTERM make it do), whatever it wrote is removed
    and an earlier `target` stays as it was. What a process left that was killed while it wrote
    `target` is removed by the next one that writes it.

    Parameters
    ----------
    target : Path
        Final name. Its folder is created when missing.

    Yields
    ------
    Path
        The same name in a temporary folder beside `target` (so that the rename is atomic). That
        folder is called ``.<name>.partial.<random>``: a hidden name without the suffix, so that
        no reader, nor DVC (see .dvcignore), takes it for a result.

    Raises
    ------
    UserError
        When the disk is full or the folder cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        name = os.fsencode(target.name)  # the prefix must not make it too long for a file system
        label = target.name if len(name) <= 200 else hashlib.sha256(name).hexdigest()
        prefix = f".{label}.partial."
        for left in target.parent.glob(".*.partial.*"):
            if left.name.startswith(prefix) and not left.is_symlink():
                _remove_leftover(left, target)
        with (
            TemporaryDirectory("", prefix, target.parent, ignore_cleanup_errors=True) as partial,
            FileLock(Path(partial, LOCK)),  # as long as this process works in it
        ):
            folder = Path(partial)
            temporary = folder / target.name
            yield temporary
            try:
                if temporary.is_dir() and target.is_dir():
                    # A rename replaces files and empty folders only. Deleting a folder may take
                    # long and may fail halfway, so it is done when the new one is in place.
                    target.rename(folder / EARLIER)
                temporary.replace(target)
                written.append(target.absolute())
            finally:
                _put_back_earlier(folder, target)
    except OSError as error:
        raise UserError(
            f"{target}: could not be written ({error.strerror or error}). Free some disk space or "
            "choose a writable folder, then run the command again; nothing was left half-written."
        ) from error


def _remove_leftover(folder: Path, target: Path) -> None:
    """Remove a temporary folder of `target` if its process no longer lives."""
    # The operating system releases a lock with its process, whatever ended that.
    with contextlib.suppress(Timeout, OSError), FileLock(folder / LOCK, blocking=False):
        _put_back_earlier(folder, target)
        shutil.rmtree(folder, ignore_errors=True)


def _put_back_earlier(folder: Path, target: Path) -> None:
    earlier = folder / EARLIER
    if earlier.exists() and not target.exists():
        earlier.rename(target)
