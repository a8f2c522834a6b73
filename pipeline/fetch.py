"""Stage `fetch`: obtain assets, verify them, and lay them down under data/.

Datasets become one packed file, `data/hr/<asset>.h5`; published weights become a folder,
`data/raw/<asset>/`. Either appears complete or not at all: files are received in `downloads/`,
beside data/, where verified ones wait for the next attempt. A file of the mirror folder
(environment variable MESR_MIRROR) is read in place.
"""

import argparse
import os
import shutil
import stat
import sys
import tempfile
import threading
import time
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from multiprocessing.pool import ThreadPool
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import urlsplit

import requests
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
from rich.progress import Progress as Bar
from urllib3.exceptions import MaxRetryError, NewConnectionError

from pipeline.assets.photos import locate_photograph
from pipeline.assets.registry import DATA, Asset, AssetFile, describe_size, find_asset
from pipeline.imaging.images import Pixels, pack_images, read_image
from pipeline.support.console import run
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path

MIRROR_VARIABLE = "MESR_MIRROR"
CHUNK = 1 << 16
# A server may send at most this much for a file whose size the registry does not know.
LARGEST_UNKNOWN = 1 << 30
# Image files hardly shrink in an archive; more than this is an archive made to fill the disk.
LARGEST_EXPANSION = 10
IMAGE_SUFFIXES = {".png", ".bmp", ".jpg", ".jpeg", ".tif", ".tiff"}


@dataclass(frozen=True)
class Transfer:
    """How downloads are made.

    Attributes
    ----------
    workers : int
        Downloads at a time.
    attempts : int
        Per file, the first included.
    backoff : float
        Seconds before the second attempt; doubled before each further one.
    connect_timeout, read_timeout : float
        Seconds to wait for a connection, and for the next bytes.
    """

    workers: int = 8
    attempts: int = 4
    backoff: float = 0.5
    connect_timeout: float = 10.0
    read_timeout: float = 30.0


@dataclass(frozen=True)
class Failure:
    """Why a file could not be obtained.

    ``unreachable``: no connection came about; ``refused``: the content is wrong; ``failed``:
    anything else, such as an answer with status 404 or a transfer that stalls.
    """

    file: AssetFile
    kind: Literal["unreachable", "refused", "failed"]
    reason: str


class _Attempt(Exception):  # noqa: N818 - not an error yet: the next attempt may succeed
    """One attempt at a download went wrong.

    Parameters
    ----------
    failure : Failure
        What to report when it was the last.
    again : bool
        Whether another attempt makes sense.
    wait : float
        Seconds that the server asked to wait.
    """

    def __init__(self, failure: Failure, *, again: bool = True, wait: float = 0.0) -> None:
        super().__init__(failure.reason)
        self.failure, self.again, self.wait = failure, again, wait


class _Stopped(Exception):  # noqa: N818 - the user's wish, not an error
    """The downloads were interrupted."""


class Progress(AbstractContextManager["Progress"]):
    """Bytes and files so far: a bar on a terminal, otherwise a line every few seconds.

    Parameters
    ----------
    files : sequence of AssetFile
        What is going to be obtained.
    interval : float
        Seconds between lines when the output is not a terminal.
    """

    def __init__(self, files: Sequence[AssetFile], interval: float = 5.0) -> None:
        self.total, self.interval = len(files), interval
        self.done = self.received = 0
        self.printed = time.monotonic()
        self.lock = threading.Lock()
        console = Console()
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
        )
        self.bar = Bar(*columns, console=console, transient=True)
        self.terminal = console.is_terminal
        sizes = [file.size for file in files]
        self.task = self.bar.add_task(
            self.text, total=None if None in sizes else sum(size or 0 for size in sizes)
        )

    @property
    def text(self) -> str:
        """``"<done>/<total> files"``."""
        return f"{self.done}/{self.total} files"

    def __enter__(self) -> "Progress":
        if self.terminal:
            self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.terminal:
            self.bar.stop()

    def advance(self, count: int, *, files: int = 0) -> None:
        """Add `count` bytes (negative when received bytes were thrown away) and `files`."""
        with self.lock:
            self.received += count
            self.done += files
            self.bar.update(self.task, completed=self.received, description=self.text)
            now = time.monotonic()
            if not self.terminal and now - self.printed >= self.interval:
                self.printed = now
                print(f"  {self.text}, {self.received / 1e6:.1f} MB", flush=True)


