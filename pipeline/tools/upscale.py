"""Enlarging image files for use, not for measurement."""

from dataclasses import replace
from pathlib import Path

from baselines.bicubic import Bicubic
from mesr.common.base import SRNetwork
from pipeline.imaging.images import read_photo, write_image
from pipeline.imaging.protocol import RGB
from pipeline.tools.tiling import upscale_tiled

# Gray images stay gray; nothing else of the protocol matters where nothing is scored.
FOR_USE = replace(RGB, gray="keep")


def upscale_file(network: SRNetwork, source: Path, target: Path, tile: int = 256) -> str:
    """Enlarge one image file.

    Parameters
    ----------
    network : SRNetwork
        A network of this benchmark, on the device to use.
    source : Path
        Gray or colour image of any size, with or without alpha.
    target : Path
        PNG file to write. Gray stays gray. Alpha is enlarged by bicubic interpolation
        and left out where it is opaque everywhere.
    tile : int
        Largest side of a tile in LR pixels; 0 takes the whole image at once.

    Returns
    -------
    str
        One line about what was done and how faithful the tiles are to the untiled result.

    Raises
    ------
    UserError
        When the source is not a readable image or the target cannot be written.
    """
    photo = read_photo(source)
    image, alpha = photo.pixels, photo.alpha
    scale = network.scale
    whole = max(image.shape[:2])
    found = upscale_tiled(network, image, FOR_USE, tile=tile or whole)
    enlarged_alpha = None
    if alpha is not None:
        enlarged_alpha = upscale_tiled(
            Bicubic(scale), alpha, FOR_USE, tile=tile or whole, halo=8
        ).image
    write_image(target, found.image, enlarged_alpha, photo.icc_profile, photo.exif)
    line = f"{target}: {found.image.shape[1]}x{found.image.shape[0]}"
    if found.tiles > 1:
        line += f", {found.tiles} tiles with a halo of {found.halo} LR pixels"
        line += (
            ", equal to the untiled image"
            if found.exact
            else f", not equal to the untiled image: neighbouring tiles differ by up to "
            f"{found.deviation:.2g} of full scale where they meet"
        )
    return line
