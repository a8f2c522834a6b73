"""Where files come from: earlier downloads, the mirror, the data folder, the network."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.pool import ThreadPool
from pathlib import Path

from pipeline.assets.download import Downloader, DownloadError, Failure
from pipeline.assets.progress import Progress
from pipeline.assets.registry import AssetFile
from pipeline.assets.transfer import Transfer
from pipeline.support.errors import UserError

MIRROR_VARIABLE = "MESR_MIRROR"


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

    Parameters
    ----------
    downloads : Path
        Folder that receives what the network sends: ``<asset>/<name>`` once verified,
        ``<name>.part`` before.
    mirror : Path or None
        Folder laid out by URL without the scheme; its files are used in place.
    data : Path
        Data folder; weights that an earlier run stored there are reused.
    transfer : Transfer
        How to download.

    Attributes
    ----------
    refused : dict
        Key of a file -> why the one in the mirror was not taken.
    """

    downloads: Path
    mirror: Path | None
    data: Path
    transfer: Transfer
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
        with Progress(files) as progress, ThreadPool(self.transfer.workers) as pool:
            downloader = Downloader(self.downloads, self.transfer, progress.advance)
            try:
                results = pool.imap_unordered(partial(self._obtain_one, downloader), files)
                for file, result in results:
                    if isinstance(result, Failure):
                        failures.append(result)
                        continue
                    found[file.key] = result
                    downloaded = result == downloader.path(file)
                    progress.advance(0 if downloaded else result.stat().st_size, files=1)
            finally:
                downloader.stop()
        order = {file.key: number for number, file in enumerate(files)}
        return found, sorted(failures, key=lambda failure: order[failure.file.key])

    def _obtain_one(
        self, downloader: Downloader, file: AssetFile
    ) -> tuple[AssetFile, Path | Failure]:
        try:
            path = downloader.earlier(file) or self._in_mirror(file) or self._in_data(file)
            return file, path or downloader.download(file)
        except DownloadError as error:
            return file, error.failure

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
        path = file.raw_path(self.data)
        return path if path.is_file() and file.mismatch(path) is None else None
