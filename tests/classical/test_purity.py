"""Impurities against SciPy, scikit-learn's trees, and drawing two labels at random."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy as reference
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

from mlblog.classical.purity import Impurity, entropy, gini, information_gain

counts = st.lists(st.integers(0, 9), min_size=2, max_size=6).filter(any)


@given(counts)
def test_entropy_is_scipys(tally: list[int]) -> None:
    p = np.array(tally) / sum(tally)
    assert entropy(p) == pytest.approx(reference(p, base=2), abs=1e-12)


@given(counts)
def test_gini_is_how_often_two_draws_differ(tally: list[int]) -> None:
    labels = np.repeat(np.arange(len(tally)), tally)
    assert gini(np.array(tally) / sum(tally)) == pytest.approx((labels[:, None] != labels).mean(), abs=1e-12)


def test_the_last_axis_is_over_classes() -> None:
    p = np.random.default_rng(0).dirichlet(np.ones(3), size=(4, 5))
    for impurity in (entropy, gini):
        assert impurity(p).shape == (4, 5)
        assert impurity(p)[2, 3] == pytest.approx(float(impurity(p[2, 3])))


@pytest.mark.parametrize(("impurity", "name"), [(entropy, "entropy"), (gini, "gini")])
def test_gain_is_that_of_the_first_split_of_scikit_learn(impurity: Impurity, name: str) -> None:
    X, y = load_iris(return_X_y=True)
    tree = DecisionTreeClassifier(criterion=name, max_depth=1, random_state=0).fit(X, y).tree_
    left, right = tree.n_node_samples[1:]
    gained = tree.impurity[0] - (left * tree.impurity[1] + right * tree.impurity[2]) / len(y)
    parts = X[:, tree.feature[0]] <= tree.threshold[0]
    assert information_gain(y, parts, impurity=impurity) == pytest.approx(gained, abs=1e-12)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=30))
def test_no_split_loses(points: list[tuple[int, int]]) -> None:
    y, parts = zip(*points, strict=True)
    assert information_gain(y, parts) > -1e-12
    assert information_gain(y, parts, impurity=gini) > -1e-12


def test_information_gain_is_symmetric() -> None:
    """Mutual information: labels tell as much about parts as parts about labels."""
    random = np.random.default_rng(1)
    y, parts = random.integers(0, 3, 40), random.integers(0, 5, 40)
    assert information_gain(y, parts) == pytest.approx(information_gain(parts, y))


def test_what_is_no_distribution_is_refused() -> None:
    for wrong in ([0.5, 0.6], [1.5, -0.5], 1.0):
        with pytest.raises(ValueError, match="sum to one"):
            entropy(wrong)
    with pytest.raises(ValueError, match="one shape"):
        information_gain([1, 2, 3], [0, 1])
    with pytest.raises(ValueError, match="one shape"):
        information_gain([], [])
