"""The audit names the evaluation that made a figure."""

import math
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image
from skimage.metrics import structural_similarity
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.imaging.protocol import PROTOCOLS, Protocol, Y, image_in_space, scored_planes
from pipeline.imaging.tensors import Pixels
from pipeline.models.networks import build_network
from pipeline.scoring.evaluation import evaluate_image, score
from pipeline.support.errors import UserError
from pipeline.tools import audit
from pipeline.tools.audit import COLOUR, HABITS, explain, measure_images, measure_network
from pipeline.tools.folders import GivenImages, Pair

SCALE = 2


# Photographs reduced without antialiasing: edges, texture and flat parts.
HR = {
    "a": skimage.data.astronaut()[::11, ::9][:44, :52],
    "b": skimage.data.chelsea()[::6, ::8][:44, :52],
    "c": skimage.data.camera()[::11, ::9][:44, :52],  # gray
}
# An RGB file whose three channels are equal, as `man` of Set14 is.
STACKED = {**HR, "d": np.stack([skimage.data.coins()[::6, ::7][:44, :52]] * 3, axis=2)}
NETWORK = build_network("bicubic", SCALE)
IMAGES = [(name, partial(HR.__getitem__, name)) for name in HR]


def pairs(sr: dict[str, Pixels], hr: dict[str, Pixels] = HR) -> list[Pair]:
    return [(name, partial(sr.__getitem__, name), partial(hr.__getitem__, name)) for name in sr]


def made(protocol: Protocol, hr: dict[str, Pixels] = HR, scale: int = SCALE) -> dict[str, Pixels]:
    network = build_network("bicubic", scale)
    found = {name: evaluate_image(network, image, protocol).sr for name, image in hr.items()}
    return {name: np.asarray(image, np.uint8) for name, image in found.items()}


SR = made(COLOUR)
COLOURED = pairs({name: SR[name] for name in "ab"})


def score_image(sr: Pixels, hr: Pixels, protocol: Protocol, name: str = "a") -> tuple[float, float]:
    """PSNR and SSIM as `mesr evaluate` has them."""
    given = GivenImages([(name, lambda: sr, lambda: hr)], SCALE)
    image, reference = given.prepared(sr, hr, protocol, name)
    return score(image_in_space(image, protocol), reference, SCALE, protocol, name=name)


def means(protocol: Protocol) -> tuple[float, float]:
    """Scores of the SR images by the one way to scores."""
    psnr, ssim = np.mean([score_image(SR[n], HR[n], protocol) for n in HR], axis=0)
    return float(psnr), float(ssim)


def evaluated(protocol: Protocol, hr: dict[str, Pixels] = HR, network=NETWORK) -> float:
    return float(np.mean([evaluate_image(network, i, protocol).psnr_db for i in hr.values()]))


@pytest.fixture(scope="module")
def given():
    return measure_images(pairs(SR), SCALE, ssim=True)


@pytest.fixture(scope="module")
def networks_own():
    return measure_network(NETWORK, IMAGES, ssim=False)


def draw(rng: np.random.Generator) -> audit.Way:
    metric, rounding = audit.PLANES[rng.integers(len(audit.PLANES))]
    gray = ("replicate", "keep")[rng.integers(2)]
    return replace(
        COLOUR,
        metric=metric,
        luma_rounding=rounding,
        # Three equal channels, and their full-range luma, are the gray image again.
        gray=gray if metric == "y" else "replicate",
        border=audit.BORDERS[rng.integers(len(audit.BORDERS))],
        ssim_border=("valid", "replicate")[rng.integers(2)],
    )


def test_scoring_drawn_at_random_is_named_in_50_of_50_draws(given) -> None:
    rng = np.random.default_rng(7)
    for _ in range(50):
        drawn = draw(rng)
        psnr, ssim = means(drawn)
        findings = explain(given, {"psnr": f"{psnr:.2f}", "ssim": f"{ssim:.4f}"})
        (exact,) = (f for f in findings if f.way == drawn)
        assert exact.meets
        assert exact.figures["psnr"] == pytest.approx(psnr, abs=1e-9)
        assert exact.figures["ssim"] == pytest.approx(ssim, abs=1e-12)


