"""Folders of image files that users bring: SR images to score, HR images to score against."""

import os
import re
from collections.abc import Iterable, Sequence
from functools import cache, partial
from pathlib import Path

import pandas as pd

from pipeline.assets.registry import registry
from pipeline.imaging.given import _image_and_scale, match_lr
from pipeline.imaging.images import Pixels, read_image
from pipeline.imaging.packed import PackedImages
from pipeline.imaging.protocol import Protocol, image_in_space
from pipeline.scoring.evaluation import Reader, is_luma_of, score
from pipeline.scoring.further import FurtherMetrics
from pipeline.study.paths import given_lr_file
from pipeline.study.results import QUALITY
from pipeline.support.errors import UserError
from pipeline.support.names import canonical, suggestion
from pipeline.tools.given import Pair, holds_luma, prepare

# What marks SR images: baby_SR, baby_SRx4, baby_x4_SR, img_001_SRF_4_HR (SelfExSR).
_SR = re.compile(r"[_-]?(?:SR|HR)(?=(?:[_-]?x\d|_SRF_\d)?$)", re.IGNORECASE)
SUFFIXES = (".png", ".bmp", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".ppm", ".pgm")


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


def matching_files(folder: Path, names: Sequence[str], scale: int) -> dict[str, Path]:
    """SR image files of `folder`, one for each of `names` and no other.

    Parameters
    ----------
    folder : Path
        Where the files are.
    names : sequence of str
        Of the HR images.
    scale : {2, 3, 4}
        A file may carry it, and "SR" or "HR", after the name, as in ``baby_x4``, ``babyx4``,
        ``baby_SR``, ``baby_x4_SR`` and ``img_001_SRF_4_SR``; upper and lower case where they
        distinguish no two images, and numbers, as for `match_lr`.

    Raises
    ------
    UserError
        Naming an image that has no file, two or one of another scale, or a file that belongs to no
        image.
    """
    files = image_files(folder)
    known, in_order = set(names), sorted(names)
    matched: dict[str, Path] = {}
    strangers: list[Path] = []
    for spelled, stem in _in_case_of(names, files).items():
        path = files[stem]
        found = _image_and_scale(spelled, known, in_order) or _image_and_scale(
            _SR.sub("", spelled), known, in_order
        )
        if found is None:
            strangers.append(path)
        elif found[1] not in (None, scale):
            raise UserError(
                f"{path}: is of scale {found[1]} by its name, but --scale is {scale}. "
                "Give the scale that the images are made for, or rename them."
            )
        elif found[0] in matched:
            raise UserError(
                f"{folder}: {matched[found[0]].name!r} and {path.name!r} are both SR images of "
                f"{found[0]!r}. Keep one of them."
            )
        else:
            matched[found[0]] = path
    missing = [name for name in names if name not in matched]
    if missing:
        have = ", ".join(repr(path.name) for path in (strangers or list(files.values()))[:3])
        name = missing[0]
        raise UserError(
            f"{folder}: has no SR image for {name!r} ({len(missing)} of {len(names)} are missing; "
            f"among its {len(files)} files: {have}). Expected one per HR image, named as it is or "
            f"like {name}_x{scale}, {name}_SR, {name}_x{scale}_SR or img_001_SRF_{scale}_SR."
        )
    if strangers:
        raise UserError(
            f"{strangers[0]}: belongs to no HR image ({len(strangers)} such files). "
            "The folders must hold the same images by name."
        )
    return matched


def _in_case_of(names: Iterable[str], stems: Iterable[str]) -> dict[str, str]:
    """Spell file names as the HR images are, where case distinguishes no two images or files.

    Returns
    -------
    dict
        New spelling -> stem.
    """
    by_lower: dict[str, list[str]] = {}
    for name in names:
        by_lower.setdefault(name.lower(), []).append(name)
    spelled = {stem: stem for stem in stems}
    for stem in list(spelled):
        beginnings = (
            length for length in range(len(stem), 0, -1) if stem[:length].lower() in by_lower
        )
        if length := next(beginnings, 0):
            fitting = by_lower[stem[:length].lower()]
            new = fitting[0] + stem[length:]
            if len(fitting) == 1 and new not in spelled:
                spelled[new] = spelled.pop(stem)
    return spelled


