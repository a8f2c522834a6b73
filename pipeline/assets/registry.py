"""The registry of datasets and published weights: what they are, where from, and their digests.

`files.csv` lists every file (URL, size, digest), `assets.toml` describes every asset (licence,
citation, homepage); folders of images that `mesr register` made a dataset are listed in
`datasets/<name>/dataset.toml`. Nothing is downloaded here; see `pipeline.assets.fetching`.
"""

import csv
import hashlib
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pipeline.support.errors import UserError
from pipeline.support.names import suggestion

FILES_CSV = Path(__file__).with_name("files.csv")
ASSETS_TOML = Path(__file__).with_name("assets.toml")
DATA = Path("data")
RAW = DATA / "raw"  # files of published weights
DATASETS = Path("datasets")  # registered folders of images

Kind = Literal["benchmark", "training", "validation", "photos", "folder", "lr", "weights"]
FILE_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.+() -]{0,199}"
DIGEST = r"sha256:[0-9a-f]{64}|git-blob:[0-9a-f]{40}"


@dataclass(frozen=True)
class AssetFile:
    r"""One file of an asset.

    Attributes
    ----------
    asset, name : str
        Together ``"<asset>/<name>"``, the file's key.
    url : str
        Where it comes from: http(s), or a package URL
        ``pkg:pypi/<distribution>@<version>#<path>`` for a file that an installed package carries.
        Empty for a file in ``datasets/<asset>/``.
    size : int or None
        Bytes; None where the source states no size.
    digest : str
        ``sha256:<hex>`` of the content, or ``git-blob:<hex>``, git's SHA-1 of
        ``b"blob <size>\0" + content``, where only that is known.
    """

    asset: str
    name: str
    url: str
    size: int | None
    digest: str

    @property
    def key(self) -> str:
        """``"<asset>/<name>"``."""
        return f"{self.asset}/{self.name}"

    def mirror_path(self, mirror: Path) -> Path:
        """Where a mirror folder, laid out by URL without the scheme, holds this file."""
        parts = urlsplit(self.url)
        return mirror / parts.netloc / parts.path.lstrip("/")

    def raw_path(self, data: Path = DATA) -> Path:
        """Where stage `fetch` leaves this file if it belongs to published weights."""
        return data / "raw" / self.asset / self.name

    def mismatch(self, path: Path) -> str:
        """Say how the file at `path` differs from the registered one; "" when it is the same."""
        try:
            size = path.stat().st_size
            if self.size is not None and size != self.size:
                return f"{size:,} bytes, expected {self.size:,}"
            found = file_digest(path, self.digest.partition(":")[0])
        except OSError as error:
            return error.strerror or str(error)
        return "" if found == self.digest else f"digest {found}, expected {self.digest}"


@dataclass(frozen=True)
class Asset:
    """A dataset, or the published weights of one network.

    Attributes
    ----------
    name : str
        Letters, digits and underscores.
    kind : {"benchmark", "training", "validation", "photos", "folder", "lr", "weights"}
        What it is for; "lr" are LR images of a benchmark, as others made them; "folder" is a
        dataset that `mesr register` made.
    title, homepage, licence, citation, note : str
        For people; shown by ``mesr fetch``.
    images : int or None
        Number of images, None for weights.
    files : tuple of AssetFile
        What is downloaded.
    """

    name: str
    kind: Kind
    title: str
    homepage: str
    licence: str
    citation: str
    files: tuple[AssetFile, ...]
    images: int | None = None
    note: str = ""

    def output(self, data: Path = DATA) -> Path:
        """Output of stage `fetch`: packed images of a dataset, folder of a weights asset."""
        if self.kind == "weights":
            return data / "raw" / self.name
        return data / ("lr" if self.kind == "lr" else "hr") / f"{self.name}.h5"


def file_digest(path: Path, algorithm: str) -> str:
    """Digest of a file in the registry's notation.

    Parameters
    ----------
    path : Path
        An existing file.
    algorithm : {"sha256", "git-blob"}
        Which digest.

    Returns
    -------
    str
        ``"<algorithm>:<hex>"``.
    """
    with path.open("rb") as stream:
        if algorithm == "sha256":
            return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
        # SHA-1 is what git names its blobs with; the length is part of the hashed content.
        sha1 = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
        return f"git-blob:{hashlib.file_digest(stream, lambda: sha1).hexdigest()}"


