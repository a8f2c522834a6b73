"""The first sentence and the ranking: recomputed from invented images, whatever they say."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from reports.page.finding import Entry, Strip, corrected, evidence, finding, joined, ordinal, strips
from reports.results import Results, read_results
from tests.reports.html import block


@pytest.fixture(scope="module")
def data(quick: Path) -> Results:
    return read_results(quick / "results")


@pytest.fixture(scope="module")
def paper(full: Path) -> Results:
    return read_results(full / "results")


def entry(label: str, diff_db: float = float("nan"), reach: float = 0.1) -> Entry:
    is_mesr = label == "MESR"
    return Entry(label, is_mesr, 30.0, diff_db, diff_db - reach, diff_db + reach)


def strip(scale: int, *entries: Entry, seeds: int = 1) -> Strip:
    return Strip(scale, 5, seeds, entries, -1.0, 1.0)


def test_differences_are_those_of_the_same_images_and_seeds(paper: Results) -> None:
    found = strips(paper)
    assert [strip.scale for strip in found] == [2, 4]
    quality = paper["quality"].query("scale == 4 and source == 'trained' and seed != ''")
    both = quality[quality["model"] == "vdsr"].merge(
        quality[(quality["model"] == "mesr") & (quality["variant"] == "full")],
        on=["dataset", "image", "seed"],
        suffixes=("", "_mesr"),
    )
    differences = both["psnr_db"] - both["psnr_db_mesr"]
    own = next(e for e in found[1].entries if e.label == "VDSR")
    assert own.diff_db == pytest.approx(differences.mean())
    assert own.psnr_db == pytest.approx(both["psnr_db"].mean())
    # Between the two intervals that leave one source of chance out and their sum.
    by_image = differences.groupby([both["dataset"], both["image"]]).mean()
    half = stats.t.ppf(0.975, len(by_image) - 1) * stats.sem(by_image)
    assert own.high_db - own.low_db == pytest.approx(2 * half, rel=0.15)
    assert own.low_db < own.diff_db < own.high_db


def test_networks_stand_by_their_mean(data: Results) -> None:
    for strip in strips(data):
        means = [entry.psnr_db for entry in strip.entries]
        assert means == sorted(means, reverse=True)
        assert strip.place == 1
        assert strip.best.label == "MSRN"
        assert [strip.percent(end) for end in (strip.low_db, strip.high_db)] == [0, 100]
        assert 0 < strip.percent(0) <= 100


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ([], "No network was compared with MESR"),
        (
            [
                strip(2, entry("IDN", 0.5), entry("VDSR", 0.1), entry("MESR")),
                strip(3, entry("IDN", 0.3), entry("VDSR", 0.1), entry("MESR")),
                strip(4, entry("MSRN", 0.2), entry("MESR"), entry("IDN", -0.1)),
            ],
            "MESR comes 3rd of 3 at ×2 and ×3 and 2nd of 3 at ×4 by mean PSNR, 0.20 to 0.50 dB "
            "behind the best (IDN and MSRN)",
        ),
        (
            [strip(4, entry("MESR"), entry("IDN", -0.04))],
            "MESR comes 1st of 2 at ×4 by mean PSNR, 0.04 dB ahead of the next (IDN)",
        ),
        (
            [
                strip(2, entry("MESR"), entry("IDN", -0.04)),
                strip(4, entry("IDN", 0.1), entry("MESR")),
            ],
            "MESR comes 1st of 2 at ×2 and 2nd of 2 at ×4 by mean PSNR, 0.10 dB behind the best "
            "(IDN), 0.04 dB ahead of the next (IDN)",
        ),
        (
            [strip(2, entry("IDN"), entry("MESR"))],  # a PSNR is infinite
            "MESR comes 2nd of 2 at ×2 by mean PSNR",
        ),
    ],
)
def test_sentence_says_whatever_was_found(found: list[Strip], sentence: str) -> None:
    assert finding(found) == sentence


def test_evidence_counts_intervals_and_names_what_is_not_known() -> None:
    one = strip(4, entry("IDN", 0.2), entry("VDSR", 0.05), entry("MESR"))
    text = evidence([one], 0.95)
    assert "Of 2 differences to MESR over all test images together, 1 exclude zero" in text
    assert "bootstrap interval over images, not corrected for their number." in text
    assert "not known." in text
    both = evidence([one, replace(one, seeds=3)], 0.95)
    assert "over images and seeds" in both
    assert "not known where there is one seed." in both
    assert "known" not in evidence([replace(one, seeds=3)], 0.95)
    assert evidence([], 0.95) == ""


def test_corrected_comparisons_are_counted_with_those_of_several_seeds(compact: Path) -> None:
    data = read_results(compact / "results")
    claims = data["claims"]
    tested = claims[(claims["claim"] == "psnr_above") & (claims["verdict"] != "not tested")]
    counts = tested["verdict"].value_counts()
    text = corrected(data)
    assert f"better than a network in {counts['holds']} of {len(tested)} comparisons" in text
    assert f"not told apart in {counts['undecided']}" in text
    several = tested[tested["seeds"] > 1]["verdict"].value_counts()
    assert f"where there are several seeds, in {several.get('holds', 0)}, " in text
    none = claims.assign(verdict="not tested")
    assert corrected(replace(data, frames=data.frames | {"claims": none})) == ""


def test_a_perfect_image_has_no_difference(data: Results) -> None:
    frame = data["quality"].copy()
    frame.loc[(frame["model"] == "vdsr") & (frame["scale"] == 2), "psnr_db"] = np.inf
    found = strips(replace(data, frames=data.frames | {"quality": frame}))
    first = found[0].entries[0]
    assert (first.label, first.words, first.interval) == ("VDSR", "∞ dB", "")


def test_without_mesr_there_is_no_ranking(data: Results) -> None:
    frame = data["quality"]
    gone = frame[frame["model"] != "mesr"]
    assert strips(replace(data, frames=data.frames | {"quality": gone})) == []


def test_first_screen_shows_the_finding(data: Results, report: Path) -> None:
    summary = block(report, "summary")
    heading = summary.find("h1")
    assert heading is not None
    assert heading.get_text(strip=True) == finding(strips(data))
    assert len(summary.select(".strip")) == 3
    assert len(summary.select(".strip li.mesr")) == 3


@pytest.mark.parametrize(
    ("place", "words"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (21, "21st")]
)
def test_ordinals(place: int, words: str) -> None:
    assert ordinal(place) == words


def test_words_are_joined() -> None:
    assert [joined(list(text)) for text in ("", "a", "ab", "abc")] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


def test_frames_of_other_protocols_are_left_out(data: Results) -> None:
    frame = data["quality"]
    other = frame.assign(protocol="other", psnr_db=99.0)
    both = pd.concat([frame, other], ignore_index=True)
    found = strips(replace(data, frames=data.frames | {"quality": both}))
    assert [s.entries for s in found] == [s.entries for s in strips(data)]
