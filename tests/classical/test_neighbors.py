"""Nearest neighbours against scikit-learn, sorting by hand, and a density that is known."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.datasets import load_wine
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from mlblog.classical import neighbors
from mlblog.classical.neighbors import KNeighbors, knn_density, knn_outlier_score, leave_one_out_errors, nearest


@pytest.fixture
def cloud() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """53 known points in 3 coordinates with 4 labels, and 17 to ask about."""
    random = np.random.default_rng(3)
    return random.normal(size=(53, 3)), random.choice(["b", "d", "a", "c"], size=53), random.normal(size=(17, 3))


@pytest.mark.parametrize("k", [1, 2, 12, 13, 52, 53])
def test_neighbors_are_those_of_sorting_all_distances(cloud: tuple[np.ndarray, ...], k: int) -> None:
    X, _, Z = cloud
    distances, rows = nearest(X, Z, k=k)
    everything = cdist(Z, X)
    np.testing.assert_array_equal(rows, everything.argsort(axis=1)[:, :k])
    np.testing.assert_allclose(distances, np.sort(everything, axis=1)[:, :k], atol=1e-14)


def test_more_neighbors_than_a_few_of_many_points_are_sorted() -> None:
    random = np.random.default_rng(9)
    X, Z = random.normal(size=(2_003, 5)), random.normal(size=(11, 5))
    np.testing.assert_array_equal(nearest(X, Z, k=40)[1], cdist(Z, X).argsort(axis=1)[:, :40])


def test_blocks_do_not_show(cloud: tuple[np.ndarray, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    X, y, Z = cloud
    whole, errors = nearest(X, Z, k=5)[1], leave_one_out_errors(X, y, ks=[3, 8])
    monkeypatch.setattr(neighbors, "_BLOCK", 5 * len(X))
    np.testing.assert_array_equal(nearest(X, Z, k=5)[1], whole)
    np.testing.assert_array_equal(leave_one_out_errors(X, y, ks=[3, 8]), errors)


def test_distances_far_from_the_origin_keep_their_digits_and_order() -> None:
    """By |a|² + |b|² - 2 a·b alone, distances of 1e-3 between points near 1e6 would be lost, and their order."""
    away = np.array([3e-3, 1e-3, 4e-3, 2e-3])
    X = np.stack([1e6 + away, np.full(4, 1e6)], axis=1)
    distances, rows = nearest(X, [[1e6, 1e6]], k=4)
    np.testing.assert_allclose(distances, [np.sort(away)], rtol=1e-6)
    np.testing.assert_array_equal(rows, [away.argsort()])


@pytest.mark.parametrize("k", [1, 2, 4, 7, 30])
def test_classes_and_shares_are_those_of_scikit_learn(cloud: tuple[np.ndarray, ...], k: int) -> None:
    X, y, Z = cloud
    reference = KNeighborsClassifier(n_neighbors=k).fit(X, y)
    known = KNeighbors(X, y)
    np.testing.assert_allclose(known.shares(Z, k=k), reference.predict_proba(Z), atol=1e-12)
    np.testing.assert_array_equal(known.classify(Z, k=k), reference.predict(Z))


def test_leaving_one_out_is_fitting_without_it() -> None:
    X, y = load_wine(return_X_y=True)
    X = ((X - X.mean(axis=0)) / X.std(axis=0))[::3]
    y = y[::3]
    ks = [1, 2, 5, 11]
    naive = [1 - cross_val_score(KNeighborsClassifier(n_neighbors=k), X, y, cv=LeaveOneOut()).mean() for k in ks]
    np.testing.assert_allclose(leave_one_out_errors(X, y, ks=ks), naive, atol=1e-12)


def test_density_nears_that_of_a_uniform_square() -> None:
    """On [0, 2]², the density is a quarter; the estimate with k of n has a relative spread of about 1/√k."""
    X = np.random.default_rng(0).uniform(0, 2, size=(20_000, 2))
    inside = [[0.7, 0.9], [1.0, 1.2], [1.4, 0.6]]
    np.testing.assert_allclose(knn_density(X, inside, k=900), 0.25, rtol=0.12)


def test_density_by_hand_on_a_line() -> None:
    """Of points 0, 1, 3 the second nearest to 0.5 is 0.5 away: 2 / (3 · 2 · 0.5)."""
    assert knn_density([[0.0], [1.0], [3.0]], [[0.5]], k=2) == pytest.approx([2 / 3])
    assert np.isinf(knn_density([[0.0], [1.0]], [[1.0]], k=1)).all()


def test_outlier_score_leaves_the_point_itself_out(cloud: tuple[np.ndarray, ...]) -> None:
    X = np.vstack([cloud[0], [[9.0, 9.0, 9.0]]])
    np.testing.assert_allclose(knn_outlier_score(X, k=4), np.sort(cdist(X, X), axis=1)[:, 4], atol=1e-12)
    assert knn_outlier_score(X, k=4).argmax() == len(X) - 1


def test_what_cannot_be_asked_is_refused(cloud: tuple[np.ndarray, ...]) -> None:
    X, y, Z = cloud
    with pytest.raises(ValueError, match="between 1 and the number of points, 53, given 54"):
        nearest(X, Z, k=54)
    with pytest.raises(ValueError, match="3 coordinates expected, given 2"):
        nearest(X, Z[:, :2], k=1)
    with pytest.raises(ValueError, match=r"\(53,\) expected, of at least one point, given \(52,\)"):
        KNeighbors(X, y[:-1])
    with pytest.raises(ValueError, match=r"shape \(n, d\)"):
        nearest(X[0], Z, k=1)
    with pytest.raises(ValueError, match="between 1 and 52"):
        knn_outlier_score(X, k=53)
    for ks in ([0, 3], [3, 53], []):
        with pytest.raises(ValueError, match="between 1 and 52"):
            leave_one_out_errors(X, y, ks=ks)
