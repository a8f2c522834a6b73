"""Checks against closed forms and against the nominal coverage at small sample sizes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from pipeline.study.statistics import over_seeds, paired_difference


def test_summary_of_a_known_matrix() -> None:
    summary = over_seeds([[30.0, 32.0], [31.0, 35.0]])
    # per-seed means 31 and 33: mean 32, standard deviation sqrt(2)
    assert summary.mean == pytest.approx(32.0)
    assert summary.sd == pytest.approx(math.sqrt(2.0))
    assert (summary.seeds, summary.images) == (2, 2)


def test_spread_of_one_seed_is_unknown_not_zero() -> None:
    assert math.isnan(over_seeds([[30.0, 31.0, 32.0]]).sd)


def test_one_seed_matches_students_interval_over_images() -> None:
    d = np.random.default_rng(1).normal(0.2, 0.1, 40)
    base = np.random.default_rng(2).normal(28, 3, 40)
    found = paired_difference([base + d], [base])
    low, high = stats.t.interval(0.95, 39, d.mean(), stats.sem(d))
    assert found.mean == pytest.approx(d.mean())
    assert found.low == pytest.approx(low, abs=0.003)
    assert found.high == pytest.approx(high, abs=0.003)
    assert "images only" in found.note


def test_one_image_matches_students_interval_over_seeds() -> None:
    d = np.random.default_rng(3).normal(-0.1, 0.05, 30)
    found = paired_difference(d[:, None] + 30.0, np.full((30, 1), 30.0))
    low, high = stats.t.interval(0.95, 29, d.mean(), stats.sem(d))
    assert found.low == pytest.approx(low, abs=0.003)
    assert found.high == pytest.approx(high, abs=0.003)
    assert "one image" in found.note


def test_two_way_variance_adds_seed_and_image_parts() -> None:
    rng = np.random.default_rng(4)
    seed_effect, image_effect = rng.normal(0, 0.05, 25), rng.normal(0, 0.2, 60)
    d = 0.3 + seed_effect[:, None] + image_effect[None, :]
    found = paired_difference(d, np.zeros_like(d), resamples=20000)
    variance = seed_effect.var(ddof=1) / 25 + image_effect.var(ddof=1) / 60
    assert (found.high - found.low) / 2 == pytest.approx(1.98 * math.sqrt(variance), rel=0.05)
    assert found.note == ""


@pytest.mark.parametrize(
    ("seeds", "images", "seed_sd", "image_sd"),
    [(1, 5, 0.0, 0.1), (3, 5, 0.02, 0.1), (3, 14, 0.05, 0.1), (5, 14, 0.05, 0.0)],
)
def test_coverage_at_small_samples(
    seeds: int, images: int, seed_sd: float, image_sd: float
) -> None:
    rng = np.random.default_rng(5)
    repeats, covered = 400, 0
    for _ in range(repeats):
        d = (
            0.1
            + rng.normal(0, seed_sd, (seeds, 1))
            + rng.normal(0, image_sd, (1, images))
            + rng.normal(0, 0.02, (seeds, images))
        )
        found = paired_difference(d, np.zeros_like(d), resamples=499)
        covered += found.low <= 0.1 <= found.high
    # The plain percentile bootstrap covers 82 % of the cases with five images.
    assert covered / repeats > 0.90


def test_large_correlated_values_do_not_widen_a_paired_interval() -> None:
    rng = np.random.default_rng(6)
    images = rng.normal(28, 4, (1, 14)) + np.zeros((3, 1))
    found = paired_difference(images + 0.1 + rng.normal(0, 0.01, (3, 14)), images)
    assert found.high - found.low < 0.05


def test_constant_difference_has_a_point_interval() -> None:
    values = np.random.default_rng(7).normal(30, 3, (3, 14))
    found = paired_difference(values + 0.25, values)
    assert found.low == found.mean == found.high == pytest.approx(0.25)


def test_a_single_value_has_no_interval() -> None:
    found = paired_difference([[30.0]], [[29.0]])
    assert found.mean == 1.0
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_two_seeds_are_marked() -> None:
    rng = np.random.default_rng(8)
    assert "two seeds" in paired_difference(rng.normal(size=(2, 9)), rng.normal(size=(2, 9))).note


@settings(max_examples=25, deadline=None)
@given(hnp.arrays(np.float64, (3, 6), elements=st.floats(-50, 50)), st.floats(-20, 20))
def test_interval_brackets_the_mean_and_repeats(values: np.ndarray, shift: float) -> None:
    other = np.arange(18.0).reshape(3, 6)
    found = paired_difference(values + shift, other, resamples=199, seed=3)
    assert found.low - 1e-9 <= found.mean <= found.high + 1e-9
    assert found == paired_difference(values + shift, other, resamples=199, seed=3)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([[1.0, 2.0]], [[1.0]], "same seeds and the same images"),
        ([1.0, 2.0], [1.0, 2.0], r"\(seeds, images\)"),
        ([[float("nan")]], [[1.0]], "holds NaN"),
        ([[float("inf")]], [[1.0]], "infinite values"),
        ([[]], [[]], "at least one of each"),
    ],
)
def test_bad_input_is_named(first: list, second: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        paired_difference(first, second)


def test_an_image_reproduced_exactly_makes_the_mean_infinite() -> None:
    found = over_seeds([[30.0, float("inf")], [31.0, 32.0]])
    assert found.mean == float("inf")
    assert np.isnan(found.sd)
