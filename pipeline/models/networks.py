"""The registry of networks: one line each, resolved lazily. Importing it imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mesr.variants import VARIANTS as MESR_VARIANTS
from pipeline.support.errors import UserError
from pipeline.support.names import suggestion

if TYPE_CHECKING:
    from mesr.common.base import SRNetwork

NETWORKS: dict[str, str] = {
    "bicubic": "baselines.bicubic:Bicubic",
    "mesr": "mesr.network:MESR",
    "srcnn": "baselines.srcnn:SRCNN",
    "vdsr": "baselines.vdsr:VDSR",
    "lapsrn": "baselines.lapsrn:LapSRN",
    "drcn": "baselines.drcn:DRCN",
    "idn": "baselines.idn:IDN",
    "dasr": "baselines.dasr:DASR",
    "dpsr": "baselines.dpsr:DPSR",
    "pan": "baselines.pan:PAN",
    "lapar": "baselines.lapar:LAPAR",
    "defian": "baselines.defian:DeFiAN",
    "msrn": "baselines.msrn:MSRN",
    "drsan": "baselines.drsan:DRSAN",
    "a2f": "baselines.a2f:A2F",
}

# Networks of which there are several: the sizes that their papers publish, MESR's ablation. The
# first is the one the tables mean.
VARIANTS: dict[str, dict[str, dict[str, Any]]] = {
    "a2f": {name: {"variant": name} for name in ("L", "M", "S", "SD")},
    "defian": {name: {"variant": name} for name in ("S", "L")},
    "mesr": MESR_VARIANTS,
    "msrn": {"rgb": {}, "eccv": {"version": "eccv"}},
    "srcnn": {"9-5-5": {"variant": "9-5-5"}, "9-1-5": {"variant": "9-1-5"}},
}


def network_variants(name: str) -> dict[str, dict[str, Any]]:
    """Return the variants of network `name`: variant name -> constructor settings."""
    return VARIANTS.get(name, {"": {}})


def main_variant(name: str) -> str:
    """Return the variant of network `name` that the tables mean."""
    return next(iter(network_variants(name)))


def settings_variant(name: str, settings: Mapping[str, Any]) -> str:
    """Return which variant of network `name` constructor settings start from."""
    for variant, required in network_variants(name).items():
        if required and all(settings.get(key) == value for key, value in required.items()):
            return variant
    return main_variant(name)


def network_module(name: str) -> Any:
    """Import and return the module that defines network `name`.

    Raises
    ------
    UserError
        When no network of that name is registered.
    """
    if name not in NETWORKS:
        raise UserError(
            f"network {name!r} is not registered.{suggestion(name, NETWORKS)} "
            f"Known networks: {', '.join(sorted(NETWORKS))}. "
            "Correct the name, or register a new network in pipeline/models/networks.py."
        )
    return import_module(NETWORKS[name].partition(":")[0])


def network_class(name: str) -> type[SRNetwork]:
    """Return the class of network `name`; raises like `network_module`."""
    found: type[SRNetwork] = getattr(network_module(name), NETWORKS[name].partition(":")[2])
    return found


def build_network(name: str, scale: int, **settings: Any) -> SRNetwork:
    """Build a network by name; without settings it has the size its paper gives.

    Parameters
    ----------
    name : str
        A key of `NETWORKS`.
    scale : {2, 3, 4}
        Upscaling factor.
    **settings
        Keyword arguments of the network's constructor.

    Raises
    ------
    UserError
        For an unknown name, scale or setting, or a class that is no `SRNetwork`.
    """
    from mesr.common.base import SRNetwork  # noqa: PLC0415

    factory = network_class(name)
    if not issubclass(factory, SRNetwork):
        raise UserError(
            f"network {name!r}: {NETWORKS[name]} is not derived from mesr.common.base.SRNetwork, "
            "which declares scale and input format; derive it from SRNetwork"
        )
    try:
        return factory(scale, **settings)
    except (TypeError, ValueError, RuntimeError, ArithmeticError) as error:
        raise UserError(
            f"network {name!r} at scale {scale} with settings {settings}: {error}"
        ) from error
