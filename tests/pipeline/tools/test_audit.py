"""The audit names the evaluation that made a figure."""

import math
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from PIL import Image
from skimage.metrics import structural_similarity
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.imaging.protocol import RGB, Protocol, Y, image_in_space, scored_planes
from pipeline.imaging.tensors import Pixels
from pipeline.models.networks import build_network
from pipeline.scoring.evaluation import Evaluation, evaluate_image, score
from pipeline.support.errors import UserError
from pipeline.tools.audit import (
    BORDERS,
    HABITS,
    PLANES,
    Claim,
    Combination,
    explain,
    half_unit,
    measure_images,
    measure_network,
    runs,
    separately,
    verdict,
)
from pipeline.tools.folders import GivenImages, Pair

SCALE = 2


def scene(seed: int, *, gray: bool = False) -> Pixels:
    """A picture with edges, texture and flat parts."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:44, :52]
    waves = [
        np.sin(x / rng.uniform(1.5, 8) + rng.uniform(0, 6)) * np.cos(y / rng.uniform(1.5, 8))
        for _ in range(3)
    ]
    image = np.stack(waves, axis=2) * 60 + 120 + 50 * (x + y > 50)[..., None]
    image += rng.normal(0, 6, image.shape)
    pixels = np.clip(image, 0, 255).astype(np.uint8)
    return pixels[..., 0] if gray else pixels


HR = {"a": scene(0), "b": scene(1), "c": scene(2, gray=True)}
NETWORK = build_network("bicubic", SCALE)
SR = {name: np.asarray(evaluate_image(NETWORK, hr).sr, np.uint8) for name, hr in HR.items()}
PAIRS = [(name, partial(SR.__getitem__, name), partial(HR.__getitem__, name)) for name in HR]
IMAGES = [(name, partial(HR.__getitem__, name)) for name in HR]


def score_image(
    sr: Pixels, hr: Pixels, scale: int, protocol: Protocol, name: str
) -> tuple[float, float]:
    """PSNR and SSIM as `mesr evaluate` has them."""
    given = GivenImages([(name, lambda: sr, lambda: hr)], scale)
    image, reference = given.prepared(sr, hr, protocol, name)
    return score(image_in_space(image, protocol), reference, scale, protocol, name=name)


# The names of protocols play no role in a combination.
PLAIN = replace(RGB, name="")


@pytest.fixture(scope="module")
def given():
    return measure_images(PAIRS, SCALE, ssim=True)


@pytest.fixture(scope="module")
def networks_own():
    return measure_network(NETWORK, IMAGES, ssim=False)


def means(protocol: Protocol) -> tuple[float, float]:
    """Scores of the SR images by the one way to scores."""
    found = [score_image(SR[name], HR[name], SCALE, protocol, name) for name in HR]
    return tuple(map(float, np.mean(found, axis=0)))  # type: ignore[return-value]


def draw(rng: np.random.Generator) -> Protocol:
    metric, rounding = PLANES[rng.integers(len(PLANES))]
    gray: Literal["replicate", "keep"] = ("replicate", "keep")[rng.integers(2)]
    return replace(
        PLAIN,
        metric=metric,
        luma_rounding=rounding,
        # Three equal channels, and their full-range luma, are the gray image again.
        gray=gray if metric == "y" else "replicate",
        border=BORDERS[rng.integers(len(BORDERS))],
        ssim_border=("valid", "replicate")[rng.integers(2)],
    )


def test_scoring_drawn_at_random_is_named_in_100_of_100_draws(given) -> None:
    rng = np.random.default_rng(7)
    for _ in range(100):
        protocol = draw(rng)
        psnr_db, ssim = means(protocol)
        findings = explain(given, Claim(f"{psnr_db:.2f}", f"{ssim:.4f}"))
        named = [f.combination for f in findings if f.meets]
        assert Combination(protocol) in named
        exact = next(f for f in findings if f.combination == Combination(protocol))
        assert exact.psnr_db == pytest.approx(psnr_db, abs=1e-9)
        assert exact.ssim == pytest.approx(ssim, abs=1e-12)


def test_lr_images_drawn_at_random_are_named(networks_own) -> None:
    rng = np.random.default_rng(8)
    ways = [run for run in runs() if run.downscaling == "matlab"]
    for _ in range(20):
        run = ways[rng.integers(len(ways))].protocol
        scoring = draw(rng)
        protocol = replace(
            run, gray=scoring.gray, border=scoring.border, sr_rounding=bool(rng.integers(2))
        )
        if run.space == "rgb":
            protocol = replace(protocol, metric=scoring.metric, luma_rounding=scoring.luma_rounding)
        found = [evaluate_image(NETWORK, hr, protocol).psnr_db for hr in HR.values()]
        findings = explain(networks_own, Claim(f"{np.mean(found):.2f}"))
        exact = next(f for f in findings if f.combination == Combination(protocol))
        assert exact.meets
        assert exact.psnr_db == pytest.approx(float(np.mean(found)), abs=1e-9)


def test_other_downscaling_is_named(networks_own) -> None:
    def shrunk(hr: Pixels) -> Pixels:
        size = hr.shape[1] // SCALE, hr.shape[0] // SCALE
        return np.asarray(Image.fromarray(hr).resize(size, Image.Resampling.BICUBIC))

    found = [evaluate_image(NETWORK, hr, lr=shrunk(hr)).psnr_db for hr in HR.values()]
    findings = explain(networks_own, Claim(f"{np.mean(found):.4f}"))
    assert "rgb; downscaling=pillow" in [f.description for f in findings if f.meets]


def test_data_range_of_ssim_and_mean_of_errors() -> None:
    planes = [(SR[n][SCALE:-SCALE, SCALE:-SCALE], HR[n][SCALE:-SCALE, SCALE:-SCALE]) for n in "ab"]
    ssims = []
    for sr, hr in planes:
        _, values = structural_similarity(
            sr.astype(float), hr.astype(float), win_size=11, gaussian_weights=True, sigma=1.5,
            use_sample_covariance=False, data_range=510, channel_axis=2, full=True,
        )  # fmt: skip
        ssims.append(values[5:-5, 5:-5].mean())
    mse = np.mean([((sr.astype(float) - hr) ** 2).mean() for sr, hr in planes])
    psnr_db = 10 * math.log10(255**2 / mse)
    claim = Claim(f"{psnr_db:.4f}", f"{np.mean(ssims):.6f}")
    findings = explain(measure_images(PAIRS[:2], SCALE, ssim=True), claim)
    protocol = replace(PLAIN, metric="rgb")
    expected = Combination(protocol, ssim_range=510, averaging="errors")
    assert [f.combination for f in findings if f.meets] == [expected]
    # Without gray images their treatment is not an option.
    assert not any("gray" in d for f in findings for d in f.differences)


@pytest.mark.parametrize("name", ["rgb", "y", "lapsrn", "imdn", "ntire", "dpsr-demo", "pyiqa"])
def test_habits_have_names_and_come_first(name: str, given) -> None:
    psnr_db, ssim = means(HABITS[name].protocol)
    findings = explain(given, Claim(f"{psnr_db:.4f}", f"{ssim:.6f}"))
    assert findings[0].description == name


def test_what_nothing_explains_gets_the_nearest(given) -> None:
    claim = Claim("55.55", "0.1234")
    findings = explain(given, claim)
    assert not any(f.meets for f in findings)
    assert [f.deviation for f in findings] == sorted(f.deviation for f in findings)
    text = verdict(findings, claim)
    assert text.startswith("no combination of ")
    assert " within 0.005 dB and 5e-05 of SSIM; nearest: " in text
    assert findings[0].description in text


def test_figures_of_two_programs_are_explained_separately(given) -> None:
    psnr_db = means(HABITS["pyiqa"].protocol)[0]
    ssim = means(replace(HABITS["pyiqa"].protocol, luma_rounding=True))[1]
    claim = Claim(f"{psnr_db:.4f}", f"{ssim:.6f}")
    assert not explain(given, claim)[0].meets
    assert separately(given, claim) == (
        "separately: PSNR by pyiqa; SSIM by pyiqa; luma_rounding=yes"
    )
    assert separately(given, Claim(claim.psnr_db)) == ""
    # One of the two is worth saying.
    found = explain(given, Claim("55.55"))[0]
    assert separately(given, Claim("55.55", claim.ssim)) == (
        f"separately: PSNR by no combination, nearest: {found.description} "
        f"({found.psnr_db:.4f} dB); SSIM by pyiqa; luma_rounding=yes"
    )
    assert separately(given, Claim("55.55", "0.1234")) == ""
    # What decides SSIM alone is not said of PSNR.
    plain = Claim(f"{means(RGB)[0]:.4f}", "0.1234")
    assert separately(given, plain).startswith("separately: PSNR by rgb; SSIM by no combination, ")


@pytest.mark.parametrize("metric", ["y", "rgb"])
@pytest.mark.parametrize("border", ["scale", "scale+6"])
def test_default_ssim_of_scikit_image_is_named(
    metric: Literal["y", "rgb"], border: Literal["scale", "scale+6"]
) -> None:
    protocol = replace(PLAIN, metric=metric, border=border)
    width = protocol.border_width(SCALE)
    ssims = []
    for name in "ab":
        sr, hr = (
            scored_planes(i, protocol)[width : 44 - width, width : 52 - width]
            for i in (SR[name], HR[name])
        )
        axis = 2 if metric == "rgb" else None
        ssims.append(structural_similarity(sr, hr, data_range=255, channel_axis=axis))
    measured = measure_images(PAIRS[:2], SCALE, ssim=True)
    combination = Combination(protocol, ssim_window="uniform")
    assert measured[combination][1] == pytest.approx(np.mean(ssims), abs=1e-12)
    findings = explain(measured, Claim(ssim=f"{np.mean(ssims):.6f}"))
    assert combination in [f.combination for f in findings if f.meets]
    if (metric, border) == ("y", "scale"):
        assert findings[0].description == "rgb; ssim_window=uniform"


def test_combinations_that_cannot_differ_are_listed_once(given) -> None:
    """Equal borders at x3, the mean of errors beside SSIM alone, colours of gray images."""
    for metric in ("yiq", "rgb"):
        findings = explain(given, Claim("30.00"))
        assert {f.combination.protocol.gray for f in findings
                if f.combination.protocol.metric == metric} == {"replicate"}  # fmt: skip

    network = build_network("bicubic", 3)
    nine = evaluate_image(network, HR["a"], replace(RGB, border="scale^2"))
    measured = measure_network(network, IMAGES[:1], ssim=False)
    named = [f for f in explain(measured, Claim(f"{nine.psnr_db:.6f}")) if f.meets]
    assert [f.combination.protocol.border for f in named] == ["scale+6"] * len(named)
    assert "rgb; border=scale+6" in [f.description for f in named]

    findings = explain(given, Claim(ssim="0.9"))
    assert {f.combination.averaging for f in findings} == {"images"}

    gray = explain(measure_images(PAIRS[2:], SCALE, ssim=False), Claim("30.00"))
    figures = [f"{f.psnr_db:.9f} {f.combination.averaging}" for f in gray]
    assert len(set(figures)) == len(figures)


@pytest.mark.parametrize(
    ("text", "half"), [("28.95", 0.005), ("28.9", 0.05), ("29", 0.5), ("0.7894", 5e-5)]
)
def test_printed_digits(text: str, half: float) -> None:
    assert half_unit(text) == pytest.approx(half)


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ({}, "nothing is claimed"),
        *(({"psnr_db": text}, "expected a number") for text in ("28,95", "", "-")),
        ({"ssim": "nan"}, "expected a number"),
        *(({"psnr_db": text}, "above 0 and at most 100.*exchanged") for text in ("0", "100.01")),
        *(({"ssim": text}, "no percentage.*exchanged") for text in ("28.42", "81.04", "-1.1")),
    ],
)
def test_claims_that_are_none_are_refused(claim: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Claim(**claim)


def test_images_that_say_nothing_are_refused() -> None:
    hr, sr = HR["a"], SR["a"]
    for images, message in (
        ((hr, hr), "SR images are identical to the HR images"),
        ((hr[:24, :24] ^ 1, hr[:24, :24]), "a: is 24x24 pixels; 11x11 must be left inside a bord"),
        ((sr[:20], hr), "Give the scale that the SR images"),
    ):
        with pytest.raises(UserError, match=message):
            measure_images([("a", *(partial(np.copy, i) for i in images))], SCALE, ssim=False)


def test_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder, images in (("hr", HR), ("sr", SR)):
        (tmp_path / folder).mkdir()
        for name, pixels in images.items():
            Image.fromarray(pixels).save(tmp_path / folder / f"{name}.png")
    claimed = f"{means(HABITS['pyiqa'].protocol)[0]:.2f}"
    arguments = ["--scale", "2", "--data", "hr", "--psnr", claimed]
    done = CliRunner().invoke(app, ["audit", "sr", *arguments])
    assert done.exit_code == 0, done.output
    assert "pyiqa" in done.output
    assert "combinations give the claim to its printed digits" in done.output
    assert "PSNR [dB]" in done.output
    assert "SSIM" not in done.output  # nothing was said about it
    done = CliRunner().invoke(app, ["audit", "bicubic", *arguments])
    assert done.exit_code == 0, done.output


# An RGB file whose three channels are equal, as `man` of Set14 is.
STACKED = {**HR, "d": np.stack([scene(3, gray=True)] * 3, axis=2)}


def luma_alone(scale: int) -> tuple[list[Pair], list[Evaluation]]:
    """SR images of the SRCNN line of work, which have one channel, and what they score."""
    network = build_network("bicubic", scale)
    made = {name: evaluate_image(network, hr, Y, name=name) for name, hr in STACKED.items()}
    luma = {name: np.asarray(e.sr, np.uint8) for name, e in made.items()}
    assert [image.ndim for image in luma.values()] == [2, 2, 2, 2]
    pairs = [
        (name, partial(luma.__getitem__, name), partial(STACKED.__getitem__, name))
        for name in STACKED
    ]
    return pairs, list(made.values())


@pytest.mark.parametrize("scale", [2, 3])
def test_luma_alone_of_colour_images_is_scored_as_protocol_y(scale: int) -> None:
    """SR files of the SRCNN line of work have one channel, whatever the HR files have."""
    pairs, made = luma_alone(scale)
    measured = measure_images(pairs, scale, ssim=True)
    psnr_db, ssim = (np.mean([getattr(e, m) for e in made]) for m in ("psnr_db", "ssim"))
    findings = explain(measured, Claim(f"{psnr_db:.4f}", f"{ssim:.5f}"))
    assert findings[0].meets
    assert findings[0].description == "y"
    # One channel does not tell what three would score.
    assert {f.combination.protocol.metric for f in findings} == {"y", "yiq"}


def test_gray_beside_colour_is_not_taken_for_luma() -> None:
    """Programs that write gray images with one channel write colour ones with three."""
    sr = SR | {"d": np.asarray(evaluate_image(NETWORK, STACKED["d"]).sr, np.uint8)[..., 0]}
    pairs = [(n, partial(sr.__getitem__, n), partial(STACKED.__getitem__, n)) for n in sr]
    found = [evaluate_image(NETWORK, hr) for hr in STACKED.values()]
    claim = Claim(f"{np.mean([e.psnr_db for e in found]):.4f}")
    findings = explain(measure_images(pairs, SCALE, ssim=False), claim)
    assert findings[0].meets
    assert findings[0].description == "rgb"


def test_luma_alone_is_no_colour_image() -> None:
    with pytest.raises(UserError, match="a: the SR image has one channel, the HR image three"):
        score_image(SR["a"][..., 0], HR["a"], SCALE, HABITS["ntire"].protocol, "a")
    # A colour file whose channels are equal is gray: so is its SR image.
    stacked = np.stack([HR["c"]] * 3, axis=2)
    gray = SR["c"][..., 0]
    assert score_image(gray, stacked, SCALE, RGB, "c") == score_image(
        gray, HR["c"], SCALE, RGB, "c"
    )
