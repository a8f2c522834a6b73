"""Statistics of scores: spread over seeds, paired differences with intervals, verdicts, rankings.

A trained network is measured as a matrix of per-image values, one row a training seed and one
column a test image. Both are samples: another seed or another photograph would have given other
numbers, so an interval that resamples images alone says nothing about training noise, and one that
resamples seeds alone says nothing about other images.
"""

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from itertools import combinations
from string import ascii_lowercase
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Matrix = NDArray[np.float64]
NAN = float("nan")

# What is said of a paired difference A minus B; "" where nothing can be.
HIGHER, LOWER, NOT_SIGNIFICANT = "higher", "lower", "not significant"


def mean_and_sd(values: ArrayLike) -> tuple[float, float]:
    """Mean over images, then over seeds, and the standard deviation of the means of the seeds.

    Parameters
    ----------
    values : array_like, shape (seeds, images)
        PSNR in dB or SSIM. PSNR may be infinite (an image reproduced exactly), which makes the
        mean infinite and the spread unknown.

    Returns
    -------
    mean, sd : float
        `sd` is the sample standard deviation (n - 1); NaN for one seed.
    """
    by_seed = np.asarray(values, dtype=np.float64).mean(axis=1)
    spread = len(by_seed) > 1 and np.isfinite(by_seed).all()
    return float(by_seed.mean()), float(by_seed.std(ddof=1)) if spread else NAN


def _margins(d: Matrix) -> list[Matrix]:
    """Seed effects and image effects, each where it was repeated."""
    return [d.mean(axis=axis) - d.mean() for axis in (1, 0) if d.shape[1 - axis] > 1]


def standard_error(d: Matrix, pooled: tuple[float, int] | None = None) -> tuple[float, float]:
    """Two-way standard error of the mean of a matrix, and Satterthwaite's degrees of freedom.

    Parameters
    ----------
    d : ndarray of float64, shape (seeds, images)
        Paired differences. Seeds and images are crossed; the variances of both means are added.
    pooled : (float, int), optional
        Variance over seeds of a difference of two means, and its degrees of freedom, in place of
        that of `d`: see `pooled_variance`.

    Returns
    -------
    error, freedom : float
        0 and infinity where every image and seed shows the same difference; NaN where neither
        was repeated.
    """
    margins = _margins(d)
    if not margins:
        return NAN, NAN
    variances = [float(m.var(ddof=1)) / len(m) for m in margins]
    freedoms = [len(m) - 1 for m in margins]
    if pooled is not None and len(d) > 1:
        variances[0], freedoms[0] = pooled[0] / len(d), pooled[1]
    total = sum(variances)
    if total <= (np.finfo(np.float64).eps * np.abs(d).max()) ** 2:
        return 0.0, float("inf")
    terms = (v**2 / f for v, f in zip(variances, freedoms, strict=True))
    return float(np.sqrt(total)), total**2 / sum(terms)


def pooled_variance(by_seed: Sequence[ArrayLike]) -> tuple[float, int]:
    """Variance over seeds of the difference of two networks, pooled over all pairs of them.

    The mean over all pairs is twice the residual variance of the layout networks x seeds without
    interaction, with (networks - 1) (seeds - 1) degrees of freedom. Two or three seeds give a
    variance by chance far too small; several networks that vary alike make that rarer.

    Parameters
    ----------
    by_seed : sequence of array_like, each of shape (seeds,)
        Finite means of two or more networks, of the same two or more seeds.

    Returns
    -------
    variance, freedom : float, int
    """
    means = np.asarray(by_seed, dtype=np.float64)
    variances = [np.var(a - b, ddof=1) for a, b in combinations(means, 2)]
    return float(np.mean(variances)), (means.shape[0] - 1) * (means.shape[1] - 1)


def _sum_of_means(*effects: Matrix, axis: int) -> Matrix:
    return np.sum([effect.mean(axis=axis) for effect in effects], axis=0)


