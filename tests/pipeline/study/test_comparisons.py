"""Letters by hand and by another algorithm, tests of differences by SciPy and by simulation."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from statsmodels.stats.multitest import multipletests

from benchmarks.nominal_levels import shares
from pipeline.study.comparisons import (
    compare_all,
    compare_pairs,
    holm,
    letters,
    paired_test_power,
    seeds_to_resolve,
)


def noisy(
    gains: list[float], seeds: int, images: int, rng: np.random.Generator
) -> list[np.ndarray]:
    """Networks of known mean on images of very different difficulty, and noise of training."""
    hard = rng.normal(28, 4, images)
    return [
        gain
        + hard
        + rng.normal(0, 0.03 if seeds > 1 else 0, (seeds, 1))
        + rng.normal(0, 0.1, images)
        + rng.normal(0, 0.02, (seeds, images))
        for gain in gains
    ]


def test_one_seed_is_the_paired_t_test_over_images_with_holms_correction() -> None:
    networks = noisy([0.0, 0.05, 0.4], 1, 20, np.random.default_rng(1))
    pairs = compare_all(networks)
    assert [(pair.first, pair.second) for pair in pairs] == [(0, 1), (0, 2), (1, 2)]
    expected = [
        stats.ttest_rel(networks[i][0], networks[j][0]) for i, j in [(0, 1), (0, 2), (1, 2)]
    ]
    assert [pair.p for pair in pairs] == pytest.approx([test.pvalue for test in expected])
    # Holm by hand: the smallest p-value times 3, the next times 2, the largest as it is.
    order = np.argsort([pair.p for pair in pairs])
    by_hand = np.maximum.accumulate([pairs[k].p * m for k, m in zip(order, (3, 2, 1), strict=True)])
    assert [pairs[k].p_holm for k in order] == pytest.approx(np.minimum(by_hand, 1))
    # The interval of the pair that is tested first is Bonferroni's.
    interval = expected[order[0]].confidence_interval(1 - 0.05 / 3)
    assert (pairs[order[0]].low, pairs[order[0]].high) == pytest.approx(tuple(interval))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10_000), st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.5]), min_size=2, max_size=6),
    st.integers(1, 4),
)  # fmt: skip
def test_interval_excludes_zero_exactly_where_networks_are_told_apart(
    seed: int, gains: list[float], seeds: int
) -> None:
    pairs = compare_all(noisy(gains, seeds, 6, np.random.default_rng(seed)))
    for pair in pairs:
        assert pair.low <= pair.mean <= pair.high
        assert (pair.low > 0 or pair.high < 0) == pair.differs == (pair.p_holm <= 0.05)
        assert pair.p <= pair.p_holm


def test_networks_that_do_not_differ_are_told_apart_in_at_most_one_study_of_twenty() -> None:
    rng = np.random.default_rng(2)
    for seeds, images in ((1, 5), (3, 14)):
        wrong = sum(
            any(pair.differs for pair in compare_all(noisy([0.0] * 5, seeds, images, rng)))
            for _ in range(300)
        )
        assert wrong <= 0.05 * 300 + 2 * np.sqrt(0.05 * 0.95 * 300)


def test_networks_that_differ_much_are_told_apart() -> None:
    pairs = compare_all(noisy([0.0, 1.0, 2.0], 3, 14, np.random.default_rng(3)))
    assert all(pair.differs for pair in pairs)


def test_equal_and_constant_differences() -> None:
    values = np.random.default_rng(4).normal(30, 3, (3, 14))
    same, other, _ = compare_all([values, values, values + 0.25])
    assert (same.mean, same.p, same.differs) == (0.0, 1.0, False)
    assert (other.low, other.high) == pytest.approx((-0.25, -0.25))
    assert other.differs


def test_nothing_repeated_tells_nothing_apart() -> None:
    (pair,) = compare_all([[[30.0]], [[20.0]]])
    assert pair.mean == 10.0
    assert np.isnan([pair.p, pair.p_holm, pair.low, pair.high]).all()
    assert not pair.differs
    assert compare_all([[[30.0]]]) == []


def test_other_images_are_refused() -> None:
    with pytest.raises(ValueError, match="same seeds and the same images"):
        compare_all([[[1.0, 2.0]], [[1.0]]])


@pytest.mark.parametrize(
    ("count", "different", "expected"),
    [
        (1, [], ["a"]),
        (3, [], ["a", "a", "a"]),
        (3, [(0, 1), (0, 2), (1, 2)], ["a", "b", "c"]),
        (3, [(0, 2)], ["a", "ab", "b"]),
        # A chain: each is told apart from all but its neighbours.
        (4, [(0, 2), (0, 3), (1, 3)], ["a", "ab", "bc", "c"]),
        # The last varies so much that it is told apart from none.
        (4, [(0, 1), (0, 2), (1, 2)], ["a", "b", "c", "abc"]),
        # Not an order: the second and third differ, the first and last do not.
        (4, [(1, 2)], ["ab", "a", "b", "ab"]),
        # All pairs of {0, 1, 2} share another letter: no letter of their own.
        (6, [(0, 5), (1, 4), (2, 3), (3, 4), (3, 5), (4, 5)], ["ab", "ac", "bc", "a", "b", "c"]),
    ],
)
def test_letters_by_hand(count: int, different: list[tuple[int, int]], expected: list[str]) -> None:
    assert letters(count, different) == expected


def insert_and_absorb(count: int, different: set[tuple[int, int]]) -> set[frozenset[int]]:
    """Piepho's algorithm: split sets that hold a pair told apart, absorb those inside others."""
    columns = {frozenset(range(count))}
    for i, j in different:
        for column in [c for c in columns if {i, j} <= c]:
            columns.remove(column)
            columns |= {column - {i}, column - {j}}
        columns = {c for c in columns if not any(c < other for other in columns)}
    return columns


