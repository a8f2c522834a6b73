"""Getting files: from an earlier download, the mirror or the network, verified by digest.

A file is received as ``downloads/<asset>/<name>.part`` and gets its name once its digest is right;
what a broken transfer left is completed by the next attempt or the next run.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import requests
from filelock import FileLock
from tqdm import tqdm
from urllib3.exceptions import HTTPError, NewConnectionError

from pipeline.assets.registry import AssetFile
from pipeline.support.errors import UserError

MIRROR_VARIABLE = "MESR_MIRROR"
CHUNK = 1 << 16
# A server may send at most this much for a file whose size the registry does not know.
LARGEST_UNKNOWN = 1 << 30
WORKERS = 8  # downloads at a time
ATTEMPTS = 4
PAUSE_S = 0.5  # before the second attempt, doubled before each further one
TIMEOUT_S = (10.0, 30.0)  # for a connection, and for the next bytes of an answer
BUSY = {408, 416, 429}  # statuses below 500 after which another attempt may succeed
Kind = Literal["unreachable", "refused", "failed"]


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


class Source:
    """Where files come from: earlier downloads, the mirror, the data folder, the network.

    They are asked in that order. Files of the mirror, a folder laid out by URL without the scheme
    that MESR_MIRROR names, are used in place.

    Parameters
    ----------
    downloads : Path
        Folder that receives what the network sends.
    data : Path
        Data folder; weights that an earlier run stored there are used again.

    Raises
    ------
    UserError
        When MESR_MIRROR names something that is not a folder.
    """

    def __init__(self, downloads: Path, data: Path) -> None:
        self.downloads, self.data = downloads, data
        name = os.environ.get(MIRROR_VARIABLE)
        self.mirror = Path(name).expanduser().resolve() if name else None
        if self.mirror and not self.mirror.is_dir():
            raise UserError(
                f"{MIRROR_VARIABLE} is {name!r}, which is not a folder. Correct it or unset it."
            )
        self._unreachable: dict[str, str] = {}
        self._session = requests.Session()

    def obtain(self, files: Sequence[AssetFile]) -> tuple[dict[str, Path], list[Failure]]:
        """Obtain files of an asset, several at a time.

        Returns
        -------
        found : dict
            Key of each verified file -> where it lies.
        failures : list of Failure
            One for each of the others, in the order of `files`.
        """
        asset, size = files[0].asset, sum(file.size or 0 for file in files)
        with (
            FileLock(self.downloads / f".{asset}.lock"),  # one process fetches, others wait
            tqdm(
                desc=asset, total=size, unit="B", unit_scale=True, leave=False, disable=None
            ) as bar,
            ThreadPool(WORKERS) as pool,
        ):
            results = list(pool.imap(lambda file: self._one(file, bar.update), files))
        pairs = zip(files, results, strict=True)
        found = {file.key: result for file, result in pairs if isinstance(result, Path)}
        return found, [result for result in results if isinstance(result, Failure)]

    def _one(self, file: AssetFile, advance: Callable[[int], object]) -> Path | Failure:
        path = self.downloads / file.asset / file.name
        mirrored = file.mirror_path(self.mirror) if self.mirror else path
        refused = ""
        for place in (path, mirrored, file.raw_path(self.data)):
            problem = file.mismatch(place)
            if not problem:
                advance(place.stat().st_size)
                return place
            if place == mirrored != path and place.exists():
                refused = f"{place}: {problem}"
        path.parent.mkdir(exist_ok=True)
        try:
            self._download(file, path, advance)
        except Failure as failure:
            if refused:  # somebody put it there: it is no better than an answer of a server
                return Failure(file, "refused", f"{refused}; {failure.reason}")
            return failure
        if refused:
            print(f"warning: refused {refused}; taken from the network instead", file=sys.stderr)
        return path

    def _download(self, file: AssetFile, path: Path, advance: Callable[[int], object]) -> None:
        part = path.with_name(f"{path.name}.part")
        for attempt in range(1, ATTEMPTS + 1):
            try:
                # An earlier run may have ended between the last byte and the digest.
                if file.mismatch(part):
                    self._receive(file, part, advance)
            except Failure as failure:
                if not failure.again or attempt == ATTEMPTS:
                    raise
                time.sleep(PAUSE_S * 2 ** (attempt - 1))
            else:
                part.replace(path)
                return

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
                file.url, headers=headers, stream=True, timeout=TIMEOUT_S
            ) as response:
                status = response.status_code
                if status == 416:  # what we have is no beginning of the file
                    part.unlink(missing_ok=True)
                if status not in {200, 206}:
                    text = f"{file.url}: HTTP status {status} {response.reason}"
                    again = status in BUSY or status >= 500
                    raise Failure(file, "failed", text, again=again)
                resumes = response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
                if not (status == 206 and resumes):
                    have = 0
                with part.open("ab" if have else "wb") as stream:
                    while have <= limit and (
                        piece := response.raw.read1(CHUNK, decode_content=True)
                    ):
                        have += len(piece)
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
        if problem := file.mismatch(part):
            part.unlink()
            raise Failure(file, "refused", f"{file.url}: {problem}", again=True)

    def _broken_off(self, file: AssetFile, error: Exception) -> Failure:
        """Tell hosts that are out of reach from those that hung up or are distrusted."""
        cause = getattr(error.args[0] if error.args else None, "reason", None)
        out_of_reach = isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError)
        if out_of_reach or isinstance(cause, NewConnectionError):
            request = getattr(error, "request", None)
            host = urlsplit(str(request.url) if request is not None else file.url).netloc
            self._unreachable[host] = f"{host} cannot be reached"
            return Failure(file, "unreachable", self._unreachable[host])
        again = isinstance(error, requests.ConnectionError | requests.Timeout | HTTPError)
        return Failure(file, "failed", f"{file.url}: broke off ({error})", again=again)
