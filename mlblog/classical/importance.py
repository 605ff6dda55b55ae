"""Importance sampling over a finite set: the estimate, its exact variance, and the proposal that makes it least.

Dimensions: K outcomes, n draws, D components of what is averaged. A function of one component may leave D out.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mlblog.classical.points import distributions

Floats = NDArray[np.float64]


def importance_estimate(f: object, p: object, q: object) -> Floats:
    """Estimate E_p[f] from draws of q.

        (1/n) Σ_i p(x_i) / q(x_i) · f(x_i),   x_i ~ q

    Args:
        f: f at each draw, shape (n,) or (n, D).
        p: target probability or density of each draw, shape (n,), not negative.
        q: the proposal's, shape (n,), positive.

    Returns:
        Shape () or (D,); its mean is E_p[f] if q is positive wherever p f is not zero.

    Raises:
        ValueError: the shapes do not fit, there are no draws, p is negative, or a draw has q of zero or less: q cannot
            have drawn it.

    Example:
        >>> importance_estimate([1.0, 3.0], p=[0.5, 0.5], q=[0.25, 0.75]).item()  # (2·1 + 2/3·3) / 2
        2.0

    References:
        [alain2015variance].
    """
    values, target, proposal = _same(f, p, q)
    if len(values) == 0 or not (target >= 0).all():
        raise ValueError("at least one draw expected, of target probabilities that are not negative")
    if not (proposal > 0).all():
        raise ValueError("a draw has proposal probability of zero or less, and so cannot have been drawn")
    return np.asarray(np.tensordot(target / proposal, values, axes=1) / len(values))


def optimal_proposal(f: object, p: object) -> Floats:
    """The proposal of least total variance.

        q*(x) = p(x) ‖f(x)‖ / Σ_x' p(x') ‖f(x')‖

    Args:
        f: at each outcome, shape (K,) or (K, D).
        p: target probabilities, shape (K,); a common factor of them does not matter.

    Returns:
        Shape (K,). With it the total variance of one draw is (E‖f‖)² - ‖E f‖²: none at all for an f of one component
        and one sign.

    Raises:
        ValueError: the shapes do not fit, p is negative, or p f is zero everywhere, so that every proposal is as good.

    References:
        [alain2015variance], theorem 1.
    """
    values, target = _same(f, p)
    if not (target >= 0).all():
        raise ValueError("target probabilities must not be negative")
    mass = target * _norms(values)
    if not mass.any():
        raise ValueError("p · ‖f‖ is zero at every outcome: there is nothing to sample")
    return np.asarray(mass / mass.sum())


def importance_variance(f: object, p: object, q: object) -> float:
    """Exact variance of the estimate from one draw, summed over the components; n draws divide it by n.

        Σ_x p(x)² ‖f(x)‖² / q(x) - ‖E_p f‖²

    Args:
        f: at each outcome, shape (K,) or (K, D).
        p: target probabilities, shape (K,).
        q: proposal probabilities, shape (K,).

    Returns:
        In squared units of f.

    Raises:
        ValueError: the shapes do not fit, p or q is no distribution, or q is zero where p f is not: the estimate would
            miss that outcome.
    """
    values, target, proposal = _same(f, distributions(p, "p"), distributions(q, "q"))
    mass = target * _norms(values)
    if (proposal[mass > 0] <= 0).any():
        raise ValueError("the proposal is zero at an outcome that counts, so the estimate would be biased")
    mean = np.tensordot(target, values, axes=1)
    # as Σ_x q ‖p f / q - E_p f‖²: the difference of two squares would lose what varies beside a large mean
    drawn = proposal > 0
    weight = target[drawn] / proposal[drawn]
    away = (weight * values[drawn].T).T - mean
    return float((proposal[drawn] * _norms(away) ** 2).sum())


def _norms(values: Floats) -> Floats:
    """Euclidean length of each row, shape (K,)."""
    norms: Floats = np.hypot.reduce(values.reshape(len(values), math.prod(values.shape[1:])), axis=1)
    return norms


def _same(f: object, *others: object) -> list[Floats]:
    """All as arrays; the others of shape (K,), f of as many rows."""
    arrays = [np.asarray(array, dtype=np.float64) for array in (f, *others)]
    if not all(np.isfinite(array).all() for array in arrays):
        raise ValueError("finite numbers expected, given NaN or infinity")
    if arrays[0].ndim not in (1, 2) or any(array.shape != arrays[0].shape[:1] for array in arrays[1:]):
        raise ValueError(f"f of shape (K,) or (K, D) and the rest (K,) expected, given {[a.shape for a in arrays]}")
    return arrays
