"""Image files that users bring: HR images, and the SR and LR images that belong to them."""

import os
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path

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

SUFFIXES = (".png", ".bmp", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".ppm", ".pgm")

Named = Sequence[tuple[str, Reader]]  # names and readers of images
Pair = tuple[str, Reader, Reader]  # name, reader of the SR image, reader of the HR image


def image_files(folder: Path) -> dict[str, Path]:
    """Image files of a folder by stem, sorted.

    Raises
    ------
    UserError
        When the folder is missing, holds no image, or holds two files of one stem.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: is not a folder; expected a folder of image files")
    files: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in SUFFIXES or path.name.startswith("."):
            continue
        try:
            path.name.encode()
        except UnicodeEncodeError as error:
            raise UserError(
                f"{folder}: the file name {os.fsencode(path.name)!r} is not UTF-8 text, which "
                "result files are; rename it"
            ) from error
        if path.stem in files:
            raise UserError(
                f"{path}: {files[path.stem].name} has the same name without its ending; "
                "keep one of the two"
            )
        files[path.stem] = path
    if not files:
        raise UserError(f"{folder}: holds no image file ({', '.join(SUFFIXES)})")
    return files


def hr_images(data: str) -> tuple[str, Named]:
    """Find the HR images that ``--data`` names.

    Parameters
    ----------
    data : str
        A dataset that was fetched, or a folder of image files.

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
    if not data.strip():
        raise UserError("--data is empty; expected a dataset (mesr fetch lists them) or a folder")
    folder = Path(data)
    if not folder.is_dir():
        data = canonical(data, registry())
    packed = hr_file(data)
    if packed.is_file():
        images = PackedImages(packed)
        return data, [(name, partial(images.__getitem__, name)) for name in images.names]
    if folder.is_dir():
        files = image_files(folder)
        return folder.resolve().name, [(n, partial(read_image, path)) for n, path in files.items()]
    if data in registry():
        raise UserError(f"{packed}: not there yet; get it with: mesr fetch {data}")
    raise UserError(
        f"--data {data}: neither a folder nor a dataset.{suggestion(data, registry())} "
        "Datasets: mesr fetch"
    )


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
    for name, file in matched.items():
        print(f"{name} <- {file}")


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
    if not origin.strip():
        raise UserError("--lr is empty; expected a folder, or LR images (mesr fetch lists them)")
    asset = canonical(origin, registry())
    packed = given_lr_file(asset)
    readers: dict[str, Reader]
    if packed.is_file():
        file, where = PackedImages(packed), str(packed)
        readers = {stem: partial(file.__getitem__, stem) for stem in file.names}
    elif Path(origin).is_dir():
        where, files = origin, image_files(Path(origin))
        readers = {stem: partial(read_image, path) for stem, path in files.items()}
    else:
        known = [name for name, entry in registry().items() if entry.kind == "lr"]
        if asset in known:
            raise UserError(f"{packed}: not there yet; get it with: mesr fetch {asset}")
        raise UserError(
            f"--lr {origin}: neither a folder nor LR images that were fetched."
            f"{suggestion(origin, known)} mesr fetch lists what there is (kind lr)."
        )
    # SelfExSR's folders hold the HR image beside each LR image.
    hr = {f"{stem.upper()[:-2]}HR" for stem in readers if stem.upper().endswith("_LR")}
    stems = [stem for stem in readers if stem.upper() not in hr]
    matched = match_files(stems, [name for name, _ in images], scale, where, "LR")

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