@dataclass
class Source:
    """Where files come from: earlier downloads, the mirror, the data folder, the network.

    They are asked in that order.

    Parameters
    ----------
    downloads : Path
        Folder that receives what the network sends: ``<asset>/<name>`` once verified,
        ``<name>.part`` before.
    mirror : Path or None
        Folder laid out by URL without the scheme; its files are used in place.
    transfer : Transfer
        How to download.
    data : Path or None
        Data folder; weights that an earlier run laid down there are taken over.
    """

    downloads: Path
    mirror: Path | None = None
    transfer: Transfer = Transfer()
    data: Path | None = None
    session: requests.Session = field(default_factory=requests.Session, init=False)
    stop: threading.Event = field(default_factory=threading.Event, init=False)
    unreachable: dict[str, str] = field(default_factory=dict, init=False)
    refused: dict[str, str] = field(default_factory=dict, init=False)

    def obtain(self, files: Sequence[AssetFile]) -> tuple[dict[str, Path], list[Failure]]:
        """Obtain files, several at a time.

        Returns
        -------
        found : dict
            Key of each verified file -> where it lies.
        failures : list of Failure
            One for each of the others.
        """
        found: dict[str, Path] = {}
        failures: list[Failure] = []
        with Progress(files) as self.progress, ThreadPool(self.transfer.workers) as pool:
            try:
                results = pool.imap_unordered(self._obtain_one, files)
                for file, result in results:
                    if isinstance(result, Failure):
                        failures.append(result)
                    else:
                        found[file.key] = result
            finally:
                # Threads that still receive end at their next bytes.
                self.stop.set()
        order = {file.key: number for number, file in enumerate(files)}
        return found, sorted(failures, key=lambda failure: order[failure.file.key])

    def _obtain_one(self, file: AssetFile) -> tuple[AssetFile, Path | Failure]:
        path = self._in_downloads(file) or self._in_mirror(file) or self._in_data(file)
        if path:
            self.progress.advance(path.stat().st_size, files=1)
            return file, path
        try:
            path = self._download(file)
        except _Attempt as attempt:
            return file, attempt.failure
        self.progress.advance(0, files=1)
        return file, path

    def _in_downloads(self, file: AssetFile) -> Path | None:
        path = self.downloads / file.asset / file.name
        if path.is_file():
            if file.mismatch(path) is None:
                return path
            path.unlink()
        return None

    def _in_mirror(self, file: AssetFile) -> Path | None:
        path = file.mirror_path(self.mirror) if self.mirror else None
        if path is None or not path.is_file():
            return None
        try:
            problem = file.mismatch(path)
        except OSError as error:
            problem = f"cannot be read ({error.strerror})"
        if problem is None:
            return path
        self.refused[file.key] = f"{path}: {problem}"
        return None

    def _in_data(self, file: AssetFile) -> Path | None:
        path = file.raw_path(self.data) if self.data else None
        return path if path and path.is_file() and file.mismatch(path) is None else None

    def _download(self, file: AssetFile) -> Path:
        """Download with retries; the file gets its name once its digest is right."""
        path = self.downloads / file.asset / file.name
        part = path.with_name(f"{path.name}.part")
        path.parent.mkdir(parents=True, exist_ok=True)
        if part.exists():
            self.progress.advance(part.stat().st_size)
            # An earlier run may have ended between the last byte and the digest; a server has no
            # rest to send then.
            if file.mismatch(part) is None:
                return part.replace(path)
            if part.stat().st_size == file.size:
                self._discard(part)
        delay = self.transfer.backoff
        for attempt in range(1, self.transfer.attempts + 1):
            try:
                self._receive(file, part)
                self._verify(file, part)
                return part.replace(path)
            except _Attempt as failed:
                if not failed.again or attempt == self.transfer.attempts:
                    if failed.failure.kind == "unreachable":
                        # The other files of that host need not wait for the same outcome.
                        self.unreachable[urlsplit(file.url).netloc] = failed.failure.reason
                    raise
                if self.stop.wait(max(delay, failed.wait)):
                    raise _Stopped from failed
                delay *= 2
        raise AssertionError("at least one attempt is made")

    def _verify(self, file: AssetFile, part: Path) -> None:
        problem = file.mismatch(part)
        if problem:
            self._discard(part)
            raise _Attempt(Failure(file, "refused", f"{file.url}: {problem}"))

    def _discard(self, part: Path) -> None:
        self.progress.advance(-part.stat().st_size)
        part.unlink()

    def _receive(self, file: AssetFile, part: Path) -> None:
        """Make one attempt: append to what an earlier one left, or start afresh."""
        host = urlsplit(file.url).netloc
        if host in self.unreachable:
            failure = Failure(file, "unreachable", self.unreachable[host])
            raise _Attempt(failure, again=False)
        have = part.stat().st_size if part.exists() else 0
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        timeout = (self.transfer.connect_timeout, self.transfer.read_timeout)
        try:
            response = self.session.get(file.url, headers=headers, stream=True, timeout=timeout)
        except requests.ReadTimeout as error:
            text = f"{file.url}: no answer within {self.transfer.read_timeout:g} s"
            raise _Attempt(Failure(file, "failed", text)) from error
        except requests.ConnectionError as error:
            if _is_unreachable(error):
                failure = Failure(file, "unreachable", f"{host} cannot be reached")
            else:
                failure = Failure(file, "failed", f"{file.url}: {error}")
            raise _Attempt(failure) from error
        except requests.RequestException as error:
            raise _Attempt(Failure(file, "failed", f"{file.url}: {error}"), again=False) from error
        with response:
            self._check_status(file, response)
            resumed = response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            if have and not (response.status_code == 206 and resumed):
                self._discard(part)
                have = 0
                if response.status_code != 200:
                    text = f"{file.url}: the rest of the file is not to be had"
                    raise _Attempt(Failure(file, "failed", text))
            self._store(file, response, part, have)

    def _check_status(self, file: AssetFile, response: requests.Response) -> None:
        status = response.status_code
        # 416: what we have is as long as the file, or longer; the caller then starts afresh.
        if status in {200, 206, 416}:
            return
        failure = Failure(file, "failed", f"{file.url}: HTTP status {status} {response.reason}")
        asked = response.headers.get("Retry-After", "")
        wait = min(float(asked), 60.0) if asked.isdigit() else 0.0
        raise _Attempt(failure, again=status in {408, 429} or status >= 500, wait=wait)

    def _store(
        self, file: AssetFile, response: requests.Response, part: Path, received: int
    ) -> None:
        """Write the body of a response behind the `received` bytes of `part`."""
        limit = file.size or LARGEST_UNKNOWN
        try:
            with part.open("ab") as stream:
                for chunk in response.iter_content(CHUNK):
                    if self.stop.is_set():
                        raise _Stopped
                    received += len(chunk)
                    if received > limit:
                        break
                    stream.write(chunk)
                    self.progress.advance(len(chunk))
        except requests.RequestException as error:
            # A broken or stalled transfer: the bytes so far are kept and the rest asked for.
            text = f"{file.url}: broke off after {received:,} bytes"
            raise _Attempt(Failure(file, "failed", text)) from error
        if received > limit:
            self._discard(part)
            text = f"{file.url}: sends more than the expected {limit:,} bytes"
            raise _Attempt(Failure(file, "refused", text), again=False)


