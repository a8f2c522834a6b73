"""The networks of the paper's ablation study (Section IV-C) as settings of `MESR`."""

from typing import Any

# In the order of Table 1, then those that only Table 2 has.
VARIANTS: dict[str, dict[str, Any]] = {
    "single_scale": {"unit": "single_scale", "fusion": False, "refinement": False},
    "msfeb": {"fusion": False, "refinement": False},
    "no_rb": {"refinement": False},
    "full": {},
    "rb_dagger": {"omega": (0.0, 1.0)},
}


def variant_settings(name: str) -> dict[str, Any]:
    """Return the settings of `MESR` that make ablation variant `name`.

    Raises
    ------
    ValueError
        When the paper has no variant of that name.
    """
    if name not in VARIANTS:
        raise ValueError(f"variant {name!r} is unknown; expected one of {', '.join(VARIANTS)}")
    return dict(VARIANTS[name])
