"""Probabilistic principal components: a linear latent-variable model whose likelihood is known exactly.

    z ~ N(0, I),   x | z ~ N(W z + mean, σ² I),   so   x ~ N(mean, W W' + σ² I)

Dimensions: n examples, D features, Z latent features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlblog.classical.points import points


@dataclass(frozen=True)
class PPCA:
    """A fitted model.

    Attributes:
        mean: (D,).
        loadings: W, (D, Z), with orthogonal columns, the longest first.
        noise: σ², the variance that no column explains, per feature.
    """

    mean: NDArray[np.float64]
    loadings: NDArray[np.float64]
    noise: float

    def log_density(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Exact log p(x) in nats: (n, D) to (n,)."""
        centred = x - self.mean
        squares = np.square(self.loadings).sum(axis=0)  # (Z,): W' W is diagonal
        # Along column j the variance is |w_j|² + σ², across all columns it is σ².
        # A column of length zero has no direction, and needs none: its variance is σ² like that across all columns.
        along = np.square(centred @ self.loadings) / np.where(squares > 0, squares, 1.0)  # (n, Z), squared lengths
        across = np.square(centred).sum(axis=1) - along.sum(axis=1)
        variances = squares + self.noise
        log_volume = np.log(variances).sum() + (x.shape[1] - len(squares)) * np.log(self.noise)
        distance = (along / variances).sum(axis=1) + across / self.noise
        log_density: NDArray[np.float64] = -0.5 * (x.shape[1] * np.log(2 * np.pi) + log_volume + distance)
        return log_density


def fit_ppca(x: NDArray[np.float64], latent: int) -> PPCA:
    """The maximum of the likelihood, in closed form.

        W = U (Λ - σ² I)^½,   σ² = mean of the D - Z smallest eigenvalues of the covariance

    Args:
        x: (n, D).
        latent: Z, 1 … D - 1.

    Raises:
        ValueError: no eigenvalue would be left for the noise, or those left are zero: the likelihood has no maximum
            where the examples lie in a space of Z dimensions.

    Example:
        >>> x = np.array([[3.0, 1.0], [-3.0, -1.0], [3.0, -1.0], [-3.0, 1.0]])
        >>> model = fit_ppca(x, latent=1)
        >>> model.noise, np.abs(model.loadings).round(3).tolist()
        (1.0, [[2.828], [0.0]])

    References:
        [tipping1999probabilistic], section 3.2, with the rotation R = I; variances with 1 / n.
    """
    x = points(x)
    if not 0 < latent < x.shape[1]:
        raise ValueError(f"latent must be 1 to {x.shape[1] - 1} for {x.shape[1]} features, given {latent}")
    if len(x) == 0:
        raise ValueError("at least one example expected")
    mean = x.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(x, rowvar=False, bias=True))  # ascending
    noise = float(values[:-latent].mean())
    if noise <= len(values) * np.finfo(np.float64).eps * values[-1]:
        raise ValueError(f"the examples lie in {latent} dimensions, so that no noise is left: take a smaller latent")
    kept = slice(None, -latent - 1, -1)
    spared = np.maximum(values[kept] - noise, 0.0)  # rounding may make equal eigenvalues differ
    return PPCA(mean, vectors[:, kept] * np.sqrt(spared), noise)
