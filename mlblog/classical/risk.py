"""The least error that any classifier can have, and what one neighbour costs on top of it.

Dimensions: m places x, C classes. A problem is given by the shares P(class | x), shape (m, C), at places with weights
that sum to one: outcomes of a finite set, or the nodes of a quadrature.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlblog.classical.points import distributions

Floats = NDArray[np.float64]


def bayes_risk(shares: object, weights: object) -> float:
    """Error of the classifier that knows the distribution and always names the likeliest class.

        R* = E_x[1 - max_c P(c | x)]

    Args:
        shares: shape (m, C).
        weights: shape (m,).

    Returns:
        A probability; no classifier's error is below it.

    Raises:
        ValueError: the shapes do not fit, or shares or weights are no distributions.

    Example:
        >>> round(bayes_risk([[0.8, 0.2], [0.4, 0.6]], [0.5, 0.5]), 12)
        0.3
    """
    p, w = _problem(shares, weights)
    return float(w @ (1 - p.max(axis=1)))


def nearest_neighbor_risk(shares: object, weights: object) -> float:
    """What the error of the one-nearest-neighbour rule tends to as the known points grow dense.

        R₁ = E_x[1 - Σ_c P(c | x)²]

    The neighbour's label becomes a second, independent draw from P(· | x), and an error is that the two differ.

    Arguments, result and errors as in `bayes_risk`.

    Example:
        >>> round(nearest_neighbor_risk([[0.8, 0.2]], [1.0]), 12)
        0.32

    References:
        [cover1967nearest]; with two classes the integrand is 2 η (1 - η).
    """
    p, w = _problem(shares, weights)
    return float(w @ (1 - (p**2).sum(axis=1)))


def cover_hart_bound(risk: float, *, classes: int) -> float:
    """The most that one neighbour can err in the limit, given the Bayes risk.

        R* ≤ R₁ ≤ R* (2 - C / (C - 1) · R*)

    Args:
        risk: R*, between 0 and 1 - 1/C.
        classes: C, at least 2. The bound grows with it, so there is no default.

    Returns:
        The upper bound; it is reached where at every x the likeliest class has the share 1 - R*, and the others have
        equal ones.

    Raises:
        ValueError: no problem with that many classes has such a Bayes risk.

    Example:
        >>> round(cover_hart_bound(0.3, classes=2), 9), round(cover_hart_bound(0.3, classes=3), 9)
        (0.42, 0.465)

    References:
        [cover1967nearest].
    """
    if classes < 2 or not 0 <= risk <= 1 - 1 / classes:
        raise ValueError(f"with {classes} classes the Bayes risk is between 0 and {1 - 1 / classes:.3g}, given {risk}")
    return risk * (2 - classes / (classes - 1) * risk)


def _problem(shares: object, weights: object) -> tuple[Floats, Floats]:
    """As arrays of shapes (m, C) and (m,)."""
    p, w = np.asarray(shares), np.asarray(weights)
    if p.ndim != 2 or w.shape != p.shape[:1]:
        raise ValueError(f"shares (m, C) and weights (m,) expected, given {p.shape} and {w.shape}")
    return distributions(p, "shares"), distributions(w, "weights")
