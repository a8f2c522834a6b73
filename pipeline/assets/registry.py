"""The registry of datasets and published weights: what they are, where from, and their digests.

`files.csv` lists every file (URL, size, digest), `assets.toml` describes every asset (licence,
citation, homepage). Nothing is downloaded here; see `pipeline.assets.fetching`.
"""

import csv
import difflib
import hashlib
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveInt,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.dataclasses import dataclass

from pipeline.support.errors import UserError

FILES_CSV = Path(__file__).with_name("files.csv")
ASSETS_TOML = Path(__file__).with_name("assets.toml")
DATA = Path("data")
RAW = DATA / "raw"  # files of published weights

Kind = Literal["benchmark", "training", "validation", "photos", "lr", "weights"]


def _without_parent_folder(url: str) -> str:
    # The mirror folder is laid out by URL; its files must lie inside it.
    if ".." in url:
        raise ValueError("may not hold '..'")
    return url


def _none_if_empty(value: object) -> object:
    return None if value == "" else value


# A DVC matrix joins its values with "-" and uses them in stage names and paths.
AssetName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
Url = Annotated[
    str,
    Field(pattern=r"^(https?://[^\s?#]+|pkg:pypi/[^\s@]+@[^\s#]+#\S+)$"),
    AfterValidator(_without_parent_folder),
]
Digest = Annotated[str, Field(pattern=r"^(sha256:[0-9a-f]{64}|git-blob:[0-9a-f]{40})$")]

_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, config=_STRICT)
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
        Bytes; None where the source states no size.
    digest : str
        ``sha256:<hex>`` of the content, or ``git-blob:<hex>``, git's SHA-1 of
        ``b"blob <size>\0" + content``, where only that is known.
    """

    asset: AssetName
    name: FileName
    url: Url
    size: Annotated[PositiveInt | None, BeforeValidator(_none_if_empty)]
    digest: Digest

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


@dataclass(frozen=True, config=_STRICT)
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

    name: AssetName
    kind: Kind
    title: str
    homepage: str
    licence: str
    citation: str
    files: tuple[AssetFile, ...]
    images: PositiveInt | None = None
    note: str = ""

    @model_validator(mode="after")
    def _counts_images(self) -> "Asset":
        if (self.images is None) != (self.kind == "weights"):
            raise ValueError("images must be given for datasets and for them alone")
        return self

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
    files: dict[str, dict[str, AssetFile]] = {}
    with files_csv.open(newline="", encoding="utf-8") as stream:
        for number, row in enumerate(csv.DictReader(stream, restkey="surplus"), start=2):
            where = f"{files_csv}, line {number}"
            file = _checked(AssetFile, row, where)
            if files.setdefault(file.asset, {}).setdefault(file.name, file) is not file:
                raise UserError(f"{where}: {file.key} is listed twice; drop one")
    described = tomllib.loads(assets_toml.read_text(encoding="utf-8"))
    if described.keys() != files.keys():
        odd = ", ".join(sorted(described.keys() ^ files.keys()))
        raise UserError(
            f"{files_csv} and {assets_toml} must name the same assets; only one of them has {odd}"
        )
    return {
        name: _checked(
            Asset,
            {**entry, "name": name, "files": tuple(files[name].values())},
            f"{assets_toml}, [{name}]",
        )
        for name, entry in described.items()
    }


_Entry = TypeVar("_Entry", AssetFile, Asset)


def _checked(kind: type[_Entry], values: dict[str, Any], where: str) -> _Entry:
    """Make an entry, or say in one message all that is wrong with it."""
    try:
        return TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        problems = []
        for problem in error.errors():
            name = ".".join(str(part) for part in problem["loc"])
            message = problem["msg"].removeprefix("Value error, ")
            if problem["type"] in {"missing", "unexpected_keyword_argument"}:
                found = ""
            else:
                found = f" (found {problem['input']!r})" if name else ""
            problems.append(f"{name}: {message}{found}" if name else message)
        raise UserError(
            f"{where}: {'; '.join(problems)}. See docs/data.md for the form of an entry."
        ) from error


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
    get = f"`mesr fetch {' '.join(sorted({f.partition('/')[0] for f in files}))}`"
    paths = [raw / file for file in files]
    for path in paths:
        if not path.is_file():
            raise UserError(f"{path}: not downloaded. Get it with {get}.")
    for file, path in zip(files, paths, strict=True):
        if difference := find_file(file).mismatch(path):
            raise UserError(
                f"{path}: is not the published file ({difference}). Delete it and get it "
                f"again with {get}."
            )
    return paths