def _is_unreachable(error: requests.ConnectionError) -> bool:
    """Whether no connection came about; otherwise a server is there, but hung up or distrusted."""
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


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


def archive_images(archive: Path) -> Iterator[tuple[str, Pixels]]:
    """Read the images of a ZIP archive one by one, without unpacking it beside.

    Parameters
    ----------
    archive : Path
        A verified archive. Members that are not images by their suffix are passed over.

    Yields
    ------
    name : str
        Stem of the member's file name.
    pixels : ndarray
        uint8, (H, W, 3) or (H, W).

    Raises
    ------
    UserError
        When the archive is damaged, or hostile: a member that is absolute, leads out of the
        archive or is a link, or contents out of proportion to the archive's size.
    """
    try:
        with zipfile.ZipFile(archive) as file, tempfile.TemporaryDirectory() as folder:
            for member in _checked_members(file, archive):
                name = PurePosixPath(member.filename)
                if member.is_dir() or name.suffix.lower() not in IMAGE_SUFFIXES:
                    continue
                image = Path(folder) / f"image{name.suffix}"
                # ZipExtFile stops at the declared size, which the check has bounded.
                with file.open(member) as source, image.open("wb") as target:
                    shutil.copyfileobj(source, target)
                yield name.stem, read_image(image)
    # zipfile wraps neither zlib's error nor the end of a file.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise UserError(
            f"{archive}: is a damaged or encrypted archive ({error}). Delete it and fetch again."
        ) from error


