"""Graphs on which a node's place decides its label and its features say nothing, from a seed.

Dimensions: N nodes, E edges, D features, C classes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlblog.data.blocks import Blocks


def draw_copies(nodes: int, *, size: int, shapes: int, classes: int, features: int, rng: np.random.Generator) -> Blocks:
    """Draw a few random trees, and a graph of many copies of each; places in a tree get labels by chance.

    Places that walks cannot tell apart, since they see the same numbers of walks of each length, share a label.

    Args:
        nodes: N, a multiple of `size`.
        size: nodes of a tree, at least 2.
        shapes: trees.
        classes: C.
        features: D, all of them 1.
        rng: of everything.

    Raises:
        ValueError: N is no multiple of the size.

    Example:
        >>> drawn = draw_copies(12, size=4, shapes=1, classes=2, features=3, rng=np.random.default_rng(0))
        >>> len(drawn.edges), bool((drawn.labels.reshape(3, 4) == drawn.labels[:4]).all())
        (9, True)
    """
    if size < 2 or nodes % size:
        raise ValueError(f"nodes in trees of at least 2 expected, given {nodes} and {size}")
    trees = [np.array([[rng.integers(child), child] for child in range(1, size)]) for _ in range(shapes)]
    profiles: list[tuple[int, ...]] = [walks for tree in trees for walks in _walks(tree, size)]
    kinds = sorted(set(profiles))
    turn = rng.permutation(len(kinds))
    named = {kind: int(place) % classes for kind, place in zip(kinds, turn, strict=True)}
    which = rng.permutation(np.arange(nodes // size) % shapes)
    edges = np.concatenate([trees[shape] + size * place for place, shape in enumerate(which)])
    labels = np.array([named[profiles[shape * size + at]] for shape in which for at in range(size)])
    return Blocks(edges, np.ones((nodes, features), np.float32), labels, rng.permutation(nodes))


def _walks(tree: NDArray[np.int64], size: int) -> list[tuple[int, ...]]:
    """For each node, how many walks of 1, 2, … steps begin there."""
    joined = np.zeros((size, size), dtype=np.int64)
    joined[tree[:, 0], tree[:, 1]] = joined[tree[:, 1], tree[:, 0]] = 1
    counts, found = np.ones(size, dtype=np.int64), []
    for _ in range(size):
        counts = joined @ counts
        found.append(counts)
    return [tuple(int(n) for n in column) for column in np.stack(found, axis=1)]


def draw_uneven(
    nodes: int, *, degree: float, spread: float, classes: int, features: int, rng: np.random.Generator
) -> Blocks:
    """Draw a random graph of very different degrees; a node's label is its degree's part among C equal ones.

    Two nodes are joined with probability min(1, w_i w_j / Σ w), where log w is Gaussian. Nodes of one degree share a
    label, so classes are equal as far as ties allow.

    Args:
        nodes: N.
        degree: about the mean number of neighbours.
        spread: standard deviation of log w.
        classes: C.
        features: D, all of them 1.
        rng: of everything.

    Example:
        >>> drawn = draw_uneven(60, degree=8.0, spread=0.6, classes=3, features=2, rng=np.random.default_rng(0))
        >>> degrees = np.bincount(drawn.edges.ravel(), minlength=60)
        >>> bool(degrees[drawn.labels == 0].max() < degrees[drawn.labels == 2].min())
        True
    """
    weight = np.exp(spread * rng.normal(size=nodes))
    weight *= degree / weight.mean()
    upper = np.triu(rng.random((nodes, nodes)) < np.outer(weight, weight) / weight.sum(), k=1)
    edges = np.argwhere(upper)
    degrees = np.bincount(edges.ravel(), minlength=nodes)
    bounds = np.quantile(degrees, np.arange(1, classes) / classes)
    labels = np.searchsorted(bounds, degrees, side="left")
    return Blocks(edges, np.ones((nodes, features), np.float32), labels, rng.permutation(nodes))
