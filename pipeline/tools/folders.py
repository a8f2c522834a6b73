"""Image files that users bring: HR images, and the SR and LR images that belong to them."""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path

from pipeline.assets.contents import IMAGE_SUFFIXES
from pipeline.assets.registry import registry
from pipeline.imaging.given import match_files
from pipeline.imaging.images import read_image
from pipeline.imaging.packed import PackedImages
from pipeline.imaging.protocol import Protocol
from pipeline.imaging.tensors import Image, Pixels
from pipeline.scoring.evaluation import Reader, is_luma_of, prepare_given
from pipeline.study.paths import given_lr_file, hr_file
from pipeline.support.errors import UserError
from pipeline.support.names import canonical, suggestion

Named = Sequence[tuple[str, Reader]]  # names and readers of images
Pair = tuple[str, Reader, Reader]  # name, reader of the SR image, reader of the HR image


def images_in(folder: Path) -> list[Path]:
    """Image files of a folder, sorted.

    Raises
    ------
    UserError
        When the folder is missing or holds no image.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: is not a folder; expected a folder of image files")
    inside = (p for p in sorted(folder.iterdir()) if p.is_file() and not p.name.startswith("."))
    found = [path for path in inside if path.suffix.lower() in IMAGE_SUFFIXES]
    if not found:
        raise UserError(f"{folder}: holds no image file ({', '.join(IMAGE_SUFFIXES)})")
    return found


def image_files(folder: Path) -> dict[str, Path]:
    """Image files of a folder by stem, sorted, for results.

    Raises
    ------
    UserError
        As `images_in`, and when two files have one stem, or a name is no text.
    """
    files: dict[str, Path] = {}
    for path in images_in(folder):
        try:
            path.name.encode()
        except UnicodeEncodeError as error:
            raise UserError(
                f"{folder}: the file name {os.fsencode(path.name)!r} is not UTF-8 text; rename it"
            ) from error
        if path.stem in files:
            other = files[path.stem].name
            raise UserError(f"{path}: {other} has the same name but for its ending; keep one")
        files[path.stem] = path
    return files


def hr_images(data: str) -> tuple[str, Named]:
    """Find the HR images that ``--data`` names: a dataset that was fetched, or a folder.

    Returns
    -------
    name : str
        Of the dataset or of the folder.
    images : list of (name, reader)
        Sorted by name; each reader returns uint8 (H, W, 3) or (H, W).

    Raises
    ------
    UserError
        When there is no such dataset or folder, or the dataset was not fetched.
    """
    known = [name for name, asset in registry().items() if asset.kind not in ("lr", "weights")]
    where, readers = _open("--data", "a dataset", data, hr_file, known)
    return where.stem if where.is_file() else where.resolve().name, list(readers.items())


def _open(
    option: str, what: str, word: str, packed: Callable[[str], Path], known: Sequence[str]
) -> tuple[Path, dict[str, Reader]]:
    """Return file or folder of the images that an option names, and their readers."""
    if not word.strip():
        raise UserError(f"{option} is empty; expected a folder or {what} (mesr fetch lists them)")
    folder = Path(word)
    asset = word if folder.is_dir() else canonical(word, known)
    file = packed(asset)
    if file.is_file():
        images = PackedImages(file)
        return file, {name: partial(images.__getitem__, name) for name in images.names}
    if folder.is_dir():
        files = image_files(folder)
        return folder, {stem: partial(read_image, path) for stem, path in files.items()}
    if asset in known:
        raise UserError(f"{file}: not there yet; get it with: mesr fetch {asset}")
    near = suggestion(word, known)
    raise UserError(f"{option} {word}: neither a folder nor {what}.{near} mesr fetch lists them")


def sr_pairs(folder: Path, images: Named, scale: int, *, show: bool = False) -> list[Pair]:
    """Pair the SR images of a folder with the HR images by name, see `match_files`.

    `show` prints the pairs.
    """
    files = image_files(folder)
    matched = match_files(files, [name for name, _ in images], scale, str(folder), "SR")
    if show:
        _print_pairs({name: files[matched[name]].name for name, _ in images})
    return [(name, partial(read_image, files[matched[name]]), read) for name, read in images]


def _print_pairs(matched: Mapping[str, str]) -> None:
    print("\n".join(f"{name} <- {file}" for name, file in matched.items()))


def given_lr(origin: str, images: Named, scale: int, *, show: bool = False) -> dict[str, Reader]:
    """Readers of the LR images that ``--lr`` names, one for each HR image.

    Parameters
    ----------
    origin : str
        A folder of image files, or an asset of LR images that was fetched.
    images : sequence of (name, reader)
        The HR images.
    scale : {2, 3, 4}
        The wanted scale.
    show : bool
        Print the pairs.

    Returns
    -------
    dict
        Name -> reader, which refuses one channel where the HR image has colours.

    Raises
    ------
    UserError
        When there is no such folder or asset, or see `match_files`.
    """
    known = [name for name, asset in registry().items() if asset.kind == "lr"]
    where, readers = _open("--lr", "LR images", origin, given_lr_file, known)
    # SelfExSR's folders hold the HR image beside each LR image.
    hr = {f"{stem.upper()[:-2]}HR" for stem in readers if stem.upper().endswith("_LR")}
    stems = [stem for stem in readers if stem.upper() not in hr]
    matched = match_files(stems, [name for name, _ in images], scale, str(where), "LR")

    def read(name: str, read_hr: Reader) -> Pixels:
        lr = readers[matched[name]]()
        if is_luma_of(lr, read_hr()):
            raise UserError(
                f"{where}: {name}: the LR image has one channel, the HR image is in colour. "
                "Give LR images in colour; a network that wants luma gets the luma of these."
            )
        return lr

    if show:
        _print_pairs({name: matched[name] for name, _ in images})
    return {name: partial(read, name, read_hr) for name, read_hr in images}


class GivenImages:
    """SR images that others made, each ready for scoring beside its HR image.

    Parameters
    ----------
    pairs : sequence of (name, SR reader, HR reader)
        See `sr_pairs`.
    scale : {2, 3, 4}
        That the SR images were made for.
    """

    def __init__(self, pairs: Sequence[Pair], scale: int) -> None:
        self.pairs = pairs
        self.scale = scale

    @cached_property
    def hold_luma(self) -> bool:
        """Whether one of the SR images is the luma of a colour image.

        Then those beside it are luma too. A file alone does not tell where HR is gray in three
        channels: its SR image may be gray in one channel, or luma, which spans 16..235.
        """
        return any(is_luma_of(read_sr(), read_hr()) for _, read_sr, read_hr in self.pairs)

    def prepared(
        self, sr: Pixels, hr: Pixels, protocol: Protocol, name: str
    ) -> tuple[Image, Image]:
        """Prepare an SR image and its reference as `prepare_given` does.

        Raises
        ------
        UserError
            When the SR image has not the size of the cropped HR image, or is luma where the
            protocol scores colours.
        """
        image, reference = prepare_given(sr, hr, self.scale, protocol, name)
        if sr.ndim == 2 and hr.ndim == 3 and (is_luma_of(sr, hr) or self.hold_luma):
            if protocol.metric == "rgb":
                raise UserError(
                    f"{name}: the SR image has one channel, the HR image three: it is taken for "
                    f"the luma alone, and protocol {protocol.name} scores all three channels. Give "
                    "SR images in colour, or a protocol that scores luma, such as y or rgb."
                )
            image = sr
        return image, reference
