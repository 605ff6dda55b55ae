"""Graphs by a stochastic block model, with features and labels, from a seed.

Dimensions: N nodes, E edges, D features, C classes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Blocks(NamedTuple):
    """A drawn graph.

    Attributes:
        edges: (E, 2) int64, each undirected edge once, the smaller node first.
        features: (N, D) float32.
        labels: (N,) int64, the class of each node.
        order: (N,) int64, all nodes shuffled, classes by turns at first: any first part of it is balanced.
    """

    edges: NDArray[np.int64]
    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    order: NDArray[np.int64]


def draw_blocks(
    nodes: int,
    *,
    classes: int,
    degree: float,
    homophily: float,
    features: int,
    signal: float,
    rng: np.random.Generator,
) -> Blocks:
    """Draw a graph whose nodes prefer their own class, or others, and features that hint at the class.

    Two nodes of one class are joined with probability h · degree / (n - 1), two others with
    (1 - h) · degree / (N - n), n = N / C: a node has `degree` neighbours in expectation, a share h of its own class.

    Args:
        nodes: N, a multiple of C.
        classes: C, at least 2.
        degree: mean number of neighbours.
        homophily: h, in [0, 1]; at about 1 / C edges say nothing of classes.
        features: D, at least C.
        signal: distance of a class's mean from the origin, along an axis of its own; the noise of each feature has
            standard deviation 1.
        rng: of edges, features and order.

    Raises:
        ValueError: the sizes do not fit, or a probability would leave [0, 1].

    Example:
        >>> rng = np.random.default_rng(0)
        >>> drawn = draw_blocks(8, classes=2, degree=3, homophily=1.0, features=2, signal=1.0, rng=rng)
        >>> bool((drawn.labels[drawn.edges[:, 0]] == drawn.labels[drawn.edges[:, 1]]).all())
        True
    """
    if classes < 2 or nodes % classes or features < classes:
        raise ValueError(f"N a multiple of C ≥ 2 and D ≥ C expected, given {nodes}, {classes} and {features}")
    size = nodes // classes
    same, other = homophily * degree / max(size - 1, 1), (1 - homophily) * degree / (nodes - size)
    if not 0 <= same <= 1 or not 0 <= other <= 1:
        raise ValueError(f"probabilities in [0, 1] expected, given {same:g} and {other:g}")
    labels = np.arange(nodes) % classes
    upper = np.triu(rng.random((nodes, nodes)) < np.where(labels[:, None] == labels, same, other), k=1)
    means = signal * np.eye(classes, features)
    drawn = means[labels] + rng.normal(size=(nodes, features))
    turns = np.stack([rng.permutation(np.flatnonzero(labels == one)) for one in range(classes)], axis=1)
    return Blocks(np.argwhere(upper), drawn.astype(np.float32), labels, turns.reshape(-1))
