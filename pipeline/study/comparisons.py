"""Which networks of a table are told apart: all pairs, Holm's correction, letters.

`pipeline.study.statistics` says what the standard error of a paired difference covers.
"""

from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations
from string import ascii_lowercase

import networkx as nx
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from pipeline.study.statistics import paired, standard_error


@dataclass(frozen=True)
class Pair:
    """Two networks of a comparison.

    Attributes
    ----------
    first, second : int
        Their positions among the compared networks.
    mean : float
        Mean of first minus second, in the unit of the values.
    low, high : float
        Ends of Student's interval at the level of the pair's step in Holm's procedure: it
        excludes 0 exactly where `differs`. NaN where neither seeds nor images were repeated.
    p, p_holm : float
        Two-sided p-value of no difference, as it is and with Holm's correction; NaN likewise.
    differs : bool
        Whether the two are told apart.
    """

    first: int
    second: int
    mean: float
    low: float
    high: float
    p: float
    p_holm: float
    differs: bool


def compare_all(networks: Sequence[ArrayLike], *, confidence: float = 0.95) -> list[Pair]:
    """Compare all pairs of networks on the same images with the same seeds.

    Each pair gets Student's test of its mean paired difference, with the two-way standard error
    over seeds and images. Holm's step-down procedure keeps the probability of telling any two
    apart that do not differ below ``1 - confidence``, whatever the dependence between the pairs, as
    far as the p-values are right. With two or three seeds they are too small where the spread over
    seeds dominates: docs/report.md has what a simulation gives.

    Intervals are Student's, not those of a bootstrap: with 91 pairs, Holm's first step is at the
    level 0.00055, whose tails a few thousand resamples do not reach.

    Parameters
    ----------
    networks : sequence of array_like, each of shape (seeds, images)
        Finite values. Column j is the same image in all, row i the same seed.
    confidence : float
        Between 0 and 1, of all pairs together.

    Returns
    -------
    list of Pair
        In the order of `itertools.combinations`; empty for fewer than two networks.

    Raises
    ------
    ValueError
        When the shapes differ, or for an empty or non-finite matrix.

    References
    ----------
    Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of
    Statistics 6 (1979).
    """
    places = list(combinations(range(len(networks)), 2))
    return compare_pairs(networks, places, confidence=confidence)


def compare_with_first(networks: Sequence[ArrayLike], *, confidence: float = 0.95) -> list[Pair]:
    """Compare each network with the first on the same images with the same seeds.

    As `compare_all`, which see, with Holm's correction over these pairs alone.

    Returns
    -------
    list of Pair
        The others in their order, each less the first; empty for fewer than two networks.
    """
    places = [(i, 0) for i in range(1, len(networks))]
    return compare_pairs(networks, places, confidence=confidence)


def compare_pairs(
    networks: Sequence[ArrayLike], places: Sequence[tuple[int, int]], *, confidence: float = 0.95
) -> list[Pair]:
    """Compare chosen pairs of networks on the same images with the same seeds.

    As `compare_all`, which see, with Holm's correction over these pairs alone.

    Parameters
    ----------
    places : sequence of (int, int)
        Positions in `networks`: each pair is the first less the second.

    Returns
    -------
    list of Pair
        In the order of `places`.
    """
    if not places:
        return []
    differences = [paired(networks[i], networks[j]) for i, j in places]
    means = np.array([d.mean() for d in differences])
    errors, freedoms = np.array([standard_error(d) for d in differences]).T
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where((errors == 0) & (means == 0), 0.0, np.abs(means) / errors)
    p = 2 * stats.t.sf(t, freedoms)
    if np.isnan(p).any():  # one seed and one image, in all pairs alike
        nan = float("nan")
        return [
            Pair(first, second, float(m), nan, nan, nan, nan, differs=False)
            for (first, second), m in zip(places, means, strict=True)
        ]
    alpha = 1 - confidence
    rejected, adjusted = holm(p, alpha)
    # The step at which a pair is tested; the procedure stops at the first that is not rejected.
    steps = np.minimum(np.argsort(np.argsort(p, kind="stable")), rejected.sum())
    reach = stats.t.isf(alpha / (len(p) - steps) / 2, freedoms) * errors
    numbers = np.array([means, means - reach, means + reach, p, adjusted]).T.tolist()
    return [
        Pair(first, second, mean, low, high, p_value, p_holm, bool(apart))
        for (first, second), (mean, low, high, p_value, p_holm), apart in zip(
            places, numbers, rejected, strict=True
        )
    ]