def bootstrap_interval(
    d: Matrix, *, confidence: float = 0.95, resamples: int = 9999, seed: int = 0
) -> tuple[float, float]:
    """Bootstrap interval of a mean paired difference, over images and seeds.

    The seed effects of a matrix are its row means and the image effects its column means, both
    minus the grand mean. Seeds and images are crossed (every seed meets every image), so the two
    effects are resampled independently of each other and added to the grand mean: a two-way
    bootstrap. Its variance exceeds the true one by the seed-image interaction counted once more,
    which errs on the safe side.

    A plain percentile interval is too narrow for small samples: five images or three seeds are
    common here. Two standard corrections are applied. Effects are scaled by sqrt(n / (n - 1)), so
    that their bootstrap variance is the unbiased one, and the percentiles are moved outwards to
    those at which a normal bootstrap distribution gives Student's t interval (Hesterberg, "What
    Teachers Should Know About the Bootstrap", The American Statistician 2015, "expanded
    percentile"), with Satterthwaite's degrees of freedom for the sum of the two effects.

    Two or three seeds have few distinct bootstrap means: where seeds dominate, the interval is
    narrower than Student's, and the two may disagree on whether 0 lies inside.

    Parameters
    ----------
    d : ndarray of float64, shape (seeds, images)
        Finite paired differences.
    confidence : float
        Between 0 and 1.
    resamples : int
        Bootstrap samples.
    seed : int
        Seed of the resampling: the same inputs give the same interval.

    Returns
    -------
    low, high : float
        NaN where neither seeds nor images were repeated.
    """
    mean, margins = float(d.mean()), _margins(d)
    if not margins:
        return NAN, NAN
    error, freedom = standard_error(d)
    if error == 0:
        return mean, mean
    tail = stats.norm.cdf(stats.t.ppf((1 - confidence) / 2, freedom))
    interval = stats.bootstrap(
        [m * np.sqrt(len(m) / (len(m) - 1)) for m in margins],
        _sum_of_means,
        n_resamples=resamples,
        confidence_level=1 - 2 * tail,
        method="percentile",
        vectorized=True,
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return mean + float(interval.low), mean + float(interval.high)


def compare(
    differences: Mapping[Any, Matrix],
    *,
    confidence: float = 0.95,
    pooled: Mapping[Any, tuple[float, int]] | None = None,
) -> pd.DataFrame:
    """Test several paired differences together: Student's test with Holm's correction.

    Each difference gets Student's test of its mean, with the two-way standard error over seeds and
    images. Holm's step-down procedure keeps the probability of calling any difference significant
    that is none below ``1 - confidence``, whatever the dependence between them, as far as the
    p-values are right. With two or three seeds they are too small where the spread over seeds
    dominates: docs/report.md has what a simulation gives.

    Intervals are Student's, not those of a bootstrap: with 91 pairs, Holm's first step is at the
    level 0.00055, whose tails a few thousand resamples do not reach.

    Parameters
    ----------
    differences : mapping of name to ndarray of float64, each of shape (seeds, images)
        Finite paired differences A minus B. They are corrected for their number.
    confidence : float
        Between 0 and 1, of all together.
    pooled : mapping of name to (float, int), optional
        As of `standard_error`, of those that have one.

    Returns
    -------
    DataFrame
        Indexed by name: ``seeds``, ``images``, ``diff_db`` (the mean), ``low_db``, ``high_db``
        (the interval at the level of the difference's step in Holm's procedure: it excludes 0
        exactly where the verdict is "higher" or "lower"), ``p``, ``p_holm``, ``verdict``. Where
        neither seeds nor images were repeated, NaN and "".

    References
    ----------
    Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of
    Statistics 6 (1979).
    """
    pooled = pooled or {}
    found = pd.DataFrame(
        [(*d.shape, d.mean(), *standard_error(d, pooled.get(n))) for n, d in differences.items()],
        index=list(differences),
        columns=["seeds", "images", "diff_db", "error", "freedom"],
    )
    means, errors = found["diff_db"], found["error"]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where((errors == 0) & (means == 0), 0.0, np.abs(means) / errors)
    found["p"] = 2 * stats.t.sf(t, found["freedom"])
    found[["reach", "p_holm"]], found["verdict"] = NAN, ""
    alpha, tested = 1 - confidence, found["p"].notna()
    p = found.loc[tested, "p"].to_numpy()
    rejected, found.loc[tested, "p_holm"] = holm(p, alpha)
    # The step at which each is tested; the procedure stops at the first that is not rejected.
    steps = np.minimum(np.argsort(np.argsort(p, kind="stable")), rejected.sum())
    reach = stats.t.isf(alpha / (len(p) - steps) / 2, found.loc[tested, "freedom"])
    found.loc[tested, "reach"] = reach * errors[tested]
    signs = np.where(means[tested] > 0, HIGHER, LOWER)
    found.loc[tested, "verdict"] = np.where(rejected, signs, NOT_SIGNIFICANT)
    found["low_db"], found["high_db"] = means - found["reach"], means + found["reach"]
    return found[["seeds", "images", "diff_db", "low_db", "high_db", "p", "p_holm", "verdict"]]


def holm(p: ArrayLike, alpha: float) -> tuple[NDArray[np.bool_], Matrix]:
    """Holm's step-down procedure; statsmodels has it too, and collects all garbage at each call.

    Parameters
    ----------
    p : array_like, shape (tests,)
        p-values.
    alpha : float
        Probability of rejecting any true hypothesis.

    Returns
    -------
    rejected : ndarray of bool
    adjusted : ndarray of float64
        p-values with the correction, at most 1.
    """
    p = np.asarray(p, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    factors = np.arange(len(p), 0, -1)
    rejected, adjusted = np.empty(len(p), dtype=bool), np.empty(len(p))
    rejected[order] = np.logical_and.accumulate(p[order] <= alpha / factors)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1)
    return rejected, adjusted


def letters(count: int, different: Collection[tuple[int, int]]) -> list[str]:
    """Compact letter display: two share a letter exactly when they do not differ significantly.

    A letter stands for a largest set of networks of which no two differ. Sets whose every pair
    shares another letter are left out.

    Parameters
    ----------
    count : int
        Number of networks, which are numbered from 0, the best first: it gets the letter a.
    different : collection of (int, int)
        Pairs that differ.

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


def kendall(first: ArrayLike, second: ArrayLike) -> float:
    """Kendall's tau-b of two rankings of the same networks; NaN for fewer than two."""
    if np.size(first) < 2:
        return NAN
    return float(stats.kendalltau(first, second).statistic)


def spearman(first: ArrayLike, second: ArrayLike) -> float:
    """Spearman's rank correlation; NaN for fewer than three networks."""
    if np.size(first) < 3:
        return NAN
    return float(stats.spearmanr(first, second).statistic)


def interquartile_mean(values: ArrayLike) -> float:
    """Mean of the middle half of all values: one failed training does not move it."""
    return float(stats.trim_mean(np.ravel(np.asarray(values, dtype=np.float64)), 0.25))


def probability_of_improvement(first: ArrayLike, second: ArrayLike) -> float:
    """Probability that a training of the first network beats one of the second on an image.

    Parameters
    ----------
    first, second : array_like, each of shape (seeds, images)
        Scores on the same images; the numbers of seeds may differ.

    Returns
    -------
    float
        Mean over images of the share of pairs of seeds in which the first is higher; equal scores
        count half (Agarwal et al., "Deep Reinforcement Learning at the Edge of the Statistical
        Precipice", NeurIPS 2021).
    """
    a, b = (np.asarray(values, dtype=np.float64) for values in (first, second))
    above = np.sign(a[:, None, :] - b[None, :, :])
    return float((above.mean() + 1) / 2)


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
        One minus the probability of finding a difference where there is none.
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
