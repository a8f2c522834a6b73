"""The networks of the paper's ablation study (Section IV-C) as settings of `MESR`."""

from typing import Any

# MESR itself, then those of Table 1 in its order, then the one that only Table 2 has.
VARIANTS: dict[str, dict[str, Any]] = {
    "full": {},
    "single_scale": {"unit": "single_scale", "fusion": False, "refinement": False},
    "msfeb": {"fusion": False, "refinement": False},
    "no_rb": {"refinement": False},
    "rb_dagger": {"omega": (0.0, 1.0)},
}
