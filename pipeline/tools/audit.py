"""Which evaluation gives a claimed PSNR or SSIM: every protocol at once, on the same images.

A figure that cannot be reproduced is mostly one that was evaluated otherwise. The audit scores
SR images, or a network, under all combinations of the options of `Protocol` and of a few habits
outside it, and lists the combinations that give the claim to its printed digits. What combinations
share is computed once: a network runs once per way of making LR images, and each plane is compared
once for all borders.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, fields, replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import joblib  # type: ignore[import-untyped]
import numpy as np
import pandas as pd
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
from pipeline.imaging.backend import choose_device
from pipeline.imaging.degradation import degrade, make_reference
from pipeline.imaging.inference import super_resolve
from pipeline.imaging.protocol import PROTOCOLS, RGB, Protocol, Y, scored_planes
from pipeline.imaging.tensors import Image, Pixels, from_tensor, round_to_uint8, to_tensor
from pipeline.scoring.evaluation import Reader
from pipeline.scoring.metrics import PEAK, WINDOW, decibels, ssim_maps
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.tools.folders import GivenImages, Pair, hr_images, sr_pairs
from pipeline.tools.options import Pairs, Scale, Seed, Variant, Weights
from pipeline.tools.selection import folder_of_images, refuse_options, select_subject

Downscaling = Literal["matlab", "matlab not antialiased", "pillow", "torch", "torch antialiased"]
Averaging = Literal["images", "errors"]
Border = Literal["scale", "scale^2", "scale+6", "none"]
Metric = Literal["y", "yiq", "rgb"]
SsimBorder = Literal["valid", "replicate"]
SsimWindow = Literal["gaussian", "uniform"]
Gray = Literal["replicate", "keep"]

# What decides the LR images and what the network sees; the rest is about scoring.
LR_OPTIONS = (
    "space", "lr", "lr_rounding", "lr_pass_rounding", "lr_border", "downscaling", "sr_rounding",
    "transposed", "padding", "input_range",
)  # fmt: skip
AVERAGINGS: tuple[Averaging, ...] = get_args(Averaging)
BORDERS: tuple[Border, ...] = ("scale", "none", "scale+6", "scale^2")
PLANES: tuple[tuple[Metric, bool], ...] = (
    ("y", False),
    ("y", True),
    ("yiq", False),
    ("yiq", True),
    ("rgb", False),
)
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
    csv: Annotated[
        Path | None, typer.Option(dir_okay=False, help="file for all combinations")
    ] = None,
    pairs: Pairs = False,
) -> None:
    """Say which evaluation gives a claimed PSNR or SSIM: every protocol is tried."""
    claim = Claim(psnr, ssim)
    _, images = hr_images(data)
    # Opened before the work, which is lost where the file cannot be written.
    with atomic_path(csv) if csv is not None else nullcontext() as temporary:
        if (folder := folder_of_images(subject, bare=True)) is not None:
            refuse_options("a folder of SR images", weights=weights, variant=variant, seed=seed)
            paired = sr_pairs(folder, images, scale, show=pairs)
            measured = measure_images(paired, scale, ssim=ssim is not None)
        else:
            chosen = select_subject(subject, scale, weights=weights, variant=variant, seed=seed)
            if chosen.told:
                print(chosen.told)
            network = chosen.network.to(choose_device())
            measured = measure_network(network, images, ssim=ssim is not None)
        findings = explain(measured, claim)
        if temporary is not None:
            table(findings).to_csv(temporary, index=False)
    shown = Table("evaluation", r"PSNR \[dB]", *(["SSIM"] if ssim is not None else []))
    for finding in [f for f in findings if f.meets] or findings[:5]:
        figures = [f"{finding.psnr_db:.4f}", f"{finding.ssim:.6f}"]
        shown.add_row(Text(finding.description), *figures[: len(shown.columns) - 1])
    Console().print(shown)
    print(verdict(findings, claim))
    if not findings[0].meets and (hint := separately(measured, claim)):
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
    ssim_window: SsimWindow = "gaussian"
    averaging: Averaging = "images"

    def options(self) -> dict[str, str]:
        """Every option that can change a score, with its value as text."""
        values = {f.name: getattr(self.protocol, f.name) for f in fields(Protocol)} | {
            "downscaling": self.downscaling,
            "ssim_range": f"{self.ssim_range:g}",
            "ssim_window": self.ssim_window,
            "averaging": self.averaging,
        }
        del values["name"]
        if self.protocol.space == "y":
            del values["metric"]  # there is one plane only
        return {k: v if isinstance(v, str) else ("yes" if v else "no") for k, v in values.items()}


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
        for name, text in (("--psnr", self.psnr_db), ("--ssim", self.ssim)):
            if text is not None and not re.fullmatch(r"-?\d+(\.\d*)?|-?\.\d+", text, re.ASCII):
                raise UserError(f"{name} {text}: expected a number as printed, such as 28.95")
        if self.psnr_db is not None and not 0 < float(self.psnr_db) <= 100:
            raise UserError(
                f"--psnr {self.psnr_db}: expected decibels, above 0 and at most 100. "
                "Are --psnr and --ssim exchanged?"
            )
        if self.ssim is not None and not -1 <= float(self.ssim) <= 1:
            raise UserError(
                f"--ssim {self.ssim}: expected a number from -1 to 1, such as 0.8104, and no "
                "percentage. Are --psnr and --ssim exchanged?"
            )

    def deviation(self, psnr_db: float, ssim: float) -> float:
        """Largest deviation in half units of the last printed digit; at most 1 meets the claim."""
        pairs = ((self.psnr_db, psnr_db), (self.ssim, ssim))
        return max(
            abs(found - float(text)) / half_unit(text) for text, found in pairs if text is not None
        )

    @property
    def tolerance(self) -> str:
        """Half units of the last printed digits, for messages."""
        parts = []
        if self.psnr_db is not None:
            parts.append(f"{half_unit(self.psnr_db):g} dB")
        if self.ssim is not None:
            parts.append(f"{half_unit(self.ssim):g} of SSIM")
        return " and ".join(parts)


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


@dataclass(frozen=True)
class Measured:
    """What every combination gives on a set of images.

    Attributes
    ----------
    figures : dict
        Combination -> PSNR in dB and SSIM (NaN where SSIM was not asked for).
    items : dict
        Combination -> its options that can have an effect on these images.
    ignored : set of str
        The other options.
    """

    figures: dict[Combination, tuple[float, float]]
    items: dict[Combination, set[tuple[str, str]]]
    ignored: set[str]


def measure_images(pairs: Sequence[Pair], scale: int, *, ssim: bool) -> Measured:
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

    def one(pair: Pair) -> _Scores:
        name, read_sr, read_hr = pair
        sr, hr = read_sr(), read_hr()
        scores: _Scores = {}
        for gray in _gray_options(sr, hr):
            protocol = replace(RGB, name="", gray=gray)
            image, reference = given.prepared(sr, hr, protocol, name)
            scores |= _score_planes(Combination(protocol), image, reference, scale, name, ssim=ssim)
        return _with_both_grays(scores)

    measured = _average(_in_threads(one, pairs), with_lr=False)
    if all(math.isinf(psnr_db) for psnr_db, _ in measured.figures.values()):
        raise UserError(
            "the SR images are identical to the HR images: PSNR is infinite in every evaluation. "
            "Give the images that a network made."
        )
    return measured


def measure_network(
    network: SRNetwork, images: Sequence[tuple[str, Reader]], *, ssim: bool
) -> Measured:
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

    def one(item: tuple[str, Reader]) -> _Scores:
        name, read = item
        hr = read()
        scores: _Scores = {}
        for run, gray in product(runs(), _gray_options(hr)):
            start = _with_gray(run, gray)
            reference = make_reference(hr, scale, start.protocol, name)
            lr = _shrink(reference, scale, start)
            raw = super_resolve(network, lr, replace(start.protocol, sr_rounding=False))[-1]
            for rounding in (True, False):
                sr = round_to_uint8(raw) if rounding else raw
                chosen = replace(start, protocol=replace(start.protocol, sr_rounding=rounding))
                scores |= _score_planes(chosen, sr, reference, scale, name, ssim=ssim)
        return _with_both_grays(scores)

    # One image at a time: a network has its own threads, and its settings are switched per run.
    return _average(map(one, images), with_lr=True)


@cache
def runs() -> tuple[Combination, ...]:
    """All ways from an HR image to the network's output, gray and the rounding of SR left out."""
    found: list[Combination] = []
    for base in (RGB, Y):
        for lr_border in ("mirror", "clamp"):
            for rounding, pass_rounding in ((False, False), (True, False), (True, True)):
                protocol = replace(
                    base, lr_border=lr_border, lr_rounding=rounding, lr_pass_rounding=pass_rounding
                )
                found.append(Combination(protocol))
        rounded = replace(base, lr_rounding=True)
        found += [Combination(rounded, downscaling) for downscaling in _SHRINKERS]
    found += [Combination(protocol) for protocol in PROTOCOLS.values() if protocol.lr == "made"]
    # What is about scoring is varied later.
    same: dict[str, Any] = {
        "name": "",
        "gray": "replicate",
        "border": "scale",
        "ssim_border": "valid",
    }
    return tuple(
        dict.fromkeys(replace(run, protocol=replace(run.protocol, **same)) for run in found)
    )


