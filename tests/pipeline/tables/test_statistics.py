"""Statistics against closed forms, SciPy, statsmodels, quadrature and simulation."""

import math
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from statsmodels.stats.multitest import multipletests

from benchmarks.nominal_levels import shares
from pipeline.tables.statistics import (
    bootstrap_interval,
    compare,
    interquartile_mean,
    kendall,
    letters,
    mean_and_sd,
    paired_test_power,
    pooled_variance,
    probability_of_improvement,
    seeds_to_resolve,
    spearman,
    standard_error,
)


def noise(
    seeds: int, images: int, rng: np.random.Generator, seed_sd: float = 0.03, image_sd: float = 0.1
) -> np.ndarray:
    """Paired differences without a true one."""
    effects = rng.normal(0, seed_sd if seeds > 1 else 0, (seeds, 1)) + rng.normal(
        0, image_sd, (1, images)
    )
    return effects + rng.normal(0, 0.02, (seeds, images))


def test_mean_and_spread_of_a_known_matrix() -> None:
    # means of the seeds 31 and 33: mean 32, standard deviation sqrt(2)
    assert mean_and_sd([[30.0, 32.0], [31.0, 35.0]]) == pytest.approx((32.0, math.sqrt(2.0)))
    mean, sd = mean_and_sd([[30.0, 31.0, 32.0]])
    assert (mean, math.isnan(sd)) == (31.0, True)  # unknown, not 0
    mean, sd = mean_and_sd([[30.0, math.inf], [31.0, 32.0]])
    assert (mean, math.isnan(sd)) == (math.inf, True)


def test_the_two_way_error_adds_the_variances_of_seeds_and_images() -> None:
    rng = np.random.default_rng(4)
    seed_effect, image_effect = rng.normal(0, 0.05, 25), rng.normal(0, 0.2, 60)
    d = 0.3 + seed_effect[:, None] + image_effect[None, :]
    parts = seed_effect.var(ddof=1) / 25, image_effect.var(ddof=1) / 60
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / 24 + parts[1] ** 2 / 59)
    assert standard_error(d) == pytest.approx((math.sqrt(sum(parts)), freedom))


@pytest.mark.parametrize("shape", [(1, 40), (30, 1)])
def test_one_seed_or_one_image_gives_students_interval(shape: tuple[int, int]) -> None:
    d = np.random.default_rng(1).normal(0.2, 0.1, shape)
    low, high = stats.t.interval(0.95, d.size - 1, d.mean(), stats.sem(d.ravel()))
    assert bootstrap_interval(d) == pytest.approx((low, high), abs=0.005)
    row = compare({"": d}).iloc[0]
    assert (row["low_db"], row["high_db"]) == pytest.approx((low, high))
    assert row["p"] == pytest.approx(stats.ttest_1samp(d.ravel(), 0).pvalue)


@pytest.mark.parametrize(
    ("seeds", "images", "seed_sd", "image_sd"),
    [(1, 5, 0.0, 0.1), (3, 5, 0.02, 0.1), (3, 14, 0.05, 0.1), (5, 14, 0.05, 0.0)],
)
def test_bootstrap_intervals_of_small_samples_are_nearly_as_wide_as_students(
    seeds: int, images: int, seed_sd: float, image_sd: float
) -> None:
    rng, ratios = np.random.default_rng(5), []
    for _ in range(60):
        d = noise(seeds, images, rng, seed_sd, image_sd)
        low, high = bootstrap_interval(d, resamples=999)
        error, freedom = standard_error(d)
        ratios.append((high - low) / (2 * error * stats.t.isf(0.025, freedom)))
    # Without the scaling of the effects, five images give 0.83.
    assert 0.9 < np.mean(ratios) < 1.0


def test_a_constant_difference_has_a_point_interval_and_a_single_value_none() -> None:
    constant = np.full((3, 14), 0.25)
    assert bootstrap_interval(constant) == (0.25, 0.25)
    frame = compare({"constant": constant, "nothing": np.zeros((3, 14)), "alone": np.ones((1, 1))})
    assert tuple(frame.loc["constant", ["low_db", "high_db"]]) == (0.25, 0.25)
    assert list(frame["verdict"]) == ["higher", "not significant", ""]
    assert frame.loc["nothing", "p"] == 1.0
    assert frame.loc["alone", ["p", "p_holm", "low_db", "high_db"]].isna().all()
    assert np.isnan(bootstrap_interval(np.ones((1, 1)))).all()


