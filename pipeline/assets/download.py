"""Getting files: from an earlier download, the mirror or the network, verified by digest.

A file is received as ``downloads/<asset>/<name>.part`` and gets its name once its digest is right;
what a broken transfer left is completed by the next attempt or the next run.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import requests
from filelock import FileLock, Timeout
from tqdm import tqdm
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

from pipeline.assets.registry import AssetFile
from pipeline.support.errors import UserError

MIRROR_VARIABLE = "MESR_MIRROR"
CHUNK = 1 << 16
# A server may send at most this much for a file whose size the registry does not know.
LARGEST_UNKNOWN = 1 << 30
BUSY = {408, 429}  # statuses below 500 after which another attempt may succeed


@dataclass(frozen=True)
class Failure:
    """Why a file could not be obtained.

    ``unreachable``: no connection came about; ``refused``: the content is wrong; ``failed``:
    anything else, such as an answer with status 404 or a transfer that breaks off.
    """

    file: AssetFile
    kind: Literal["unreachable", "refused", "failed"]
    reason: str


class _DownloadError(Exception):
    """A download failed; `again` says whether another attempt may succeed."""

    def __init__(self, failure: Failure, *, again: bool = False) -> None:
        super().__init__(failure.reason)
        self.failure, self.again = failure, again


def mirror_folder() -> Path | None:
    """Return the folder that MESR_MIRROR names, None when it is unset or empty.

    Raises
    ------
    UserError
        When it names something that is not a folder.
    """
    value = os.environ.get(MIRROR_VARIABLE)
    if not value:
        return None
    folder = Path(value).expanduser().resolve()
    if not folder.is_dir():
        raise UserError(
            f"{MIRROR_VARIABLE} is {value!r}, which is not a folder. Correct it or unset it."
        )
    return folder


@dataclass
class Source:
    """Where files come from: earlier downloads, the mirror, the data folder, the network.

    They are asked in that order.

    Attributes
    ----------
    downloads : Path
        Folder that receives what the network sends.
    mirror : Path or None
        Folder laid out by URL without the scheme; its files are used in place.
    data : Path
        Data folder; weights that an earlier run stored there are used again.
    workers, attempts : int
        Downloads at a time, and attempts for each file.
    pause : float
        Seconds before the second attempt, doubled before each further one.
    timeout : (float, float)
        Seconds to wait for a connection, and for the next bytes of an answer.
    refused : dict
        Key of a file -> why the one in the mirror was not taken.
    """

    downloads: Path
    mirror: Path | None
    data: Path
    workers: int = 8
    attempts: int = 4
    pause: float = 0.5
    timeout: tuple[float, float] = (10.0, 30.0)
    refused: dict[str, str] = field(default_factory=dict)
    _unreachable: dict[str, str] = field(default_factory=dict)
    _session: requests.Session = field(default_factory=requests.Session)

    def obtain(self, files: Sequence[AssetFile]) -> tuple[dict[str, Path], list[Failure]]:
        """Obtain files, several at a time.

        Returns
        -------
        found : dict
            Key of each verified file -> where it lies.
        failures : list of Failure
            One for each of the others, in the order of `files`.
        """
        found: dict[str, Path] = {}
        failures: list[Failure] = []
        if not files:
            return found, failures
        with (
            self._lock(files[0].asset),
            _progress(files) as advance,
            ThreadPool(self.workers) as pool,
        ):
            for file, result in pool.imap(lambda f: (f, self._one(f, advance)), files):
                if isinstance(result, Failure):
                    failures.append(result)
                else:
                    found[file.key] = result
        return found, failures

    @contextmanager
    def _lock(self, asset: str) -> Iterator[None]:
        """Let one process fetch an asset while others wait for it."""
        lock = FileLock(self.downloads / f".{asset}.lock")
        try:
            lock.acquire(blocking=False)
        except Timeout:
            print(f"  another process fetches {asset}: waiting for it", flush=True)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _one(self, file: AssetFile, advance: Callable[[int], object]) -> Path | Failure:
        path = self.downloads / file.asset / file.name
        try:
            place = _verified(file, path) or self._in_mirror(file)
            place = place or _verified(file, file.raw_path(self.data))
            if place is None:
                path.parent.mkdir(exist_ok=True)
                return self._download(file, path, advance)
        except _DownloadError as error:
            return error.failure
        advance(place.stat().st_size)
        return place

    def _in_mirror(self, file: AssetFile) -> Path | None:
        path = file.mirror_path(self.mirror) if self.mirror else None
        if path is not None and path.is_file():
            try:
                problem = file.mismatch(path)
            except OSError as error:
                problem = f"cannot be read ({error.strerror})"
            if problem is None:
                return path
            self.refused[file.key] = f"{path}: {problem}"
        return None

    def _download(self, file: AssetFile, path: Path, advance: Callable[[int], object]) -> Path:
        part = path.with_name(f"{path.name}.part")
        for attempt in range(self.attempts):
            try:
                # An earlier run may have ended between the last byte and the digest.
                if not part.exists() or file.mismatch(part) is not None:
                    self._receive(file, part, advance)
                _check_digest(file, part)
                return part.replace(path)
            except _DownloadError as error:
                if not error.again or attempt + 1 == self.attempts:
                    raise
                time.sleep(self.pause * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    def _receive(self, file: AssetFile, part: Path, advance: Callable[[int], object]) -> None:
        """Make one attempt: append to what an earlier one left, or start afresh."""
        host = urlsplit(file.url).netloc
        if host in self._unreachable:  # the other files of that host need not wait as long
            raise _DownloadError(Failure(file, "unreachable", self._unreachable[host]))
        have = part.stat().st_size if part.exists() else 0
        if file.size is not None and have >= file.size:
            have = 0
        limit = file.size or LARGEST_UNKNOWN
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        try:
            with self._session.get(
                file.url, headers=headers, stream=True, timeout=self.timeout
            ) as response:
                self._check_status(file, response)
                resumes = response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
                if not (response.status_code == 206 and resumes):
                    have = 0
                if response.status_code == 416:  # what we have is no beginning of the file
                    part.unlink(missing_ok=True)
                    text = f"{file.url}: the rest of the file is not available"
                    raise _DownloadError(Failure(file, "failed", text), again=True)
                with part.open("ab" if have else "wb") as stream:
                    while piece := response.raw.read1(CHUNK, decode_content=True):
                        have += len(piece)
                        if have > limit:
                            break
                        stream.write(piece)
                        stream.flush()  # a killed process loses nothing
                        advance(len(piece))
        # Requests lets some errors of urllib3 and of the parts of a URL through.
        except (requests.RequestException, HTTPError, ValueError) as error:
            raise self._broken_off(file, error) from error
        if have > limit:
            part.unlink()
            text = f"{file.url}: sends more than the expected {limit:,} bytes"
            raise _DownloadError(Failure(file, "refused", text))

    def _check_status(self, file: AssetFile, response: requests.Response) -> None:
        status = response.status_code
        if status not in {200, 206, 416}:
            text = f"{file.url}: HTTP status {status} {response.reason}"
            again = status in BUSY or status >= 500
            raise _DownloadError(Failure(file, "failed", text), again=again)

    def _broken_off(self, file: AssetFile, error: Exception) -> _DownloadError:
        """Tell hosts that are out of reach from those that hung up or are distrusted."""
        cause = error.args[0] if error.args else None
        out_of_reach = isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError)
        if out_of_reach or (
            isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
        ):
            request = getattr(error, "request", None)
            host = urlsplit(str(request.url) if request is not None else file.url).netloc
            self._unreachable[host] = f"{host} cannot be reached"
            return _DownloadError(Failure(file, "unreachable", self._unreachable[host]))
        again = isinstance(error, requests.ConnectionError | requests.Timeout | HTTPError)
        text = f"{file.url}: broke off ({error})"
        return _DownloadError(Failure(file, "failed", text), again=again)


def _check_digest(file: AssetFile, part: Path) -> None:
    if problem := file.mismatch(part):
        part.unlink()
        failure = Failure(file, "refused", f"{file.url}: {problem}")
        raise _DownloadError(failure, again=True)


def _verified(file: AssetFile, path: Path) -> Path | None:
    return path if path.is_file() and file.mismatch(path) is None else None


@contextmanager
def _progress(files: Sequence[AssetFile]) -> Iterator[Callable[[int], object]]:
    """Show the bytes received: a bar on a terminal, a line every few seconds elsewhere."""
    total = None if any(file.size is None for file in files) else sum(f.size or 0 for f in files)
    terminal = os.isatty(2)
    with tqdm(
        total=total,
        desc=f"  {files[0].asset}",
        unit="B",
        unit_scale=True,
        leave=False,
        mininterval=0.1 if terminal else 10,
        delay=0 if terminal else 10,
    ) as bar:
        yield bar.update
