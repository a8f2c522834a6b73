"""Words and names that pages, figures and findings share."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

# Protocols whose names could mislead: `rgb` converts RGB results to luma before it scores them.
PROTOCOLS = {"rgb": "PSNR-Y"}


def protocol_label(name: str) -> str:
    """Return what a protocol's scores are called: "PSNR-Y (protocol rgb)"."""
    return f"{PROTOCOLS[name]} (protocol {name})" if name in PROTOCOLS else f"protocol {name}"


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def slug(*parts: object) -> str:
    """Return a name for files and anchors: lower-case ASCII letters, digits and dashes."""
    return re.sub(r"[^A-Za-z0-9]+", "-", "-".join(map(str, parts))).strip("-").lower()


def ordinal(place: int) -> str:
    """Return "1st", "2nd", "11th"."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{'th' if place % 100 in (11, 12, 13) else ending}"


def joined(words: Sequence[str]) -> str:
    """Return "a", "a and b" or "a, b and c"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def distinct(values: Iterable[Any]) -> list[Any]:
    """Return the distinct values in the order of their first appearance."""
    return list(dict.fromkeys(values))


def duration(seconds: float) -> str:
    """Return a number of seconds in words: "4 h 37 min", "2 min 12 s"."""
    total = round(seconds)
    hours, minutes, rest = total // 3600, total // 60 % 60, total % 60
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
