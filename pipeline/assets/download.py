"""Getting files: from an earlier download, the mirror or the network, verified by digest.

A file is received as ``downloads/<asset>/<name>.part`` and gets its name once its digest is right;
what a broken transfer left is completed by the next attempt or the next run.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import requests
from filelock import FileLock
from tqdm import tqdm
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

from pipeline.assets.registry import AssetFile
from pipeline.support.errors import UserError

MIRROR_VARIABLE = "MESR_MIRROR"
CHUNK = 1 << 16
# A server may send at most this much for a file whose size the registry does not know.
LARGEST_UNKNOWN = 1 << 30
Kind = Literal["unreachable", "refused", "failed"]
BUSY = {408, 429}  # statuses below 500 after which another attempt may succeed


class Failure(Exception):  # noqa: N818 (a result before it is an error)
    """Why a file could not be obtained.

    Parameters
    ----------
    file : AssetFile
        The file.
    kind : {"unreachable", "refused", "failed"}
        No connection came about; the content is wrong; anything else, such as an answer with
        status 404 or a transfer that breaks off.
    reason : str
        For people.
    again : bool
        Whether another attempt may succeed.
    """

    def __init__(self, file: AssetFile, kind: Kind, reason: str, *, again: bool = False) -> None:
        super().__init__(reason)
        self.file, self.kind, self.reason, self.again = file, kind, reason, again


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
        asset = files[0].asset
        sizes = [file.size for file in files if file.size is not None]
        with (
            FileLock(self.downloads / f".{asset}.lock"),  # one process fetches, others wait
            tqdm(
                desc=f"  {asset}",
                total=sum(sizes) if len(sizes) == len(files) else None,
                unit="B",
                unit_scale=True,
                leave=False,
                disable=None,
            ) as bar,
            ThreadPool(self.workers) as pool,
        ):
            for file, result in pool.imap(lambda f: (f, self._one(f, bar.update)), files):
                if isinstance(result, Failure):
                    failures.append(result)
                else:
                    found[file.key] = result
        return found, failures

    def _one(self, file: AssetFile, advance: Callable[[int], object]) -> Path | Failure:
        path = self.downloads / file.asset / file.name
        place = _verified(file, path) or self._in_mirror(file)
        place = place or _verified(file, file.raw_path(self.data))
        if place is not None:
            advance(place.stat().st_size)
            return place
        path.parent.mkdir(exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        for attempt in range(1, self.attempts + 1):
            try:
                # An earlier run may have ended between the last byte and the digest.
                if not part.exists() or file.mismatch(part) is not None:
                    self._receive(file, part, advance)
                _check_digest(file, part)
                return part.replace(path)
            except Failure as failure:
                if not failure.again or attempt == self.attempts:
                    return failure
                time.sleep(self.pause * 2 ** (attempt - 1))
        raise AssertionError("the last attempt returns")

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

    def _receive(self, file: AssetFile, part: Path, advance: Callable[[int], object]) -> None:
        """Make one attempt: append to what an earlier one left, or start afresh."""
        host = urlsplit(file.url).netloc
        if host in self._unreachable:  # the other files of that host need not wait as long
            raise Failure(file, "unreachable", self._unreachable[host])
        have = part.stat().st_size if part.exists() else 0
        if file.size is not None and have >= file.size:
            have = 0
        limit = file.size or LARGEST_UNKNOWN
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        try:
            with self._session.get(
                file.url, headers=headers, stream=True, timeout=self.timeout
            ) as response:
                status = response.status_code
                if status not in {200, 206, 416}:
                    text = f"{file.url}: HTTP status {status} {response.reason}"
                    raise Failure(file, "failed", text, again=status in BUSY or status >= 500)
                resumes = response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
                if not (status == 206 and resumes):
                    have = 0
                if status == 416:  # what we have is no beginning of the file
                    part.unlink(missing_ok=True)
                    text = f"{file.url}: the rest of the file is not available"
                    raise Failure(file, "failed", text, again=True)
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
            raise Failure(file, "refused", text)

    def _broken_off(self, file: AssetFile, error: Exception) -> Failure:
        """Tell hosts that are out of reach from those that hung up or are distrusted."""
        cause = error.args[0] if error.args else None
        out_of_reach = isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError)
        if out_of_reach or (
            isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
        ):
            request = getattr(error, "request", None)
            host = urlsplit(str(request.url) if request is not None else file.url).netloc
            self._unreachable[host] = f"{host} cannot be reached"
            return Failure(file, "unreachable", self._unreachable[host])
        again = isinstance(error, requests.ConnectionError | requests.Timeout | HTTPError)
        text = f"{file.url}: broke off ({error})"
        return Failure(file, "failed", text, again=again)


def _check_digest(file: AssetFile, part: Path) -> None:
    if problem := file.mismatch(part):
        part.unlink()
        raise Failure(file, "refused", f"{file.url}: {problem}", again=True)


def _verified(file: AssetFile, path: Path) -> Path | None:
    return path if path.is_file() and file.mismatch(path) is None else None