def holm(p: NDArray[np.float64], alpha: float) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Holm's step-down procedure; statsmodels has it too, and collects all garbage at each call.

    Parameters
    ----------
    p : ndarray of float64, shape (tests,)
        p-values.
    alpha : float
        Probability of rejecting any true hypothesis.

    Returns
    -------
    rejected : ndarray of bool
    adjusted : ndarray of float64
        p-values with the correction, at most 1.
    """
    order = np.argsort(p, kind="stable")
    factors = np.arange(len(p), 0, -1)
    rejected, adjusted = np.empty(len(p), dtype=bool), np.empty(len(p))
    rejected[order] = np.logical_and.accumulate(p[order] <= alpha / factors)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1)
    return rejected, adjusted


def letters(count: int, different: Collection[tuple[int, int]]) -> list[str]:
    """Compact letter display: two share a letter exactly when they are not told apart.

    A letter stands for a largest set of networks of which no two are told apart. Sets whose every
    pair shares another letter are left out.

    Parameters
    ----------
    count : int
        Number of networks, which are numbered from 0, the best first: it gets the letter a.
    different : collection of (int, int)
        Pairs that are told apart.

    Returns
    -------
    list of str
        One for each network, such as ``"ab"``; after ``z`` follow ``a'``, ``b'``.

    References
    ----------
    Piepho, "An Algorithm for a Letter-Based Representation of All-Pairwise Comparisons", Journal
    of Computational and Graphical Statistics 13 (2004).
    """
    alike = nx.complete_graph(count)
    alike.remove_edges_from(different)
    sets = sorted(sorted(clique) for clique in nx.find_cliques(alike))
    for members in sets[::-1]:
        others = [set(other) for other in sets if other is not members]
        needed = [{i, j} for i in members for j in members]
        if all(any(pair <= other for other in others) for pair in needed):
            sets.remove(members)
    found = [""] * count
    for number, members in enumerate(sets):
        rounds, letter = divmod(number, len(ascii_lowercase))
        for member in members:
            found[member] += ascii_lowercase[letter] + "'" * rounds
    return found


def spread_over_seeds(by_seed: Sequence[NDArray[np.float64]]) -> float:
    """Root mean square, over pairs of networks, of the spread over seeds of their difference.

    Parameters
    ----------
    by_seed : sequence of ndarray of float64, each of shape (seeds,)
        Finite means of two or more networks, of the same two or more seeds.
    """
    variances = [np.var(a - b, ddof=1) for a, b in combinations(by_seed, 2)]
    return float(np.sqrt(np.mean(variances)))


def seeds_to_resolve(
    difference: float, sd: float, *, confidence: float = 0.95, power: float = 0.8
) -> int:
    """Return how many seeds a paired t-test needs to find a difference of means.

    Parameters
    ----------
    difference : float
        True difference that shall be found, above 0.
    sd : float
        Standard deviation over seeds of the paired difference, in the same unit.
    confidence : float
        One less the probability of finding a difference where there is none.
    power : float
        Probability of finding the difference.

    Returns
    -------
    int
        At least 2.
    """
    effect = min(difference / sd, 1000.0) if sd else 1000.0  # beyond this nothing changes

    def found(seeds: int) -> float:
        return paired_test_power(effect, seeds, 1 - confidence)

    enough = 2
    while found(enough) < power:
        enough *= 2
    return bisect_left(range(enough), power, lo=max(2, enough // 2 + 1), hi=enough, key=found)


# Probabilities in the middle of equal parts: the mean over them integrates over a distribution.
_MIDDLES = (np.arange(4000) + 0.5) / 4000


def paired_test_power(effect: float, seeds: int, alpha: float) -> float:
    """Power of the two-sided paired t-test; SciPy's non-central t is NaN for many seeds.

    The statistic is (Z + shift) / S with Z standard normal and S the root of a chi-square variable
    over its degrees of freedom, so that the power is a mean over S of normal probabilities.

    Parameters
    ----------
    effect : float
        True mean difference over its standard deviation.
    seeds : int
        At least 2.
    alpha : float
        Level of the test.
    """
    freedom, shift = seeds - 1, effect * np.sqrt(seeds)
    spread = np.sqrt(stats.chi2.ppf(_MIDDLES, freedom) / freedom)
    bound = stats.t.isf(alpha / 2, freedom) * spread
    return float(np.mean(stats.norm.sf(bound - shift) + stats.norm.cdf(-bound - shift)))
