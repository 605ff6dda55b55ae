"""Probabilistic principal components against scikit-learn and the full covariance matrix."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from mlblog.classical.ppca import fit_ppca


def test_the_likelihood_is_that_of_scikit_learn() -> None:
    x = load_digits().data.astype(float)
    known, asked = x[:1000], x[1000:1100]
    # scikit-learn divides the covariance by n - 1: make ours the same by scaling.
    ours = fit_ppca(known.mean(0) + (known - known.mean(0)) * np.sqrt(1000 / 999), latent=7)
    reference = PCA(n_components=7, svd_solver="full").fit(known)
    np.testing.assert_allclose(ours.log_density(asked), reference.score_samples(asked), rtol=1e-9)
    assert ours.noise == pytest.approx(reference.noise_variance_)


def test_the_likelihood_is_that_of_the_full_covariance() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 5)) @ rng.normal(size=(5, 5)) + 3
    model = fit_ppca(x, latent=2)
    full = multivariate_normal(model.mean, model.loadings @ model.loadings.T + model.noise * np.eye(5))
    np.testing.assert_allclose(model.log_density(x), full.logpdf(x), rtol=1e-10)


def test_nothing_near_is_likelier() -> None:
    """The fit is a maximum: moving a loading or the noise lowers the mean log-likelihood of the full covariance."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(60, 4)) * [3, 2, 1, 1] + rng.normal(size=4)
    model = fit_ppca(x, latent=2)

    def mean_log_likelihood(loadings: np.ndarray, noise: float) -> float:
        return float(multivariate_normal(model.mean, loadings @ loadings.T + noise * np.eye(4)).logpdf(x).mean())

    best = mean_log_likelihood(model.loadings, model.noise)
    for _ in range(20):
        nudge = 0.1 * rng.normal(size=model.loadings.shape)
        assert mean_log_likelihood(model.loadings + nudge, model.noise) < best
    for factor in (0.9, 1.1):
        assert mean_log_likelihood(model.loadings, model.noise * factor) < best


def test_a_model_without_noise_is_refused() -> None:
    with pytest.raises(ValueError, match="1 to 4 for 5 features, given 5"):
        fit_ppca(np.zeros((9, 5)), latent=5)
