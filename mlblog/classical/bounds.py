"""Lower bounds of a log-evidence: what is bounded, by how much, and where the bound and the function part ways.

For a joint distribution p(x, z) and any distribution q(z),

    log p(x) = E_q[log p(x, z) - log q(z)] + KL(q ‖ p(z | x)) = bound + gap.

The gap is never negative, and zero only where q is the posterior. Everything is in nats.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlblog.classical.points import distributions

Array = NDArray[np.float64]


def log_evidence(log_joint: Array) -> Array:
    """Sum the hidden value out: log p(x) = log Σ_z p(x, z).

    Args:
        log_joint: log p(x, z), shape (..., K), with the K values of z last.

    Returns:
        Shape (...); minus infinity where no value of z is possible.

    Example:
        >>> log_evidence(np.log([[0.3, 0.1], [0.5, 0.5]])).round(6).tolist()
        [-0.916291, 0.0]
    """
    log_joint = np.asarray(log_joint, dtype=np.float64)
    highest = log_joint.max(axis=-1, keepdims=True, initial=-np.inf)
    shift = np.where(np.isfinite(highest), highest, 0.0)  # never subtract an infinity
    with np.errstate(divide="ignore", over="ignore"):
        found: Array = np.log(np.exp(log_joint - shift).sum(axis=-1)) + shift[..., 0]
    return found


def elbo(log_joint: Array, q: Array) -> Array:
    """The bound Σ_z q(z) (log p(x, z) - log q(z)), where 0 log 0 = 0.

    Args:
        log_joint: log p(x, z), shape (..., K).
        q: shape (..., K), of sum 1 over the last axis.

    Returns:
        Shape (...); minus infinity where q allows what the joint rules out.

    Raises:
        ValueError: q is no distribution, or of another shape.

    Example:
        >>> joint = np.log(np.array([0.3, 0.1]))  # log p(x) = log 0.4
        >>> round(float(elbo(joint, np.array([0.75, 0.25]))), 6), round(float(np.log(0.4)), 6)
        (-0.916291, -0.916291)
        >>> round(float(elbo(joint, np.array([0.5, 0.5]))), 6)
        -1.060132

    References:
        [neal1998view]; [jordan1999introduction].
    """
    log_joint, q = np.asarray(log_joint, dtype=np.float64), distributions(q, "q")
    if q.shape != log_joint.shape:
        raise ValueError(f"q must have the shape of log_joint, {log_joint.shape}, got {q.shape}")
    terms = q * (np.where(q > 0, log_joint, 0.0) - np.log(np.where(q > 0, q, 1.0)))
    found: Array = terms.sum(axis=-1)
    return found


@dataclass(frozen=True)
class LinearGaussian:
    """Hidden causes z ~ N(0, I), one observation x = wᵀz + ε with ε ~ N(0, s).

    Attributes:
        loading: w, shape (K,).
        noise: s, the variance of ε, positive.

    Raises:
        ValueError: w is no vector of finite numbers, or s is not positive.
    """

    loading: Array
    noise: float

    def __post_init__(self) -> None:
        if np.ndim(self.loading) != 1 or not np.isfinite(self.loading).all() or not 0 < self.noise < np.inf:
            raise ValueError(f"finite loadings (K,) and positive noise expected, got {self.loading} and {self.noise}")

    @property
    def precision(self) -> Array:
        """Λ = I + w wᵀ / s of the posterior, shape (K, K); it is the same for every x."""
        precision: Array = np.eye(len(self.loading)) + np.outer(self.loading, self.loading) / self.noise
        return precision

    def posterior_mean(self, x: Array) -> Array:
        """E[z | x] = w x / (s + wᵀw), shape (N, K) for x of shape (N,)."""
        mean: Array = np.outer(x, self.loading) / (self.noise + self.loading @ self.loading)
        return mean

    def log_evidence(self, x: Array) -> Array:
        """Exact, without a bound: log N(x; 0, s + wᵀw), shape (N,)."""
        variance = self.noise + self.loading @ self.loading
        found: Array = -0.5 * (np.log(2 * np.pi * variance) + x**2 / variance)
        return found

    def elbo(self, x: Array, mean: Array, covariance: Array) -> Array:
        """The bound for q(z | x) = N(mean, covariance).

        Args:
            x: shape (N,).
            mean: shape (N, K).
            covariance: shape (K, K), the same for every x, positive definite.

        Returns:
            E_q[log p(x | z)] + E_q[log p(z)] + H(q), shape (N,).

        Raises:
            numpy.linalg.LinAlgError: the covariance is not positive definite.
        """
        size = len(self.loading)
        np.linalg.cholesky(covariance)  # slogdet would take the determinant of an impossible one without its sign
        residual = (x - mean @ self.loading) ** 2 + self.loading @ covariance @ self.loading
        likelihood = -0.5 * (np.log(2 * np.pi * self.noise) + residual / self.noise)
        prior = -0.5 * (size * np.log(2 * np.pi) + (mean**2).sum(axis=1) + np.trace(covariance))
        entropy = 0.5 * (size * (1 + np.log(2 * np.pi)) + np.linalg.slogdet(covariance)[1])
        found: Array = likelihood + prior + entropy
        return found

    def best_independent(self) -> Array:
        """Covariance of the best q in which the causes are independent: diagonal, 1 / Λ_ii, shape (K, K).

        Its mean is the posterior's; its variances are too small, since 1 / Λ_ii ≤ (Λ⁻¹)_ii.

        References:
            [bishop2006pattern], section 10.1.2.
        """
        return np.diag(1 / np.diag(self.precision))

    def refit_noise(self, x: Array, mean: Array, covariance: Array) -> LinearGaussian:
        """The model whose noise maximises the bound for this q: s = mean of E_q[(x - wᵀz)²]."""
        spread = self.loading @ covariance @ self.loading
        return LinearGaussian(self.loading, float(np.mean((x - mean @ self.loading) ** 2) + spread))
