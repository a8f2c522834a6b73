"""Finding the same photograph in two sets of images: whole, cut, shifted, resized or re-encoded.

Each image is described once, by binary features of its corners. A pair whose features agree at
many places is laid over each other by the similarity that most of them agree on, and counts when
the grey levels correlate where the two cover each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.feature import ORB
from skimage.transform import SimilarityTransform, resize, warp

from pipeline.imaging.colour import rgb_to_gray
from pipeline.imaging.tensors import Image, Pixels

SIDE = 256  # of the longer side of the images that are compared
FEATURES = 300
BITS = 256
CLOSE = 64  # differing bits of two features that may be the same place; 128 are chance
MOST = 60  # pairs of places that are looked at, the closest
INLIERS = 8  # places that must agree on one similarity
CORRELATION = 0.9
SMALLEST_SHARE = 0.05  # of either image that must be covered


@dataclass(frozen=True)
class Overlap:
    """Two images that show the same photograph.

    Attributes
    ----------
    first, second : str
        Names of the images.
    correlation : float
        Of the grey levels where the two cover each other.
    share_of_first, share_of_second : float
        Of each image that the other covers: both near 1 for whole images, one for a cut.
    """

    first: str
    second: str
    correlation: float
    share_of_first: float
    share_of_second: float


@dataclass(frozen=True)
class _Described:
    gray: Image  # (h, w) in 0..1
    places: NDArray[np.complex128]  # (n,), x + iy
    signs: NDArray[np.float32]  # (n, BITS), -1 and 1


def find_overlaps(first: Mapping[str, Pixels], second: Mapping[str, Pixels]) -> list[Overlap]:
    """Find the photographs that two sets of images share.

    Parameters
    ----------
    first, second : mapping of str to ndarray
        uint8, (H, W, 3) or (H, W).

    Returns
    -------
    list of Overlap
        In the order of the sets. Mirrored images, and images with hardly a corner, are not found.
    """
    described = {name: _describe(second[name]) for name in second}
    found = []
    for name in first:
        one = _describe(first[name])
        for other, two in described.items():
            overlap = _overlap(one, two)
            if overlap is not None:
                found.append(Overlap(name, other, *overlap))
    return found


def _describe(image: Pixels) -> _Described:
    gray = (rgb_to_gray(image) if image.ndim == 3 else image) / 255
    factor = SIDE / max(gray.shape)
    size = tuple(max(48, round(length * factor)) for length in gray.shape)
    gray = resize(gray, size, order=3, anti_aliasing=factor < 1)
    orb = ORB(n_keypoints=FEATURES, fast_threshold=0.03, downscale=1.25, n_scales=6)
    try:
        orb.detect_and_extract(gray)
    except RuntimeError:  # no corner at all
        return _Described(gray, np.empty(0, complex), np.empty((0, BITS), np.float32))
    signs = np.where(orb.descriptors, np.float32(1), np.float32(-1))
    return _Described(gray, orb.keypoints @ [1j, 1], signs)


def _overlap(one: _Described, two: _Described) -> tuple[float, float, float] | None:
    """Correlation and shares of two images; None where they are of different photographs."""
    if min(len(one.signs), len(two.signs)) < INLIERS:
        return None
    agreement = one.signs @ two.signs.T  # BITS less twice the number of differing bits
    best = agreement.argmax(axis=1)
    mutual = agreement.argmax(axis=0)[best] == np.arange(len(best))
    rows = np.flatnonzero(mutual & (agreement.max(axis=1) >= BITS - 2 * CLOSE))
    if len(rows) < INLIERS:
        return None
    rows = rows[np.argsort(-agreement[rows, best[rows]], kind="stable")][:MOST]
    factor, shift, agreeing = _similarity(one.places[rows], two.places[best[rows]])
    if agreeing < INLIERS or not 0.2 < abs(factor) < 5:
        return None
    a, b = factor.real, factor.imag
    transform = SimilarityTransform([[a, -b, shift.real], [b, a, shift.imag], [0, 0, 1]])
    moved = warp(one.gray, transform.inverse, output_shape=two.gray.shape, cval=np.nan)
    covered = ~np.isnan(moved)
    area = covered.sum()
    share_of_second = area / covered.size
    share_of_first = min(1.0, area / abs(factor) ** 2 / one.gray.size)
    if min(share_of_first, share_of_second) < SMALLEST_SHARE:
        return None
    correlation = np.corrcoef(moved[covered], two.gray[covered])[0, 1]
    if not correlation >= CORRELATION:
        return None
    return float(correlation), float(share_of_first), float(share_of_second)


def _similarity(
    z: NDArray[np.complex128], w: NDArray[np.complex128]
) -> tuple[complex, complex, int]:
    """Find w = a z + b on which most pairs of places agree within 3 pixels: a, b, how many."""
    i, j = np.triu_indices(len(z), 1)
    apart = z[i] != z[j]
    i, j = i[apart], j[apart]
    a = (w[i] - w[j]) / (z[i] - z[j])  # what each two pairs say
    b = w[i] - a * z[i]
    agree = np.abs(a[:, None] * z + b[:, None] - w) < 3
    inliers = agree[agree.sum(axis=1).argmax()]
    z, w = z[inliers], w[inliers]
    offset = z - z.mean()
    a_best = complex((offset.conj() * (w - w.mean())).sum() / (np.abs(offset) ** 2).sum())
    return a_best, complex(w.mean() - a_best * z.mean()), int(inliers.sum())
