"""Support vector machines with slack: two classes, the widest margin that the errors allow.

Dimensions: n known points, m asked points, d coordinates. Classes are signs s_i = ±1.

    primal:  min over w, b, ξ ≥ 0 of  |w|² / 2 + C Σ_i ξ_i   with  s_i (w·x_i + b) ≥ 1 - ξ_i
    dual:    max over 0 ≤ α_i ≤ C of  Σ_i α_i - Σ_ij α_i α_j s_i s_j K(x_i, x_j) / 2   with  Σ_i α_i s_i = 0

Without the slack ξ the primal has no solution at all if no plane separates the classes. At the optimum a point beyond
the margin has α = 0, one on it has 0 ≤ α ≤ C, and one short of it has α = C: the Karush-Kuhn-Tucker conditions.
"""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from mlblog.classical.kernels import Kernel, linear
from mlblog.classical.points import labelled, points

Floats = NDArray[np.float64]


class Dual(NamedTuple):
    """A solution of the dual problem: α of shape (n,), b, and how many pairs were moved."""

    alpha: Floats
    bias: float
    steps: int


def solve_dual(gram: Floats, signs: Floats, *, C: float, tolerance: float = 1e-3, limit: int = 1_000_000) -> Dual:
    """Sequential minimal optimisation: move two α at a time, the pair that promises most, until none violates.

    With m_t = s_t - Σ_i α_i s_i K_it, optimality means that no α that may rise (in the direction of its sign) has an m
    above that of one that may fall. The pair is the largest such m and the partner of largest second-order gain; moving
    them by d keeps Σ α s, and the best d is (m_i - m_j) / (K_ii + K_jj - 2 K_ij), cut off at the box.

    It is written to be read: the whole kernel matrix is held and each step passes over all n points in NumPy. LIBSVM
    does the same steps in C++ with a cache of kernel rows and leaves out points that have stopped moving.

    Args:
        gram: K, shape (n, n), symmetric and positive semi-definite.
        signs: s, shape (n,), each 1 or -1, both present.
        C: price of a unit of slack, positive.
        tolerance: largest violation m_i - m_j that is let be, positive.
        limit: steps after which to give up.

    Returns:
        α, b and the number of steps.

    Raises:
        ValueError: the shapes do not fit, the gram matrix is not finite and symmetric, the signs are not both present,
            or C or the tolerance is not positive.
        RuntimeError: still violated after `limit` steps.

    References:
        [platt1998sequential] for the method; [fan2005working], algorithm 2, for the choice of the pair.
    """
    K, s = np.asarray(gram, dtype=np.float64), np.asarray(signs, dtype=np.float64)
    if K.shape != (len(s), len(s)) or set(s.tolist()) != {-1.0, 1.0}:
        raise ValueError(f"a square gram matrix and as many signs, both 1 and -1, expected, given {K.shape}, {s.shape}")
    if not np.isfinite(K).all() or not np.allclose(K, K.T):
        raise ValueError("a gram matrix must be finite and symmetric")
    if not C > 0 or not tolerance > 0:
        raise ValueError(f"C must be positive, and the tolerance too, given {C} and {tolerance}")
    alpha, m, diagonal = np.zeros(len(s)), s.copy(), K.diagonal()
    for step in range(limit):
        may_rise = np.where(s > 0, alpha < C, alpha > 0)
        may_fall = np.where(s > 0, alpha > 0, alpha < C)
        i = int(np.where(may_rise, m, -np.inf).argmax())
        violation = np.where(may_fall, m[i] - m, -np.inf)
        if violation.max() <= tolerance:
            return Dual(alpha, _bias(alpha, m, C, (m[i] + m[violation.argmax()]) / 2), step)
        curvature = np.maximum(diagonal[i] + diagonal - 2 * K[i], 1e-12)
        j = int(np.where(violation > 0, violation**2 / curvature, -np.inf).argmax())
        room_i = C - alpha[i] if s[i] > 0 else alpha[i]
        room_j = alpha[j] if s[j] > 0 else C - alpha[j]
        d = min(violation[j] / curvature[j], room_i, room_j)
        alpha[i] += s[i] * d
        alpha[j] -= s[j] * d
        m -= d * (K[i] - K[j])
    raise RuntimeError(f"still violated after {limit} steps: scale the coordinates, or lower C = {C:g}")