def _pillow(image: Image, scale: int) -> Image:
    size = image.shape[1] // scale, image.shape[0] // scale
    return np.asarray(PillowImage.fromarray(image).resize(size, PillowImage.Resampling.BICUBIC))


def _not_antialiased(image: Image, scale: int) -> Image:
    return from_tensor(imresize(to_tensor(image), scale=1 / scale, antialias=False))


def _torch(image: Image, scale: int, *, antialias: bool = False) -> Image:
    size = image.shape[0] // scale, image.shape[1] // scale
    return from_tensor(
        F.interpolate(to_tensor(image), size=size, mode="bicubic", antialias=antialias)
    )


_SHRINKERS: dict[Downscaling, Callable[[Image, int], Image]] = {
    "matlab not antialiased": _not_antialiased,
    "pillow": _pillow,
    "torch": _torch,
    "torch antialiased": lambda image, scale: _torch(image, scale, antialias=True),
}


def _shrink(reference: Image, scale: int, run: Combination) -> Image:
    if run.downscaling == "matlab":
        return degrade(reference, scale, run.protocol)
    return round_to_uint8(_SHRINKERS[run.downscaling](reference, scale))


# Combination -> mean squared error, PSNR, SSIM of one image.
_Scores = dict[Combination, tuple[float, float, float]]


