"""Intimacy, hops and roles against NetworkX, and contexts by enumeration."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
import torch
from torch import Tensor

from mlblog.numerics.intimacy import (
    adjacency,
    context_means,
    hop_distance,
    intimacy_matrix,
    nearest_contexts,
    wl_roles,
)

GRAPHS = {
    "karate": networkx.karate_club_graph(),
    "apart": networkx.disjoint_union_all([networkx.gnm_random_graph(9, 14, seed=2), networkx.star_graph(5),
                                          networkx.cycle_graph(4), networkx.empty_graph(1)]),
    "tree": networkx.random_labeled_tree(17, seed=3),
    "barbell": networkx.barbell_graph(4, 3),
}  # fmt: skip
ALL = pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)


def edges_of(graph: networkx.Graph) -> Tensor:
    return torch.tensor([[i, j] for i, j in graph.edges])


@ALL
def test_adjacency_is_networkx(graph: networkx.Graph) -> None:
    found = adjacency(edges_of(graph), len(graph))
    np.testing.assert_array_equal(found, networkx.to_numpy_array(graph, nodelist=range(len(graph)), weight=None))


@ALL
@pytest.mark.parametrize("restart", [0.15, 0.5])
def test_a_column_of_intimacy_is_pagerank_from_its_node(graph: networkx.Graph, restart: float) -> None:
    found = intimacy_matrix(edges_of(graph), len(graph), restart=restart)
    for node in range(len(graph)):
        walked = networkx.pagerank(graph, 1 - restart, {node: 1.0}, tol=1e-13, max_iter=2_000, weight=None)
        np.testing.assert_allclose(found[:, node], [walked[i] for i in range(len(graph))], atol=1e-10)


def test_intimacy_balances_by_degree() -> None:
    graph = GRAPHS["karate"]
    found = intimacy_matrix(edges_of(graph), len(graph)) * torch.tensor([float(d) for _, d in graph.degree])
    torch.testing.assert_close(found, found.T)


@ALL
def test_hops_are_the_shortest_paths_of_networkx(graph: networkx.Graph) -> None:
    found = hop_distance(edges_of(graph), len(graph))
    paths = dict(networkx.shortest_path_length(graph))
    expected = [[paths[i].get(j, len(graph)) for j in range(len(graph))] for i in range(len(graph))]
    assert found.tolist() == expected


def partition(colours: list[object]) -> set[frozenset[int]]:
    return {frozenset(i for i, other in enumerate(colours) if other == one) for one in colours}


@ALL
@pytest.mark.parametrize("rounds", [1, 2, 3, 40])
def test_roles_part_nodes_as_networkx_does(graph: networkx.Graph, rounds: int) -> None:
    networkx.set_node_attributes(graph, "a node", "kind")
    hashed = networkx.weisfeiler_lehman_subgraph_hashes(graph, node_attr="kind", iterations=rounds)
    expected = partition([hashed[i][rounds - 1] for i in range(len(graph))])
    found = wl_roles(edges_of(graph), len(graph), rounds=rounds).tolist()
    assert partition(found) == expected
    assert sorted(set(found)) == list(range(len(expected)))
    if rounds == 40:
        assert wl_roles(edges_of(graph), len(graph)).tolist() == found


@ALL
def test_roles_are_of_places_not_of_numbers_and_sorted_by_degree(graph: networkx.Graph) -> None:
    n = len(graph)
    roles = wl_roles(edges_of(graph), n)
    turn = np.random.default_rng(0).permutation(n)
    turned = wl_roles(torch.from_numpy(turn)[edges_of(graph)], n)
    assert turned[torch.from_numpy(turn)].tolist() == roles.tolist()
    degrees = torch.tensor([graph.degree[i] for i in range(n)])
    assert bool((degrees[roles.argsort()].diff() >= 0).all())


def test_contexts_are_the_best_of_all_by_enumeration() -> None:
    scores = torch.tensor([[9.0, 1, 3, 3], [0, 9, 0, 0], [5, 4, 0, 6], [1, 2, 3, 9]])
    assert nearest_contexts(scores, 2).tolist() == [[2, 3], [0, 2], [3, 0], [2, 1]]
    assert nearest_contexts(scores, 0).shape == (4, 0)
    near = intimacy_matrix(edges_of(GRAPHS["karate"]), 34)
    for i, row in enumerate(nearest_contexts(near, 7).tolist()):
        assert row == sorted((j for j in range(34) if j != i), key=lambda j: (-near[i, j].item(), j))[:7]
    with pytest.raises(ValueError, match="fewer than N"):
        nearest_contexts(scores, 4)


@ALL
def test_means_over_contexts_are_those_of_the_induced_graph(graph: networkx.Graph) -> None:
    n = len(graph)
    x = torch.from_numpy(np.random.default_rng(1).normal(size=(n, 3)))
    found = context_means(edges_of(graph), n, inner=1, outer=3, anchors=2) @ x
    for node in range(n):
        hops = networkx.single_source_shortest_path_length(graph, node, cutoff=3)
        ring = graph.subgraph([i for i, far in hops.items() if 1 <= far <= 3])
        anchors = [i for i in ring if hops[i] <= 2]
        smoothed = [np.mean([x[j].numpy() for j in [i, *ring[i]]], axis=0) for i in anchors]
        expected = np.mean(smoothed, axis=0) if anchors else np.zeros(3)
        np.testing.assert_allclose(found[node], expected, atol=1e-12)


def test_what_does_not_fit_is_refused() -> None:
    edges = torch.tensor([[0, 1]])
    for wrong in (torch.tensor([[0, 0]]), torch.tensor([[0, 2]]), torch.tensor([0, 1])):
        with pytest.raises(ValueError, match="expected"):
            adjacency(wrong, 2)
    for restart in (0.0, 1.1):
        with pytest.raises(ValueError, match="restarts"):
            intimacy_matrix(edges, 2, restart=restart)
    with pytest.raises(ValueError, match="inner"):
        context_means(edges, 2, inner=2, outer=3, anchors=1)
