"""Which evaluation gives a claimed PSNR or SSIM: every protocol at once, on the same images.

A figure that cannot be reproduced is mostly one that was evaluated otherwise. The audit scores
SR images, or a network, under all combinations of the options of `Protocol` and of a few habits
outside it, and lists the combinations that give the claim to its printed digits. What combinations
share is computed once: a network runs once per way of making LR images, and windows of SSIM serve
all borders.
"""

import math
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import product
from typing import Annotated, Any, Literal, get_args

import joblib  # type: ignore[import-untyped]
import numpy as np
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
from pipeline.imaging.protocol import PROTOCOLS, RGB, Protocol, Y, scored_planes
from pipeline.imaging.tensors import Image, Pixels, from_tensor, round_to_uint8, to_tensor
from pipeline.scoring.evaluation import Reader
from pipeline.scoring.metrics import PEAK, WINDOW, psnr, ssim_maps
from pipeline.support.errors import UserError
from pipeline.tools.folders import GivenImages, Pair, hr_images, sr_pairs
from pipeline.tools.options import Pairs, Scale, Seed, Variant, Weights
from pipeline.tools.selection import folder_of_images, refuse_options, select_subject

Downscaling = Literal["matlab", "matlab not antialiased", "pillow", "torch", "torch antialiased"]

BORDERS: tuple[Literal["scale", "none", "scale+6", "scale^2"], ...] = (
    "scale", "none", "scale+6", "scale^2",
)  # fmt: skip
PLANES: tuple[tuple[Literal["y", "yiq", "rgb"], bool], ...] = (
    ("y", False), ("y", True), ("yiq", False), ("yiq", True), ("rgb", False),
)  # fmt: skip
# 255 is right for data in 0..255. 510 stands for scikit-image's former default for floats, a
# range of 2 on data in 0..1, and 1 for constants of data in 0..1 on data in 0..255.
SSIM_RANGES = (PEAK, 2 * PEAK, 1.0)
# scikit-image's default: 7x7 pixels of equal weight, variances of samples.
UNIFORM_WINDOW, SAMPLES = [1 / 7] * 7, 49 / 48


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
    claim = Claim(psnr, ssim)
    _, images = hr_images(data)
    if (folder := folder_of_images(subject, bare=True)) is not None:
        refuse_options("a folder of SR images", weights=weights, variant=variant, seed=seed)
        paired = sr_pairs(folder, images, scale, show=pairs)
        figures = measure_images(paired, scale, ssim=ssim is not None)
    else:
        chosen = select_subject(subject, scale, weights=weights, variant=variant, seed=seed)
        network = chosen.network.to(choose_device())
        figures = measure_network(network, images, ssim=ssim is not None)
    findings = explain(figures, claim)
    shown = Table("evaluation", r"PSNR \[dB]", *(["SSIM"] if ssim is not None else []))
    for finding in [f for f in findings if f.meets] or findings[:5]:
        cells = [f"{finding.psnr_db:.4f}", f"{finding.ssim:.6f}"]
        shown.add_row(Text(finding.description), *cells[: len(shown.columns) - 1])
    Console().print(shown)
    print(verdict(findings, claim))
    if not findings[0].meets and (hint := separately(figures, claim)):
        print(hint)


