"""EM against scikit-learn's, step by step, and against what theory says of it."""

import itertools
import warnings

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as Reference

from mlblog.classical.bounds import elbo
from mlblog.classical.mixture import GaussianMixture, em_step, fit_mixture, maximise

K, D, N = 3, 2, 140


def points() -> np.ndarray:
    random = np.random.default_rng(5)
    centres = np.array([[0.0, 0.0], [2.5, 1.0], [-1.0, 3.0]])
    shapes = np.array([[[1.0, 0.3], [0.0, 0.5]], [[0.4, 0.0], [0.2, 0.9]], [[0.7, -0.5], [0.0, 0.6]]])
    chosen = random.integers(K, size=N)
    return centres[chosen] + np.einsum("nij,nj->ni", shapes[chosen], random.normal(size=(N, D)))


def begin() -> GaussianMixture:
    means = np.array([[-0.5, 0.5], [1.0, 0.0], [0.5, 2.0]])
    return GaussianMixture(np.array([0.2, 0.3, 0.5]), means, np.stack([np.eye(D) * scale for scale in (1.0, 0.5, 2.0)]))


def after(steps: int, start: GaussianMixture, x: np.ndarray) -> Reference:
    """Scikit-learn's mixture after so many steps from the same start."""
    reference = Reference(
        K,
        weights_init=start.weights,
        means_init=start.means,
        precisions_init=np.linalg.inv(start.covariances),
        max_iter=steps,
        tol=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return reference.fit(x)


@pytest.mark.parametrize("steps", [1, 2, 5, 17])
def test_the_path_is_scikit_learns(steps: int) -> None:
    x, mixture = points(), begin()
    for _ in range(steps):
        mixture = em_step(mixture, x)
    reference = after(steps, begin(), x)
    np.testing.assert_allclose(mixture.weights, reference.weights_, rtol=1e-8)
    np.testing.assert_allclose(mixture.means, reference.means_, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(mixture.covariances, reference.covariances_, rtol=1e-8, atol=1e-10)
    assert mixture.log_likelihood(x) == pytest.approx(reference.score(x), abs=1e-10)
    np.testing.assert_allclose(mixture.responsibilities(x), reference.predict_proba(x), atol=1e-9)


def test_the_likelihood_rises_at_least_as_much_as_the_bound() -> None:
    x, mixture = points(), begin()
    for _ in range(30):
        posterior = mixture.responsibilities(x)
        better = maximise(x, posterior, floor=0.0)
        tight, raised = (elbo(which.log_joint(x), posterior).mean() for which in (mixture, better))
        assert tight == pytest.approx(mixture.log_likelihood(x), abs=1e-12)  # the E-step closes the gap
        assert raised >= tight - 1e-12  # the M-step raises the bound
        assert better.log_likelihood(x) >= raised - 1e-12  # and the bound is one
        mixture = better


def test_the_m_step_is_a_maximum_of_the_bound() -> None:
    x = points()
    posterior = begin().responsibilities(x)
    best = maximise(x, posterior, floor=0.0)
    highest = elbo(best.log_joint(x), posterior).mean()
    random = np.random.default_rng(1)
    for _ in range(50):
        weights = best.weights * np.exp(0.05 * random.normal(size=K))
        tilt = np.eye(D) + 0.05 * random.normal(size=(K, D, D))
        other = GaussianMixture(
            weights / weights.sum(),
            best.means + 0.05 * random.normal(size=(K, D)),
            tilt @ best.covariances @ tilt.transpose(0, 2, 1),
        )
        assert elbo(other.log_joint(x), posterior).mean() < highest


def test_history_and_stopping() -> None:
    x = points()
    fitted, history = fit_mixture(x, begin(), steps=500, tolerance=1e-7)
    assert history[0] == pytest.approx(begin().log_likelihood(x))
    gains = [later - earlier for earlier, later in itertools.pairwise(history)]
    assert all(gain >= 1e-7 for gain in gains[:-1])
    assert 0 <= gains[-1] < 1e-7
    assert fitted.log_likelihood(x) >= history[-1]
    assert len(fit_mixture(x, begin(), steps=4, tolerance=0.0)[1]) == 4


def test_narrow_round_components_are_k_means() -> None:
    """With every covariance held at σ² I, σ → 0, the posterior is the nearest mean: one EM step is one Lloyd step."""
    x = points()
    centres = begin().means
    for _ in range(6):
        narrow = GaussianMixture(np.full(K, 1 / K), centres, np.stack([1e-4 * np.eye(D)] * K))
        centres = em_step(narrow, x).means
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        lloyd = KMeans(K, init=begin().means, n_init=1, max_iter=6, algorithm="lloyd", tol=0).fit(x)
    np.testing.assert_allclose(centres, lloyd.cluster_centers_, atol=1e-8)


def test_iris_is_found_from_its_species_means() -> None:
    """Three full covariances, started at the classes: the accuracy of scikit-learn from the same start."""
    data = load_iris()
    start = GaussianMixture(
        np.full(3, 1 / 3),
        np.stack([data.data[data.target == k].mean(axis=0) for k in range(3)]),
        np.stack([np.eye(4)] * 3),
    )
    fitted, _ = fit_mixture(data.data, start, steps=300, tolerance=1e-6)
    right = float((fitted.responsibilities(data.data).argmax(axis=1) == data.target).mean())
    reference = after(300, start, data.data)
    assert right == pytest.approx(float((reference.predict(data.data) == data.target).mean()), abs=0.01)
    assert right > 0.9


def test_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match=r"need weights of shape \(3,\)"):
        GaussianMixture(np.ones(2), np.zeros((3, 2)), np.ones((3, 2, 2)))
