"""Downloading a file: tried again, resumed where it broke off, verified before it gets its name."""

import stat
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import requests
from filelock import FileLock, Timeout
from urllib3.exceptions import InvalidHeader, MaxRetryError, NewConnectionError
from urllib3.util import Retry

from pipeline.assets.registry import AssetFile
from pipeline.assets.transfer import BrokenOffError, IllFormedError, Session, Transfer, ask, body

# A server may send at most this much for a file whose size the registry does not know.
LARGEST_UNKNOWN = 1 << 30
LONGEST_PAUSE = 60.0


@dataclass(frozen=True)
class Failure:
    """Why a file could not be obtained.

    ``unreachable``: no connection came about; ``refused``: the content is wrong; ``failed``:
    anything else, such as an answer with status 404 or a transfer that stalls.
    """

    file: AssetFile
    kind: Literal["unreachable", "refused", "failed"]
    reason: str


class DownloadError(Exception):
    """A download failed.

    Parameters
    ----------
    failure : Failure
        What to report.
    again : bool
        Whether another attempt may succeed.
    retry_after : str
        The server's header Retry-After.
    host : str
        Where no connection came about.
    """

    def __init__(
        self, failure: Failure, *, again: bool = False, retry_after: str = "", host: str = ""
    ) -> None:
        super().__init__(failure.reason)
        self.failure, self.again, self.retry_after, self.host = failure, again, retry_after, host


class StoppedError(Exception):
    """The downloads were interrupted."""


