"""A binary decision tree for classification, grown greedily: CART's splits, with any impurity.

Dimensions: n known points, m asked points, d coordinates, C classes.
"""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import NDArray

from mlblog.classical.points import labelled, points
from mlblog.classical.purity import Impurity, gini

Floats = NDArray[np.float64]


@final
class DecisionTree:
    """A tree of questions "is coordinate j at most t?", each the one that leaves its two parts least mixed.

    A part is split as long as it holds two classes and a question separates it, even if no question makes it purer: on
    an exclusive or, the first split gains nothing and the second everything. Of equally good questions the first
    coordinate's is asked, and of its thresholds the lowest. Growth is greedy, and a smaller tree with the same errors
    may exist.

    It is written to be read: NumPy's sorting and cumulated counts do the work in a node, and Python visits the nodes.
    That is why a tree of many small nodes takes many times as long as scikit-learn's, which visits them in C.

    As scikit-learn's `DecisionTreeClassifier(…).fit(X, y)`; `classify` is its `predict`, `shares` its `predict_proba`.

    Attributes:
        classes: labels, sorted, shape (C,).
        feature: coordinate that each node asks about, -1 at leaves, shape (nodes,).
        threshold: the t of its question, NaN at leaves, shape (nodes,).
        left: the child for "at most t", -1 at leaves, shape (nodes,); the other child is the node after it.

    Example:
        >>> tree = DecisionTree([[0.0], [1.0], [4.0]], ["low", "low", "high"])
        >>> tree.classify([[2.4], [2.6]]).tolist(), tree.leaves
        (['low', 'high'], 2)

    References:
        [breiman1984classification].
    """

    def __init__(
        self,
        X: object,
        y: object,
        *,
        impurity: Impurity = gini,
        least: int = 1,
        features: int | None = None,
        random: np.random.Generator | None = None,
    ) -> None:
        """Grow the tree.

        Args:
            X: shape (n, d).
            y: shape (n,), labels.
            impurity: what a split makes smaller, weighted by the sizes of the parts.
            least: points that a leaf holds at least, 1 or more; 1 grows the tree until it fits all it can.
            features: how many coordinates, drawn anew at each node, a split may ask about; all by default.
            random: draws them; needed with `features`.

        Raises:
            ValueError: the shapes do not fit, a point is not finite, `least` is below 1, or `features` comes without
                `random`.
        """
        self._X, labels = labelled(X, y)
        if least < 1:
            raise ValueError(f"least must be at least 1, given {least}")
        if features is not None and (random is None or not 1 <= features <= self._X.shape[1]):
            raise ValueError(
                f"features must be between 1 and {self._X.shape[1]} and come with random, given {features}"
            )
        self.classes, codes = np.unique(labels, return_inverse=True)
        self._one_hot = np.eye(len(self.classes))[codes]  # (n, C)
        self._coordinates = self._X.shape[1]
        self._impurity, self._least, self._features, self._random = impurity, least, features, random
        self._grow()
        del self._X, self._one_hot

    def shares(self, Z: object) -> Floats:
        """Shares of the classes among the known points in the leaf of each asked one, of shape (m, C).

        Raises:
            ValueError: Z is not of shape (m, d), or a point is not finite.
        """
        asked = points(Z, like=self._coordinates)
        node = np.zeros(len(asked), dtype=np.intp)
        walking = np.flatnonzero(self.feature[node] >= 0)
        while len(walking):
            at = node[walking]
            right = asked[walking, self.feature[at]] > self.threshold[at]
            node[walking] = self.left[at] + right
            walking = walking[self.feature[node[walking]] >= 0]
        return np.asarray(self._shares[node])

    def classify(self, Z: object) -> NDArray[np.generic]:
        """The label that most points of the leaf have, of shape (m,); of equally many, the one that sorts first."""
        found: NDArray[np.generic] = self.classes[self.shares(Z).argmax(axis=1)]
        return found

    @property
    def leaves(self) -> int:
        """The number of parts that the tree cuts the space into."""
        return int((self.feature < 0).sum())

    def _grow(self) -> None:
        """Split from the root on; a node's right child follows its left one."""
        feature, threshold, left, shares = [-1], [np.nan], [-1], [self._one_hot.mean(axis=0)]
        waiting = [(0, np.arange(len(self._X)))]
        while waiting:
            node, rows = waiting.pop()
            split = self._best_split(rows) if shares[node].max() < 1 else None
            if split is None:
                continue
            feature[node], threshold[node] = split
            left[node] = len(feature)
            right = self._X[rows, feature[node]] > threshold[node]
            for part in (rows[~right], rows[right]):
                waiting.append((len(feature), part))
                feature.append(-1)
                threshold.append(np.nan)
                left.append(-1)
                shares.append(self._one_hot[part].mean(axis=0))
        self.feature, self.threshold = np.array(feature), np.array(threshold)  # (nodes,); -1 and NaN at leaves
        self.left, self._shares = np.array(left), np.array(shares)

    def _best_split(self, rows: NDArray[np.intp]) -> tuple[int, float] | None:
        """Coordinate and threshold that leave the two parts least mixed; None if no question separates the points."""
        n, best, found = len(rows), np.inf, None
        sizes = np.arange(1, n)[:, None]  # of the left part
        order_of_features = np.arange(self._X.shape[1])
        if self._random is not None and self._features is not None:
            order_of_features = self._random.permutation(order_of_features)
        tried = 0
        for j in order_of_features:
            if tried == self._features:
                break
            x = self._X[rows, j]
            order = x.argsort(kind="stable")
            x = x[order]
            separates = np.flatnonzero(x[1:] > x[:-1])
            separates = separates[(separates + 1 >= self._least) & (n - 1 - separates >= self._least)]
            if len(separates) == 0:
                continue  # a constant coordinate does not count as one of those drawn
            tried += 1
            below = self._one_hot[rows[order]].cumsum(axis=0)  # (n, C)
            lower = below[separates] / sizes[separates]
            upper = (below[-1] - below[separates]) / (n - sizes[separates])
            left_size = sizes[separates, 0]
            mixed = (left_size * self._impurity(lower) + (n - left_size) * self._impurity(upper)) / n
            at = int(mixed.argmin())
            if mixed[at] < best:
                best, cut = float(mixed[at]), separates[at]
                found = int(j), _between(x[cut], x[cut + 1])
        return found


def _between(low: float, high: float) -> float:
    """A threshold t with low ≤ t < high: half way, or `low` where the middle is rounded up to `high` or overflows."""
    with np.errstate(over="ignore"):
        middle = float((low + high) / 2)
    return middle if low <= middle < high else float(low)
