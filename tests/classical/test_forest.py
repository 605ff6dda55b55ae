"""Forests against scikit-learn's, and their votes on a line against enumerating every draw."""

from itertools import product

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier

from mlblog.classical.forest import RandomForest, vote_weights


def test_it_errs_as_often_as_scikit_learns() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    X, y, asked, answers = X[::2], y[::2], X[1::2], y[1::2]
    forest = RandomForest(X, y, trees=40, features=5, seed=1)
    errors = [
        (RandomForestClassifier(40, random_state=seed).fit(X, y).predict(asked) != answers).mean() for seed in range(4)
    ]
    assert (forest.classify(asked) != answers).mean() == pytest.approx(np.mean(errors), abs=0.025)


def test_a_class_that_a_draw_misses_has_no_share_in_that_tree() -> None:
    forest = RandomForest(np.arange(5.0)[:, None], list("aaaab"), trees=60, draws=2, seed=0)
    shares = forest.shares([[0.0], [4.0]])
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert 0 < shares[1, 1] < 1


def test_trees_that_saw_one_point_vote_for_its_class() -> None:
    """A tree of a single draw knows a single class, here mostly not the first."""
    alone = [
        RandomForest(np.zeros((5, 1)), list("abbbb"), trees=1, draws=1, seed=s).shares([[0.0]])[0] for s in range(400)
    ]
    assert {tuple(shares) for shares in alone} == {(1.0, 0.0), (0.0, 1.0)}
    assert np.mean(alone, axis=0) == pytest.approx([0.2, 0.8], abs=0.06)


def test_splits_ask_about_as_many_coordinates_as_were_drawn() -> None:
    """One coordinate tells all and two nothing. A single tree that may look at one at a time often asks about noise."""
    random = np.random.default_rng(5)
    X = random.normal(size=(60, 3))
    y = (X[:, 0] > 0).astype(int)
    asked = random.normal(size=(400, 3))
    wrong = {
        drawn: np.mean([
            (RandomForest(X, y, trees=1, features=drawn, seed=seed).classify(asked) != (asked[:, 0] > 0)).mean()
            for seed in range(20)
        ])
        for drawn in (1, 2, None)
    }  # fmt: skip
    assert wrong[1] > 2 * wrong[2] > 3 * wrong[None]
    every = RandomForest(X, y, trees=3, features=3, seed=0).shares(asked)
    np.testing.assert_array_equal(every, RandomForest(X, y, trees=3, features=3, seed=0).shares(asked))


def test_the_seed_decides() -> None:
    X, y = np.random.default_rng(0).normal(size=(50, 2)), [0, 1] * 25
    first, again, other = (RandomForest(X, y, trees=5, seed=seed).shares(X) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize(("n", "draws"), [(4, 4), (5, 3), (3, 6), (1, 2)])
def test_vote_weights_by_enumerating_every_draw(n: int, draws: int) -> None:
    nearest = [min(drawn) for drawn in product(range(n), repeat=draws)]
    counts = np.bincount(nearest, minlength=n)
    np.testing.assert_allclose(vote_weights(n, draws=draws), counts / n**draws, atol=1e-12)


def test_many_trees_on_a_line_vote_with_those_weights() -> None:
    random = np.random.default_rng(6)
    x, y = random.uniform(size=(31, 1)), random.integers(0, 2, 31)
    asked = random.uniform(size=(11, 1))
    ranked = y[np.abs(asked - x.T).argsort(axis=1)]  # (11, 31), labels from the nearest on
    shares = RandomForest(x, y, trees=1_500, draws=7, seed=3).shares(asked)[:, 1]
    np.testing.assert_allclose(shares, ranked @ vote_weights(31, draws=7), atol=0.06)


def test_breimans_forest_on_a_line_is_one_neighbour() -> None:
    random = np.random.default_rng(8)
    x, y = random.uniform(size=(83, 1)), random.integers(0, 2, 83)
    asked = random.uniform(size=(401, 1))
    nearest = KNeighborsClassifier(n_neighbors=1).fit(x, y).predict(asked)
    assert (RandomForest(x, y, trees=300, seed=0).classify(asked) == nearest).all()
    assert vote_weights(83, draws=83)[0] > 1 - np.exp(-1)


def test_what_cannot_be_grown_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one tree"):
        RandomForest([[1.0]], [0], trees=0, seed=0)
    with pytest.raises(ValueError, match="at least one point"):
        RandomForest([[1.0]], [0, 1], seed=0)
    with pytest.raises(ValueError, match="at least 1"):
        vote_weights(0, draws=1)
