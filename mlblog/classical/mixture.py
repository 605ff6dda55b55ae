"""Mixtures of Gaussians by expectation maximisation."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlblog.classical.bounds import log_evidence
from mlblog.classical.points import distributions, points

Array = NDArray[np.float64]


@dataclass(frozen=True)
class GaussianMixture:
    """p(x) = Σ_k π_k N(x; μ_k, Σ_k).

    Attributes:
        weights: π, shape (K,), of sum 1.
        means: μ, shape (K, D).
        covariances: Σ, shape (K, D, D).

    Raises:
        ValueError: the shapes do not fit, or the weights are no distribution.
    """

    weights: Array
    means: Array
    covariances: Array

    def __post_init__(self) -> None:
        k, d = points(self.means).shape
        if self.weights.shape != (k,) or self.covariances.shape != (k, d, d):
            raise ValueError(
                f"means of shape ({k}, {d}) need weights of shape ({k},) and covariances of shape ({k}, {d}, {d}), "
                f"got {self.weights.shape} and {self.covariances.shape}"
            )
        distributions(self.weights, "weights")

    def log_joint(self, x: Array) -> Array:
        """Each component's share, log π_k + log N(x; μ_k, Σ_k), shape (N, K) for x of shape (N, D).

        With Σ = LLᵀ, (x - μ)ᵀ Σ⁻¹ (x - μ) = ‖L⁻¹ (x - μ)‖², and log det Σ = 2 Σ log L_dd.

        Raises:
            ValueError: x is not of shape (N, D), or not finite.
            numpy.linalg.LinAlgError: a covariance is not positive definite; a component may have collapsed.
        """
        x = points(x, like=self.means.shape[1])
        n, d = x.shape
        factors = np.linalg.cholesky(self.covariances)
        found = np.empty((n, len(self.weights)))
        for k, whiten in enumerate(np.linalg.inv(factors)):
            white = (x - self.means[k]) @ whiten.T
            with np.errstate(over="ignore"):  # a squared distance beyond the largest double: a density of zero
                found[:, k] = np.einsum("nd,nd->n", white, white)
        log_determinants = 2 * np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
        with np.errstate(divide="ignore"):  # a component of weight 0 is impossible
            log_weights = np.log(self.weights)
        log_joint: Array = log_weights - 0.5 * (d * np.log(2 * np.pi) + log_determinants + found)
        return log_joint

    def log_likelihood(self, x: Array) -> float:
        """Mean of log p(x) over the rows of x, in nats."""
        return float(log_evidence(self.log_joint(x)).mean())

    def responsibilities(self, x: Array) -> Array:
        """p(k | x), shape (N, K).

        Raises:
            ValueError: a point so far from all components that its density is zero, and so no posterior exists.
        """
        log_joint = self.log_joint(x)
        return _posterior(log_joint, log_evidence(log_joint))


def maximise(x: Array, responsibilities: Array, *, floor: float = 1e-6) -> GaussianMixture:
    """The M-step: the mixture that maximises the bound for these responsibilities.

        N_k = Σ_n r_nk,   π_k = N_k / N,   μ_k = Σ_n r_nk x_n / N_k,   Σ_k = Σ_n r_nk (x_n - μ_k)(x_n - μ_k)ᵀ / N_k

    Args:
        x: shape (N, D).
        responsibilities: r, shape (N, K), rows of sum 1.
        floor: added to the diagonals of Σ, so that no component collapses onto a point. With it the likelihood may
            fall by about as little.

    Raises:
        ValueError: the shapes do not fit, there are no points, or responsibilities are no distributions.

    References:
        [dempster1977maximum], section 4.3; [bishop2006pattern], eqs. 9.24 to 9.26.
    """
    x, responsibilities = points(x), distributions(responsibilities, "responsibilities")
    if responsibilities.ndim != 2 or len(responsibilities) != len(x) or len(x) == 0:
        raise ValueError(f"responsibilities (N, K) of N ≥ 1 points expected, got {responsibilities.shape}, {x.shape}")
    counts = responsibilities.sum(axis=0) + 10 * np.finfo(np.float64).eps  # a component that lost all points stays
    means = responsibilities.T @ x / counts[:, None]
    covariances = np.empty((len(counts), x.shape[1], x.shape[1]))
    for k, mean in enumerate(means):
        away = x - mean
        covariances[k] = (responsibilities[:, k] * away.T) @ away / counts[k]
    covariances += floor * np.eye(x.shape[1])
    return GaussianMixture(counts / counts.sum(), means, covariances)


def em_step(mixture: GaussianMixture, x: Array, *, floor: float = 1e-6) -> GaussianMixture:
    """One step of EM: the posterior of the components, then the mixture that fits it best.

    The bound is tight at `mixture` and rises, so the log-likelihood rises at least as much.
    """
    return maximise(x, mixture.responsibilities(x), floor=floor)


def fit_mixture(
    x: Array, start: GaussianMixture, *, steps: int = 100, tolerance: float = 1e-3, floor: float = 1e-6
) -> tuple[GaussianMixture, list[float]]:
    """Run EM from `start` until a step gains less than `tolerance`.

    Args:
        x: shape (N, D).
        start: where to begin; EM finds a local maximum that depends on it.
        steps: most steps.
        tolerance: gain in mean log-likelihood, in nats per point.
        floor: as for `maximise`.

    Returns:
        The mixture, and the mean log-likelihoods of all mixtures but the last, from the first on.

    Example:
        >>> x = np.array([[-2.1], [-1.9], [1.8], [2.2]])
        >>> start = GaussianMixture(np.array([0.5, 0.5]), np.array([[-1.0], [1.0]]), np.ones((2, 1, 1)))
        >>> fitted, history = fit_mixture(x, start)
        >>> fitted.means.round(3).tolist(), history == sorted(history)
        ([[-2.0], [2.0]], True)
    """
    history: list[float] = []
    mixture = start
    for likelihood, following in itertools.islice(_em(x, start, floor), steps):
        mixture = following
        history.append(likelihood)
        if len(history) > 1 and history[-1] - history[-2] < tolerance:
            break
    return mixture, history


def _em(x: Array, mixture: GaussianMixture, floor: float) -> Iterator[tuple[float, GaussianMixture]]:
    """Each mixture's mean log-likelihood and the mixture after it; both need the same joint, computed once."""
    while True:
        log_joint = mixture.log_joint(x)
        evidence = log_evidence(log_joint)
        mixture = maximise(x, _posterior(log_joint, evidence), floor=floor)
        yield float(evidence.mean()), mixture


def _posterior(log_joint: Array, evidence: Array) -> Array:
    if not np.isfinite(evidence).all():
        raise ValueError("a point lies so far from every component that all densities are zero")
    found: Array = np.exp(log_joint - evidence[:, None])
    return found
