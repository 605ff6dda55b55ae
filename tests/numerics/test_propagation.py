"""Propagation against NetworkX, dense eigendecompositions and sums edge by edge."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
import torch
from torch import Tensor

from mlblog.numerics import propagation
from mlblog.numerics.propagation import (
    components,
    degrees,
    dirichlet_energy,
    eigenvalues,
    mixing_rate,
    propagate,
    random_walk_limit,
    random_walk_operator,
    symmetric_limit,
    symmetric_operator,
)

D = 3
KARATE = networkx.karate_club_graph()
PARTED = networkx.disjoint_union_all(
    [networkx.gnm_random_graph(9, 14, seed=2), networkx.star_graph(5), networkx.cycle_graph(4)]
)
GRAPHS = {"club": KARATE, "parted": PARTED}
EACH = pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)


def edges_of(graph: networkx.Graph) -> Tensor:
    return torch.tensor(list(graph.edges))


def adjacency(graph: networkx.Graph, loops: float) -> np.ndarray:
    return networkx.to_numpy_array(graph, nodelist=range(len(graph)), weight=None) + loops * np.eye(len(graph))


def features(graph: networkx.Graph) -> Tensor:
    return torch.randn(len(graph), D, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@EACH
@pytest.mark.parametrize("loops", [0.0, 1.0, 2.5])
def test_operators_are_those_of_dense_matrices(graph: networkx.Graph, loops: float) -> None:
    a, x = adjacency(graph, loops), features(graph)
    d = a.sum(1)
    walk, both = (of(edges_of(graph), len(graph), loops=loops) for of in (random_walk_operator, symmetric_operator))
    np.testing.assert_allclose(walk.to_dense().numpy(), a / d[:, None])
    np.testing.assert_allclose(both.to_dense().numpy(), a / np.sqrt(np.outer(d, d)))
    np.testing.assert_array_equal(degrees(edges_of(graph), len(graph), loops=loops).numpy(), d)
    np.testing.assert_allclose(propagate(walk, x).numpy(), np.diag(1 / d) @ a @ x.numpy())
    if not loops:
        laplacian = networkx.normalized_laplacian_matrix(graph, nodelist=range(len(graph)), weight=None).toarray()
        np.testing.assert_allclose(np.eye(len(graph)) - both.to_dense().numpy(), laplacian, atol=1e-12)


def test_steps_of_a_batch_are_steps_of_each() -> None:
    operator = random_walk_operator(edges_of(KARATE), 34)
    x = torch.randn(2, 3, 34, D, dtype=torch.float64)
    found = propagate(operator, x)
    for i, j in np.ndindex(2, 3):
        torch.testing.assert_close(found[i, j], operator.to_dense() @ x[i, j])


@EACH
def test_energy_is_the_sum_over_edges_and_the_trace(graph: networkx.Graph) -> None:
    x, a = features(graph), adjacency(graph, 1.0)
    d = a.sum(1)
    by_hand = sum(
        (x[i, k].item() / d[i] ** 0.5 - x[j, k].item() / d[j] ** 0.5) ** 2 for i, j in graph.edges for k in range(D)
    )
    trace = np.trace(x.numpy().T @ (np.eye(len(graph)) - a / np.sqrt(np.outer(d, d))) @ x.numpy())
    assert dirichlet_energy(x, edges_of(graph)).item() == pytest.approx(by_hand)
    assert by_hand == pytest.approx(trace)


@EACH
def test_components_and_sides_are_those_of_networkx(graph: networkx.Graph) -> None:
    component, side = components(edges_of(graph), len(graph))
    theirs = list(networkx.connected_components(graph))
    assert sorted(map(sorted, theirs)) == sorted(
        np.flatnonzero(component == one).tolist() for one in range(component.max() + 1)
    )
    for nodes in theirs:
        part = graph.subgraph(nodes)
        assert (side[list(nodes)] >= 0).all() == networkx.is_bipartite(part)
        if networkx.is_bipartite(part):
            assert all(side[i] + side[j] == 1 for i, j in part.edges)


@EACH
def test_limits_are_those_of_high_powers(graph: networkx.Graph) -> None:
    x, edges = features(graph), edges_of(graph)
    for of, limit in ((random_walk_operator, random_walk_limit), (symmetric_operator, symmetric_limit)):
        power = np.linalg.matrix_power(of(edges, len(graph)).to_dense().numpy(), 2**12)
        np.testing.assert_allclose(limit(x, edges).numpy(), power @ x.numpy(), atol=1e-9)
    constant, rooted = random_walk_limit(x, edges), symmetric_limit(x, edges)
    root = degrees(edges, len(graph)).sqrt().unsqueeze(1)
    for nodes in map(list, networkx.connected_components(graph)):
        assert constant[nodes].std(0).max() < 1e-12
        assert (rooted / root)[nodes].std(0).max() < 1e-12
        assert rooted[nodes].std(0).max() > 0.01 or len({graph.degree(node) for node in nodes}) == 1
    assert dirichlet_energy(rooted, edges) < 1e-24 < dirichlet_energy(constant, edges)


@EACH
@pytest.mark.parametrize("loops", [0.0, 1.0])
def test_the_rate_is_that_of_an_eigendecomposition_and_of_what_happens(graph: networkx.Graph, loops: float) -> None:
    a, edges = adjacency(graph, loops), edges_of(graph)
    theirs = np.linalg.eigvals(a / a.sum(1, keepdims=True)).real  # of the walk, which is not symmetric
    np.testing.assert_allclose(eigenvalues(edges, len(graph), loops=loops), np.sort(theirs)[::-1], atol=1e-9)
    count = networkx.number_connected_components(graph)
    rate = mixing_rate(edges, len(graph), loops=loops)
    assert rate == pytest.approx(np.sort(np.abs(theirs))[::-1][count])
    if graph is KARATE and loops:
        x, operator = features(graph), random_walk_operator(edges, 34)
        gaps = []
        for _ in range(60):
            gaps.append((x - random_walk_limit(x, edges)).norm().item())
            x = propagate(operator, x)
        assert (gaps[59] / gaps[39]) ** (1 / 20) == pytest.approx(rate, rel=1e-4)


def test_a_bipartite_graph_without_loops_changes_sides_for_ever() -> None:
    ring = edges_of(networkx.cycle_graph(6))
    assert mixing_rate(ring, 6, loops=0.0) == pytest.approx(1)
    x = torch.tensor([[1.0], [0]] * 3, dtype=torch.float64)
    assert torch.equal(propagate(random_walk_operator(ring, 6, loops=0.0), x), 1 - x)
    for limit in (random_walk_limit, symmetric_limit):
        with pytest.raises(ValueError, match="no limit"):
            limit(x, ring, loops=0.0)
    odd = edges_of(networkx.cycle_graph(5))
    assert random_walk_limit(x[:5], odd, loops=0.0).flatten().tolist() == pytest.approx([0.6] * 5)


@pytest.mark.parametrize(
    ("edges", "nodes", "loops"),
    [([[0, 1], [1, 0]], 2, 1.0), ([[1, 1]], 2, 1.0), ([[0, 2]], 2, 1.0), ([[-1, 0]], 2, 1.0), ([[0, 1]], 3, 0.0),
     ([[0, 1]], 2, -1.0), ([[0, 1, 2]], 3, 1.0)],
)  # fmt: skip
def test_what_is_no_simple_graph_is_refused(edges: list[list[int]], nodes: int, loops: float) -> None:
    with pytest.raises(ValueError, match=r"expected|needs"):
        degrees(torch.tensor(edges), nodes, loops=loops)


def test_features_of_another_graph_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(…, 34, D\)"):
        propagate(propagation.symmetric_operator(edges_of(KARATE), 34), torch.zeros(33, D))