def test_several_differences_are_corrected_together() -> None:
    rng = np.random.default_rng(1)
    d = {name: noise(1, 20, rng) + mean for name, mean in zip("abc", (0, 0.05, 0.4), strict=True)}
    frame = compare(d)
    tests = {name: stats.ttest_1samp(values[0], 0) for name, values in d.items()}
    assert list(frame["p"]) == pytest.approx([test.pvalue for test in tests.values()])
    adjusted = multipletests(frame["p"], method="holm")[1]
    assert list(frame["p_holm"]) == pytest.approx(adjusted)
    # The interval of the one that is tested first is Bonferroni's.
    first = frame["p"].idxmin()
    interval = tests[first].confidence_interval(1 - 0.05 / 3)
    assert tuple(frame.loc[first, ["low_db", "high_db"]]) == pytest.approx(tuple(interval))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10_000),
    st.lists(st.sampled_from([0.0, 0.1, -0.2, 0.5]), min_size=1, max_size=6),
    st.integers(1, 4),
)
def test_an_interval_excludes_zero_exactly_where_the_verdict_says_so(
    seed: int, gains: list[float], seeds: int
) -> None:
    rng = np.random.default_rng(seed)
    frame = compare({str(n): noise(seeds, 6, rng) + gain for n, gain in enumerate(gains)})
    for row in frame.to_dict("records"):
        assert row["low_db"] <= row["diff_db"] <= row["high_db"]
        sides = {"higher": row["low_db"] > 0, "lower": row["high_db"] < 0}
        assert [name for name, out in sides.items() if out] == [
            name for name in sides if name == row["verdict"]
        ]
        assert (row["verdict"] == "not significant") == (row["p_holm"] > 0.05)
        assert row["p"] <= row["p_holm"]


def test_the_pooled_spread_is_that_of_the_two_way_layout() -> None:
    means = np.random.default_rng(3).normal(28, 0.1, (4, 3))  # networks x seeds
    residuals = means - means.mean(0) - means.mean(1, keepdims=True) + means.mean()
    variance, freedom = pooled_variance(list(means))
    assert freedom == 3 * 2
    assert variance == pytest.approx(2 * (residuals**2).sum() / freedom)


def test_pooling_replaces_a_spread_that_is_small_by_chance() -> None:
    rng = np.random.default_rng(7)
    d = 0.06 + rng.normal(0, 0.02, (1, 14)) + np.array([[0.001], [-0.001], [0.0]])
    alone, pooled = compare({"": d}), compare({"": d}, pooled={"": (0.05**2, 8)})
    assert alone["p"].iloc[0] < 0.001
    assert pooled["p"].iloc[0] > 0.05
    error, _ = standard_error(d, (0.05**2, 8))
    assert error == pytest.approx(math.sqrt(0.05**2 / 3 + d.mean(0).var(ddof=1) / 14))


@pytest.mark.parametrize(
    ("count", "different", "expected"),
    [
        (1, [], ["a"]),
        (3, [], ["a", "a", "a"]),
        (3, [(0, 1), (0, 2), (1, 2)], ["a", "b", "c"]),
        (3, [(0, 2)], ["a", "ab", "b"]),
        # A chain: each differs from all but its neighbours.
        (4, [(0, 2), (0, 3), (1, 3)], ["a", "ab", "bc", "c"]),
        # The last varies so much that it differs from none.
        (4, [(0, 1), (0, 2), (1, 2)], ["a", "b", "c", "abc"]),
        # Not an order: the second and third differ, the first and last do not.
        (4, [(1, 2)], ["ab", "a", "b", "ab"]),
        # All pairs of {0, 1, 2} share another letter: no letter of their own.
        (6, [(0, 5), (1, 4), (2, 3), (3, 4), (3, 5), (4, 5)], ["ab", "ac", "bc", "a", "b", "c"]),
    ],
)
def test_letters_by_hand(count: int, different: list[tuple[int, int]], expected: list[str]) -> None:
    assert letters(count, different) == expected


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 9), st.data())
def test_two_share_a_letter_exactly_when_they_do_not_differ(
    count: int, data: st.DataObject
) -> None:
    pairs = list(combinations(range(count), 2))
    different = {pair for pair in pairs if data.draw(st.booleans())}
    shown = letters(count, different)
    for i, j in pairs:
        assert bool(set(shown[i]) & set(shown[j])) == ((i, j) not in different)
    assert shown[0][0] == "a"
    used = sorted(set("".join(shown)))
    assert used == list("abcdefghijklmnopqrstuvwxyz"[: len(used)])
    sets = {letter: {i for i in range(count) if letter in shown[i]} for letter in used}
    for letter, members in sets.items():  # none is superfluous
        rest = [other for name, other in sets.items() if name != letter]
        inside = [{i, j} for i in members for j in members]
        assert not all(any(pair <= other for other in rest) for pair in inside)


