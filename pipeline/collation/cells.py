"""Cells that several tables have in common."""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pipeline.models.networks import network_variants

Row = dict[str, Any]

PAPER = "MESR"
PAPER_TRAINING = "DIV2K_train"
PAPER_DATASETS = ("Set5", "Set14", "BSD100", "Urban100")


def number(value: float | Decimal | None, digits: int = 6) -> str:
    """Format a number for a result file: an unknown one is an empty cell."""
    return "" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def joined(*notes: str) -> str:
    """Join the notes that say something."""
    return "; ".join(note for note in notes if note)


def narrowing(model: str, settings: Mapping[str, Any]) -> str:
    """Say which constructor settings depart from the published size; "" when none does."""
    named = {k for required in network_variants(model).values() for k in required}
    changed = {k: v for k, v in sorted(settings.items()) if k not in named}
    if not changed:
        return ""
    return "narrowed here: " + ", ".join(f"{k}={v}" for k, v in changed.items())