class Downloader:
    """Downloads into a folder; may be used by several threads.

    Parameters
    ----------
    folder : Path
        Receives ``<asset>/<name>`` once verified, ``<asset>/<name>.part`` before.
    transfer : Transfer
        How to download.
    advance : callable
        Is told the number of bytes received; a negative one when they were thrown away.
    """

    def __init__(self, folder: Path, transfer: Transfer, advance: Callable[[int], None]) -> None:
        self.folder, self.transfer, self.advance = folder, transfer, advance
        self.session = Session()
        self.unreachable: dict[str, str] = {}
        self._stop = threading.Event()

    def stop(self) -> None:
        """Make every download end at its next bytes, with a `StoppedError`."""
        self._stop.set()

    def path(self, file: AssetFile) -> Path:
        """Where a verified file lies."""
        return self.folder / file.asset / file.name

    def earlier(self, file: AssetFile) -> Path | None:
        """Where a file lies that was downloaded before and has not changed since.

        Raises
        ------
        DownloadError
            When there is a link or anything else that is not a file in its place.
        """
        path = self.path(file)
        self._check_places(file)
        if not path.exists() or file.mismatch(path):
            return None
        self.advance(path.stat().st_size)
        return path

    def download(self, file: AssetFile) -> Path:
        """Download a file, or the rest of it, and verify it.

        Of several processes, one downloads the file and the others wait for it.

        Returns
        -------
        Path
            Where it lies.

        Raises
        ------
        DownloadError
            When the last attempt failed.
        StoppedError
            After `stop`.
        """
        path = self.path(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._lock(file))
        try:
            lock.acquire(blocking=False)
        except Timeout:
            print(f"  another process fetches {file.key}: waiting for it", flush=True)
            try:
                lock.acquire(cancel_check=self._stop.is_set)
            except Timeout as error:
                raise StoppedError from error
        try:
            return self.earlier(file) or self._download(file)
        finally:
            # Whoever waits for the deleted file notices that and makes a new one.
            self._lock(file).unlink(missing_ok=True)
            lock.release()

    def _lock(self, file: AssetFile) -> Path:
        return self.path(file).with_name(f".{file.name}.lock")

    def _part(self, file: AssetFile) -> Path:
        return self.path(file).with_name(f"{file.name}.part")

    def _check_places(self, file: AssetFile) -> None:
        """Refuse links, which may lead anywhere, and pipes, which may never end."""
        path = self.path(file)
        for place, is_expected, expected in (
            (path.parent, stat.S_ISDIR, "folder"),
            (path, stat.S_ISREG, "file"),
            (self._part(file), stat.S_ISREG, "file"),
            (self._lock(file), stat.S_ISREG, "file"),
        ):
            try:
                mode = place.lstat().st_mode
            except FileNotFoundError:
                continue
            if not is_expected(mode):
                text = f"{place}: is no {expected} (a link, a pipe or the like); delete it"
                raise DownloadError(Failure(file, "refused", text))

    def _download(self, file: AssetFile) -> Path:
        path, part = self.path(file), self._part(file)
        if part.exists():
            self.advance(part.stat().st_size)
            # An earlier run may have ended between the last byte and the digest; a server has no
            # rest to send then.
            if file.mismatch(part) is None:
                return part.replace(path)
            if part.stat().st_size == file.size:
                self._discard(part)
        # urllib3 cannot carry the attempts out by itself: it leaves broken bodies to its caller,
        # and reads the body of an error to its end, however long that is.
        retry = Retry(self.transfer.attempts - 1, backoff_factor=self.transfer.backoff)
        while True:
            try:
                self._receive(file, part)
                self._verify(file, part)
                return part.replace(path)
            except DownloadError as error:
                try:
                    retry = retry.increment(error=error)
                except MaxRetryError:
                    error.again = False
                if not error.again:
                    if error.failure.kind == "unreachable":
                        # The other files of that host need not wait for the same outcome.
                        self.unreachable[error.host] = error.failure.reason
                    raise
                if self._stop.wait(_pause(retry, error.retry_after)):
                    raise StoppedError from error

    def _verify(self, file: AssetFile, part: Path) -> None:
        problem = file.mismatch(part)
        if problem:
            self._discard(part)
            raise DownloadError(Failure(file, "refused", f"{file.url}: {problem}"), again=True)

    def _discard(self, part: Path) -> None:
        self.advance(-part.stat().st_size)
        part.unlink()

    def _receive(self, file: AssetFile, part: Path) -> None:
        """Make one attempt: append to what an earlier one left, or start afresh."""
        host = urlsplit(file.url).netloc
        if host in self.unreachable:
            raise DownloadError(Failure(file, "unreachable", self.unreachable[host]), host=host)
        have = part.stat().st_size if part.exists() else 0
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        try:
            response = ask(self.session, file.url, headers, self.transfer)
        except requests.ConnectionError as error:
            raise _connection_failed(file, error) from error
        except (BrokenOffError, IllFormedError) as error:
            failure = Failure(file, "failed", f"{file.url}: {error}")
            raise DownloadError(failure, again=isinstance(error, BrokenOffError)) from error
        with response:
            _check_status(file, response)
            resumed = response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            if have and not (response.status_code == 206 and resumed):
                self._discard(part)
                have = 0
                if response.status_code != 200:
                    text = f"{file.url}: the rest of the file is not available"
                    raise DownloadError(Failure(file, "failed", text), again=True)
            self._store(file, response, part, have)

    def _store(
        self, file: AssetFile, response: requests.Response, part: Path, received: int
    ) -> None:
        """Write the body of a response behind the `received` bytes of `part`."""
        limit = file.size or LARGEST_UNKNOWN
        try:
            with part.open("ab") as stream, closing(body(response, self.transfer)) as pieces:
                for piece in pieces:
                    if self._stop.is_set():
                        raise StoppedError
                    received += len(piece)
                    if received > limit:
                        break
                    stream.write(piece)
                    stream.flush()  # a killed process loses nothing
                    self.advance(len(piece))
        except BrokenOffError as error:
            # The bytes so far are kept and the rest asked for.
            text = f"{file.url}: {error} after {received:,} bytes"
            raise DownloadError(Failure(file, "failed", text), again=True) from error
        if received > limit:
            self._discard(part)
            text = f"{file.url}: sends more than the expected {limit:,} bytes"
            raise DownloadError(Failure(file, "refused", text))


def _check_status(file: AssetFile, response: requests.Response) -> None:
    status = response.status_code
    # 416: what we have is as long as the file, or longer; the caller then starts afresh.
    if status in {200, 206, 416}:
        return
    raise DownloadError(
        Failure(file, "failed", f"{file.url}: HTTP status {status} {response.reason}"),
        again=status in {408, 429} or status >= 500,
        retry_after=response.headers.get("Retry-After", ""),
    )


def _connection_failed(file: AssetFile, error: requests.ConnectionError) -> DownloadError:
    """Tell hosts that are out of reach from those that hung up or are distrusted."""
    request = error.request
    host = urlsplit(file.url if request is None else str(request.url)).netloc
    cause = error.args[0] if error.args else None
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError) or (
        isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
    ):
        failure = Failure(file, "unreachable", f"{host} cannot be reached")
    else:
        failure = Failure(file, "failed", f"{file.url}: {error}")
    return DownloadError(failure, again=True, host=host)


def _pause(retry: Retry, retry_after: str) -> float:
    """Seconds before the next attempt: what the server asked for, if that makes sense."""
    try:
        return min(retry.parse_retry_after(retry_after), LONGEST_PAUSE)
    except (InvalidHeader, ValueError, OverflowError):
        return retry.get_backoff_time()
