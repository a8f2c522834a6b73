"""Writing files so that a reader never meets half of one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.support.errors import UserError


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside `target`; rename it to `target` on success.

    The body writes a file or a directory at the yielded path. When the body raises (which Ctrl-C
    and, under `pipeline.support.console.run`, SIGTERM make it do), whatever it wrote is removed
    and an earlier `target` stays as it was.

    Parameters
    ----------
    target : Path
        Final name. Its folder is created when missing.

    Yields
    ------
    Path
        A name in the same folder (so that the rename is atomic) with the same suffixes.

    Raises
    ------
    UserError
        When the disk is full or the folder cannot be written.
    """
    temporary = target.with_name(f".{os.getpid()}.partial.{target.name}")
    earlier = target.with_name(f".{os.getpid()}.earlier.partial.{target.name}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove(temporary)  # left by a process that was killed and had the same number
        yield temporary
        if temporary.is_dir() and target.is_dir():
            # A rename replaces files and empty folders only. Deleting a folder may take long and
            # may fail halfway, so it is done when the new one is in place.
            _remove(earlier)
            target.rename(earlier)
        temporary.replace(target)
    except OSError as error:
        raise UserError(
            f"{target}: could not be written ({error.strerror or error}). "
            "Free some disk space or choose a writable folder, then run the command again; "
            "nothing was left half-written."
        ) from error
    finally:
        if earlier.exists() and not target.exists():
            earlier.rename(target)
        _remove(temporary)
        _remove(earlier)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
