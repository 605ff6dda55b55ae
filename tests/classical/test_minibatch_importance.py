"""Buckets by enumeration, and ridge regression against scikit-learn's."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from mlblog.classical.importance import importance_variance
from mlblog.classical.minibatch_importance import (
    bucket_variance,
    draw_from_buckets,
    minibatch_importance_sampling,
    ridge_optimum,
)
from mlblog.data.skewed import skewed_rows

RANDOM = np.random.default_rng(5)
F = RANDOM.normal(size=(7, 3))
SCORES = RANDOM.uniform(0.5, 4.0, size=7)


def test_the_variance_is_that_of_all_minibatches_by_enumeration() -> None:
    buckets = minibatch_importance_sampling(SCORES, 3)
    estimates, chances = [], []
    for places in product(*(range(len(rows)) for rows in buckets.members)):
        pairs = [(rows[k], p[k]) for rows, p, k in zip(buckets.members, buckets.chances, places, strict=True)]
        estimates.append(sum(F[row] / p for row, p in pairs) / 7)
        chances.append(np.prod([p for _, p in pairs]))
    mean = np.average(estimates, axis=0, weights=chances)
    np.testing.assert_allclose(mean, F.mean(0), rtol=1e-12)
    away = np.square(np.array(estimates) - mean).sum(1)
    assert bucket_variance(F, buckets) == pytest.approx(np.average(away, weights=chances), rel=1e-12)


def test_buckets_share_the_examples_and_nearly_the_scores() -> None:
    scores = np.random.default_rng(6).exponential(size=300)
    buckets = minibatch_importance_sampling(scores, 8)
    assert sorted(np.concatenate(buckets.members)) == list(range(300))
    sums = [scores[rows].sum() for rows in buckets.members]
    assert max(sums) / min(sums) < 1.01
    for rows, chances in zip(buckets.members, buckets.chances, strict=True):
        np.testing.assert_allclose(chances, scores[rows] / scores[rows].sum(), rtol=1e-12)


def test_buckets_vary_no_more_than_independent_draws_by_the_same_scores() -> None:
    f = np.random.default_rng(7).normal(size=(60, 4)) + 0.5
    size = np.linalg.norm(f, axis=1)
    alone = importance_variance(f, np.full(60, 1 / 60), size / size.sum()) / 6
    assert bucket_variance(f, minibatch_importance_sampling(size, 6)) < alone


def test_minibatches_take_one_of_each_bucket_as_often_as_its_chance_says() -> None:
    buckets = minibatch_importance_sampling(SCORES, 3)
    rows, weights = draw_from_buckets(buckets, np.random.default_rng(8), 40_000)
    assert rows.shape == weights.shape == (40_000, 3)
    for place, (members, chances) in enumerate(zip(buckets.members, buckets.chances, strict=True)):
        counts = (rows[:, place, None] == members).mean(0)
        np.testing.assert_allclose(counts, chances, atol=0.01)
        for row, chance in zip(members, chances, strict=True):
            np.testing.assert_allclose(weights[rows[:, place] == row, place], 1 / chance)


def test_the_optimum_is_scikit_learns() -> None:
    x, y = skewed_rows(200, 6, skew=12.0, random=np.random.default_rng(9))
    theirs = Ridge(alpha=200 * 0.03, fit_intercept=False, tol=1e-12).fit(x, y).coef_
    np.testing.assert_allclose(ridge_optimum(x, y, penalty=0.03), theirs, rtol=1e-8)


def test_scores_and_counts_that_mean_nothing_are_refused() -> None:
    for scores, count in (([1.0, 0.0], 1), ([1.0, np.nan], 1), ([[1.0]], 1)):
        with pytest.raises(ValueError, match="positive"):
            minibatch_importance_sampling(scores, count)
    for count in (0, 3):
        with pytest.raises(ValueError, match="1 to 2"):
            minibatch_importance_sampling([1.0, 2.0], count)
    buckets = minibatch_importance_sampling([1.0, 2.0], 1)
    for f in ([1.0, 2.0], [[1.0], [np.inf]], [[1.0]]):
        with pytest.raises(ValueError, match="finite, expected"):
            bucket_variance(f, buckets)
    for y, penalty in (([1.0], 1.0), ([1.0, np.nan], 1.0), ([1.0, 2.0], 0.0)):
        with pytest.raises(ValueError, match=r"finite|positive"):
            ridge_optimum([[1.0], [2.0]], y, penalty=penalty)
