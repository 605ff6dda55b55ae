"""K-means, and the targets that it makes of features: which mean each frame is nearest to.

Dimensions: n points, D features, K means, … any leading axes such as utterances and frames.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlblog.classical.points import finite, points

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Clusters(NamedTuple):
    """Fitted means.

    Attributes:
        means: (K, D).
        error: squared distance to the nearest mean, the mean over points.
    """

    means: Floats
    error: float


def kmeans_targets(features: Floats, means: Floats) -> Ints:
    """Which mean is nearest to each, the first of those at the same distance.

    Args:
        features: (…, D).
        means: (K, D).

    Returns:
        (…), 0 to K - 1.

    Raises:
        ValueError: a feature or a mean is not finite.

    Example:
        >>> kmeans_targets(np.array([[0.1], [0.9], [0.4]]), np.array([[0.0], [1.0]])).tolist()
        [0, 1, 0]
    """
    features, means = finite(features, "features"), points(means)
    # ‖x - m‖² without ‖x‖², which all means share
    found: Ints = ((means**2).sum(axis=1) - 2 * features @ means.T).argmin(axis=-1)
    return found


def spread_start(x: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Points to start from, each drawn in proportion to its squared distance from those drawn before (k-means++).

    Args:
        x: (n, D).
        count: K.
        rng: of the draws.

    Returns:
        (K, D)

    References:
        [arthur2007k], section 2.2.
    """
    drawn = [x[rng.integers(len(x))]]
    far = ((x - drawn[0]) ** 2).sum(axis=1)
    for _ in range(count - 1):
        total = far.sum()
        place = rng.choice(len(x), p=far / total) if total > 0 else rng.integers(len(x))
        drawn.append(x[place])
        far = np.minimum(far, ((x - x[place]) ** 2).sum(axis=1))
    return np.array(drawn)


def lloyd_step(x: Floats, means: Floats) -> Clusters:
    """Move each mean to the mean of what is nearest to it; one that nothing is nearest to stays where it is.

    Args:
        x: (n, D), n ≥ 1.
        means: (K, D).

    Returns:
        The new means, with the error of the old ones.

    References:
        [lloyd1982least], method I.
    """
    x = points(x)
    nearest = kmeans_targets(x, means)
    error = float(((x - means[nearest]) ** 2).sum(axis=1).mean())
    order = np.argsort(nearest, kind="stable")
    counts = np.bincount(nearest, minlength=len(means))
    used = counts > 0
    begins = (np.cumsum(counts) - counts)[used]
    moved = np.array(means, dtype=np.float64)
    moved[used] = np.add.reduceat(x[order], begins, axis=0) / counts[used, None]
    return Clusters(moved, error)


def fit_kmeans(x: Floats, count: int, *, rng: np.random.Generator, starts: int = 3, steps: int = 100) -> Clusters:
    """The best of several starts, each followed until nothing moves.

    Args:
        x: (n, D), n ≥ K.
        count: K.
        rng: of the starts.
        starts: how many.
        steps: at most, of each.

    Raises:
        ValueError: fewer points than means, no means, or a point that is not finite.

    Example:
        >>> x = np.array([[0.0], [1.0], [10.0], [12.0]])
        >>> found = fit_kmeans(x, 2, rng=np.random.default_rng(0))
        >>> sorted(found.means[:, 0].tolist()), found.error
        ([0.5, 11.0], 0.625)

    References:
        [lloyd1982least]; [arthur2007k] for the starts.
    """
    x = points(x)
    if not 1 <= count <= len(x):
        raise ValueError(f"1 to {len(x)} means of as many points expected, given {count}")
    best = Clusters(np.empty((0, x.shape[1])), np.inf)
    for _ in range(starts):
        now = Clusters(spread_start(x, count, rng), np.inf)
        for _ in range(steps):
            after = lloyd_step(x, now.means)
            if after.error >= now.error:
                break
            now = after
        now = Clusters(now.means, lloyd_step(x, now.means).error)
        best = min(best, now, key=lambda found: found.error)
    return best