def _checked_members(file: zipfile.ZipFile, archive: Path) -> list[zipfile.ZipInfo]:
    """Members in the order of their names, or UserError when one is hostile."""
    members = sorted(file.infolist(), key=lambda member: member.filename)
    for member in members:
        parts = PurePosixPath(member.filename.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in member.filename:
            raise UserError(f"{archive}: refused, member {member.filename!r} leads out of it")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise UserError(f"{archive}: refused, member {member.filename!r} is a link")
    total = sum(member.file_size for member in members)
    if total > LARGEST_EXPANSION * archive.stat().st_size:
        raise UserError(
            f"{archive}: refused, it would unpack to {total:,} bytes, "
            f"more than {LARGEST_EXPANSION} times its size"
        )
    return members


def dataset_images(asset: Asset, found: dict[str, Path]) -> Iterator[tuple[str, Pixels]]:
    """Read the images of a dataset one by one.

    Parameters
    ----------
    asset : Asset
        A dataset.
    found : dict
        Key of each of its files -> where the verified file lies.

    Yields
    ------
    name : str
        Stem of the registered name.
    pixels : ndarray
        uint8, (H, W, 3) or (H, W).

    Raises
    ------
    UserError
        When an image cannot be read or their number is not the registered one.
    """
    count = 0
    for file in asset.files:
        path, name = found[file.key], PurePosixPath(file.name)
        images = archive_images(path) if name.suffix == ".zip" else [(name.stem, read_image(path))]
        for image in images:
            count += 1
            yield image
    if count != asset.images:
        raise UserError(
            f"{asset.name}: holds {count} images, expected {asset.images}. "
            "Correct its entry in pipeline/assets/assets.toml or its rows in files.csv beside it."
        )


def _lay_down(asset: Asset, found: dict[str, Path], target: Path) -> None:
    """Make the stage's output from the verified files, in one step."""
    if asset.kind == "weights":
        with atomic_path(target) as folder:
            folder.mkdir()
            for file in asset.files:
                if file.key in found:
                    shutil.copyfile(found[file.key], folder / file.name)
    else:
        pack_images(dataset_images(asset, found), target)


def introduce(asset: Asset) -> str:
    """Say what a user should know of an asset: contents, licence, citation."""
    lines = [
        f"{asset.name}: {asset.title}; {len(asset.files)} files, {describe_size(asset.files)}",
        f"  licence:  {asset.licence}",
        f"  cite:     {asset.citation}",
        f"  homepage: {asset.homepage}",
    ]
    return "\n".join([*lines, f"  note:     {asset.note}"] if asset.note else lines)


def _is_complete(asset: Asset, data: Path) -> bool:
    """Whether the stage's output is there; weights are verified file by file."""
    if asset.kind != "weights":
        return asset.output(data).is_file()
    paths = [(file, file.raw_path(data)) for file in asset.files]
    return all(path.is_file() and file.mismatch(path) is None for file, path in paths)


def _explain(assets: Sequence[Asset], failures: Sequence[Failure], source: Source) -> str:
    """Put all failures into one message with the remedies."""
    lines = []
    missing = [failure for failure in failures if failure.kind != "refused"]
    for asset in assets:
        own = [failure for failure in failures if failure.file.asset == asset.name]
        if own:
            size = describe_size([failure.file for failure in own])
            lines.append(f"  {asset.name}: {len(own)} of {len(asset.files)} files missing, {size}")
    if len({failure.file.asset for failure in failures}) > 1:
        lines.append(f"  together {describe_size([failure.file for failure in failures])}")
    lines.append("because")
    reasons = dict.fromkeys(failure.reason for failure in missing)
    lines += _shortened([f"  {reason}" for reason in reasons])
    refused = [f.reason for f in failures if f.kind == "refused"] + [
        source.refused[f.file.key] for f in failures if f.file.key in source.refused
    ]
    lines += [f"  refused {reason}" for reason in refused]
    shown = source.mirror or Path(f"${MIRROR_VARIABLE}")
    lines += [
        "Either connect to the internet and run the command again (what has been verified is kept "
        f"in {source.downloads}/ and not downloaded again),",
        f"or set {MIRROR_VARIABLE} to a folder that is laid out by URL without the scheme and "
        "holds",
        *_shortened([f"  {failure.file.mirror_path(shown)}" for failure in failures]),
    ]
    return "\n".join(lines)


def _shortened(lines: list[str], most: int = 5) -> list[str]:
    rest = len(lines) - most
    return (
        lines
        if rest <= 1
        else [*lines[:most], f"  and {rest} more (see pipeline/assets/files.csv)"]
    )


def fetch_assets(
    names: Sequence[str],
    destination: Path = DATA,
    *,
    downloads: Path | None = None,
    transfer: Transfer | None = None,
    again: bool = False,
    partial: bool = False,
) -> dict[str, Path]:
    """Obtain assets by name and lay them down under `destination`.

    Prints licence and citation of each. An asset that fails does not keep the others from being
    laid down.

    Parameters
    ----------
    names : sequence of str
        Assets, as registered.
    destination : Path
        The data folder.
    downloads : Path, optional
        Where the network's files are kept; `downloads` beside the data folder by default.
    transfer : Transfer, optional
        How to download.
    again : bool
        Build outputs anew that are there already.
    partial : bool
        Lay down weights of which some files cannot be had because their servers cannot be
        reached, and warn of these files. Where a server answers, but not with the right file,
        the asset is refused as a whole. Datasets are never laid down in part: a mean over some of
        the images is another number.

    Returns
    -------
    dict
        Name -> ``<destination>/hr/<name>.h5`` of a dataset or ``<destination>/raw/<name>`` of
        weights.

    Raises
    ------
    UserError
        For an unknown name (before anything is done), and, after everything else is laid down,
        listing what could not be, what is missing with its size, the reasons and the remedies.
    """
    assets = [find_asset(name) for name in dict.fromkeys(names)]
    outputs = {asset.name: asset.output(destination) for asset in assets}
    wanted = []
    for asset in assets:
        print(introduce(asset), flush=True)
        if not again and _is_complete(asset, destination):
            print(f"{outputs[asset.name]} is there already", flush=True)
        else:
            wanted.append(asset)

    source = Source(
        downloads or destination.parent / "downloads",
        mirror_folder(),
        transfer or Transfer(),
        destination,
    )
    remote = [file for asset in wanted if asset.kind != "photos" for file in asset.files]
    found, failures = _obtain(source, remote)
    missing: list[Failure] = []
    problems: list[str] = []
    for asset in wanted:
        own = [failure for failure in failures if failure.file.asset == asset.name]
        if own and not (partial and _suffices(asset, own, source)):
            missing += own
            continue
        try:
            if asset.kind == "photos":
                found |= {file.key: locate_photograph(file) for file in asset.files}
            _lay_down(asset, found, outputs[asset.name])
        except UserError as error:
            problems.append(str(error))
            continue
        total = len(asset.files)
        state = f"holds {total - len(own)} of {total} files" if own else "is complete"
        print(f"{outputs[asset.name]} {state}", flush=True)
        if own:
            # DVC takes the stage for done and would not run it again by itself.
            print(
                f"warning: left out\n{_explain([asset], own, source)}\n"
                f"To try again later: dvc repro --force fetch_weights@{asset.name} "
                "(or the same mesr command)",
                file=sys.stderr,
            )
    if missing:
        problems.append(
            f"not everything could be fetched; {destination}/ holds nothing new of\n"
            + _explain(wanted, missing, source)
        )
    if problems:
        raise UserError("\n".join(problems))
    return outputs


def _suffices(asset: Asset, failures: Sequence[Failure], source: Source) -> bool:
    """Whether the rest may be laid down: weights, with nothing wrong but servers out of reach."""
    return (
        asset.kind == "weights"
        and len(failures) < len(asset.files)
        and all(
            failure.kind == "unreachable" and failure.file.key not in source.refused
            for failure in failures
        )
    )


def _obtain(source: Source, files: Sequence[AssetFile]) -> tuple[dict[str, Path], list[Failure]]:
    """Obtain files; say which of the mirror were refused although the network had them."""
    if not files:
        return {}, []
    try:
        source.downloads.mkdir(parents=True, exist_ok=True)
        # The folder is nobody's work: git must not see it, wherever it is.
        (source.downloads / ".gitignore").write_text("*\n", encoding="utf-8")
        found, failures = source.obtain(files)
    except OSError as error:
        raise UserError(
            f"{source.downloads}: could not be written ({error.strerror or error}). Free some disk "
            "space or make the folder writable, then run the command again; what has been verified "
            "is kept there and not downloaded again."
        ) from error
    for key, problem in source.refused.items():
        if key in found:
            print(f"warning: refused {problem}; taken from the network instead", file=sys.stderr)
    return found, failures


def main(argv: Sequence[str] | None = None) -> None:
    """Run stage `fetch` for the assets named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.fetch", description=__doc__)
    parser.add_argument(
        "names", nargs="+", metavar="ASSET", help="name in pipeline/assets/assets.toml"
    )
    parser.add_argument(
        "--partial",
        action="store_true",
        help="weights: do without files whose servers cannot be reached, and warn of them",
    )
    arguments = parser.parse_args(argv)
    fetch_assets(arguments.names, again=True, partial=arguments.partial)


if __name__ == "__main__":
    raise SystemExit(run(main))