def test_letters_go_on_after_z() -> None:
    assert letters(30, list(combinations(range(30), 2)))[25:28] == ["z", "a'", "b'"]


def test_rank_correlations_and_robust_aggregates() -> None:
    assert kendall([1, 2, 3, 4], [1, 2, 4, 3]) == pytest.approx(4 / 6)  # 5 pairs agree, 1 does not
    assert math.isnan(kendall([1.0], [1.0]))
    assert spearman([1, 2, 3, 4], [10, 20, 40, 30]) == pytest.approx(1 - 6 * 2 / (4 * 15))
    assert math.isnan(spearman([1, 2], [1, 2]))
    assert interquartile_mean([[0, 1, 2, 3], [4, 5, 6, 1000]]) == 3.5
    assert probability_of_improvement([[1, 1], [3, 0]], [[2, 1]]) == pytest.approx((0.5 + 0.25) / 2)


@pytest.mark.parametrize(
    ("effect", "expected"),
    # Sample sizes of the matched-pairs t-test at 5 %, power 80 %, as G*Power gives them.
    [(0.2, 199), (0.5, 34), (0.8, 15)],
)
def test_seeds_are_those_of_published_tables(effect: float, expected: int) -> None:
    assert seeds_to_resolve(effect * 0.1, 0.1) == expected


@pytest.mark.parametrize("seeds", [2, 3, 10, 100, 1000])
@pytest.mark.parametrize("effect", [0.05, 0.3, 2.0])
@pytest.mark.parametrize("alpha", [0.05, 0.05 / 91])
def test_power_is_the_integral_over_the_spread(effect: float, seeds: int, alpha: float) -> None:
    # SciPy's non-central t is no reference: its lower tail is wrong, and it is NaN at many seeds.
    freedom, shift = seeds - 1, effect * seeds**0.5
    bound = stats.t.isf(alpha / 2, freedom)

    def integrand(spread: float) -> float:
        density = stats.chi.pdf(spread * freedom**0.5, freedom) * freedom**0.5
        found = stats.norm.sf(bound * spread - shift) + stats.norm.cdf(-bound * spread - shift)
        return float(density * found)

    width = 8 / (2 * freedom) ** 0.5
    edges = [max(0.0, 1 - width), *(x for x in (0.001, 0.01, 0.1) if x > 1 - width), 1 + width]
    expected = sum(integrate.quad(integrand, *ends, limit=500)[0] for ends in pairwise(edges))
    assert paired_test_power(effect, seeds, alpha) == pytest.approx(expected, abs=2e-5)


def test_many_seeds_are_counted_one_by_one() -> None:
    # By numeric integration of the normal over the chi distribution; powers of two are traps.
    for sd, expected in ((0.308, 707), (0.226, 384), (0.145, 162), (0.18, 246)):
        assert seeds_to_resolve(0.05, sd, confidence=1 - 0.05 / 91) == expected
    assert all(seeds_to_resolve(0.05, sd) in (2, 3) for sd in (0.0, 1e-16, 1e-4))


def test_levels_are_nominal_where_training_noise_dominates() -> None:
    # docs/report.md says so: with few seeds, more than 5 %; with noise of images alone, 5 %.
    images, trainings = (shares(3, seed_sd_db, draws=1000)[0] for seed_sd_db in (0.0, 0.1))
    assert images == pytest.approx(0.05, abs=0.02)
    assert 0.055 < trainings < 0.11
