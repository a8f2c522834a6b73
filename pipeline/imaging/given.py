"""LR and SR images that others made: which of their files belongs to which HR image."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from pipeline.support.errors import UserError

# What the usual collections put behind an image's name: baby.png, babyx4.png (EDSR), 0801x4.png
# (DIV2K, NTIRE), baby_LRBI_x4.png (RCAN, KAIR), baby_x4_SR.png, img_001_SRF_4_LR.png (SelfExSR).
_ENDING = re.compile(
    r"(?:[_-]?(?:LR(?:BI|BD|DN)?|SR|HR))?(?:[_-]?x(?P<x>\d)|_SRF_(?P<srf>\d))?(?:[_-]?[LSH]R)?",
    re.IGNORECASE,
)
_SCALE = re.compile(r"(?:^|[_-])?x(\d)(?!\d)", re.IGNORECASE)
_NUMBERED = re.compile(r"(?:img[_-]?)?(\d+)", re.IGNORECASE)


def match_files(
    stems: Iterable[str],
    names: Sequence[str],
    scale: int,
    where: str,
    kind: Literal["LR", "SR"],
) -> dict[str, str]:
    """Find the LR or SR image of each HR image by name.

    A file is named as its HR image. Behind that may stand its scale and "LR", "SR" or "HR", as in
    ``babyx4``, ``baby_LRBI_x4``, ``baby_x4_SR`` and ``img_001_SRF_4_LR``, or what all the files
    have in common, as in ``baby_x4_SwinIR``. Without a scale, the wanted one is assumed; files of
    another scale are passed over. Upper and lower case matter where they distinguish two images,
    composed and decomposed letters (macOS) never.

    ``img_001`` and ``001`` stand for the HR image with that number where the HR images are
    counted so, for the first in alphabetical order where they are not, as in BSD100.

    Parameters
    ----------
    stems : iterable of str
        Names of the files without their ending.
    names : sequence of str
        Names of the HR images.
    scale : {2, 3, 4}
        The wanted scale.
    where : str
        Folder or file that holds the images, for messages.
    kind : {"LR", "SR"}
        What they are, for messages.

    Returns
    -------
    dict
        Name of each HR image -> stem of its file.

    Raises
    ------
    UserError
        Naming an HR image without a file, with two or with one of another scale, a file of no HR
        image, or numbers that fit neither way.
    """
    stems = list(stems)
    known = _spellings(names)
    found = {stem: _image_and_scale(stem, known) for stem in stems}
    if stems and not any(found.values()):
        found |= _with_common_ending(stems, known) or _by_number(stems, names, where)
    strangers = [stem for stem in stems if found[stem] is None]
    matched: dict[str, str] = {}
    other_scales: dict[str, int] = {}
    for stem, (name, own_scale) in ((s, f) for s, f in found.items() if f):
        if own_scale not in (None, scale):
            other_scales[name] = own_scale or 0
        elif matched.setdefault(name, stem) != stem:
            raise UserError(
                f"{where}: {matched[name]!r} and {stem!r} are both {kind} images of {name!r} "
                f"at x{scale}. Keep one of them."
            )
    missing = [name for name in names if name not in matched]
    if missing and missing[0] in other_scales:
        raise UserError(
            f"{where}: has {missing[0]!r} at x{other_scales[missing[0]]} but not at x{scale}. "
            f"Give the scale of the {kind} images."
        )
    if missing:
        instead = f"; it has {', '.join(map(repr, strangers[:3]))}" if strangers else ""
        raise UserError(
            f"{where}: has no {kind} image of {missing[0]!r} ({len(missing)} of {len(names)} are "
            f"missing{instead}). Expected one per HR image, named as it is or like "
            f"{missing[0]}_x{scale}, {missing[0]}_{kind} or img_001_SRF_{scale}_{kind}."
        )
    if strangers:
        raise UserError(
            f"{where}: {strangers[0]!r} belongs to no HR image ({len(strangers)} such files). "
            f"Give the HR images that the {kind} images belong to, or remove the rest."
        )
    return matched


Found = tuple[str, int | None] | None  # the HR image and the scale that the file names


def _spellings(names: Iterable[str]) -> dict[str, str]:
    """Spellings under which HR images are found -> their names."""
    composed = {unicodedata.normalize("NFC", name): name for name in names}
    folded: dict[str, list[str]] = {}
    for name in composed:
        folded.setdefault(name.casefold(), []).append(name)
    alone = {spelling: composed[found[0]] for spelling, found in folded.items() if len(found) == 1}
    return alone | composed


def _image_and_scale(stem: str, known: Mapping[str, str], ending: str = "") -> Found:
    """Image that a file belongs to and the scale that it names; None for a stranger."""
    stem = unicodedata.normalize("NFC", stem)
    # The longest name first: img_001 must not be mistaken for an image img_00 with an ending.
    for length in range(len(stem), 0, -1):
        name = known.get(stem[:length]) or known.get(stem[:length].casefold())
        if name is None:
            continue
        rest = stem[length:]
        if match := _ENDING.fullmatch(rest):
            digit = match["x"] or match["srf"]
        elif rest == ending and not (name[-1].isdigit() and rest[0].isdigit()):
            digit = next(iter(_SCALE.findall(rest)), None)
        else:
            continue
        return name, int(digit) if digit else None
    return None


def _with_common_ending(stems: Sequence[str], known: Mapping[str, str]) -> dict[str, Found]:
    """Match files that have an unusual ending in common; empty where that does not explain all."""
    # The names may end alike themselves, so the longest common ending is not always the right one.
    for start in range(1, len(stems[0])):
        ending = stems[0][start:]
        if all(stem.endswith(ending) for stem in stems):
            found = {stem: _image_and_scale(stem, known, ending) for stem in stems}
            if all(found.values()):
                return found
    return {}


def _by_number(stems: Sequence[str], names: Sequence[str], where: str) -> dict[str, Found]:
    """Match files that are called by numbers alone; strangers stay without a match."""
    numbered: dict[str, tuple[int, int | None]] = {}
    for stem in stems:
        match = _NUMBERED.match(stem)
        if match and (ending := _ENDING.fullmatch(stem, match.end())):
            digit = ending["x"] or ending["srf"]
            numbered[stem] = int(match[1]), int(digit) if digit else None
    wanted = {number for number, _ in numbered.values()}
    own = {int(groups[0]): name for name in names if len(groups := re.findall(r"\d+", name)) == 1}
    # Numbers without gaps count the images; others, as BSD100's, are names like any other.
    counts = len(own) == len(names) > 1 and max(own) - min(own) == len(own) - 1
    if len(own) == len(names) and (counts or wanted & set(own)):
        if not wanted <= set(own):
            raise UserError(
                f"{where}: its files are numbered {min(wanted)} to {max(wanted)}, the HR images "
                f"{min(own)} to {max(own)}. Rename the files as their HR images."
            )
        image_of = own
    else:
        image_of = dict(enumerate(sorted(names), start=1))
    return {
        stem: (image_of[number], own_scale)
        for stem, (number, own_scale) in numbered.items()
        if number in image_of
    }
