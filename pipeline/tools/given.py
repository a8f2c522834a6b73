"""SR images that others made: which are gray, and which the luma of colour images."""

from collections.abc import Callable, Sequence

from pipeline.imaging.images import Pixels
from pipeline.imaging.protocol import Protocol
from pipeline.imaging.tensors import Image
from pipeline.scoring.evaluation import Reader, is_luma_of, prepare_given
from pipeline.support.errors import UserError

# Name, reader of the SR image, reader of the HR image.
Pair = tuple[str, Reader, Reader]


def holds_luma(pairs: Sequence[Pair]) -> bool:
    """Tell whether one of the SR images is the luma of a colour image.

    Then those beside it are luma too. A file alone does not tell where HR is gray in three
    channels: its SR image may be gray in one channel, or luma, which spans 16..235.
    """
    for _, read_sr, read_hr in pairs:
        sr = read_sr()
        if sr.ndim == 2 and is_luma_of(sr, read_hr()):
            return True
    return False


def prepare(
    sr: Pixels,
    hr: Pixels,
    scale: int,
    protocol: Protocol,
    name: str,
    beside_luma: Callable[[], bool],
) -> tuple[Image, Image]:
    """Prepare an SR image and its reference for scoring, as `prepare_given` does.

    Parameters
    ----------
    sr, hr, scale, protocol, name
        As for `prepare_given`.
    beside_luma : callable
        `holds_luma` of the images; asked only where it decides.

    Raises
    ------
    UserError
        When the SR image has not the size of the cropped HR image, or is luma where the protocol
        scores colours.
    """
    image, reference = prepare_given(sr, hr, scale, protocol, name)
    if sr.ndim == 2 and hr.ndim == 3 and (is_luma_of(sr, hr) or beside_luma()):
        if protocol.metric == "rgb":
            raise UserError(
                f"{name}: the SR image has one channel, the HR image three: it is taken for the "
                f"luma alone, and protocol {protocol.name} scores all three channels. Give SR "
                "images in colour, or a protocol that scores luma, such as y or rgb."
            )
        image = sr
    return image, reference
