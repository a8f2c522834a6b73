"""Folders of image files that users bring: SR images to score, HR images to score against."""

import os
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

import pandas as pd

from pipeline.assets.registry import registry
from pipeline.imaging.given import match_lr
from pipeline.imaging.images import read_image
from pipeline.imaging.packed import PackedImages
from pipeline.imaging.protocol import Protocol, image_in_space
from pipeline.scoring.evaluation import Reader, score
from pipeline.scoring.further import FurtherMetrics
from pipeline.study.paths import given_lr_file
from pipeline.study.results import QUALITY
from pipeline.support.errors import UserError
from pipeline.support.names import canonical
from pipeline.tools.given import Pair, holds_luma, prepare

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
        A file may carry it after the name, as in ``baby_x4``, ``baby-x4`` or ``babyx4``.

    Raises
    ------
    UserError
        Naming an image that has no file or one of another scale, or a file that belongs to no
        image.
    """

    def with_scale(name: str, number: int) -> list[str]:
        return [f"{name}{dash}x{number}" for dash in ("_", "-", "")]

    files = image_files(folder)
    matched: dict[str, Path] = {}
    for name in names:
        stem = next((c for c in (name, *with_scale(name, scale)) if c in files), None)
        if stem is None:
            for other in {2, 3, 4} - {scale}:
                for candidate in with_scale(name, other):
                    if candidate in files:
                        raise UserError(
                            f"{files[candidate]}: is of scale {other} by its name, but --scale is "
                            f"{scale}. Give the scale that the images are made for, or rename them."
                        )
            raise UserError(
                f"{folder}: has no SR image for {name!r} ({len(files) + len(matched)} files for "
                f"{len(names)} HR images). The folders must hold the same images by name."
            )
        matched[name] = files.pop(stem)
    if files:
        extra = next(iter(files.values()))
        raise UserError(
            f"{extra}: belongs to no HR image ({len(files)} such files). "
            "The folders must hold the same images by name."
        )
    return matched


def folder_images(folder: Path) -> list[tuple[str, Reader]]:
    """Names and readers of the images of a folder."""
    return [(name, partial(read_image, path)) for name, path in image_files(folder).items()]


def given_lr(origin: str, names: Sequence[str], scale: int) -> dict[str, Reader]:
    """Readers of the LR images that ``--lr`` names, one for each HR image.

    Parameters
    ----------
    origin : str
        A folder of image files, or an asset of LR images that was fetched.
    names : sequence of str
        Of the HR images.
    scale : {2, 3, 4}
        The wanted scale.

    Raises
    ------
    UserError
        When there is no such folder or asset, or see `match_lr`.
    """
    packed = given_lr_file(canonical(origin, registry()))
    if packed.is_file():
        images = PackedImages(packed)
        matched = match_lr(images.names, names, scale, str(packed))
        return {name: partial(images.__getitem__, stem) for name, stem in matched.items()}
    if not Path(origin).is_dir():
        raise UserError(
            f"--lr {origin}: neither a folder nor LR images that were fetched. "
            "mesr fetch lists what there is (kind lr)."
        )
    files = image_files(Path(origin))
    matched = match_lr(files, names, scale, origin)
    return {name: partial(read_image, files[stem]) for name, stem in matched.items()}


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
