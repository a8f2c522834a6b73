"""The metrics beside PSNR and SSIM: which may be named, what is better, which weights they need.

pyiqa computes them, under pyiqa's names; see `pipeline.scoring.further`. Listed are those that need
no weights, and those whose weights are registered with digests: nothing else is downloaded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.assets.registry import RAW, verified_files
from pipeline.support.errors import UserError
from pipeline.support.names import suggestion


@dataclass(frozen=True)
class FurtherMetric:
    """What a study and its tables need to know of a metric.

    Attributes
    ----------
    label : str
        Name as tables print it.
    lower_is_better : bool
        Direction; higher is better otherwise.
    digits : int
        After the point, in tables.
    weights : tuple of str
        ``"<asset>/<name>"`` of the files it needs, as in the asset registry.
    """

    label: str
    lower_is_better: bool
    digits: int = 4
    weights: tuple[str, ...] = ()

    @property
    def arrow(self) -> str:
        """Point up where higher is better, down where lower is."""
        return "↓" if self.lower_is_better else "↑"


_ALEX = ("AlexNet/alexnet-owt-7be5be79.pth", "LPIPS/LPIPS_v0.1_alex-df73285e.pth")
_VGG = ("VGG16/vgg16-397923af.pth", "LPIPS/LPIPS_v0.1_vgg-a78928a0.pth")
_DISTS = ("VGG16/vgg16-397923af.pth", "DISTS/DISTS_weights-f5e65c96.pth")

FURTHER: dict[str, FurtherMetric] = {
    "ms_ssim": FurtherMetric("MS-SSIM", lower_is_better=False),
    "cw_ssim": FurtherMetric("CW-SSIM", lower_is_better=False),
    "fsim": FurtherMetric("FSIM", lower_is_better=False),
    "vif": FurtherMetric("VIF", lower_is_better=False),
    "vsi": FurtherMetric("VSI", lower_is_better=False),
    "gmsd": FurtherMetric("GMSD", lower_is_better=True),
    "nlpd": FurtherMetric("NLPD", lower_is_better=True),
    "mad": FurtherMetric("MAD", lower_is_better=True, digits=2),
    "piqe": FurtherMetric("PIQE", lower_is_better=True, digits=2),
    "entropy": FurtherMetric("entropy", lower_is_better=False),
    "lpips": FurtherMetric("LPIPS", lower_is_better=True, weights=_ALEX),
    "lpips-vgg": FurtherMetric("LPIPS (VGG)", lower_is_better=True, weights=_VGG),
    "dists": FurtherMetric("DISTS", lower_is_better=True, weights=_DISTS),
}


def metric_weights(names: Sequence[str]) -> dict[str, list[Path]]:
    """Find the weights of metrics, verified.

    Parameters
    ----------
    names : sequence of str
        Of metrics.

    Returns
    -------
    dict
        Name of each metric -> its files, none for most.

    Raises
    ------
    UserError
        When a metric cannot be used, or a file is not here or not the published one.
    """
    if unknown := [name for name in names if name not in FURTHER]:
        raise UserError(
            f"metric {unknown[0]!r} cannot be used.{suggestion(unknown[0], FURTHER)} Metrics "
            f"beside PSNR and SSIM: {', '.join(FURTHER)}. Others need weights "
            "whose digests are not known here, or compare sets of images; see docs/protocols.md."
        )
    return {name: verified_files(FURTHER[name].weights, RAW) for name in names}