def test_lr_images_drawn_at_random_are_named(networks_own) -> None:
    rng = np.random.default_rng(8)
    ways = [run for run in audit.runs() if run.downscaling == "matlab"]
    for _ in range(20):
        scoring, run = draw(rng), ways[rng.integers(len(ways))]
        drawn = replace(
            run, gray=scoring.gray, border=scoring.border, sr_rounding=bool(rng.integers(2))
        )
        if run.space == "rgb":
            drawn = replace(drawn, metric=scoring.metric, luma_rounding=scoring.luma_rounding)
        psnr = evaluated(drawn)
        (exact,) = (f for f in explain(networks_own, {"psnr": f"{psnr:.2f}"}) if f.way == drawn)
        assert exact.meets
        assert exact.figures["psnr"] == pytest.approx(psnr, abs=1e-9)


def test_other_downscaling_is_named(networks_own) -> None:
    def shrunk(hr: Pixels) -> Pixels:
        size = hr.shape[1] // SCALE, hr.shape[0] // SCALE
        return np.asarray(Image.fromarray(hr).resize(size, Image.Resampling.BICUBIC))

    found = [evaluate_image(NETWORK, hr, lr=shrunk(hr)).psnr_db for hr in HR.values()]
    findings = explain(networks_own, {"psnr": f"{np.mean(found):.4f}"})
    assert "rgb; downscaling=pillow" in [f.description for f in findings if f.meets]


def test_data_range_of_ssim_and_mean_of_errors() -> None:
    inside = (slice(SCALE, -SCALE),) * 2
    planes = [(SR[n][inside].astype(float), HR[n][inside].astype(float)) for n in "ab"]
    ssims = []
    for sr, hr in planes:
        _, values = structural_similarity(
            sr, hr, win_size=11, gaussian_weights=True, sigma=1.5,
            use_sample_covariance=False, data_range=510, channel_axis=2, full=True,
        )  # fmt: skip
        ssims.append(values[5:-5, 5:-5].mean())
    psnr = 10 * math.log10(255**2 / np.mean([((sr - hr) ** 2).mean() for sr, hr in planes]))
    claim = {"psnr": f"{psnr:.4f}", "ssim": f"{np.mean(ssims):.6f}"}
    findings = explain(measure_images(COLOURED, SCALE, ssim=True), claim)
    expected = replace(COLOUR, metric="rgb", ssim_range=510, averaging="errors")
    assert [f.way for f in findings if f.meets] == [expected]
    # Without gray images their treatment is not an option.
    assert not any("gray" in f.description for f in findings)


def test_default_ssim_of_scikit_image_is_named() -> None:
    measured = measure_images(COLOURED, SCALE, ssim=True)
    for metric, border in product(("rgb", "y"), ("scale+6", "scale")):
        way = replace(COLOUR, metric=metric, border=border, ssim_window="uniform")
        width, ssims = way.border_width(SCALE), []
        for name in "ab":
            planes = (scored_planes(image, way) for image in (SR[name], HR[name]))
            sr, hr = (plane[width : 44 - width, width : 52 - width] for plane in planes)
            axis = 2 if metric == "rgb" else None
            ssims.append(structural_similarity(sr, hr, data_range=255, channel_axis=axis))
        assert measured[way][1] == pytest.approx(np.mean(ssims), abs=1e-12)
        findings = explain(measured, {"ssim": f"{np.mean(ssims):.6f}"})
        assert way in [f.way for f in findings if f.meets]
    assert findings[0].description == "rgb; ssim_window=uniform"


def test_habits_have_names_and_come_first(given) -> None:
    for name in ("rgb", "y", "lapsrn", "imdn", "ntire", "dpsr-demo", "pyiqa"):
        psnr, ssim = means(HABITS[name])
        findings = explain(given, {"psnr": f"{psnr:.4f}", "ssim": f"{ssim:.6f}"})
        assert findings[0].description == name
        meeting = sum(f.meets for f in findings)
        assert audit.verdict(findings, {}).startswith(f"{meeting} of {len(findings)} combinations ")


def test_what_nothing_explains_gets_the_nearest(given) -> None:
    claim = {"psnr": "55.55", "ssim": "0.1234"}
    findings = explain(given, claim)
    assert not any(f.meets for f in findings)
    assert [f.deviation for f in findings] == sorted(f.deviation for f in findings)
    told = audit.verdict(findings, claim)
    assert told.startswith(f"no combination of {len(findings)} within 0.005 dB and 5e-05 of SSIM; ")
    assert f"nearest: {findings[0].description} (" in told


