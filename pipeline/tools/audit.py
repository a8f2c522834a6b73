"""Which evaluation gives a claimed PSNR or SSIM: every protocol at once, on the same images.

A figure that cannot be reproduced is mostly one that was evaluated otherwise. The audit scores
SR images, or a network, in all combinations of the options of `Protocol` and of a few habits
outside it, and lists the combinations that give the claim to its printed digits. What combinations
share is computed once: a network runs once per way of making LR images, and windows of SSIM serve
all borders.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import Annotated, Any, Literal, get_args

import joblib  # type: ignore[import-untyped]
import numpy as np
import torch
import typer
from PIL import Image as PillowImage
from rich.console import Console
from rich.table import Table
from rich.text import Text
from torch import Tensor
from torch.nn import functional as F

from mesr.common.base import SRNetwork
from mesr.common.imresize import imresize
from pipeline.imaging.backend import backend_flags, choose_device
from pipeline.imaging.degradation import degrade, make_reference
from pipeline.imaging.inference import super_resolve
from pipeline.imaging.protocol import PROTOCOLS, Protocol, scored_planes
from pipeline.imaging.tensors import Image, Pixels, from_tensor, round_to_uint8, to_tensor
from pipeline.scoring.evaluation import Reader
from pipeline.scoring.metrics import PEAK, WINDOW, psnr, ssim_maps
from pipeline.support.errors import UserError
from pipeline.tools.folders import GivenImages, Pair, hr_images, sr_pairs
from pipeline.tools.options import Pairs, Scale, Seed, Variant, Weights
from pipeline.tools.selection import folder_of_images, refuse_options, select_subject

Downscaling = Literal["matlab", "matlab not antialiased", "pillow", "torch", "torch antialiased"]

BORDERS = "scale", "none", "scale+6", "scale^2"
PLANES = ("y", False), ("y", True), ("yiq", False), ("yiq", True), ("rgb", False)
# 255 is right for data in 0..255. 510 stands for scikit-image's former default for floats, a
# range of 2 on data in 0..1, and 1 for constants of data in 0..1 on data in 0..255.
SSIM_RANGES = (PEAK, 2 * PEAK, 1.0)
# scikit-image's default: 7x7 pixels of equal weight, variances of samples.
UNIFORM_WINDOW, SAMPLES = [1 / 7] * 7, 49 / 48


@dataclass(frozen=True)
class Way(Protocol):
    """One way to evaluate: a protocol whose name plays no role, and habits outside of protocols.

    Attributes
    ----------
    downscaling : str
        What makes the LR images: MATLAB's `imresize` with or without antialiasing, Pillow, torch's
        bicubic interpolation (a = -0.75, as OpenCV's), or the same with ``antialias=True``.
    ssim_range : float
        Data range L of SSIM's constants, for planes in 0..255.
    ssim_window : {"gaussian", "uniform"}
        SSIM's window: that of Wang et al. (2004), or the default of scikit-image's
        `structural_similarity`, 7x7 equal weights and sample covariances.
    averaging : {"images", "errors"}
        Whether PSNR is the mean over the images, or taken from the mean of their squared errors.
    """

    downscaling: Downscaling = "matlab"
    ssim_range: float = PEAK
    ssim_window: Literal["gaussian", "uniform"] = "gaussian"
    averaging: Literal["images", "errors"] = "images"

    def options(self) -> dict[str, str]:
        """Every option that can change a score, with its value as text."""
        values = asdict(self) | {"ssim_range": f"{self.ssim_range:g}"}
        del values["name"]
        return {k: v if isinstance(v, str) else ("yes" if v else "no") for k, v in values.items()}


def way(protocol: Protocol, **options: Any) -> Way:
    """Return a protocol as a way to evaluate, with some of its options changed."""
    return Way(**asdict(protocol) | {"name": ""} | options)


# PSNR in dB and SSIM (NaN where none is claimed) in each way.
Figures = Mapping[Way, tuple[float, float]]

COLOUR = way(PROTOCOLS["rgb"])
# Ways that have a name. Under it, only what differs from it is listed.
HABITS: dict[str, Way] = {name: way(protocol) for name, protocol in PROTOCOLS.items()} | {
    "imdn": replace(COLOUR, luma_rounding=True),
    "edsr-div2k": replace(COLOUR, metric="rgb", border="scale+6"),
    "dpsr-demo": replace(COLOUR, metric="rgb", border="scale^2"),
    "pyiqa": replace(COLOUR, metric="yiq", border="none"),
    "opencv-luma": replace(COLOUR, metric="yiq", luma_rounding=True),
}


# What can be claimed: its bounds, what is expected, how it and its precision are printed.
CLAIMS = {
    "psnr": (0, 100, "decibels, above 0 and at most 100", "{:.4f} dB", "{:g} dB"),
    "ssim": (-1, 1, "a number up to 1, such as 0.8104, and no percentage",
             "SSIM {:.6f}", "{:g} of SSIM"),
}  # fmt: skip
Claim = Mapping[str, str]  # name -> figure as printed, whose digits tell how exactly it must be met


def audit(
    subject: Annotated[str, typer.Argument(help="folder of SR images, network, or spandrel:FILE")],
    scale: Scale,
    data: Annotated[str, typer.Option(help="dataset by name, or a folder of HR images")],
    psnr: Annotated[str | None, typer.Option(help="the claimed PSNR, as printed")] = None,
    ssim: Annotated[str | None, typer.Option(help="the claimed SSIM, as printed")] = None,
    weights: Weights = None,
    variant: Variant = "",
    seed: Seed = None,
    pairs: Pairs = False,
) -> None:
    """Say which evaluation gives a claimed PSNR or SSIM: every protocol is tried."""
    claim = read_claim(psnr=psnr, ssim=ssim)
    _, images = hr_images(data)
    if (folder := folder_of_images(subject, bare=True)) is not None:
        refuse_options("a folder of SR images", weights=weights, variant=variant, seed=seed)
        paired = sr_pairs(folder, images, scale, show=pairs)
        figures = measure_images(paired, scale, ssim="ssim" in claim)
    else:
        chosen = select_subject(subject, scale, weights=weights, variant=variant, seed=seed)
        network = chosen.network.to(choose_device())
        figures = measure_network(network, images, ssim="ssim" in claim)
    findings = explain(figures, claim)
    shown = Table("evaluation", r"PSNR \[dB]", *(["SSIM"] if "ssim" in claim else []))
    for found in [f for f in findings if f.meets] or findings[:5]:
        cells = [f"{found.figures['psnr']:.4f}", f"{found.figures['ssim']:.6f}"]
        shown.add_row(Text(found.description), *cells[: len(shown.columns) - 1])
    Console().print(shown)
    print(verdict(findings, claim))
    # Figures of one paper may come of two programs.
    parts = [{n: text} for n, text in claim.items() if len(claim) > 1 and not findings[0].meets]
    for part in parts:
        print(f"{next(iter(part)).upper()} alone: {verdict(explain(figures, part), part)}")


def read_claim(**claimed: str | None) -> Claim:
    """Check what is claimed of ``psnr`` and ``ssim``; return what is.

    Raises
    ------
    UserError
        When nothing is claimed, or what no PSNR or SSIM can be.
    """
    claim = {name: text for name, text in claimed.items() if text is not None}
    if not claim:
        raise UserError("nothing is claimed: give --psnr, --ssim or both, as printed")
    for name, text in claim.items():
        low, high, expected, *_ = CLAIMS[name]
        if not re.fullmatch(r"-?\d+(\.\d*)?|-?\.\d+", text, re.ASCII):
            raise UserError(f"--{name} {text}: expected a number as printed, such as 28.95")
        if not low < float(text) <= high:
            raise UserError(
                f"--{name} {text}: expected {expected}. Are --psnr and --ssim exchanged?"
            )
    return claim


def half_unit(text: str) -> float:
    """Half a unit of the last digit of a printed number: ``"28.95"`` -> 0.005."""
    return 0.5 * 10.0 ** -len(text.partition(".")[2])


def measure_images(pairs: Sequence[Pair], scale: int, *, ssim: bool) -> Figures:
    """Score SR images that are given in every way to score.

    Parameters
    ----------
    pairs : sequence of (name, SR reader, HR reader)
        Readers return uint8 (H, W, 3) or (H, W). SR images with one channel are taken for luma, as
        by protocol "y", where one of them belongs to a colour HR image; see `GivenImages`.
    scale : {2, 3, 4}
        That the SR images were made for.
    ssim : bool
        Whether SSIM is wanted too, most of the work.

    Raises
    ------
    UserError
        When an SR image is not as large as its HR image cropped to a multiple of the scale, or
        too small, or when all SR images are identical to their HR images.
    """
    given = GivenImages(pairs, scale)

    def one(pair: Pair) -> Figures:
        name, read_sr, read_hr = pair
        sr, hr = read_sr(), read_hr()
        scores: dict[Way, tuple[float, float]] = {}
        for gray in _gray_options(sr, hr):
            start = way(COLOUR, gray=gray)
            scores |= _score(start, *given.prepared(sr, hr, start, name), scale, name, ssim=ssim)
        return scores

    # Images side by side: each takes a core.
    with backend_flags(threads=1), ThreadPoolExecutor(joblib.cpu_count()) as pool:
        figures = _average(pool.map(one, pairs))
    if all(math.isinf(psnr_db) for psnr_db, _ in figures.values()):
        raise UserError("the SR images are identical to the HR images. Give those of a network")
    return figures


def measure_network(
    network: SRNetwork, images: Sequence[tuple[str, Reader]], *, ssim: bool
) -> Figures:
    """Score a network: as `measure_images`, on LR images made in every way.

    Parameters
    ----------
    network : SRNetwork
        On the device where it is to run.
    images : sequence of (name, reader)
        The HR images, uint8.
    ssim : bool
        Whether SSIM is wanted too.
    """
    scale = network.scale

    def one(item: tuple[str, Reader]) -> Figures:
        name, read = item
        hr = read()
        scores: dict[Way, tuple[float, float]] = {}
        for run, gray in product(runs(), _gray_options(hr)):
            start = way(run, gray=gray, sr_rounding=False)
            reference = make_reference(hr, scale, start, name)
            raw = super_resolve(network, _shrink(reference, scale, start), start)[-1]
            for sr in (raw, round_to_uint8(raw)):
                chosen = replace(start, sr_rounding=sr is not raw)
                scores |= _score(chosen, sr, reference, scale, name, ssim=ssim)
        return scores

    # One image at a time: a network has its own threads, and its settings are switched per run.
    return _average(map(one, images))


def runs() -> list[Way]:
    """All ways from an HR image to the network's output, gray and the rounding of SR left out."""
    found = [way(protocol) for protocol in PROTOCOLS.values() if protocol.lr == "made"]
    for base in (PROTOCOLS["rgb"], PROTOCOLS["y"]):
        found += [
            way(base, lr_border=border, lr_rounding=rounding, lr_pass_rounding=between)
            for border in ("mirror", "clamp")
            for rounding, between in ((False, False), (True, False), (True, True))
        ]
        found += [way(base, lr_rounding=True, downscaling=d) for d in get_args(Downscaling)]
    # What is about scoring is varied later.
    plain = {"gray": "replicate", "border": "scale", "ssim_border": "valid"}
    return list(dict.fromkeys(way(run, **plain) for run in found))


def _shrink(reference: Image, scale: int, run: Way) -> Image:
    if run.downscaling == "matlab":
        return degrade(reference, scale, run)
    size = reference.shape[0] // scale, reference.shape[1] // scale
    if run.downscaling == "pillow":
        image = PillowImage.fromarray(reference)
        return np.asarray(image.resize(size[::-1], PillowImage.Resampling.BICUBIC))
    x = to_tensor(reference)
    if run.downscaling == "matlab not antialiased":
        x = imresize(x, scale=1 / scale, antialias=False)
    else:
        antialias = run.downscaling == "torch antialiased"
        x = F.interpolate(x, size=size, mode="bicubic", antialias=antialias)
    return round_to_uint8(from_tensor(x))


def _gray_options(*images: Pixels) -> tuple[str, ...]:
    """Return what can be done with gray; one option does for colour images."""
    return ("replicate", "keep") if any(image.ndim == 2 for image in images) else ("replicate",)


def _score(
    run: Way, sr: Image, reference: Image, scale: int, name: str, *, ssim: bool
) -> dict[Way, tuple[float, float]]:
    """Score an SR image under every scoring option."""
    # At x3 two of the borders are equally wide.
    widths = {way(run, border=b).border_width(scale): b for b in reversed(BORDERS)}
    height, width = reference.shape[:2]
    if min(height, width) - 2 * max(widths) < WINDOW:
        raise UserError(
            f"{name}: is {width}x{height} pixels; {WINDOW}x{WINDOW} must be left inside a border "
            f"of {max(widths)}. Remove the image, or use larger ones."
        )
    scores: dict[Way, tuple[float, float]] = {}
    planes = PLANES if run.space == "rgb" else (("y", run.luma_rounding),)
    for metric, rounding in planes:
        plane = way(run, metric=metric, luma_rounding=rounding)
        x, y = (to_tensor(scored_planes(image, plane)) for image in (sr, reference))
        if x.shape != y.shape:  # luma alone has no colours to compare
            continue
        if ssim:
            maps = ssim_maps(x, y, SSIM_RANGES)
            uniform = ssim_maps(x, y, (PEAK,), UNIFORM_WINDOW, SAMPLES)[0]
        for width, border in widths.items():
            bordered = way(plane, border=border)
            a, b = _cut(x, width), _cut(y, width)
            psnr_db = psnr(a, b)
            if not ssim:
                scores[bordered] = psnr_db, math.nan
                continue
            # Windows inside the cropped image are windows of the whole image.
            found = float(_cut(uniform, width).mean())
            scores[replace(bordered, ssim_window="uniform")] = psnr_db, found
            for data_range, whole, ring in zip(SSIM_RANGES, maps, _ring(a, b), strict=True):
                inside, ranged = _cut(whole, width), replace(bordered, ssim_range=data_range)
                scores[ranged] = psnr_db, float(inside.mean())
                found = float(inside.sum() + ring) / a.numel()
                scores[replace(ranged, ssim_border="replicate")] = psnr_db, found
    return scores


def _cut(planes: Tensor, width: int) -> Tensor:
    """Cut a border off (..., H, W)."""
    return planes[..., width : planes.shape[-2] - width, width : planes.shape[-1] - width]


def _ring(x: Tensor, y: Tensor) -> list[Tensor]:
    """Sum of SSIM over the windows that reach over the border, the image extended there.

    Only these need computing for each border. One value for each of `SSIM_RANGES`.
    """
    half = WINDOW // 2
    x, y = (F.pad(plane, [half] * 4, mode="replicate") for plane in (x, y))
    first, last, between = slice(3 * half), slice(-3 * half, None), slice(half, -half)
    strips = (..., first, slice(None)), (..., last, slice(None)), (..., between, first), (
        ..., between, last,
    )  # fmt: skip
    maps = [ssim_maps(x[strip], y[strip], SSIM_RANGES) for strip in strips]
    return [
        torch.stack([strip.sum() for strip in found]).sum() for found in zip(*maps, strict=True)
    ]


def _average(images: Iterable[Figures]) -> Figures:
    """Average over images, PSNR in both ways."""
    found = list(images)
    figures: dict[Way, tuple[float, float]] = {}
    for key in dict.fromkeys(key for scores in found for key in scores):
        # Colour images have one entry for both ways to treat gray ones.
        plain = replace(key, gray="replicate")
        values = [scores.get(key, scores.get(plain)) for scores in found]
        if None in values:  # luma alone is not scored in RGB; then no image is
            continue
        psnr_db, ssim = np.array(values).T
        with np.errstate(divide="ignore"):  # all images are exact
            errors = float(-10 * np.log10(np.mean(10 ** (-psnr_db / 10))))
        figures[key] = float(psnr_db.mean()), float(ssim.mean())
        figures[replace(key, averaging="errors")] = errors, float(ssim.mean())
    return figures


@dataclass(frozen=True)
class Finding:
    """A way to evaluate with what it gives.

    Attributes
    ----------
    way : Way
    figures : dict
        ``psnr`` in dB and ``ssim`` over all images; NaN where none was claimed.
    deviation : float
        From the claim, in half units of its last digit: the largest, if both are claimed.
    description : str
        The named way with the fewest differences, and ``option=value`` of what differs from it:
        ``"rgb; border=none"``.
    changes : int
        Number of differences.
    """

    way: Way
    figures: dict[str, float]
    deviation: float
    description: str
    changes: int

    @property
    def meets(self) -> bool:
        """Whether the printed digits are met."""
        return self.deviation <= 1 + 1e-6


def explain(figures: Figures, claim: Claim) -> list[Finding]:
    """Compare every way to evaluate with a claim.

    Returns
    -------
    list of Finding
        Those that meet the claim first and among them the simplest, then the others by deviation.
        Of those that cannot differ, only the simplest: how PSNR is averaged does not matter to
        SSIM, nor the treatment of colour to gray images.
    """
    items = {key: set(key.options().items()) for key in figures}
    # What all have in common is no option here: with SR images, how LR images are made.
    common = set.intersection(*items.values())
    constant = {option for option, _ in common}
    habits = {
        name: {item for item in habit.options().items() if item[0] not in constant}
        for name, habit in HABITS.items()
        if habit.lr == "made" or "lr_rounding" in constant
    }
    findings = []
    for key, values in figures.items():
        if "psnr" not in claim and key.averaging == "errors":
            continue
        own, found = items[key] - common, dict(zip(CLAIMS, values, strict=True))
        habit = min(habits, key=lambda name: len(own - habits[name]))
        differences = [f"{option}={value}" for option, value in sorted(own - habits[habit])]
        deviation = max(abs(found[n] - float(text)) / half_unit(text) for n, text in claim.items())
        description = "; ".join([habit, *differences])
        findings.append(Finding(key, found, deviation, description, len(differences)))
    simplest: dict[Any, Finding] = {}
    for finding in sorted(findings, key=lambda f: f.changes):
        plain = replace(finding.way, metric="y", luma_rounding=False, gray="replicate")
        same = plain, *(f"{value:.9f}" for value in finding.figures.values())
        simplest.setdefault(same, finding)
    meeting = sorted(
        (f for f in simplest.values() if f.meets), key=lambda f: (f.changes, f.deviation)
    )
    others = (f for f in simplest.values() if not f.meets)
    return meeting + sorted(others, key=lambda f: (f.deviation, f.changes))


def verdict(findings: Sequence[Finding], claim: Claim) -> str:
    """One sentence: how many combinations meet the claim, or how far the nearest is."""
    first, number = findings[0], len(findings)
    if meeting := sum(finding.meets for finding in findings):
        text = f"{meeting} of {number} combinations give the claim to its printed digits"
        return f"{text}, the simplest: {first.description}"
    within = " and ".join(CLAIMS[n][4].format(half_unit(text)) for n, text in claim.items())
    found = " and ".join(CLAIMS[n][3].format(first.figures[n]) for n in claim)
    return f"no combination of {number} within {within}; nearest: {first.description} ({found})"
