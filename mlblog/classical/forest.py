"""Random forests: decision trees on random draws of the points, averaged."""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import NDArray

from mlblog.classical.points import labelled, points
from mlblog.classical.purity import Impurity, gini
from mlblog.classical.tree import DecisionTree

Floats = NDArray[np.float64]


@final
class RandomForest:
    """Trees grown on points drawn with replacement, whose shares are averaged.

    With all defaults each tree sees n draws from the n points and is grown until it fits them, as Breiman proposed.
    Such a forest is *not* consistent for every distribution: the labels of the nearest points decide, however many
    points there are. It becomes so if each tree sees a vanishing share of them; see `vote_weights`.

    As scikit-learn's `RandomForestClassifier(…, max_features=None).fit(X, y)`; `classify` is its `predict`, `shares`
    its `predict_proba`.

    Example:
        >>> forest = RandomForest([[0.0], [1.0], [4.0], [5.0]], [0, 0, 1, 1], trees=9, seed=0)
        >>> forest.classify([[0.2], [4.7]]).tolist()
        [0, 1]

    References:
        [breiman2001random] for the method, [biau2008consistency] for when it is consistent.
    """

    def __init__(
        self,
        X: object,
        y: object,
        *,
        trees: int = 100,
        draws: int | None = None,
        impurity: Impurity = gini,
        least: int = 1,
        features: int | None = None,
        seed: int,
    ) -> None:
        """Grow the forest.

        Args:
            X: shape (n, d).
            y: shape (n,), labels.
            trees: how many.
            draws: points that each tree sees, drawn with replacement; n by default.
            impurity: what a split makes smaller.
            least: points that a leaf holds at least.
            features: coordinates, drawn at each node, that a split may ask about; all by default.
            seed: of all draws.

        Raises:
            ValueError: the shapes do not fit, a point is not finite, or a number is below 1.
        """
        known, labels = labelled(X, y)
        if trees < 1 or (draws is not None and draws < 1):
            raise ValueError(f"at least one tree and one draw expected, given {trees} and {draws}")
        random = np.random.default_rng(seed)
        self._coordinates = known.shape[1]
        self.classes, self._trees = np.unique(labels), []
        for _ in range(trees):
            drawn = random.integers(len(known), size=draws or len(known))
            tree = DecisionTree(
                known[drawn], labels[drawn], impurity=impurity, least=least, features=features, random=random
            )
            self._trees.append((tree, np.searchsorted(self.classes, tree.classes)))

    def shares(self, Z: object) -> Floats:
        """Mean over the trees of the classes' shares in the leaf of each asked point, of shape (m, C)."""
        asked = points(Z, like=self._coordinates)
        total = np.zeros((len(asked), len(self.classes)))
        for tree, columns in self._trees:
            total[:, columns] += tree.shares(asked)  # a draw may have missed a class
        return total / len(self._trees)

    def classify(self, Z: object) -> NDArray[np.generic]:
        """The class of the largest share, of shape (m,); of equal ones, the one that sorts first."""
        found: NDArray[np.generic] = self.classes[self.shares(Z).argmax(axis=1)]
        return found


def vote_weights(n: int, *, draws: int) -> Floats:
    """Weight of the i-th nearest point in the vote of infinitely many fully grown trees, for points on a line.

        w_i = (1 - (i - 1)/n)^draws - (1 - i/n)^draws,   i = 1 … n

    On a line a fully grown tree cuts half way between neighbours of different labels, and so answers with the label of
    the nearest point that it was given. The i-th nearest decides in a tree whose draws hold it and none that is nearer.

    Args:
        n: number of points.
        draws: points that each tree sees, drawn with replacement.

    Returns:
        Shape (n,), descending, with sum 1. For draws = n the first weight is above 1 - 1/e = .632, more than all others
        together: the forest is the one-nearest-neighbour rule. If draws grows, but slower than n, the largest weight
        vanishes, and the forest is consistent.

    Raises:
        ValueError: n or draws is below 1.

    References:
        [biau2008consistency], on bagged nearest neighbours.
    """
    if n < 1 or draws < 1:
        raise ValueError(f"n and draws must be at least 1, given {n} and {draws}")
    missed = (1 - np.arange(n + 1) / n) ** draws  # none of the i nearest was drawn
    return np.asarray(missed[:-1] - missed[1:])
