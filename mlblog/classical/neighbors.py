"""Nearest neighbours: classification, density, outlier scores, and the choice of k by leaving one out.

Dimensions: n known points, m asked points, d coordinates, C classes, k neighbours. Distances are Euclidean, so the
units of the coordinates matter: scale them first.

All distances are computed, in blocks that stay in a core's cache, as |a|² + |b|² - 2 a·b: one matrix product a block.
That loses the digits of points that are close to each other and far from the origin. Where what is lost could change
which points are nearest, the differences of their coordinates decide.

No tree is built. A tree pays in two or three dimensions; in the dozens that images have, it visits almost every point.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mlblog.classical.points import labelled, points

Floats = NDArray[np.float64]
_BLOCK = 1 << 17  # distances held at a time: 1 MB
_SAFE = 400  # powers of two: squares of 2^±400, summed, stay within the range of doubles
_FEW = 12  # up to here, k passes for the least are faster than one partition of indices


@final
class KNeighbors:
    """Known points and their labels, ready to be asked for neighbours.

    As scikit-learn's `KNeighborsClassifier(k).fit(X, y)`, but k comes with the question; `classify` is its `predict`,
    `shares` its `predict_proba`.

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
            ValueError: the shapes do not fit, there are no points, or one is not finite.
        """
        self._X, labels = labelled(X, y)
        self.classes, self._codes = np.unique(labels, return_inverse=True)

    def neighbors(self, Z: object, *, k: int) -> tuple[Floats, NDArray[np.intp]]:
        """Distances to the k nearest known points, ascending, and which points they are.

        Args:
            Z: shape (m, d).
            k: between 1 and n.

        Returns:
            Two arrays of shape (m, k). Of points at the same distance, the one known first comes first.
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
        ValueError: k is not between 1 and n, the coordinates differ in number, or a point is not finite.
    """
    known = points(X)
    asked = points(Z, like=known.shape[1])
    if not 1 <= k <= len(known):
        raise ValueError(f"k must be between 1 and the number of points, {len(known)}, given {k}")
    exponent, known, asked = _near_one(known, asked)
    distances, rows = np.empty((len(asked), k)), np.empty((len(asked), k), dtype=np.intp)
    for block, ranks, error in _ranks(known, asked):
        found, farthest, runner_up = _smallest(ranks, k)
        for row in np.flatnonzero(runner_up - farthest <= error):  # so near that rounding may have swapped them
            close = np.union1d(found[row], np.flatnonzero(ranks[row] <= farthest[row] + error[row]))
            squares = _squares(known[close], asked[block][row])
            found[row] = close[squares.argsort(kind="stable")[:k]]
        found.sort(axis=1)
        exact = np.sqrt(((known[found] - asked[block, None, :]) ** 2).sum(axis=2))
        order = exact.argsort(axis=1, kind="stable")
        distances[block] = np.ldexp(np.take_along_axis(exact, order, axis=1), exponent)
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
    known = points(X)
    n, d = known.shape
    radius = nearest(known, Z, k=k)[0][:, -1]
    log_ball = d / 2 * math.log(math.pi) - math.lgamma(d / 2 + 1)  # in logarithms: r^d overflows in many coordinates
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray(np.exp(math.log(k / n) - log_ball - d * np.log(radius)), dtype=np.float64)


def knn_outlier_score(X: object, *, k: int) -> Floats:
    """Distance from each point to the k-th nearest of the others, of shape (n,): the larger, the odder.

    Raises:
        ValueError: k is not between 1 and n - 1.
    """
    known = points(X)
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
        Shape of `ks`. The distances are sorted once; cumulated votes then give every k. Of points at the same distance,
        the one known first is nearer.

    Raises:
        ValueError: a k is out of range, or the shapes do not fit.
    """
    known, labels = labelled(X, y)
    _, known = _near_one(known)
    n, sizes = len(known), np.asarray(ks, dtype=np.intp)
    classes, codes = np.unique(labels, return_inverse=True)
    if sizes.size == 0 or sizes.min() < 1 or sizes.max() > n - 1:
        raise ValueError(f"each k must be between 1 and {n - 1}, the number of other points")
    wrong = np.zeros(sizes.shape, dtype=np.int64)
    for block, ranks, error in _ranks(known, known):
        own = np.arange(n)[block]
        ranks[np.arange(len(own)), own] = np.inf  # a point is no neighbour of its own
        order = ranks.argsort(axis=1, kind="stable")
        gaps = np.diff(np.take_along_axis(ranks, order[:, : sizes.max() + 1], axis=1), axis=1)
        for row in np.flatnonzero((gaps <= error[:, None]).any(axis=1)):  # rounding may have swapped two
            squares = _squares(known, known[own[row]])
            squares[own[row]] = np.inf
            order[row] = squares.argsort(kind="stable")
        votes = codes[order[:, : sizes.max()]]
        counts = np.stack([(votes == code).cumsum(axis=1) for code in range(len(classes))], axis=-1)  # (b, k, C)
        wrong += (counts[:, sizes - 1].argmax(axis=-1) != codes[block, None]).sum(axis=0)
    return wrong / n


def _near_one(*clouds: Floats) -> tuple[Any, ...]:
    """A power of two and the points divided by it: 1, but where squares of coordinates would overflow or vanish."""
    largest = max(float(np.abs(cloud).max(initial=0.0)) for cloud in clouds)
    exponent = math.frexp(largest)[1]
    if abs(exponent) < _SAFE:
        return 0, *clouds
    return exponent, *(np.ldexp(cloud, -exponent) for cloud in clouds)


def _squares(known: Floats, asked: Floats) -> Floats:
    """Squared distances of points (n, d) from one (d,), by differences, (n,)."""
    return np.asarray(((known - asked) ** 2).sum(axis=1))


def _ranks(known: Floats, asked: Floats) -> Iterator[tuple[slice, Floats, Floats]]:
    """Blocks of rows of `asked`, with |a|² - 2 a·b to each known a: the squared distance without |b|², in its order.

    And, for each row, how far two such ranks may lie apart in spite of being in the wrong order.
    """
    lengths, turned = (known**2).sum(axis=1), -2 * known.T
    longest = np.sqrt(lengths.max(initial=0.0))
    rounding = 2 * (known.shape[1] + 2) * np.finfo(np.float64).eps
    rows = max(1, _BLOCK // max(1, len(known)))
    for start in range(0, len(asked), rows):
        block = slice(start, start + rows)
        ranks = asked[block] @ turned
        ranks += lengths
        reach = np.sqrt((asked[block] ** 2).sum(axis=1))
        yield block, ranks, rounding * longest * (longest + 2 * reach)


def _smallest(ranks: Floats, k: int) -> tuple[NDArray[np.intp], Floats, Floats]:
    """Columns of the k smallest of each row, in any order, (rows, k); the k-th rank and the next one, (rows,).

    Overwrites `ranks`.
    """
    rows, last = np.arange(len(ranks)), ranks.shape[1] == k
    if k > _FEW:
        order = ranks.argpartition(k - 1 if last else k, axis=1)
        found = order[:, :k].copy()
        farthest = np.take_along_axis(ranks, found, axis=1).max(axis=1)
        return found, farthest, np.full(len(ranks), np.inf) if last else ranks[rows, order[:, k]]
    found = np.empty((len(ranks), k), dtype=np.intp)
    for j in range(k):
        found[:, j] = ranks.argmin(axis=1)
        farthest = ranks[rows, found[:, j]]
        ranks[rows, found[:, j]] = np.inf
    return found, farthest, ranks.min(axis=1)
