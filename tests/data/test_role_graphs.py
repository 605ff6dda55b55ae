"""Graphs of copies and of unequal degrees, as NetworkX sees them."""

from __future__ import annotations

import networkx
import numpy as np
import pytest

from mlblog.data.roles import draw_copies, draw_uneven


def graph_of(edges: np.ndarray, nodes: int) -> networkx.Graph:
    graph = networkx.empty_graph(nodes)
    graph.add_edges_from(edges.tolist())
    return graph


@pytest.mark.parametrize("seed", range(4))
def test_copies_are_trees_and_places_alike_share_a_label(seed: int) -> None:
    drawn = draw_copies(84, size=7, shapes=3, classes=4, features=5, rng=np.random.default_rng(seed))
    graph = graph_of(drawn.edges, 84)
    parts = [graph.subgraph(part) for part in networkx.connected_components(graph)]
    assert [len(part) for part in parts] == [7] * 12
    assert all(networkx.is_tree(part) for part in parts)
    shapes: list[networkx.Graph] = []
    for part in parts:
        if not any(networkx.is_isomorphic(part, other) for other in shapes):
            shapes.append(part)
    assert 1 <= len(shapes) <= 3
    networkx.set_node_attributes(graph, "a node", "kind")
    hashed = networkx.weisfeiler_lehman_subgraph_hashes(graph, node_attr="kind", iterations=7)
    label_of: dict[str, int] = {}
    for node in range(84):
        assert label_of.setdefault(hashed[node][-1], int(drawn.labels[node])) == drawn.labels[node]
    assert set(drawn.labels) <= set(range(4))
    assert len(set(drawn.labels)) > 1
    assert drawn.features.shape == (84, 5)
    assert (drawn.features == 1).all()
    assert sorted(drawn.order) == list(range(84))
    with pytest.raises(ValueError, match="at least 2"):
        draw_copies(85, size=7, shapes=3, classes=4, features=5, rng=np.random.default_rng(seed))


def test_labels_are_parts_of_the_degrees() -> None:
    drawn = draw_uneven(240, degree=8.0, spread=0.7, classes=3, features=4, rng=np.random.default_rng(0))
    graph = graph_of(drawn.edges, 240)
    degrees = np.array([graph.degree[i] for i in range(240)])
    assert 6 < degrees.mean() < 10
    assert degrees.std() > 1.5 * np.sqrt(degrees.mean())
    for low, high in ((0, 1), (1, 2)):
        assert degrees[drawn.labels == low].max() < degrees[drawn.labels == high].min()
    assert (np.bincount(drawn.labels) > 60).all()
    assert (drawn.features == 1).all()
    assert drawn.features.shape == (240, 4)