@final
class KernelSVM:
    """A support vector machine in the space of a kernel's features.

        f(z) = Σ_i α_i s_i K(x_i, z) + b;  the class is the sign of f

    As scikit-learn's `SVC(C=C, kernel=…).fit(X, y)`; `classify` is its `predict`, `decision` its `decision_function`.

    Attributes:
        classes: the two labels; the second is the positive side.
        alpha: shape (n,), zero at all but the support vectors.
        bias: b.
    """

    def __init__(self, X: object, y: object, *, kernel: Kernel, C: float = 1.0, tolerance: float = 1e-3) -> None:
        """Solve the dual.

        Args:
            X: shape (n, d).
            y: shape (n,), labels of two classes.
            kernel: from (n, d) and (m, d) to (n, m).
            C: price of a unit of slack.
            tolerance: of the solution, in units of the margin.

        Raises:
            ValueError: the shapes do not fit, a point is not finite, or the classes are not two.
        """
        self._X, labels = labelled(X, y)
        self.classes, codes = np.unique(labels, return_inverse=True)
        if len(self.classes) != 2:
            raise ValueError(f"labels of two classes expected, given {self.classes}")
        self._kernel = kernel
        self.signs: Floats = np.where(codes == 1, 1.0, -1.0)
        self.alpha, self.bias, _ = solve_dual(kernel(self._X, self._X), self.signs, C=C, tolerance=tolerance)

    def decision(self, Z: object) -> Floats:
        """Return f at the rows of Z (m, d), of shape (m,): 1 or -1 on the margins."""
        support = self.alpha > 0
        weights = self.alpha[support] * self.signs[support]
        return self._kernel(points(Z, like=self._X.shape[1]), self._X[support]) @ weights + self.bias

    def classify(self, Z: object) -> NDArray[np.generic]:
        """Labels, of shape (m,)."""
        found: NDArray[np.generic] = self.classes[(self.decision(Z) > 0).astype(np.intp)]
        return found


@final
class LinearSVM:
    """A support vector machine whose plane is known: f(z) = w·z + b, the margins 1/|w| away on either side.

    Attributes:
        classes: the two labels; the second is the positive side.
        weights: w = Σ_i α_i s_i x_i, shape (d,).
        bias: b.
        alpha: shape (n,).

    Example:
        >>> fitted = LinearSVM([[0.0], [1.0], [3.0], [5.0]], [0, 0, 1, 1], C=100)
        >>> fitted.weights.round(3).tolist(), round(fitted.bias, 3), round(fitted.margin, 3)
        ([1.0], -2.0, 1.0)
    """

    def __init__(self, X: object, y: object, *, C: float = 1.0, tolerance: float = 1e-3) -> None:
        """Solve the dual of inner products; arguments and errors as in `KernelSVM`."""
        fitted = KernelSVM(X, y, kernel=linear, C=C, tolerance=tolerance)
        self.classes, self.alpha, self.bias = fitted.classes, fitted.alpha, fitted.bias
        self.weights: Floats = (fitted.alpha * fitted.signs) @ np.asarray(X, dtype=np.float64)

    @property
    def margin(self) -> float:
        """Distance from the plane to where f is 1, in units of x."""
        return float(1 / np.linalg.norm(self.weights))

    def decision(self, Z: object) -> Floats:
        """Return f at the rows of Z (m, d), of shape (m,)."""
        return np.asarray(points(Z, like=len(self.weights)) @ self.weights + self.bias)

    def classify(self, Z: object) -> NDArray[np.generic]:
        """Labels, of shape (m,)."""
        found: NDArray[np.generic] = self.classes[(self.decision(Z) > 0).astype(np.intp)]
        return found


def _bias(alpha: Floats, m: Floats, C: float, middle: float) -> float:
    """b: the m of points on the margin, which agree up to the tolerance; between the bounds where there are none."""
    free = (alpha > 0) & (alpha < C)
    return float(m[free].mean()) if free.any() else float(middle)
