"""Mean and spread over seeds, and paired differences with bootstrap intervals.

A trained network is measured as a matrix of per-image values, one row per training seed and one
column per test image. Both are samples: another seed or another photograph would have given other
numbers, so an interval that resamples images alone says nothing about training noise, and one that
resamples seeds alone says nothing about other images.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats


@dataclass(frozen=True)
class Summary:
    """Mean over images and seeds, and the spread of the per-seed means.

    Attributes
    ----------
    mean : float
        Mean over images, then over seeds, in the unit of the values.
    sd : float
        Sample standard deviation (n - 1) of the per-seed means; NaN for one seed.
    seeds, images : int
        Size of the sample.
    """

    mean: float
    sd: float
    seeds: int
    images: int


@dataclass(frozen=True)
class Difference:
    """Mean paired difference and its confidence interval.

    Attributes
    ----------
    mean : float
        Mean of first minus second, in the unit of the values.
    low, high : float
        Ends of the interval; NaN when there is neither a second image nor a second seed.
    seeds, images : int
        Size of the sample.
    note : str
        What the interval leaves out ("" when it covers images and at least three seeds).
    """

    mean: float
    low: float
    high: float
    seeds: int
    images: int
    note: str


def _matrix(values: ArrayLike, name: str) -> NDArray[np.float64]:
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2 or matrix.size == 0:
        raise ValueError(
            f"{name} has shape {matrix.shape}; expected (seeds, images) with at least one of each"
        )
    if np.isnan(matrix).any():
        raise ValueError(f"{name} holds NaN; check the rows it came from")
    return matrix


def over_seeds(values: ArrayLike) -> Summary:
    """Summarise one network on one dataset.

    Parameters
    ----------
    values : array_like, shape (seeds, images)
        PSNR in dB or SSIM of each image for each training seed. A network without seeds
        (interpolation, published weights) is one row. PSNR may be infinite (an image reproduced
        exactly), which makes the mean infinite and the spread unknown.

    Returns
    -------
    Summary

    Raises
    ------
    ValueError
        For an empty matrix, one with NaN, or one that is not two-dimensional.
    """
    matrix = _matrix(values, "values")
    per_seed = matrix.mean(axis=1)
    has_spread = len(per_seed) > 1 and np.isfinite(per_seed).all()
    sd = float(per_seed.std(ddof=1)) if has_spread else float("nan")
    return Summary(float(per_seed.mean()), sd, *matrix.shape)


def paired(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """First minus second, checked.

    Parameters
    ----------
    first, second : array_like, shape (seeds, images)
        Finite values of two networks for the same seeds and images.

    Returns
    -------
    ndarray of float64, shape (seeds, images)

    Raises
    ------
    ValueError
        When the shapes differ, or for an empty or non-finite matrix.
    """
    a, b = _matrix(first, "first"), _matrix(second, "second")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("first or second holds infinite values, whose difference is not defined")
    if a.shape != b.shape:
        raise ValueError(
            f"first has shape {a.shape} and second {b.shape}; a paired difference needs the same "
            "seeds and the same images in both"
        )
    return a - b


def _margins(d: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Seed effects and image effects, each where it was repeated."""
    return [d.mean(axis=axis) - d.mean() for axis in (1, 0) if d.shape[1 - axis] > 1]


def standard_error(d: NDArray[np.float64]) -> tuple[float, float]:
    """Two-way standard error of the mean of a matrix, and Satterthwaite's degrees of freedom.

    Parameters
    ----------
    d : ndarray of float64, shape (seeds, images)
        Paired differences. Seeds and images are crossed; the variances of both means are added.

    Returns
    -------
    error, freedom : float
        0 and infinity where every image and seed shows the same difference; NaN where neither
        was repeated.
    """
    margins = _margins(d)
    if not margins:
        return float("nan"), float("nan")
    variances = [float(m.var(ddof=1)) / len(m) for m in margins]
    if sum(variances) <= (np.finfo(np.float64).eps * np.abs(d).max()) ** 2:
        return 0.0, float("inf")
    freedom = sum(variances) ** 2 / sum(
        v**2 / (len(m) - 1) for v, m in zip(variances, margins, strict=True)
    )
    return float(np.sqrt(sum(variances))), freedom


def _sum_of_means(*effects: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    return np.sum([effect.mean(axis=axis) for effect in effects], axis=0)


def paired_difference(
    first: ArrayLike,
    second: ArrayLike,
    *,
    confidence: float = 0.95,
    resamples: int = 9999,
    seed: int = 0,
) -> Difference:
    """Difference between two networks on the same images, with a bootstrap interval.

    With d the matrix of differences, the seed effects are its row means and the image effects its
    column means, both less the grand mean. Seeds and images are crossed (every seed meets every
    image), so the two effects are resampled independently of each other and added to the grand
    mean: a two-way bootstrap. Its variance exceeds the true one by the seed-image interaction
    counted once more, which errs on the safe side.

    A plain percentile interval is too narrow for small samples: five images or three seeds are
    common here. Two standard corrections are applied. Effects are scaled by sqrt(n / (n - 1)), so
    that their bootstrap variance is the unbiased one, and the percentiles are moved outwards to
    those at which a normal bootstrap distribution gives Student's t interval (Hesterberg, "What
    Teachers Should Know About the Bootstrap", The American Statistician 2015, "expanded
    percentile"), with Satterthwaite's degrees of freedom for the sum of the two effects.

    Parameters
    ----------
    first, second : array_like, shape (seeds, images)
        Values of the two networks. Column j is the same image in both, row i the same seed
        (the same sequence of patches).
    confidence : float
        Between 0 and 1.
    resamples : int
        Bootstrap samples.
    seed : int
        Seed of the resampling: the same inputs give the same interval.

    Returns
    -------
    Difference
        With one seed the interval covers images only, with one image seeds only, and `note` says
        so; with neither repeated it is NaN. Two seeds have three distinct bootstrap means: when
        seeds dominate, the interval is the range of the bootstrap distribution, which is still
        narrower than Student's interval; `note` says that too.

    Raises
    ------
    ValueError
        When the shapes differ, or for an empty or non-finite matrix.
    """
    d = paired(first, second)
    mean = float(d.mean())
    seeds, images = d.shape

    notes = []
    if seeds == 1:
        notes.append("interval over images only (one seed)")
    elif seeds == 2:
        notes.append("two seeds: the interval understates training noise")
    if images == 1:
        notes.append("no interval over images (one image)")
    note = "; ".join(notes)

    margins = _margins(d)
    if not margins:
        return Difference(mean, float("nan"), float("nan"), seeds, images, note)
    error, freedom = standard_error(d)
    if error == 0:
        return Difference(mean, mean, mean, seeds, images, note)
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
    return Difference(
        mean, mean + float(interval.low), mean + float(interval.high), seeds, images, note
    )
