"""How many neighbours are best, on a line where everything can be computed.

x is uniform on [0, 1] and the label is 1 with probability η(x), a polynomial. The k nearest of n sorted points are
always k in a row, and which k changes at midpoints. So the k-nearest-neighbour classifier is a step function with known
steps, and its error is an integral of a polynomial over each: nothing is estimated from test points.
"""

from __future__ import annotations

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def excess_risk(x: object, y: object, eta: Polynomial, *, ks: object) -> Floats:
    """How much more often the k-nearest-neighbour classifier errs than the best possible one, exactly, for every k.

        R(ĝ) - R* = ∫₀¹ |2 η(x) - 1| · [ĝ(x) ≠ g*(x)] dx,   g*(x) = [η(x) > 1/2]

    Args:
        x: known points, shape (n,), in [0, 1].
        y: their labels 0 or 1, shape (n,).
        eta: probability of label 1 at x.
        ks: numbers of neighbours, each between 1 and n.

    Returns:
        Shape of `ks`; given these points, so that only their draw is left to average over. Equal votes count as 0.

    Raises:
        ValueError: the shapes do not fit, a point lies outside [0, 1], a label is not 0 or 1, a k is out of range, or η
            is not a probability.

    References:
        [stone1977consistent] for when it tends to 0.
    """
    points, votes, sizes = _sorted(x, y, ks, spare=0)
    _expect_probability(eta)
    gain = (2 * eta - 1).integ()  # of predicting 1 rather than 0, per unit of x, integrated
    ends = np.concatenate([[0.0], crossings(eta), [1.0]])
    best = np.maximum(0, np.diff(gain(ends))).sum()  # predicts 1 exactly where that gains
    excess = []
    for k in sizes:
        steps = np.concatenate([[0.0], _midpoints(points, k), [1.0]])
        says_one = 2 * (votes[k:] - votes[:-k]) > k  # one a window
        excess.append(best - np.diff(gain(steps))[says_one].sum())
    return np.array(excess)


def leave_one_out_on_a_line(x: object, y: object, *, ks: object) -> Floats:
    """Share of points that their k nearest others classify wrongly, for every k, in O(n log n) a k.

    Arguments and errors as in `excess_risk`, but k is at most n - 1.

    Returns:
        Shape of `ks`; what `leave_one_out_errors` gives in any dimension, in O(n²).
    """
    points, votes, sizes = _sorted(x, y, ks, spare=1)
    own = np.diff(votes)
    wrong = []
    for k in sizes:
        # of the k + 1 nearest, the point itself among them; among equal points, those around it
        place = np.arange(len(points))
        first = np.searchsorted(_midpoints(points, k + 1), points).clip(place - k, place).clip(0, len(points) - k - 1)
        says_one = 2 * (votes[first + k + 1] - votes[first] - own) > k
        wrong.append((says_one != own).mean())
    return np.array(wrong)


def best_k(n: int, eta: Polynomial) -> float:
    """The k of least expected excess risk, to leading order in n.

        R(k) - R* ≈ Σ_i (1 / (4 k) + b_i²) / |η'(x_i)|,   b_i = η''(x_i) (k / n)² / 24

    The sum is over the points x_i where η crosses 1/2, in whose neighbourhood alone noise can change the vote. There
    the vote has variance 1 / (4 k), and its mean is off by b_i, since η bends within the k / n that the neighbours
    span. Setting the derivative by k to zero gives k⁵ = 36 n⁴ Σ 1/|η'| / Σ η''²/|η'|.

    Args:
        n: number of known points.
        eta: probability of label 1.

    Returns:
        A number that grows like n^(4/5); d coordinates make it n^(4/(4+d)).

    Raises:
        ValueError: n is below 1, η is not a probability, does not cross 1/2, is straight at every crossing, or only
            touches 1/2 somewhere: the terms above then vanish or are infinite.

    References:
        [hall2008choice] for the expansion in d coordinates; this case of it is our own derivation.
    """
    _expect_probability(eta)
    if n < 1:
        raise ValueError(f"n must be at least 1, given {n}")
    at = crossings(eta)
    slope, bend = np.abs(eta.deriv()(at)), eta.deriv(2)(at)
    if not np.any(bend) or slope.min() < 1e-6:  # straight everywhere, or touching 1/2 without crossing it
        raise ValueError("η does not cross 1/2 with a slope and a bend, so that this expansion names no best k")
    return float((36 * float(n) ** 4 * (1 / slope).sum() / (bend**2 / slope).sum()) ** 0.2)


def crossings(eta: Polynomial) -> Floats:
    """Where η is 1/2 inside (0, 1), ascending."""
    roots = (eta - 0.5).roots()
    real = np.sort(roots[np.abs(roots.imag) < 1e-9].real)
    return np.asarray(real[(real > 0) & (real < 1)])


def _expect_probability(eta: Polynomial) -> None:
    """Refuse an η that leaves [0, 1] between 0 and 1; it is extreme at the ends and where it is level."""
    roots = eta.deriv().roots() if eta.degree() > 0 else np.zeros(0)
    level = roots[np.abs(roots.imag) < 1e-9].real
    values = eta(np.concatenate([[0.0, 1.0], level[(level > 0) & (level < 1)]]))
    if not ((values > -1e-9) & (values < 1 + 1e-9)).all():
        raise ValueError(
            f"η must be a probability between 0 and 1, given one between {values.min()} and {values.max()}"
        )


def _midpoints(points: Floats, k: int) -> Floats:
    """Where the window of the k nearest moves on by one point, shape (n - k,)."""
    return (points[:-k] + points[k:]) / 2


def _sorted(x: object, y: object, ks: object, *, spare: int) -> tuple[Floats, NDArray[np.int64], NDArray[np.intp]]:
    """Points ascending, the number of ones among the first i of them for i = 0 … n, and the ks."""
    points, labels, sizes = np.asarray(x, dtype=np.float64), np.asarray(y), np.asarray(ks, dtype=np.intp)
    if points.ndim != 1 or labels.shape != points.shape or sizes.ndim != 1:
        raise ValueError(f"x and y of one shape (n,), ks (K,) expected, given {points.shape}, {labels.shape}")
    if sizes.size == 0 or sizes.min() < 1 or sizes.max() > len(points) - spare:
        raise ValueError(f"each k must be between 1 and {len(points) - spare}")
    if not ((points >= 0) & (points <= 1)).all() or not np.isin(labels, (0, 1)).all():
        raise ValueError("points in [0, 1] and labels 0 or 1 expected")
    order = points.argsort()
    return points[order], np.concatenate([[0], labels[order].astype(np.int64).cumsum()]), sizes