def folder_images(folder: Path) -> list[tuple[str, Reader]]:
    """Names and readers of the images of a folder."""
    return [(name, partial(read_image, path)) for name, path in image_files(folder).items()]


def given_lr(origin: str, images: Sequence[tuple[str, Reader]], scale: int) -> dict[str, Reader]:
    """Readers of the LR images that ``--lr`` names, one for each HR image.

    Parameters
    ----------
    origin : str
        A folder of image files, or an asset of LR images that was fetched.
    images : sequence of (name, reader)
        The HR images.
    scale : {2, 3, 4}
        The wanted scale.

    Returns
    -------
    dict
        Name -> reader, which refuses one channel where the HR image has colours.

    Raises
    ------
    UserError
        When there is no such folder or asset, or see `match_lr`.
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
        where = origin
        readers = {
            stem: partial(read_image, path) for stem, path in image_files(Path(origin)).items()
        }
    else:
        known = [name for name, entry in registry().items() if entry.kind == "lr"]
        if asset in known:
            raise UserError(f"{packed}: not there yet; get it with: mesr fetch {asset}")
        raise UserError(
            f"--lr {origin}: neither a folder nor LR images that were fetched."
            f"{suggestion(origin, known)} mesr fetch lists what there is (kind lr)."
        )
    # SelfExSR's folders hold the HR image beside each LR image.
    upper = {stem.upper() for stem in readers}
    stems = [
        stem
        for stem in readers
        if not (stem.upper().endswith("_HR") and f"{stem.upper()[:-2]}LR" in upper)
    ]
    names = [name for name, _ in images]
    spelled = _in_case_of(names, stems)
    matched = match_lr(spelled, names, scale, where)
    return {
        name: partial(_read_lr, readers[spelled[matched[name]]], read_hr, f"{where}: {name}")
        for name, read_hr in images
    }


def _read_lr(read_lr: Reader, read_hr: Reader, name: str) -> Pixels:
    lr = read_lr()
    if lr.ndim == 2 and is_luma_of(lr, read_hr()):
        raise UserError(
            f"{name}: the LR image has one channel, the HR image is in colour. "
            "Give LR images in colour; a network that wants luma gets the luma of these."
        )
    return lr


def pair_images(folder: Path, images: Sequence[tuple[str, Reader]], scale: int) -> list[Pair]:
    """Name, reader of the SR image in `folder` and reader of the HR image; see `matching_files`."""
    files = matching_files(folder, [name for name, _ in images], scale)
    return [(name, partial(read_image, files[name]), read) for name, read in images]


def score_folder(
    folder: Path,
    images: Sequence[tuple[str, Reader]],
    dataset: str,
    scale: int,
    protocol: Protocol,
    further: FurtherMetrics,
) -> pd.DataFrame:
    """Score a folder of SR images that someone else made.

    Parameters
    ----------
    folder : Path
        One SR image for each HR image, see `matching_files`.
    images : sequence of (name, reader)
        The HR images.
    dataset : str
        For the rows.
    scale : {2, 3, 4}
        That the SR images were made for.
    protocol : Protocol
        How to score.
    further : FurtherMetrics
        Metrics beside PSNR and SSIM.

    Returns
    -------
    DataFrame
        One row per image with the columns of quality.csv and one for each further metric; source
        "given".

    Raises
    ------
    UserError
        When files and images do not belong together, see `matching_files` and `prepare`.
    """
    rows = []
    pairs = pair_images(folder, images, scale)
    luma = cache(lambda: holds_luma(pairs))
    for name, read_sr, read_hr in pairs:
        sr, reference = prepare(read_sr(), read_hr(), scale, protocol, name, luma)
        sr_in_space = image_in_space(sr, protocol)
        psnr_db, ssim = score(sr_in_space, reference, scale, protocol, name=name)
        values = further.score(sr_in_space, reference, scale, protocol, name=name)
        rows.append(
            (folder.name, "", "given", scale, dataset, name, protocol.name, None,
             f"{psnr_db:.6f}", f"{ssim:.6f}", *(f"{v:.6f}" for v in values.values()))
        )  # fmt: skip
    return pd.DataFrame(rows, columns=QUALITY.with_numbers(further.names).names)