def describe_size(files: Sequence[AssetFile]) -> str:
    """Total size of files for people, e.g. ``"135.6 MB"``; says when sizes are unknown."""
    known = sum(file.size or 0 for file in files)
    unknown = sum(file.size is None for file in files)
    text = f"{known / 1e9:.2f} GB" if known >= 1e9 else f"{known / 1e6:.1f} MB"
    return f"{text} and {unknown} of unknown size" if unknown else text


@cache
def _own_registry() -> dict[str, Asset]:
    """Read files.csv and assets.toml; tests/pipeline/assets/test_registry.py checks their form."""
    files: dict[str, list[AssetFile]] = {}
    with FILES_CSV.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            size = int(row["size"]) if row["size"] else None
            file = AssetFile(row["asset"], row["name"], row["url"], size, row["digest"])
            files.setdefault(file.asset, []).append(file)
    about = tomllib.loads(ASSETS_TOML.read_text(encoding="utf-8")).items()
    return {name: Asset(name=name, files=tuple(files[name]), **entry) for name, entry in about}


def registry() -> dict[str, Asset]:
    """Return the project's own assets and the registered folders: name -> `Asset`."""
    return _own_registry() | registered()


def registered(folder: Path = DATASETS) -> dict[str, Asset]:
    """Read ``datasets/<name>/dataset.toml``, which `mesr register` writes.

    Raises
    ------
    UserError
        Naming the file and what is wrong with it.
    """
    found = {}
    for path in sorted(folder.glob("*/dataset.toml")):
        name = path.parent.name
        if name in _own_registry():
            raise UserError(f"{path}: {name} is the name of a dataset of the project; rename it")
        try:
            entry = tomllib.loads(path.read_text(encoding="utf-8"))
            digests = {str(file): str(digest) for file, digest in entry["files"].items()}
            title, licence = entry.get("title", name), entry.get("licence", "not stated")
        except (ValueError, KeyError, AttributeError) as error:
            raise UserError(
                f"{path}: lists no files ({error}). Write it again: mesr register {name} FOLDER"
            ) from error
        for file, digest in digests.items():
            if not re.fullmatch(FILE_NAME, file) or not re.fullmatch(DIGEST, digest):
                raise UserError(
                    f"{path}: {file!r} = {digest!r}: expected the name of a file and its digest"
                )
        files = tuple(AssetFile(name, file, "", None, digest) for file, digest in digests.items())
        found[name] = Asset(name, "folder", str(title), "", str(licence), "", files, len(files))
    return found


def find_asset(name: str) -> Asset:
    """Look up an asset by name.

    Raises
    ------
    UserError
        For an unknown name; lists the known ones and the nearest.
    """
    assets = registry()
    if name not in assets:
        known = f"Known assets: {', '.join(assets)}"
        raise UserError(f"asset {name!r} is not known.{suggestion(name, assets)} {known}")
    return assets[name]


def find_file(key: str) -> AssetFile:
    """Look up a file by ``"<asset>/<name>"``.

    Raises
    ------
    UserError
        When no such asset or file is listed.
    """
    asset_name, _, name = key.partition("/")
    asset = find_asset(asset_name)
    files = {file.name: file for file in asset.files}
    if name not in files:
        raise UserError(f"asset {asset_name} has no file {name!r}; it has {', '.join(files)}")
    return files[name]


def verified_files(files: Sequence[str], raw: Path = RAW) -> list[Path]:
    """Find downloaded files and compare them with the registry.

    Parameters
    ----------
    files : sequence of str
        ``"<asset>/<name>"`` as in the asset registry.
    raw : Path
        Folder of the downloads, ``data/raw``.

    Raises
    ------
    UserError
        When a file is not here or is not what was published; the message says how to get it.
    """
    get = f"`mesr fetch {' '.join(sorted({name.partition('/')[0] for name in files}))}`"
    for name in files:
        path = raw / name
        if problem := find_file(name).mismatch(path):
            wrong = f"is not the published file ({problem}). Delete it and get it again with {get}."
            raise UserError(
                f"{path}: {wrong if path.exists() else f'not downloaded. Get it with {get}.'}"
            )
    return [raw / name for name in files]