@dataclass(frozen=True)
class Combination:
    """One way to evaluate.

    Attributes
    ----------
    protocol : Protocol
        Its name plays no role.
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

    protocol: Protocol
    downscaling: Downscaling = "matlab"
    ssim_range: float = PEAK
    ssim_window: Literal["gaussian", "uniform"] = "gaussian"
    averaging: Literal["images", "errors"] = "images"

    def change(self, **options: Any) -> "Combination":
        """Return this with other options of its protocol."""
        return replace(self, protocol=replace(self.protocol, **options))

    def options(self) -> dict[str, str]:
        """Every option that can change a score, with its value as text."""
        values = {f.name: getattr(self.protocol, f.name) for f in fields(Protocol)} | {
            "downscaling": self.downscaling,
            "ssim_range": f"{self.ssim_range:g}",
            "ssim_window": self.ssim_window,
            "averaging": self.averaging,
        }
        del values["name"]
        return {k: v if isinstance(v, str) else ("yes" if v else "no") for k, v in values.items()}


# PSNR in dB and SSIM (NaN where none is claimed) under each combination.
Figures = dict[Combination, tuple[float, float]]

# Evaluations that have a name. Under it, only what differs from it is listed.
HABITS: dict[str, Combination] = {name: Combination(p) for name, p in PROTOCOLS.items()} | {
    "imdn": Combination(replace(RGB, luma_rounding=True)),
    "edsr-div2k": Combination(replace(RGB, metric="rgb", border="scale+6")),
    "dpsr-demo": Combination(replace(RGB, metric="rgb", border="scale^2")),
    "pyiqa": Combination(replace(RGB, metric="yiq", border="none")),
    "opencv-luma": Combination(replace(RGB, metric="yiq", luma_rounding=True)),
}


@dataclass(frozen=True)
class Claim:
    """A claimed figure; None where nothing is claimed.

    Attributes
    ----------
    psnr_db, ssim : str or None
        As printed: the digits tell how exactly it must be met.

    Raises
    ------
    UserError
        When nothing is claimed, or what no PSNR or SSIM can be.
    """

    psnr_db: str | None = None
    ssim: str | None = None

    def __post_init__(self) -> None:
        if self.psnr_db is None and self.ssim is None:
            raise UserError("nothing is claimed: give --psnr, --ssim or both, as printed")
        for option, text, low, high, expected in (
            ("--psnr", self.psnr_db, 0, 100, "decibels, above 0 and at most 100"),
            ("--ssim", self.ssim, -1, 1, "a number up to 1, such as 0.8104, and no percentage"),
        ):
            if text is None:
                continue
            if not re.fullmatch(r"-?\d+(\.\d*)?|-?\.\d+", text, re.ASCII):
                raise UserError(f"{option} {text}: expected a number as printed, such as 28.95")
            if not low < float(text) <= high:
                raise UserError(
                    f"{option} {text}: expected {expected}. Are --psnr and --ssim exchanged?"
                )

    def deviation(self, psnr_db: float, ssim: float) -> float:
        """Largest deviation in half units of the last printed digit; at most 1 meets the claim."""
        pairs = ((self.psnr_db, psnr_db), (self.ssim, ssim))
        return max(
            abs(found - float(text)) / half_unit(text) for text, found in pairs if text is not None
        )


def half_unit(text: str) -> float:
    """Half a unit of the last digit of a printed number: ``"28.95"`` -> 0.005."""
    return 0.5 * 10.0 ** -len(text.partition(".")[2])


@dataclass(frozen=True)
class Finding:
    """A combination with what it gives.

    Attributes
    ----------
    combination : Combination
    psnr_db, ssim : float
        Over all images; `ssim` is NaN where none was claimed.
    deviation : float
        From the claim, in half units of its last digit.
    habit : str
        The named evaluation with the fewest differences.
    differences : tuple of str
        ``option=value`` of what differs from it.
    """

    combination: Combination
    psnr_db: float
    ssim: float
    deviation: float
    habit: str
    differences: tuple[str, ...]

    @property
    def meets(self) -> bool:
        """Whether the printed digits are met."""
        return self.deviation <= 1 + 1e-6

    @property
    def description(self) -> str:
        """Habit and differences, e.g. ``"rgb; border=none"``."""
        return "; ".join((self.habit, *self.differences))


def measure_images(pairs: Sequence[Pair], scale: int, *, ssim: bool) -> Figures:
    """Score SR images that are given under every combination of the scoring options.

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
        scores: Figures = {}
        for gray in _gray_options(sr, hr):
            way = Combination(RGB).change(name="", gray=gray)
            image, reference = given.prepared(sr, hr, way.protocol, name)
            scores |= _score(way, image, reference, scale, name, ssim=ssim)
        return scores

    # Images side by side: each takes a core.
    with backend_flags(threads=1), ThreadPoolExecutor(joblib.cpu_count()) as pool:
        figures = _average(pool.map(one, pairs))
    if all(math.isinf(psnr_db) for psnr_db, _ in figures.values()):
        raise UserError(
            "the SR images are identical to the HR images: PSNR is infinite in every evaluation. "
            "Give the images that a network made."
        )
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
        scores: Figures = {}
        for run, gray in product(runs(), _gray_options(hr)):
            start = run.change(gray=gray)
            reference = make_reference(hr, scale, start.protocol, name)
            lr = _shrink(reference, scale, start)
            raw = super_resolve(network, lr, replace(start.protocol, sr_rounding=False))[-1]
            for rounding in (True, False):
                sr = round_to_uint8(raw) if rounding else raw
                chosen = start.change(sr_rounding=rounding)
                scores |= _score(chosen, sr, reference, scale, name, ssim=ssim)
        return scores

    # One image at a time: a network has its own threads, and its settings are switched per run.
    return _average(map(one, images))


