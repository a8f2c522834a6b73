"""`mesr upscale`: enlarging photos and other image files for use, not for measurement."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image, UnidentifiedImageError
from scipy import ndimage
from tqdm import tqdm

from baselines.bicubic import Bicubic
from mesr.common.base import SRNetwork
from pipeline.imaging.backend import choose_device
from pipeline.imaging.images import read_photo, write_image
from pipeline.imaging.tensors import Pixels
from pipeline.support.errors import UserError
from pipeline.tools.folders import SUFFIXES
from pipeline.tools.options import Ensemble, Scale, Seed, Variant, WeightsForUse
from pipeline.tools.selection import select_subject
from pipeline.tools.tiling import Plan, plan, upscale_tiled

# Cuts of the bicubic enlargement of transparency, which reaches two pixels.
ALPHA_PLAN = Plan(1, 4, whole=True)


def upscale(
    images: Annotated[list[Path], typer.Argument(help="image files, or folders of them")],
    scale: Scale,
    out: Annotated[
        Path, typer.Option(file_okay=False, help="folder for the enlarged images")
    ] = Path(),
    model: Annotated[str, typer.Option(help="network, or spandrel:FILE")] = "mesr",
    weights: WeightsForUse = None,
    variant: Variant = "",
    seed: Seed = None,
    self_ensemble: Ensemble = False,
    tile: Annotated[
        int, typer.Option(min=0, help="side of a tile in LR pixels; 0 takes whole images")
    ] = 256,
) -> None:
    """Enlarge images of any size in bounded memory.

    Gray stays gray; transparency, colour profile and EXIF data are kept. Writes PNG files.
    """
    subject = select_subject(
        model, scale, weights=weights, variant=variant, seed=seed, self_ensemble=self_ensemble,
        for_use=True,
    )  # fmt: skip
    sources = image_paths(images, scale)
    targets = [out / f"{path.stem}_x{scale}.png" for path in sources]
    if len(set(targets)) < len(targets):
        name = next(target for target in targets if targets.count(target) > 1)
        same = [str(s) for s, target in zip(sources, targets, strict=True) if target == name]
        raise UserError(
            f"{same[0]} and {same[1]} have the same name; enlarge them into different folders"
        )
    enlarger = Enlarger(subject.network.to(choose_device()).eval(), tile)
    failures = []
    # Where nobody watches a terminal, a line now and then is enough.
    interval = 0.2 if sys.stderr.isatty() else 10
    total = sum(map(_megapixels, sources))
    form = "{desc}: {percentage:3.0f}% |{bar}| {elapsed} passed, {remaining} left"
    with tqdm(total=total, bar_format=form, mininterval=interval, delay=2, desc="upscale") as bar:
        for source, target in zip(sources, targets, strict=True):
            try:
                line = enlarger.file(source, target, lambda pixels: bar.update(pixels / 1e6))
            except UserError as error:
                if len(sources) == 1:
                    raise
                failures.append(source)
                line = f"error: {error}"
            bar.write(line)
    if failures:
        raise UserError(
            f"{len(failures)} of {len(sources)} images were not enlarged, the reasons stand above: "
            f"{', '.join(map(str, failures[:5]))}{' ...' if len(failures) > 5 else ''}"
        )


def image_paths(words: Sequence[Path], scale: int) -> list[Path]:
    """List the image files that files and folders stand for, without what this command wrote.

    Raises
    ------
    UserError
        When a folder holds no image.
    """
    found: list[Path] = []
    for word in words:
        if not word.is_dir():
            found.append(word)
            continue
        inside = sorted(
            path
            for path in word.iterdir()
            if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
        )
        own = {f"{path.stem}_x{scale}" for path in inside}
        inside = [path for path in inside if path.stem not in own]
        if not inside:
            raise UserError(f"{word}: holds no image file ({', '.join(SUFFIXES)})")
        found += inside
    return found


def _megapixels(path: Path) -> float:
    try:
        with Image.open(path) as image:
            return image.width * image.height / 1e6
    except (OSError, UnidentifiedImageError, ValueError, Image.DecompressionBombError):
        return 0.0  # reading it properly says what is wrong


@dataclass
class Enlarger:
    """A network that enlarges files.

    Attributes
    ----------
    network : SRNetwork
        In evaluation mode, on the device to use.
    tile : int
        Side of a tile in LR pixels; 0 takes the whole image at once.
    """

    network: SRNetwork
    tile: int = 256

    @cached_property
    def plan(self) -> Plan:
        """How this network's images may be cut; found once for all files."""
        return plan(self.network)

    def file(
        self, source: Path, target: Path, on_tile: Callable[[int], object] = lambda pixels: None
    ) -> str:
        """Enlarge one image file.

        Parameters
        ----------
        source : Path
            Whatever `read_photo` reads.
        target : Path
            PNG file to write, with the colour profile and the EXIF data of the source.
        on_tile : callable
            As of `upscale_tiled`.

        Returns
        -------
        str
            One line about what was done and how faithful the tiles are to the untiled result.

        Raises
        ------
        UserError
            When the source cannot be read or the target cannot be written.
        """
        photo = read_photo(source)
        pixels = photo.pixels
        if photo.alpha is not None:
            pixels = fill_hidden(pixels, photo.alpha)
        tile = self.tile or max(pixels.shape[:2])
        cut = self.plan if max(pixels.shape[:2]) > tile else None
        found = upscale_tiled(self.network, pixels, tile=tile, cut=cut, on_tile=on_tile)
        alpha = None
        if photo.alpha is not None:
            bicubic = Bicubic(self.network.scale)
            alpha = upscale_tiled(bicubic, photo.alpha, tile=256, cut=ALPHA_PLAN).image
        write_image(target, found.image, alpha, photo.icc_profile, photo.exif)
        remarks = [f"{target}: {found.image.shape[1]}x{found.image.shape[0]}"]
        remarks += [found.sentence(), *photo.remarks]
        if photo.icc_profile:
            remarks.append("colour profile kept")
        return ", ".join(filter(None, remarks))


def fill_hidden(pixels: Pixels, alpha: Pixels) -> Pixels:
    """Give pixels that are fully transparent the colour of the nearest that is not.

    What programs leave there, mostly black, would bleed into the edge.

    Parameters
    ----------
    pixels : ndarray
        uint8, (H, W, 3) or (H, W).
    alpha : ndarray
        uint8 (H, W) opacity.
    """
    hidden = alpha == 0
    if hidden.all() or not hidden.any():
        return pixels
    rows, columns = ndimage.distance_transform_edt(
        hidden, return_distances=False, return_indices=True
    )
    return pixels[rows, columns]
