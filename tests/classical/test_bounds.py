"""Bounds against enumeration, SciPy's densities, sampling and coordinate ascent."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import logsumexp, rel_entr
from scipy.stats import multivariate_normal, norm

from mlblog.classical.bounds import LinearGaussian, elbo, log_evidence

MODEL = LinearGaussian(np.array([1.0, 0.7, -0.4]), 0.6)
X = np.array([-2.0, 0.3, 1.1, 2.6, 0.0])


@given(st.integers(0, 10_000))
def test_evidence_is_the_bound_and_the_gap(seed: int) -> None:
    random = np.random.default_rng(seed)
    log_joint = 3 * random.normal(size=(2, 5))
    q = random.dirichlet(np.ones(5), size=2)
    q[0, :2] = 0
    q /= q.sum(axis=-1, keepdims=True)
    evidence = logsumexp(log_joint, axis=-1)
    gap = rel_entr(q, np.exp(log_joint - evidence[:, None])).sum(axis=-1)
    np.testing.assert_allclose(log_evidence(log_joint), evidence, atol=1e-12)
    np.testing.assert_allclose(elbo(log_joint, q) + gap, evidence, atol=1e-10)
    assert (elbo(log_joint, q) <= evidence + 1e-12).all()


def test_what_is_no_distribution_is_refused() -> None:
    with pytest.raises(ValueError, match="sum to one"):
        elbo(np.zeros(3), np.array([0.5, 0.6, -0.1]))
    with pytest.raises(ValueError, match="shape of log_joint"):
        elbo(np.zeros((2, 3)), np.array([0.5, 0.5, 0.0]))


def test_the_evidence_is_the_integral_over_one_cause() -> None:
    model = LinearGaussian(np.array([1.3]), 0.4)
    for x in X:
        area, _ = quad(lambda z, x=x: norm.pdf(x, 1.3 * z, 0.4**0.5) * norm.pdf(z), -9, 9, epsabs=1e-12)
        assert model.log_evidence(np.array([x]))[0] == pytest.approx(np.log(area), abs=1e-9)


def test_the_posterior_is_that_of_the_joint_gaussian() -> None:
    """By conditioning the joint covariance of (z, x)."""
    w, s = MODEL.loading, MODEL.noise
    joint = np.block([[np.eye(3), w[:, None]], [w[None], np.array([[w @ w + s]])]])
    gain = joint[:3, 3] / joint[3, 3]
    np.testing.assert_allclose(MODEL.posterior_mean(X), X[:, None] * gain, atol=1e-12)
    np.testing.assert_allclose(np.linalg.inv(MODEL.precision), joint[:3, :3] - np.outer(gain, joint[3, :3]), atol=1e-12)


def test_the_bound_is_an_expectation_under_q() -> None:
    random = np.random.default_rng(0)
    mean, root = random.normal(size=(len(X), 3)), np.tril(random.normal(size=(3, 3))) + np.eye(3)
    covariance = root @ root.T
    z = mean[0] + random.normal(size=(200_000, 3)) @ root.T
    terms = (
        norm.logpdf(X[0], z @ MODEL.loading, MODEL.noise**0.5)
        + multivariate_normal.logpdf(z, np.zeros(3), np.eye(3))
        - multivariate_normal.logpdf(z, mean[0], covariance)
    )
    error = terms.std() / np.sqrt(len(terms))
    assert MODEL.elbo(X, mean, covariance)[0] == pytest.approx(terms.mean(), abs=4 * error)


def test_the_posterior_closes_the_gap() -> None:
    tight = MODEL.elbo(X, MODEL.posterior_mean(X), np.linalg.inv(MODEL.precision))
    np.testing.assert_allclose(tight, MODEL.log_evidence(X), atol=1e-12)


def test_the_best_independent_q_is_where_coordinate_ascent_ends() -> None:
    """Each factor in turn is set to exp E_others[log p], which for Gaussians has variance 1 / Λ_ii."""
    precision, x = MODEL.precision, X[3]
    mean = np.array([5.0, -3.0, 1.0])
    for _ in range(200):
        for i in range(3):
            others = precision[i] @ mean - precision[i, i] * mean[i]
            mean[i] = (MODEL.loading[i] * x / MODEL.noise - others) / precision[i, i]
    np.testing.assert_allclose(mean, MODEL.posterior_mean(X)[3], atol=1e-9)
    best = MODEL.elbo(X[3:4], mean[None], MODEL.best_independent())[0]
    for factor in (0.9, 1.1):
        for i in range(3):
            scaled = MODEL.best_independent()
            scaled[i, i] *= factor
            assert MODEL.elbo(X[3:4], mean[None], scaled)[0] < best
    assert best < MODEL.log_evidence(X[3:4])[0]
    assert (np.diag(MODEL.best_independent()) < np.diag(np.linalg.inv(MODEL.precision))).all()


def test_refitting_the_noise_maximises_the_bound() -> None:
    mean, covariance = MODEL.posterior_mean(X), MODEL.best_independent()
    best = MODEL.refit_noise(X, mean, covariance)
    highest = best.elbo(X, mean, covariance).mean()
    assert highest > MODEL.elbo(X, mean, covariance).mean()
    for factor in (0.97, 1.03):
        assert LinearGaussian(best.loading, best.noise * factor).elbo(X, mean, covariance).mean() < highest
