"""The registry of datasets and published weights: what they are, where from, and their digests.

`assets.csv` lists every file (URL, size, digest), `assets.toml` describes every asset (licence,
citation, homepage). Nothing is downloaded here; see `pipeline.fetch`.
"""

import csv
import difflib
import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from pipeline.support.errors import UserError

FILES_CSV = Path(__file__).with_name("files.csv")
ASSETS_TOML = Path(__file__).with_name("assets.toml")
DATA = Path("data")

Kind = Literal["benchmark", "training", "validation", "photos", "lr", "weights"]

# A DVC matrix joins its values with "-" and uses them in stage names and paths.
_ASSET_NAME = re.compile(r"[A-Za-z0-9_]+")
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|git-blob:[0-9a-f]{40}")


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
    size : int or None
        Bytes; None where the source tells no size.
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

    def mismatch(self, path: Path) -> str | None:
        """Compare the file at `path` with the registry.

        Returns
        -------
        str or None
            None when size and digest are right, otherwise what is wrong.
        """
        found_size = path.stat().st_size
        if self.size is not None and found_size != self.size:
            return f"{found_size:,} bytes, expected {self.size:,}"
        found = file_digest(path, self.digest.partition(":")[0])
        return None if found == self.digest else f"digest {found}, expected {self.digest}"


@dataclass(frozen=True)
class Asset:
    """A dataset, or the published weights of one network.

    Attributes
    ----------
    name : str
        Letters, digits and underscores.
    kind : {"benchmark", "training", "validation", "photos", "lr", "weights"}
        What it is for; "lr" are LR images of a benchmark, as others made them.
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
    if unknown == len(files):
        return "unknown size"
    return f"{text} and {unknown} of unknown size" if unknown else text


def read_registry(files_csv: Path = FILES_CSV, assets_toml: Path = ASSETS_TOML) -> dict[str, Asset]:
    """Read and check a registry.

    Returns
    -------
    dict
        Asset name -> `Asset`, in the order of `assets_toml`.

    Raises
    ------
    UserError
        Naming the file, the row and what is wrong with it.
    """
    files: dict[str, list[AssetFile]] = {}
    with files_csv.open(newline="", encoding="utf-8") as stream:
        for number, row in enumerate(csv.DictReader(stream), start=2):
            file = _asset_file(row, f"{files_csv}, line {number}")
            siblings = files.setdefault(file.asset, [])
            if any(other.name == file.name for other in siblings):
                raise UserError(f"{files_csv}, line {number}: {file.key} is listed twice; drop one")
            siblings.append(file)
    described = tomllib.loads(assets_toml.read_text(encoding="utf-8"))
    if described.keys() != files.keys():
        odd = ", ".join(sorted(described.keys() ^ files.keys()))
        raise UserError(
            f"{files_csv} and {assets_toml} must name the same assets; only one of them has {odd}"
        )
    return {
        name: _asset(name, entry, files[name], assets_toml) for name, entry in described.items()
    }


def _asset_file(row: Mapping[str, str], where: str) -> AssetFile:
    """Check one row of the file list."""
    checks = {
        "asset": _ASSET_NAME.fullmatch(row["asset"]),
        "name": _FILE_NAME.fullmatch(row["name"]),
        "url": re.fullmatch(r"https?://[^\s?#]+|pkg:pypi/[^\s@]+@[^\s#]+#[^\s]+", row["url"])
        and ".." not in row["url"],
        "bytes": re.fullmatch(r"([1-9]\d*)?", row["bytes"]),
        "digest": _DIGEST.fullmatch(row["digest"]),
    }
    for column, passed in checks.items():
        if not passed:
            raise UserError(f"{where}: {column} is {row[column]!r}, see docs/data.md for its form")
    size = int(row["bytes"]) if row["bytes"] else None
    return AssetFile(row["asset"], row["name"], row["url"], size, row["digest"])


def _asset(name: str, entry: dict[str, Any], files: list[AssetFile], where: Path) -> Asset:
    """Check one table of the descriptions."""
    try:
        asset = Asset(name=name, files=tuple(files), **entry)
    except TypeError as error:
        raise UserError(f"{where}, [{name}]: {error}") from error
    kinds = get_args(Kind)
    if asset.kind not in kinds:
        raise UserError(
            f"{where}, [{name}]: kind is {asset.kind!r}, expected one of {', '.join(kinds)}"
        )
    if (asset.images is None) != (asset.kind == "weights"):
        raise UserError(f"{where}, [{name}]: images must be given for datasets and for them alone")
    return asset


@cache
def registry() -> dict[str, Asset]:
    """Return the project's own registry: asset name -> `Asset`."""
    return read_registry()


def find_asset(name: str) -> Asset:
    """Look up an asset by name.

    Raises
    ------
    UserError
        For an unknown name; lists the known ones and the nearest.
    """
    assets = registry()
    if name not in assets:
        by_lower = {known.lower(): known for known in assets}
        close = [by_lower[near] for near in difflib.get_close_matches(name.lower(), by_lower)]
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        raise UserError(f"asset {name!r} is not known.{hint} Known assets: {', '.join(assets)}")
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
    for file in asset.files:
        if file.name == name:
            return file
    raise UserError(
        f"asset {asset_name} has no file {name!r}; it has {', '.join(f.name for f in asset.files)}"
    )