@st.composite
def verdicts(draw: st.DrawFn) -> tuple[int, set[tuple[int, int]]]:
    count = draw(st.integers(1, 9))
    pairs = list(combinations(range(count), 2))
    return count, {pair for pair in pairs if draw(st.booleans())}


@settings(max_examples=300, deadline=None)
@given(verdicts())
def test_two_share_a_letter_exactly_when_they_are_not_told_apart(
    verdict: tuple[int, set[tuple[int, int]]],
) -> None:
    count, different = verdict
    shown = letters(count, different)
    for i, j in combinations(range(count), 2):
        assert bool(set(shown[i]) & set(shown[j])) == ((i, j) not in different)
    assert shown[0][0] == "a"
    used = sorted(set("".join(shown)))
    assert used == list("abcdefghijklmnopqrstuvwxyz"[: len(used)])
    sets = {letter: {i for i in range(count) if letter in shown[i]} for letter in used}
    assert {frozenset(members) for members in sets.values()} <= insert_and_absorb(count, different)
    for letter, members in sets.items():  # none is superfluous
        rest = [other for name, other in sets.items() if name != letter]
        pairs = [{i, j} for i in members for j in members]
        assert not all(any(pair <= other for other in rest) for pair in pairs)


def test_letters_go_on_after_z() -> None:
    shown = letters(30, list(combinations(range(30), 2)))
    assert shown[25:28] == ["z", "a'", "b'"]


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
    needed = [seeds_to_resolve(0.05, sd, confidence=0.999) for sd in np.linspace(0.1, 0.4, 13)]
    assert needed == sorted(needed)
    assert needed[-1] / needed[0] == pytest.approx(16, rel=0.1)  # by the square of the spread


def test_seeds_find_the_difference_as_often_as_promised() -> None:
    seeds = seeds_to_resolve(0.05, 0.04, confidence=0.99, power=0.8)
    rng = np.random.default_rng(5)
    p = stats.ttest_1samp(rng.normal(0.05, 0.04, (4000, seeds)), 0, axis=1).pvalue
    assert (p < 0.01).mean() > 0.78
    fewer = stats.ttest_1samp(rng.normal(0.05, 0.04, (4000, seeds - 1)), 0, axis=1).pvalue
    assert (fewer < 0.01).mean() < 0.82


@pytest.mark.parametrize("sd", [0.0, 1e-16, 1e-4])
def test_without_spread_two_or_three_seeds_are_enough(sd: float) -> None:
    assert seeds_to_resolve(0.05, sd) in (2, 3)


def test_levels_are_nominal_where_training_noise_dominates() -> None:
    # docs/report.md says so: with few seeds, more than 5 %; with noise of images alone, 5 %.
    images, trainings = (shares(3, seed_sd_db, draws=3000)[0] for seed_sd_db in (0.0, 0.1))
    assert images == pytest.approx(0.05, abs=0.015)
    assert 0.055 < trainings < 0.1


def test_chosen_pairs_are_corrected_among_themselves() -> None:
    networks = noisy([0.0, 0.05, 0.4], 3, 20, np.random.default_rng(2))
    everything = {(pair.first, pair.second): pair for pair in compare_all(networks)}
    places = [(2, 1), (0, 1)]
    pairs = compare_pairs(networks, places)
    assert [(pair.first, pair.second) for pair in pairs] == places
    for pair in pairs:
        same = everything[min(pair.first, pair.second), max(pair.first, pair.second)]
        assert pair.p == pytest.approx(same.p)
        assert abs(pair.mean) == pytest.approx(abs(same.mean))
    smaller, larger = sorted(pair.p for pair in pairs)
    adjusted = sorted(pair.p_holm for pair in pairs)
    assert adjusted == pytest.approx([min(1, 2 * smaller), max(min(1, 2 * smaller), larger)])
    assert compare_pairs(networks, []) == []


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.001, 0.01, 0.02, 0.03, 0.3, 1.0]), min_size=1, max_size=9))
def test_holm_agrees_with_statsmodels(p: list[float]) -> None:
    expected, adjusted = multipletests(p, alpha=0.05, method="holm")[:2]
    rejected, ours = holm(np.array(p), 0.05)
    assert rejected.tolist() == expected.tolist()
    assert ours == pytest.approx(adjusted)