def test_combinations_that_cannot_differ_are_listed_once(given) -> None:
    """Equal borders at x3, the mean of errors beside SSIM alone, colours of gray images."""
    findings = explain(given, {"psnr": "30.00"})
    assert {f.way.gray for f in findings if f.way.metric != "y"} == {"replicate"}
    network = build_network("bicubic", 3)
    nine = evaluated(replace(COLOUR, border="scale^2"), {"a": HR["a"]}, network)
    measured = measure_network(network, IMAGES[:1], ssim=False)
    named = [f for f in explain(measured, {"psnr": f"{nine:.6f}"}) if f.meets]
    assert {f.way.border for f in named} == {"scale+6"}
    assert "rgb; border=scale+6" in [f.description for f in named]
    assert {f.way.averaging for f in explain(given, {"ssim": "0.9"})} == {"images"}
    gray = explain(measure_images(pairs({"c": SR["c"]}), SCALE, ssim=False), {"psnr": "30.00"})
    figures = [(f"{f.figures['psnr']:.9f}", f.way.averaging) for f in gray]
    assert len(set(figures)) == len(figures)


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ({}, "nothing is claimed"),
        *(({"psnr": text}, "expected a number") for text in ("28,95", "", "-")),
        ({"ssim": "nan"}, "expected a number"),
        *(({"psnr": text}, "above 0 and at most 100.*exchanged") for text in ("0", "100.01")),
        *(({"ssim": text}, "no percentage.*exchanged") for text in ("28.42", "81.04", "-1.1")),
    ],
)
def test_claims_that_are_none_are_refused(claim: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        audit.read_claim(**claim)
    halves = {"28.95": 0.005, "28.9": 0.05, "29": 0.5, "0.7894": 5e-5}
    assert {text: audit.half_unit(text) for text in halves} == pytest.approx(halves)


def test_images_that_say_nothing_are_refused() -> None:
    hr, sr = HR["a"], SR["a"]
    for sr_image, hr_image, message in (
        (hr, hr, "SR images are identical to the HR images"),
        (hr[:24, :24] ^ 1, hr[:24, :24], "a: is 24x24 pixels; 11x11 must be left inside a bord"),
        (sr[:20], hr, "Give the scale that the SR images"),
    ):
        with pytest.raises(UserError, match=message):
            measure_images(pairs({"a": sr_image}, {"a": hr_image}), SCALE, ssim=False)


def test_command() -> None:
    for folder, images in (("hr", HR), ("sr", SR)):
        Path(folder).mkdir()
        for name, pixels in images.items():
            Image.fromarray(pixels).save(f"{folder}/{name}.png")
    psnr = means(HABITS["pyiqa"])[0]
    ssim = means(replace(HABITS["pyiqa"], luma_rounding=True))[1]
    for subject, claimed in (("sr", []), ("bicubic", []), ("sr", ["--ssim", f"{ssim:.6f}"])):
        words = ["audit", subject, "--scale", "2", "--data", "hr", "--psnr", f"{psnr:.4f}"]
        shown = CliRunner().invoke(app, [*words, *claimed]).output
        assert "PSNR [dB]" in shown
        assert ("SSIM" in shown) == bool(claimed)  # nothing is said where none was claimed
        simplest = "combinations give the claim to its printed digits, the simplest: pyiqa"
        assert f"{simplest}\n" in shown
        # Figures of one paper may come of two programs.
        assert ("\nno combination of " in shown) == bool(claimed)
        assert (f"{simplest}; luma_rounding=yes\n" in shown) == bool(claimed)


@pytest.mark.parametrize("scale", [2, 3])
def test_luma_alone_of_colour_images_is_scored_as_protocol_y(scale: int) -> None:
    """SR files of the SRCNN line of work have one channel, whatever the HR files have."""
    found = [evaluate_image(build_network("bicubic", scale), hr, Y) for hr in STACKED.values()]
    luma = made(Y, STACKED, scale)
    assert {image.ndim for image in luma.values()} == {2}
    measured = measure_images(pairs(luma, STACKED), scale, ssim=True)
    psnr, ssim = (np.mean([getattr(e, m) for e in found]) for m in ("psnr_db", "ssim"))
    findings = explain(measured, {"psnr": f"{psnr:.4f}", "ssim": f"{ssim:.5f}"})
    assert (findings[0].meets, findings[0].description) == (True, "y")
    # One channel does not tell what three would score.
    assert {f.way.metric for f in findings} == {"y", "yiq"}


def test_gray_beside_colour_is_not_taken_for_luma() -> None:
    """Programs that write gray images with one channel write colour ones with three."""
    sr = SR | {"d": made(COLOUR, STACKED)["d"][..., 0]}
    claim = {"psnr": f"{evaluated(PROTOCOLS['rgb'], STACKED):.4f}"}
    findings = explain(measure_images(pairs(sr, STACKED), SCALE, ssim=False), claim)
    assert (findings[0].meets, findings[0].description) == (True, "rgb")
