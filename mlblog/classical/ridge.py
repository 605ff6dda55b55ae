"""Ridge regression with a decay of its own for each weight, and how its weights depend on the decays: closed forms.

    f(w) = ½ wᵀ S w - cᵀ w + ½ Σ_j e^{h_j} w_j²,        A = S + diag(e^h),        f′(w) = A w - c

With S = XᵀX / n and c = Xᵀy / n this is half the mean squared error, but for a constant, and half the decayed squares.
Its weights are known where training ends, and also after any number of steps and after any time of gradient flow.

Dimensions: D weights.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class RidgeWeights(NamedTuple):
    """Weights, and their derivatives by the logarithms of the decays.

    Attributes:
        weights: (D,), w.
        sensitivity: (D, D), ∂w_i / ∂h_j in row i and column j.
    """

    weights: Array
    sensitivity: Array


def ridge_minimum(gram: Array, moment: Array, log_decays: Array) -> RidgeWeights:
    """Where training ends: w = A⁻¹ c, and ∂w / ∂h_j = -e^{h_j} w_j A⁻¹ e_j.

    Args:
        gram: (D, D), S, symmetric and positive semidefinite.
        moment: (D,), c.
        log_decays: (D,), h.

    Raises:
        ValueError: the shapes do not fit, or a number is not finite.

    Example:
        >>> ridge_minimum(np.array([[1.0]]), np.array([4.0]), np.array([0.0]))  # 4 / (1 + e^h)
        RidgeWeights(weights=array([2.]), sensitivity=array([[-1.]]))
    """
    gram, moment, decays = _checked(gram, moment, log_decays)
    matrix = gram + np.diag(decays)
    inverse = np.asarray(np.linalg.inv(matrix), dtype=np.float64)
    weights = inverse @ moment
    return RidgeWeights(weights, -inverse * (decays * weights))


def ridge_descent(gram: Array, moment: Array, log_decays: Array, *, step: float, steps: int) -> RidgeWeights:
    """After steps of gradient descent from zero: along an eigenvector of A, w = (1 - (1 - αa)^t) c / a.

    Args:
        gram: (D, D), S, symmetric and positive semidefinite.
        moment: (D,), c.
        log_decays: (D,), h.
        step: α.
        steps: t.

    Raises:
        ValueError: the shapes do not fit, a number is not finite, or the number of steps is negative.

    Example:
        >>> ridge_descent(np.array([[1.0]]), np.array([4.0]), np.array([0.0]), step=0.25, steps=1).weights
        array([1.])
    """
    if steps < 0:
        raise ValueError(f"at least 0 steps expected, got {steps}")
    eigenvalues, basis, moment, decays = _decomposed(gram, moment, log_decays)
    ratio = 1 - step * eigenvalues
    left: Array = ratio**steps
    gaps = ratio[:, None] - ratio
    near = np.abs(gaps) < 1e-9
    slope = step * steps * ratio ** max(steps - 1, 0)
    split = np.where(near, slope, step * (left[:, None] - left) / np.where(near, 1.0, gaps))
    return _carried(eigenvalues, basis, moment, decays, left, split)


def ridge_flow(gram: Array, moment: Array, log_decays: Array, *, time: float) -> RidgeWeights:
    """After a time T of gradient flow w′ = -f′(w) from zero: along an eigenvector of A, w = (1 - e^{-aT}) c / a.

    Args:
        gram: (D, D), S, symmetric and positive semidefinite.
        moment: (D,), c.
        log_decays: (D,), h.
        time: T, at least 0.

    Raises:
        ValueError: the shapes do not fit, a number is not finite, or the time is negative.

    Example:
        >>> late = ridge_flow(np.array([[1.0]]), np.array([4.0]), np.array([0.0]), time=50.0)
        >>> late.weights.round(6), late.sensitivity.round(6)
        (array([2.]), array([[-1.]]))
    """
    if not time >= 0:
        raise ValueError(f"a time of at least 0 expected, got {time}")
    eigenvalues, basis, moment, decays = _decomposed(gram, moment, log_decays)
    left = np.exp(-eigenvalues * time)
    gaps = eigenvalues - eigenvalues[:, None]
    near = np.abs(gaps) < 1e-9
    split = np.where(near, time * left, (left[:, None] - left) / np.where(near, 1.0, gaps))
    return _carried(eigenvalues, basis, moment, decays, left, split)


def _carried(eigenvalues: Array, basis: Array, moment: Array, decays: Array, left: Array, split: Array) -> RidgeWeights:
    """Weights and derivatives from what is left of the start along each eigenvector.

    ∂w / ∂h_j is what the pull -e^{h_j} w_j along e_j, at every moment on the way, has come to by the end. Along
    eigenvector a, of a pull by w along b, that is [(1 - left_a) / a - split_ab] / b.
    """
    along = basis.T @ moment
    weights: Array = basis @ ((1 - left) / eigenvalues * along)
    kernel = (((1 - left) / eigenvalues)[:, None] - split) / eigenvalues
    pulled = basis * ((basis * along) @ kernel.T)  # row j: the pull along e_j
    return RidgeWeights(weights, (basis @ pulled.T) * -decays)


def _decomposed(gram: Array, moment: Array, log_decays: Array) -> tuple[Array, Array, Array, Array]:
    gram, moment, decays = _checked(gram, moment, log_decays)
    eigenvalues, basis = np.linalg.eigh(gram + np.diag(decays))
    return eigenvalues, basis, moment, decays


def _checked(gram: Array, moment: Array, log_decays: Array) -> tuple[Array, Array, Array]:
    gram, moment, log_decays = (np.asarray(given, dtype=np.float64) for given in (gram, moment, log_decays))
    if gram.ndim != 2 or not gram.shape == 2 * moment.shape == 2 * log_decays.shape:
        raise ValueError(f"(D, D), (D,) and (D,) expected, got {gram.shape}, {moment.shape} and {log_decays.shape}")
    if not all(np.isfinite(given).all() for given in (gram, moment, log_decays)):
        raise ValueError("finite numbers expected")
    decays: Array = np.exp(log_decays)
    return gram, moment, decays
