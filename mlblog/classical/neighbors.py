"""Nearest neighbours: classification, density, outlier scores, and the choice of k by leaving one out.

Dimensions: n known points, m asked points, d coordinates, C classes, k neighbours. Distances are Euclidean, so the
units of the coordinates matter: scale them first.

All distances are computed, in blocks that stay in a core's cache, as |a|² + |b|² - 2 a·b: one matrix product a block.
No tree is built. A tree pays in two or three dimensions; in the dozens that images have, it visits almost every point.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_BLOCK = 1 << 17  # distances held at a time: 1 MB
_FEW = 12  # up to here, k passes for the least are faster than one partition of indices


@final
class KNeighbors:
    """Known points and their labels, ready to be asked for neighbours.

    Example:
        >>> known = KNeighbors([[0.0], [1.0], [5.0]], ["near", "near", "far"])
        >>> known.classify([[0.4], [4.0]], k=1).tolist()
        ['near', 'far']
    """

    def __init__(self, X: object, y: object) -> None:
        """Keep the points.

        Args:
            X: shape (n, d).
            y: shape (n,), labels of any type that sorts.

        Raises:
            ValueError: the shapes do not fit, or there are no points.
        """
        self._X = _points(X)
        labels = np.asarray(y)
        if labels.shape != (len(self._X),) or len(labels) == 0:
            raise ValueError(f"labels of shape ({len(self._X)},) expected, at least one, given {labels.shape}")
        self.classes, self._codes = np.unique(labels, return_inverse=True)

    def neighbors(self, Z: object, *, k: int) -> tuple[Floats, NDArray[np.intp]]:
        """Distances to the k nearest known points, ascending, and which points they are.

        Args:
            Z: shape (m, d).
            k: between 1 and n.

        Returns:
            Two arrays of shape (m, k). Of points at the same distance, which comes first is not defined.
        """
        return nearest(self._X, Z, k=k)

    def shares(self, Z: object, *, k: int) -> Floats:
        """Share of each class among the k nearest: the estimate of P(class | z), of shape (m, C)."""
        votes = self._codes[self.neighbors(Z, k=k)[1]]  # (m, k)
        # Counting (row, class) pairs as one number needs a single pass.
        flat = votes + len(self.classes) * np.arange(len(votes))[:, None]
        counts = np.bincount(flat.ravel(), minlength=len(votes) * len(self.classes))
        return counts.reshape(len(votes), len(self.classes)) / k

    def classify(self, Z: object, *, k: int) -> NDArray[np.generic]:
        """Label of the majority among the k nearest, of shape (m,); of equal counts, the label that sorts first.

        References:
            [cover1967nearest] for k = 1; [stone1977consistent] for k that grows with n.
        """
        found: NDArray[np.generic] = self.classes[self.shares(Z, k=k).argmax(axis=1)]
        return found


def nearest(X: object, Z: object, *, k: int) -> tuple[Floats, NDArray[np.intp]]:
    """Distances from each row of `Z` to its k nearest rows of `X`, ascending, and the rows: shapes (m, k).

    Raises:
        ValueError: k is not between 1 and n, or the coordinates differ in number.
    """
    known, asked = _points(X), _points(Z)
    if known.shape[1] != asked.shape[1]:
        raise ValueError(f"points of {known.shape[1]} coordinates expected, given {asked.shape[1]}")
    if not 1 <= k <= len(known):
        raise ValueError(f"k must be between 1 and the number of points, {len(known)}, given {k}")
    distances, rows = np.empty((len(asked), k)), np.empty((len(asked), k), dtype=np.intp)
    for block, ranks in _ranks(known, asked):
        found = _smallest(ranks, k)
        # |a|² + |b|² - 2 a·b loses digits where a is close to b; of the k that it found, take the differences.
        exact = np.sqrt(((known[found] - asked[block, None, :]) ** 2).sum(axis=2))
        order = exact.argsort(axis=1, kind="stable")
        distances[block] = np.take_along_axis(exact, order, axis=1)
        rows[block] = np.take_along_axis(found, order, axis=1)
    return distances, rows


def knn_density(X: object, Z: object, *, k: int) -> Floats:
    """Density at `Z` estimated from how far away the k-th nearest of the n points is.

        p(z) = k / (n V_d r_k(z)^d),   V_d = π^(d/2) / Γ(d/2 + 1), the volume of the unit ball

    Args:
        X: shape (n, d).
        Z: shape (m, d).
        k: between 1 and n.

    Returns:
        Shape (m,), per unit of volume; infinite where k points coincide with z. Its integral over the whole space is
        infinite, too: the tails fall like 1 / r^d. It compares densities, and is not one.

    References:
        [loftsgaarden1965nonparametric].
    """
    known = _points(X)
    n, d = known.shape
    radius = nearest(known, Z, k=k)[0][:, -1]
    ball = math.pi ** (d / 2) / math.gamma(d / 2 + 1)
    with np.errstate(divide="ignore"):
        return np.asarray(k / (n * ball * radius**d), dtype=np.float64)


def knn_outlier_score(X: object, *, k: int) -> Floats:
    """Distance from each point to the k-th nearest of the others, of shape (n,): the larger, the odder.

    Raises:
        ValueError: k is not between 1 and n - 1.
    """
    known = _points(X)
    if not 1 <= k < len(known):
        raise ValueError(f"k must be between 1 and {len(known) - 1}, the number of other points, given {k}")
    return nearest(known, known, k=k + 1)[0][:, -1]  # the first of the k + 1 is the point itself, or one equal to it


def leave_one_out_errors(X: object, y: object, *, ks: object) -> Floats:
    """Share of points that their k nearest others classify wrongly, for every k at once.

    Args:
        X: shape (n, d).
        y: shape (n,), labels.
        ks: numbers of neighbours, each between 1 and n - 1.

    Returns:
        Shape of `ks`. The distances are sorted once; cumulated votes then give every k.

    Raises:
        ValueError: a k is out of range, or the shapes do not fit.
    """
    known, sizes = _points(X), np.asarray(ks, dtype=np.intp)
    n = len(known)
    classes, codes = np.unique(np.asarray(y), return_inverse=True)
    if codes.shape != (n,):
        raise ValueError(f"labels of shape ({n},) expected, given {codes.shape}")
    if sizes.size == 0 or sizes.min() < 1 or sizes.max() > n - 1:
        raise ValueError(f"each k must be between 1 and {n - 1}, the number of other points")
    wrong = np.zeros(sizes.shape, dtype=np.int64)
    for block, ranks in _ranks(known, known):
        own = np.arange(n)[block]
        ranks[np.arange(len(own)), own] = np.inf  # a point is no neighbour of its own
        votes = codes[ranks.argsort(axis=1, kind="stable")[:, : sizes.max()]]
        counts = np.stack([(votes == code).cumsum(axis=1) for code in range(len(classes))], axis=-1)  # (b, k, C)
        wrong += (counts[:, sizes - 1].argmax(axis=-1) != codes[block, None]).sum(axis=0)
    return wrong / n


def _points(X: object) -> Floats:
    """As an array of shape (n, d)."""
    points = np.asarray(X, dtype=np.float64)
    if points.ndim != 2:
        raise ValueError(f"points of shape (n, d) expected, given {points.shape}")
    return points


def _ranks(known: Floats, asked: Floats) -> Iterator[tuple[slice, Floats]]:
    """Blocks of rows of `asked`, with |a|² - 2 a·b to each known a: the squared distance without |b|², in its order."""
    lengths, turned = (known**2).sum(axis=1), -2 * known.T
    rows = max(1, _BLOCK // max(1, len(known)))
    for start in range(0, len(asked), rows):
        block = slice(start, start + rows)
        ranks = asked[block] @ turned
        ranks += lengths
        yield block, ranks


def _smallest(ranks: Floats, k: int) -> NDArray[np.intp]:
    """Columns of the k smallest of each row, in any order, of shape (rows, k); overwrites `ranks`."""
    if k > _FEW:
        return ranks.argpartition(k - 1, axis=1)[:, :k]
    found = np.empty((len(ranks), k), dtype=np.intp)
    rows = np.arange(len(ranks))
    for j in range(k):
        found[:, j] = ranks.argmin(axis=1)
        ranks[rows, found[:, j]] = np.inf
    return found
