"""`mesr upscale`: enlarging photos and other image files for use, not for measurement."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated

import typer
from scipy import ndimage

from baselines.bicubic import Bicubic
from mesr.common.base import SRNetwork
from pipeline.imaging.backend import choose_device
from pipeline.imaging.images import read_photo, write_image
from pipeline.imaging.tensors import Pixels
from pipeline.support.errors import UserError
from pipeline.tools.folders import images_in
from pipeline.tools.options import Ensemble, Scale, Seed, Variant, WeightsForUse
from pipeline.tools.selection import select_subject
from pipeline.tools.tiling import Plan, plan, upscale_tiled

# Cuts of the bicubic enlargement of transparency, which reaches two pixels.
ALPHA_PLAN = Plan(1, 4, whole=True)

Out = Annotated[Path, typer.Option(file_okay=False, help="folder for the enlarged images")]
Tile = Annotated[int, typer.Option(min=0, help="side of a tile in LR pixels; 0: whole images")]


def upscale(
    images: Annotated[list[Path], typer.Argument(help="image files, or folders of them")],
    scale: Scale,
    out: Out = Path(),
    model: Annotated[str, typer.Option(help="network, or spandrel:FILE")] = "mesr",
    weights: WeightsForUse = None,
    variant: Variant = "",
    seed: Seed = None,
    self_ensemble: Ensemble = False,
    tile: Tile = 256,
) -> None:
    """Enlarge images of any size in bounded memory.

    Gray stays gray; transparency, colour profile and EXIF data are kept. Writes PNG files.
    """
    subject = select_subject(
        model, scale, weights=weights, variant=variant, seed=seed, self_ensemble=self_ensemble,
        for_use=True,
    )  # fmt: skip
    sources = image_paths(images, scale)
    name, count = Counter(path.stem for path in sources).most_common(1)[0]
    if count > 1:
        same = " and ".join(str(path) for path in sources if path.stem == name)
        raise UserError(f"{same} have the same name; enlarge them into different folders")
    enlarger = Enlarger(subject.network.to(choose_device()).eval(), tile)
    failures = []
    for source in sources:
        try:
            print(enlarger.file(source, out / f"{source.stem}_x{scale}.png"), flush=True)
        except UserError as error:
            if len(sources) == 1:
                raise
            failures.append(str(source))
            print(f"error: {error}", flush=True)
    if failures:
        raise UserError(
            f"{len(failures)} of {len(sources)} images were not enlarged, the reasons stand above: "
            f"{', '.join(failures[:5])}{' ...' if len(failures) > 5 else ''}"
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
        inside = images_in(word) if word.is_dir() else [word]
        own = {f"{path.stem}_x{scale}" for path in inside}
        found += [path for path in inside if path.stem not in own]
    return found


class Enlarger:
    """A network that enlarges files.

    Parameters
    ----------
    network : SRNetwork
        In evaluation mode, on the device to use.
    tile : int
        Side of a tile in LR pixels; 0 takes the whole image at once.
    """

    def __init__(self, network: SRNetwork, tile: int = 256) -> None:
        self.network = network
        self.tile = tile

    @cached_property
    def plan(self) -> Plan:
        """How this network's images may be cut; found once for all files."""
        return plan(self.network)

    def file(self, source: Path, target: Path) -> str:
        """Enlarge one image file.

        Parameters
        ----------
        source : Path
            Whatever `read_photo` reads.
        target : Path
            PNG file to write, with the colour profile and the EXIF data of the source.

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
        pixels, alpha = photo.pixels, photo.alpha
        if alpha is not None:
            pixels = fill_hidden(pixels, alpha)
            alpha = upscale_tiled(Bicubic(self.network.scale), alpha, cut=ALPHA_PLAN).image
        tile = self.tile or max(pixels.shape[:2])
        cut = self.plan if max(pixels.shape[:2]) > tile else None
        found = upscale_tiled(self.network, pixels, tile=tile, cut=cut)
        write_image(target, found.image, alpha, photo.icc_profile, photo.exif)
        size = f"{target}: {found.image.shape[1]}x{found.image.shape[0]}"
        kept = "colour profile kept" if photo.icc_profile else ""
        return ", ".join(filter(None, [size, found.sentence(), *photo.remarks, kept]))


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
    if hidden.all():
        return pixels
    rows, columns = ndimage.distance_transform_edt(
        hidden, return_distances=False, return_indices=True
    )
    return pixels[rows, columns]
