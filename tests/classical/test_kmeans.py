"""K-means against scikit-learn's, and against all partitions of a few points."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans

from mlblog.classical.kmeans import fit_kmeans, kmeans_targets, lloyd_step, spread_start


def cloud(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 3))


def test_targets_are_the_nearest_means() -> None:
    features, means = cloud(35).reshape(5, 7, 3), cloud(4, seed=1)
    found = kmeans_targets(features, means)
    assert np.array_equal(found.ravel(), cdist(features.reshape(-1, 3), means).argmin(1))
    assert found.shape == (5, 7)
    assert np.array_equal(kmeans_targets(features, np.concatenate((means, means))), found)  # of equal ones the first


def test_steps_are_those_of_scikit_learn() -> None:
    x, start = cloud(200), cloud(6, seed=2)
    now = start
    for _ in range(4):
        now, error = lloyd_step(x, now)
    theirs = KMeans(6, init=start, n_init=1, max_iter=4, algorithm="lloyd", tol=0)
    theirs.fit(x)
    assert now == pytest.approx(theirs.cluster_centers_)
    assert lloyd_step(x, now).error == pytest.approx(theirs.inertia_ / 200)
    assert error > lloyd_step(x, now).error


def test_a_mean_without_points_stays() -> None:
    start = np.array([[0.0, 0, 0], [50.0, 50, 50]])
    assert np.array_equal(lloyd_step(cloud(20), start).means[1], start[1])


def test_of_few_points_no_partition_is_better() -> None:
    x = cloud(8)

    def error(sides: tuple[int, ...]) -> float:
        parts = [x[np.array(sides) == side] for side in set(sides)]
        return sum(float(((part - part.mean(0)) ** 2).sum()) for part in parts) / 8

    best = min(error(sides) for sides in itertools.product((0, 1), repeat=8))
    found = fit_kmeans(x, 2, rng=np.random.default_rng(0), starts=20)
    assert found.error == pytest.approx(best)


def test_it_ends_where_scikit_learn_would_not_move() -> None:
    """And is about as good as the best of as many starts there."""
    x = cloud(500)
    found = fit_kmeans(x, 9, rng=np.random.default_rng(1))
    again = KMeans(9, init=found.means, n_init=1, algorithm="lloyd", tol=0).fit(x)
    assert again.cluster_centers_ == pytest.approx(found.means)
    assert found.error == pytest.approx(again.inertia_ / 500)
    theirs = KMeans(9, n_init=3, algorithm="lloyd", random_state=0).fit(x)
    assert found.error == pytest.approx(theirs.inertia_ / 500, rel=0.03)


def test_starts_are_far_apart() -> None:
    """Two clumps of very different size: by chance alone both starts would mostly fall into the larger."""
    x = np.concatenate((0.01 * cloud(99), 100 + 0.01 * cloud(1)))
    for seed in range(5):
        start = spread_start(x, 2, np.random.default_rng(seed))
        assert cdist(start[:1], start[1:])[0, 0] > 100
    alike = spread_start(np.ones((4, 3)), 3, np.random.default_rng(0))
    assert np.array_equal(alike, np.ones((3, 3)))


def test_more_means_than_points_are_refused() -> None:
    for count in (0, 5):
        with pytest.raises(ValueError, match=f"1 to 4 means of as many points expected, given {count}"):
            fit_kmeans(cloud(4), count, rng=np.random.default_rng(0))