def runs() -> list[Combination]:
    """All ways from an HR image to the network's output, gray and the rounding of SR left out."""
    found = [Combination(protocol) for protocol in PROTOCOLS.values() if protocol.lr == "made"]
    for base in (RGB, Y):
        for border, (rounding, between) in product(
            ("mirror", "clamp"), ((False, False), (True, False), (True, True))
        ):
            options = {"lr_border": border, "lr_rounding": rounding, "lr_pass_rounding": between}
            found.append(Combination(base).change(**options))
        rounded = replace(base, lr_rounding=True)
        found += [Combination(rounded, downscaling) for downscaling in get_args(Downscaling)]
    # What is about scoring is varied later.
    plain = partial(
        Combination.change, name="", gray="replicate", border="scale", ssim_border="valid"
    )
    return list(dict.fromkeys(map(plain, found)))


def _shrink(reference: Image, scale: int, run: Combination) -> Image:
    if run.downscaling == "matlab":
        return degrade(reference, scale, run.protocol)
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
    run: Combination, sr: Image, reference: Image, scale: int, name: str, *, ssim: bool
) -> Figures:
    """Score an SR image under every scoring option."""
    # At x3 two of the borders are equally wide.
    widths = {replace(RGB, border=b).border_width(scale): b for b in reversed(BORDERS)}
    height, width = reference.shape[:2]
    if min(height, width) - 2 * max(widths) < WINDOW:
        raise UserError(
            f"{name}: is {width}x{height} pixels; {WINDOW}x{WINDOW} must be left inside a border "
            f"of {max(widths)}. Remove the image, or use larger ones."
        )
    scores: Figures = {}
    planes = PLANES if run.protocol.space == "rgb" else (("y", run.protocol.luma_rounding),)
    for metric, rounding in planes:
        plane = run.change(metric=metric, luma_rounding=rounding)
        x, y = (to_tensor(scored_planes(image, plane.protocol)) for image in (sr, reference))
        if x.shape != y.shape:  # luma alone has no colours to compare
            continue
        maps = ssim_maps(x, y, SSIM_RANGES) if ssim else []
        uniform = ssim_maps(x, y, (PEAK,), UNIFORM_WINDOW, SAMPLES)[0] if ssim else None
        for border_width, border in widths.items():
            bordered = plane.change(border=border)
            a, b = _cut(x, border_width), _cut(y, border_width)
            psnr_db = psnr(a, b)
            if uniform is None:
                scores[bordered] = psnr_db, math.nan
                continue
            value = float(_cut(uniform, border_width).mean())
            scores[replace(bordered, ssim_window="uniform")] = psnr_db, value
            # Windows inside the cropped image are windows of the whole image.
            insides = [_cut(plane_map, border_width) for plane_map in maps]
            extended = bordered.change(ssim_border="replicate")
            for data_range, inside, ring in zip(SSIM_RANGES, insides, _ring(a, b), strict=True):
                scores[replace(bordered, ssim_range=data_range)] = psnr_db, float(inside.mean())
                value = float(inside.sum() + ring) / a.numel()
                scores[replace(extended, ssim_range=data_range)] = psnr_db, value
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
    strips = ((..., first, slice(None)), (..., last, slice(None)),
              (..., between, first), (..., between, last))  # fmt: skip
    maps = zip(*(ssim_maps(x[strip], y[strip], SSIM_RANGES) for strip in strips), strict=True)
    return [sum((strip.sum() for strip in found), x.new_zeros(())) for found in maps]


