"""Decision trees against scikit-learn's, node by node where splits are unique."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from mlblog.classical.purity import Impurity, entropy, gini
from mlblog.classical.tree import DecisionTree


@pytest.mark.parametrize(("impurity", "name"), [(gini, "gini"), (entropy, "entropy")])
@pytest.mark.parametrize("least", [5, 17])
def test_every_split_is_the_best_one(impurity: Impurity, name: str, least: int) -> None:
    """Each node's split leaves its parts as pure as the best single split that scikit-learn finds for its points."""
    random = np.random.default_rng(2)
    X = random.normal(size=(301, 3))
    y = np.digitize(X[:, 0] * X[:, 1] + random.normal(0, 0.3, 301), [-0.5, 0.3])
    tree = DecisionTree(X, y, impurity=impurity, least=least)
    waiting, leaves = [(0, np.arange(len(X)))], 0
    while waiting:
        node, rows = waiting.pop()
        stump = DecisionTreeClassifier(criterion=name, min_samples_leaf=least, max_depth=1).fit(X[rows], y[rows]).tree_
        if tree.feature[node] < 0:
            assert stump.node_count == 1
            np.testing.assert_allclose(tree.shares(X[rows[:1]])[0], np.bincount(y[rows], minlength=3) / len(rows))
            leaves += 1
            continue
        right = X[rows, tree.feature[node]] > tree.threshold[node]
        parts = [rows[~right], rows[right]]
        assert min(map(len, parts)) >= least
        mixed = sum(len(part) * impurity(np.bincount(y[part], minlength=3) / len(part)) for part in parts)
        assert mixed == pytest.approx(stump.impurity[1:] @ stump.n_node_samples[1:], abs=1e-9)
        waiting += [(tree.left[node], parts[0]), (tree.left[node] + 1, parts[1])]
    assert tree.leaves == leaves


def test_it_does_as_well_as_scikit_learns_on_the_biopsies() -> None:
    """Fully grown, ties between splits are broken in different ways: the trees differ, their errors hardly."""
    X, y = load_breast_cancer(return_X_y=True)
    tree = DecisionTree(X[::2], y[::2])
    assert (tree.classify(X[::2]) == y[::2]).all()
    errors = [
        (DecisionTreeClassifier(random_state=seed).fit(X[::2], y[::2]).predict(X[1::2]) != y[1::2]).mean()
        for seed in range(20)
    ]
    assert min(errors) - 0.02 <= (tree.classify(X[1::2]) != y[1::2]).mean() <= max(errors) + 0.02


def test_labels_may_be_words() -> None:
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    assert (DecisionTree(X, names).classify(X) == names).mean() == 1


def test_an_exclusive_or_needs_a_split_that_gains_nothing() -> None:
    corners = [[0, 0], [0, 1], [1, 0], [1, 1]]
    tree = DecisionTree(corners, [0, 1, 1, 0])
    assert tree.classify(corners).tolist() == [0, 1, 1, 0]
    assert tree.leaves == 4


def test_on_a_line_a_full_tree_is_the_nearest_neighbour() -> None:
    random = np.random.default_rng(4)
    x, asked = random.uniform(size=(211, 1)), random.uniform(size=(1_003, 1))
    y = random.integers(0, 3, 211)
    nearest = KNeighborsClassifier(n_neighbors=1).fit(x, y).predict(asked)
    assert (DecisionTree(x, y).classify(asked) == nearest).all()


def test_of_equally_good_questions_the_first_is_asked() -> None:
    """Three coordinates tell the classes apart equally well; on the first, two thresholds do."""
    apart = DecisionTree([[0, 9, 1], [1, 5, 2], [2, 7, 3]], ["a", "b", "c"], least=1)
    assert apart.feature[0] == 0  # and not 2, which orders the points alike
    assert apart.threshold[0] == 0.5  # and not 1.5
    copies = DecisionTree(np.repeat(np.arange(6.0)[:, None], 4, axis=1), [0, 0, 0, 1, 1, 1])
    assert (copies.feature[0], copies.threshold[0]) == (0, 2.5)


def test_points_that_nothing_separates_share_a_leaf() -> None:
    tree = DecisionTree([[1.0, 2.0]] * 3 + [[1.0, 5.0]], [0, 1, 1, 0])
    np.testing.assert_allclose(tree.shares([[1.0, 2.0], [1.0, 6.0]]), [[1 / 3, 2 / 3], [1, 0]])


def test_random_features_are_drawn_among_those_that_separate() -> None:
    random = np.random.default_rng(0)
    X = np.column_stack([np.zeros(40), random.normal(size=40), random.normal(size=40)])
    y = (X[:, 1] > 0).astype(int)
    asked = {int(DecisionTree(X, y, features=1, random=random).feature[0]) for _ in range(30)}
    assert asked == {1, 2}


def test_what_cannot_be_grown_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one point"):
        DecisionTree([[1.0]], [0, 1])
    with pytest.raises(ValueError, match="between 1 and 1 and come with random"):
        DecisionTree([[1.0]], [0], features=1)