def _gray_options(*images: Pixels) -> tuple[Gray, ...]:
    """Return what can be done with gray; one option does for colour images."""
    return ("replicate", "keep") if any(image.ndim == 2 for image in images) else ("replicate",)


def _with_both_grays(scores: _Scores) -> _Scores:
    """Give colour images the entries of gray ones, so that every image has every combination."""
    both = dict(scores)
    for combination, values in scores.items():
        both.setdefault(_with_gray(combination, "keep"), values)
    return both


def _score_planes(
    run: Combination, sr: Image, reference: Image, scale: int, name: str, *, ssim: bool
) -> _Scores:
    """Score an SR image under every scoring option."""
    scores: _Scores = {}
    planes = PLANES if run.protocol.space == "rgb" else (("y", run.protocol.luma_rounding),)
    for metric, rounding in planes:
        protocol = replace(run.protocol, metric=metric, luma_rounding=rounding)
        x, y = (scored_planes(image, protocol) for image in (sr, reference))
        if x.ndim != y.ndim:  # luma alone has no colours to compare
            continue
        pair = to_tensor(x), to_tensor(y)
        errors = (pair[0] - pair[1]) ** 2
        maps = ssim_maps(*pair, SSIM_RANGES) if ssim else []
        uniform = ssim_maps(*pair, (PEAK,), UNIFORM_WINDOW, SAMPLES)[0] if ssim else None
        # At x3 two of the borders are equally wide.
        widths = {replace(protocol, border=b).border_width(scale): b for b in reversed(BORDERS)}
        for width, border in widths.items():
            bordered = replace(protocol, border=border)
            inside = _inside(errors, width, name)
            error = inside.mean()
            mse, psnr_db = float(error), decibels(error)
            found = [
                (replace(run, protocol=replace(bordered, ssim_border=b), ssim_range=r), value)
                for b, r, value in _ssims(maps, pair, width)
            ]
            if uniform is not None:
                way = replace(run, protocol=bordered, ssim_window="uniform")
                found.append((way, float(_cut(uniform, width).mean())))
            for way, value in found:
                for averaging in AVERAGINGS:
                    scores[replace(way, averaging=averaging)] = mse, psnr_db, value
    return scores


