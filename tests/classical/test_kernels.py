"""Kernels against scikit-learn and against features that are written down."""

from functools import partial

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge as Reference
from sklearn.linear_model import Ridge
from sklearn.metrics.pairwise import polynomial_kernel, rbf_kernel

from mlblog.classical.kernels import KernelRidge, linear, polynomial, rbf

random = np.random.default_rng(12)
X, Z, y = random.normal(size=(23, 3)), random.normal(size=(7, 3)), random.normal(size=23)


def monomials(points: np.ndarray) -> np.ndarray:
    """The features of (x·z + 1)²: 1, √2 x_i, x_i², √2 x_i x_j."""
    pairs = [(i, j) for i in range(3) for j in range(i)]
    mixed = np.stack([points[:, i] * points[:, j] for i, j in pairs], axis=1)
    return np.hstack([np.ones((len(points), 1)), 2**0.5 * points, points**2, 2**0.5 * mixed])


def test_the_quadratic_kernel_is_the_inner_product_of_its_features() -> None:
    np.testing.assert_allclose(polynomial(X, Z, degree=2), monomials(X) @ monomials(Z).T, atol=1e-12)


def test_kernels_are_scikit_learns() -> None:
    np.testing.assert_allclose(polynomial(X, Z, degree=3, offset=0.5), polynomial_kernel(X, Z, 3, 1, 0.5))
    np.testing.assert_allclose(rbf(X, Z, gamma=0.7), rbf_kernel(X, Z, 0.7), atol=1e-12)
    np.testing.assert_allclose(linear(X, Z), X @ Z.T)


def test_a_bell_is_one_at_its_centre_and_e_to_the_minus_half_at_its_radius() -> None:
    assert (rbf(X, X, gamma=3.0).diagonal() <= 1).all()
    np.testing.assert_allclose(rbf([[0.0]], [[0.0], [1 / 6**0.5]], gamma=3.0), [[1, np.exp(-0.5)]])


def test_every_kernel_matrix_is_positive_semidefinite() -> None:
    for gram in (rbf(X, X, gamma=0.4), polynomial(X, X, degree=3), linear(X, X)):
        np.testing.assert_allclose(gram, gram.T)
        assert np.linalg.eigvalsh(gram).min() > -1e-9 * np.abs(gram).max()


def test_ridge_with_a_kernel_is_ridge_on_its_features() -> None:
    """The representer theorem: n kernels find the same function as the ten features do."""
    features = Ridge(alpha=0.3, fit_intercept=False).fit(monomials(X), y)
    found = KernelRidge(X, y, kernel=partial(polynomial, degree=2), penalty=0.3)
    np.testing.assert_allclose(found(Z), features.predict(monomials(Z)), atol=1e-9)
    np.testing.assert_allclose(found.dual @ monomials(X), features.coef_, atol=1e-9)


@pytest.mark.parametrize("targets", [y, np.stack([y, y**2], axis=1)], ids=["one output", "two"])
def test_ridge_is_scikit_learns(targets: np.ndarray) -> None:
    reference = Reference(alpha=0.2, kernel="rbf", gamma=0.5).fit(X, targets)
    found = KernelRidge(X, targets, kernel=partial(rbf, gamma=0.5), penalty=0.2)
    np.testing.assert_allclose(found(Z), reference.predict(Z), atol=1e-9)
    assert found(Z).shape == (7, *targets.shape[1:])


def test_what_is_no_kernel_is_refused() -> None:
    with pytest.raises(ValueError, match="offset of at least 0"):
        polynomial(X, Z, degree=2, offset=-1)
    with pytest.raises(ValueError, match="gamma must be positive"):
        rbf(X, Z, gamma=0)
    with pytest.raises(ValueError, match="same d"):
        linear(X, Z[:, :2])
    with pytest.raises(ValueError, match="penalty must be positive"):
        KernelRidge(X, y, kernel=linear, penalty=0)
    with pytest.raises(ValueError, match="expected, given"):
        KernelRidge(X, y[:-1], kernel=linear, penalty=1)
