"""LR images that others made: which of their files belongs to which HR image."""

import re
from collections.abc import Iterable, Sequence

from pipeline.support.errors import UserError

# What the usual collections put behind an image's name: baby.png, babyx4.png (EDSR), 0801x4.png
# (DIV2K, NTIRE), baby_LRBI_x4.png (RCAN, KAIR), img_001_SRF_4_LR.png (SelfExSR).
_ENDING = re.compile(
    r"(?:[_-]?LR(?:BI|BD|DN)?)?(?:[_-]?x(?P<x>\d)|_SRF_(?P<srf>\d))?(?:[_-]?LR)?", re.IGNORECASE
)
# Collections that number their images, in the alphabetical order of the datasets' usual names.
_NUMBERED = re.compile(r"img_(?P<number>\d{3})", re.IGNORECASE)


def match_lr(stems: Iterable[str], names: Sequence[str], scale: int, where: str) -> dict[str, str]:
    """Find the LR image of each HR image by name.

    A file may carry its scale and "LR" after the name of the image, as in ``babyx4``,
    ``0801x4``, ``baby_LRBI_x4`` and ``img_001_SRF_4_LR``; without a scale, the wanted one
    is assumed. Files of another scale are passed over. ``img_001`` is the first image in
    alphabetical order where no HR image has that name.

    Parameters
    ----------
    stems : iterable of str
        Names of the LR files without their ending.
    names : sequence of str
        Names of the HR images.
    scale : {2, 3, 4}
        The wanted scale.
    where : str
        Folder or file that holds the LR images, for messages.

    Returns
    -------
    dict
        Name of each HR image -> stem of its LR image.

    Raises
    ------
    UserError
        Naming an HR image without an LR image or with two, or an LR image of no HR image.
    """
    known = set(names)
    in_order = sorted(names)
    matched: dict[str, str] = {}
    other_scales: dict[str, int] = {}
    strangers: list[str] = []
    for stem in stems:
        found = _image_and_scale(stem, known, in_order)
        if found is None:
            strangers.append(stem)
        elif found[1] not in (None, scale):
            other_scales[found[0]] = found[1] or 0
        elif found[0] in matched:
            raise UserError(
                f"{where}: {matched[found[0]]!r} and {stem!r} are both LR images of {found[0]!r} "
                f"at x{scale}. Keep one of them."
            )
        else:
            matched[found[0]] = stem
    missing = [name for name in names if name not in matched]
    if missing and missing[0] in other_scales:
        raise UserError(
            f"{where}: has {missing[0]!r} at x{other_scales[missing[0]]} but not at x{scale}. "
            "Give the scale of the LR images."
        )
    if missing:
        found_instead = f"; it has {strangers[0]!r}" if strangers else ""
        raise UserError(
            f"{where}: has no LR image of {missing[0]!r} ({len(missing)} of {len(names)} are "
            f"missing{found_instead}). Expected one per HR image, named as it is or like "
            f"{missing[0]}x{scale}, {missing[0]}_LRBI_x{scale} or img_001_SRF_{scale}_LR."
        )
    if strangers:
        raise UserError(
            f"{where}: {strangers[0]!r} belongs to no HR image ({len(strangers)} such files). "
            "Give the HR images that the LR images were made of, or remove the rest."
        )
    return matched


def _image_and_scale(
    stem: str, known: set[str], in_order: Sequence[str]
) -> tuple[str, int | None] | None:
    """Image that a file belongs to and the scale that it names; None for a stranger."""
    # The longest name first: img_001 must not be mistaken for an image img_00 with an ending.
    for length in range(len(stem), 0, -1):
        ending = _ENDING.fullmatch(stem, length)
        if ending is None:
            continue
        name, digit = stem[:length], ending["x"] or ending["srf"]
        number = _NUMBERED.fullmatch(name)
        if name not in known and number and 1 <= int(number["number"]) <= len(in_order):
            name = in_order[int(number["number"]) - 1]
        if name in known:
            return name, int(digit) if digit else None
    return None