def _cut(planes: Tensor, width: int) -> Tensor:
    """Cut a border off (..., H, W)."""
    return planes[..., width : planes.shape[-2] - width, width : planes.shape[-1] - width]


def _inside(planes: Tensor, width: int, name: str) -> Tensor:
    """Cut a border off; refuse what is then too small for SSIM's window."""
    inside = _cut(planes, width)
    if min(planes.shape[-2:]) - 2 * width < WINDOW:
        raise UserError(
            f"{name}: is {planes.shape[-1]}x{planes.shape[-2]} pixels; {WINDOW}x{WINDOW} must be "
            f"left inside a border of {width}. Remove the image, or use larger ones."
        )
    return inside


def _ssims(
    maps: Sequence[Tensor], pair: tuple[Tensor, Tensor], width: int
) -> Iterator[tuple[SsimBorder, float, float]]:
    """Mean SSIM inside a border: how it is taken, its data range, its value."""
    if not maps:
        yield "valid", PEAK, math.nan
        return
    # Windows inside the cropped image are windows of the whole image. Only those that reach over
    # the border, where the image is extended, need computing for each width.
    insides = [_cut(plane, width) for plane in maps]
    for ssim_range, inside in zip(SSIM_RANGES, insides, strict=True):
        yield "valid", ssim_range, float(inside.mean())
    half = WINDOW // 2
    crops = [_cut(x, width) for x in pair]
    x, y = (F.pad(crop, [half] * 4, mode="replicate") for crop in crops)
    reach = 3 * half  # lines that hold the windows of the outermost `half` lines
    strips = (
        (..., slice(None, reach), slice(None)),
        (..., slice(-reach, None), slice(None)),
        (..., slice(half, -half), slice(None, reach)),
        (..., slice(half, -half), slice(-reach, None)),
    )
    rings = [ssim_maps(x[strip], y[strip], SSIM_RANGES) for strip in strips]
    for number, (ssim_range, inside) in enumerate(zip(SSIM_RANGES, insides, strict=True)):
        total = inside.sum() + sum(ring[number].sum() for ring in rings)
        yield "replicate", ssim_range, float(total) / crops[0].numel()


