"""Kernels: inner products of features that are never written down, and ridge regression with them.

Dimensions: n known points, m asked points, d coordinates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import numpy as np
from numpy.typing import NDArray

from mlblog.classical.points import points

Floats = NDArray[np.float64]
Kernel = Callable[[Floats, Floats], Floats]
_BLOCK = 1 << 17  # numbers held at a time: 1 MB


def linear(X: object, Z: object) -> Floats:
    """K(x, z) = x·z for each row of X (n, d) and of Z (m, d), of shape (n, m)."""
    left, right = _pair(X, Z)
    return np.asarray(left @ right.T)


def polynomial(X: object, Z: object, *, degree: int, offset: float = 1.0) -> Floats:
    """The inner product of all monomials up to a degree, suitably scaled.

        K(x, z) = (x·z + offset)^degree

    Args:
        X: shape (n, d).
        Z: shape (m, d).
        degree: a whole number, at least 1.
        offset: not negative; 0 leaves the monomials of exactly that degree.

    Returns:
        Shape (n, m).

    Raises:
        ValueError: the shapes do not fit, the degree is below 1 or the offset negative: that would be no kernel.

    Example:
        >>> polynomial([[1.0, 2.0]], [[3.0, 1.0]], degree=2).item()  # (1·3 + 2·1 + 1)²
        36.0
    """
    if degree < 1 or degree != int(degree) or not 0 <= offset < np.inf:
        raise ValueError(f"degree of at least 1 and offset of at least 0 expected, given {degree} and {offset}")
    return (linear(X, Z) + offset) ** degree


def rbf(X: object, Z: object, *, gamma: float) -> Floats:
    """The Gaussian kernel: an inner product of infinitely many features, 1 for a point with itself.

        K(x, z) = exp(-γ |x - z|²)

    Args:
        X: shape (n, d).
        Z: shape (m, d).
        gamma: γ, positive, in inverse squared units of x; 1/√(2γ) is the radius of the bell.

    Returns:
        Shape (n, m).

    Raises:
        ValueError: the shapes do not fit, or γ is not positive.
    """
    left, right = _pair(X, Z)
    if not 0 < gamma < np.inf:
        raise ValueError(f"gamma must be positive, given {gamma}")
    return np.asarray(np.exp(-gamma * squared_distances(left, right)))


def squared_distances(X: object, Z: object) -> Floats:
    """|x - z|² for each row of X (n, d) and of Z (m, d), of shape (n, m).

    By one matrix product, as |x|² + |z|² - 2 x·z; where that cancels all but a millionth, by differences.
    """
    left, right = _pair(X, Z)
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1)
        squared = lengths - 2 * left @ right.T
        rows, columns = np.nonzero(~(squared > 1e-6 * lengths) | np.isinf(lengths))
        size = max(1, _BLOCK // max(1, left.shape[1]))
        for start in range(0, len(rows), size):
            i, j = rows[start : start + size], columns[start : start + size]
            squared[i, j] = ((left[i] - right[j]) ** 2).sum(axis=1)
    return np.asarray(squared)


@final
class KernelRidge:
    """The function of least squared error plus squared length in the kernel's space of features.

        f = argmin Σ_i (f(x_i) - y_i)² + λ ‖f‖²

    The length grows with whatever part of f the known points do not see, and the errors do not fall by it. So the best
    f has no such part: it is a sum of n kernels, however many features there are.

        f(z) = Σ_i a_i K(x_i, z),   (K + λ I) a = y

    As scikit-learn's `KernelRidge(alpha=penalty, …).fit(X, y)`; calling it is its `predict`.

    Attributes:
        dual: a, shape (n,) or (n, outputs).

    Example:
        >>> line = KernelRidge([[0.0], [1.0]], [1.0, 3.0], kernel=lambda X, Z: X @ Z.T + 1, penalty=1e-9)
        >>> line([[2.0]]).round(3).tolist()
        [5.0]

    References:
        [scholkopf2001generalized], theorem 1: the regulariser must be strictly increasing in ‖f‖.
    """

    def __init__(self, X: object, y: object, *, kernel: Kernel, penalty: float) -> None:
        """Solve for the dual coefficients.

        Args:
            X: shape (n, d).
            y: shape (n,) or (n, outputs).
            kernel: from (n, d) and (m, d) to (n, m), symmetric and positive semi-definite.
            penalty: λ, positive.

        Raises:
            ValueError: the shapes do not fit, a number is not finite, or the penalty is not positive.
        """
        self._X, targets = points(X), np.asarray(y, dtype=np.float64)
        if targets.ndim not in (1, 2) or len(targets) != len(self._X) or not np.isfinite(targets).all():
            raise ValueError(f"finite y (n, …) expected, given {targets.shape} for X of {self._X.shape}")
        if not 0 < penalty < np.inf:
            raise ValueError(f"penalty must be positive, given {penalty}")
        self._kernel = kernel
        gram = kernel(self._X, self._X)
        self.dual: Floats = np.asarray(np.linalg.solve(gram + penalty * np.eye(len(gram)), targets), dtype=np.float64)

    def __call__(self, Z: object) -> Floats:
        """Values at the rows of Z (m, d), of shape (m,) or (m, outputs)."""
        return np.asarray(self._kernel(points(Z, like=self._X.shape[1]), self._X) @ self.dual)


def _pair(X: object, Z: object) -> tuple[Floats, Floats]:
    """As arrays of shapes (n, d) and (m, d)."""
    left, right = points(X), points(Z)
    if left.shape[1] != right.shape[1]:
        raise ValueError(f"points (n, d) and (m, d) of the same d expected, given {left.shape} and {right.shape}")
    return left, right