def _average(images: Iterable[Figures]) -> Figures:
    """Average over images, PSNR in both ways."""
    found = list(images)
    figures: Figures = {}
    for combination in dict.fromkeys(c for scores in found for c in scores):
        # Colour images have one entry for both ways to treat gray ones.
        plain = combination.change(gray="replicate")
        values = [scores.get(combination, scores.get(plain)) for scores in found]
        if None in values:  # luma alone is not scored in RGB; then no image is
            continue
        psnr_db, ssim = np.array(values).T
        with np.errstate(divide="ignore"):  # all images are exact
            errors = float(-10 * np.log10(np.mean(10 ** (-psnr_db / 10))))
        figures[combination] = float(psnr_db.mean()), float(ssim.mean())
        figures[replace(combination, averaging="errors")] = errors, float(ssim.mean())
    return figures


def explain(figures: Figures, claim: Claim) -> list[Finding]:
    """Compare every combination with a claim.

    Returns
    -------
    list of Finding
        Those that meet the claim first and among them the simplest, then the others by deviation.
        Of those that cannot differ, only the simplest: how PSNR is averaged does not matter to
        SSIM, nor the treatment of colour to gray images.
    """
    items = {c: set(c.options().items()) for c in figures}
    # What all have in common is no option here: with SR images, how LR images are made.
    common = set.intersection(*items.values())
    constant = {option for option, _ in common}
    made = "lr_rounding" not in constant
    habits = {
        name: {item for item in habit.options().items() if item[0] not in constant}
        for name, habit in HABITS.items()
        if not (made and habit.protocol.lr == "given")
    }
    findings = []
    for combination, (psnr_db, ssim) in figures.items():
        if claim.psnr_db is None and combination.averaging == "errors":
            continue
        own = items[combination] - common
        habit = min(habits, key=lambda name: len(own - habits[name]))
        differences = tuple(f"{key}={value}" for key, value in sorted(own - habits[habit]))
        deviation = claim.deviation(psnr_db, ssim)
        findings.append(Finding(combination, psnr_db, ssim, deviation, habit, differences))
    simplest: dict[Any, Finding] = {}
    for finding in sorted(findings, key=lambda f: len(f.differences)):
        plain = finding.combination.change(metric="y", luma_rounding=False, gray="replicate")
        same = plain, f"{finding.psnr_db:.9f}", f"{finding.ssim:.9f}"
        simplest.setdefault(same, finding)
    return sorted(
        simplest.values(),
        key=lambda f: (
            not f.meets,
            (len(f.differences), f.deviation) if f.meets else (f.deviation, len(f.differences)),
        ),
    )


def verdict(findings: Sequence[Finding], claim: Claim) -> str:
    """One sentence: how many combinations meet the claim, or how far the nearest is."""
    if meeting := sum(finding.meets for finding in findings):
        return f"{meeting} of {len(findings)} combinations give the claim to its printed digits"
    nearest = findings[0]
    within, found = [], []
    if claim.psnr_db is not None:
        within.append(f"{half_unit(claim.psnr_db):g} dB")
        found.append(f"{nearest.psnr_db:.4f} dB")
    if claim.ssim is not None:
        within.append(f"{half_unit(claim.ssim):g} of SSIM")
        found.append(f"SSIM {nearest.ssim:.6f}")
    return (
        f"no combination of {len(findings)} within {' and '.join(within)}; "
        f"nearest: {nearest.description} ({' and '.join(found)})"
    )


def separately(figures: Figures, claim: Claim) -> str:
    """Say what gives PSNR alone and SSIM alone; "" unless both are claimed and one can be given.

    Figures of one paper may come out of two programs.
    """
    if claim.psnr_db is None or claim.ssim is None:
        return ""
    psnr = explain(figures, Claim(claim.psnr_db))[0]
    ssim = explain(figures, Claim(None, claim.ssim))[0]
    if not (psnr.meets or ssim.meets):
        return ""
    parts = []
    for name, found, value in (
        ("PSNR", psnr, f"{psnr.psnr_db:.4f} dB"),
        ("SSIM", ssim, f"{ssim.ssim:.6f}"),
    ):
        text = f"{name} by {'' if found.meets else 'no combination, nearest: '}{found.description}"
        parts.append(text if found.meets else f"{text} ({value})")
    return "separately: " + "; ".join(parts)