def _in_threads(one: Callable[[Pair], _Scores], pairs: Sequence[Pair]) -> Iterator[_Scores]:
    """Score images side by side: each takes a core, whatever the number of torch's threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(joblib.cpu_count()) as pool:
            yield from pool.map(one, pairs)
    finally:
        torch.set_num_threads(threads)


def _average(images: Iterable[_Scores], *, with_lr: bool) -> Measured:
    count = 0
    sums: dict[Combination, list[float]] = {}
    for scores in images:
        if count == 0:
            sums = {combination: [0.0, 0.0, 0.0] for combination in scores}
        count += 1
        # Luma alone is not scored in RGB; then no image is.
        sums = {combination: total for combination, total in sums.items() if combination in scores}
        for combination, total in sums.items():
            for number, value in enumerate(scores[combination]):
                total[number] += value
    gray_matters = any(
        total[:2] != sums[_with_gray(combination, "replicate")][:2]
        for combination, total in list(sums.items())
    )
    ignored = {*(() if with_lr else LR_OPTIONS), *(() if gray_matters else ("gray",))}
    figures = {}
    for combination, (mse, psnr_db, ssim) in sums.items():
        if not gray_matters and combination.protocol.gray == "keep":
            continue
        mean = psnr_db / count
        if combination.averaging == "errors":
            mean = decibels(torch.tensor(mse / count, dtype=torch.float64))
        figures[combination] = mean, ssim / count
    return Measured(figures, {c: _items(c, ignored) for c in figures}, ignored)


def explain(measured: Measured, claim: Claim) -> list[Finding]:
    """Compare every combination with a claim.

    Returns
    -------
    list of Finding
        Those that meet the claim first and among them the simplest, then the others by deviation.
        Of those that cannot differ, only the simplest: how PSNR is averaged does not matter to
        SSIM, nor the treatment of colour to gray images.
    """
    habits = {name: _items(habit, measured.ignored) for name, habit in HABITS.items()}
    findings = []
    for combination, (psnr_db, ssim) in measured.figures.items():
        if claim.psnr_db is None and combination.averaging == "errors":
            continue
        items = measured.items[combination]
        habit = min(habits, key=lambda name: len(items - habits[name]))
        differences = tuple(f"{key}={value}" for key, value in sorted(items - habits[habit]))
        deviation = claim.deviation(psnr_db, ssim)
        findings.append(Finding(combination, psnr_db, ssim, deviation, habit, differences))
    simplest: dict[Any, Finding] = {}
    for finding in sorted(findings, key=lambda f: len(f.differences)):
        simplest.setdefault(_apart_from_colour(finding), finding)
    return sorted(
        simplest.values(),
        key=lambda f: (
            not f.meets,
            (len(f.differences), f.deviation) if f.meets else (f.deviation, len(f.differences)),
        ),
    )


def _apart_from_colour(finding: Finding) -> tuple[Combination, str, str]:
    """Return what two combinations have in common that treat colour differently without effect."""
    protocol = finding.combination.protocol
    plain = replace(protocol, metric="y", luma_rounding=False, gray="replicate")
    figures = f"{finding.psnr_db:.9f}", f"{finding.ssim:.9f}"
    return replace(finding.combination, protocol=plain), *figures


def _with_gray(combination: Combination, gray: Gray) -> Combination:
    return replace(combination, protocol=replace(combination.protocol, gray=gray))


def _items(combination: Combination, ignored: set[str]) -> set[tuple[str, str]]:
    """Options with their values, as a set that can be compared."""
    values = combination.options()
    if "space" in ignored:
        values.setdefault("metric", "y")
    return {(key, value) for key, value in values.items() if key not in ignored}


def verdict(findings: Sequence[Finding], claim: Claim) -> str:
    """One sentence: how many combinations meet the claim, or how far the nearest is."""
    meeting = sum(finding.meets for finding in findings)
    if meeting:
        return f"{meeting} of {len(findings)} combinations give the claim to its printed digits"
    nearest = findings[0]
    found = f"{nearest.psnr_db:.4f} dB" if claim.psnr_db is not None else ""
    if claim.ssim is not None:
        found += f"{' and ' if found else ''}SSIM {nearest.ssim:.6f}"
    return (
        f"no combination of {len(findings)} within {claim.tolerance}; "
        f"nearest: {nearest.description} ({found})"
    )


def separately(measured: Measured, claim: Claim) -> str:
    """Say what gives PSNR alone and SSIM alone; "" unless both are claimed and one can be given.

    Figures of one paper may come out of two programs.
    """
    if claim.psnr_db is None or claim.ssim is None:
        return ""
    psnr = explain(measured, Claim(claim.psnr_db))[0]
    ssim = explain(measured, Claim(None, claim.ssim))[0]
    if not (psnr.meets or ssim.meets):
        return ""
    parts = []
    for name, found, value in (
        ("PSNR", psnr, f"{psnr.psnr_db:.4f} dB"),
        ("SSIM", ssim, f"{ssim.ssim:.6f}"),
    ):
        if found.meets:
            parts.append(f"{name} by {found.description}")
        else:
            parts.append(f"{name} by no combination, nearest: {found.description} ({value})")
    return "separately: " + "; ".join(parts)


def table(findings: Sequence[Finding]) -> pd.DataFrame:
    """Make a table: description, figures, verdict, and one column for each option."""
    rows = []
    for finding in findings:
        row: dict[str, Any] = {
            "description": finding.description,
            "psnr_db": f"{finding.psnr_db:.6f}",
            "ssim": "" if math.isnan(finding.ssim) else f"{finding.ssim:.6f}",
            "meets": "yes" if finding.meets else "no",
            "deviation": f"{finding.deviation:.3f}",
        }
        rows.append(row | finding.combination.options())
    return pd.DataFrame(rows).fillna("")
