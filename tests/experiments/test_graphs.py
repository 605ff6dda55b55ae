"""What the experiments on graphs measure, counted again in other ways."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
import torch
from scipy.sparse.linalg import eigsh

from mlblog.data.blocks import draw_blocks
from mlblog.experiments.graph_limits import distances, energies, second, slope, two_components
from mlblog.experiments.graphs import (
    ARMS,
    ASKED,
    KINDS,
    KNOWN,
    Question,
    asked,
    quotients,
    shares,
    stacked,
    told,
    trial,
)
from mlblog.models.gcn import GraphNetwork

NODES, WIDTH, DEPTH = 160, 6, 3
DRAWN = draw_blocks(NODES, classes=4, degree=10.0, homophily=0.7, features=16, signal=1.0, rng=np.random.default_rng(3))
GAINS = torch.tensor([1.0, 2.0])


def question() -> Question:
    return asked(DRAWN, "cpu")


def dense_energy(x: np.ndarray) -> float:
    graph = networkx.Graph(DRAWN.edges.tolist())
    graph.add_nodes_from(range(NODES))
    a = networkx.to_numpy_array(graph, nodelist=range(NODES)) + np.eye(NODES)
    d = a.sum(1)
    return float(np.trace(x.T @ (np.eye(NODES) - a / np.sqrt(np.outer(d, d))) @ x))


def test_a_slope_is_that_of_a_geometric_series() -> None:
    assert slope(0.7 ** np.arange(200)) == pytest.approx(0.7)
    assert slope(np.maximum(0.5 ** np.arange(200), 1e-17)) == pytest.approx(0.5)
    assert slope(0.99 ** np.arange(200)) == pytest.approx(0.99)  # which does not come as far as 10⁻⁸


def test_both_distances_and_energy_shrink_as_eigenvalues_say() -> None:
    edges = two_components(60, 8.0, 0.9, np.random.default_rng(0))
    graph = networkx.Graph(edges.tolist())
    assert [len(part) for part in networkx.connected_components(graph)] == [60, 60]
    a = networkx.to_numpy_array(graph, nodelist=range(120)) + np.eye(120)
    d = a.sum(1)
    top = np.sort(eigsh(a / np.sqrt(np.outer(d, d)), k=3)[0])[::-1]  # by Lanczos
    assert top[:2] == pytest.approx([1, 1])
    assert second(edges, 120, 1.0) == pytest.approx(top[2])
    x = torch.randn(120, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for walk in (True, False):
        assert slope(distances(x, edges, 1.0, 300, walk=walk)) == pytest.approx(top[2], rel=5e-3)
    fallen = energies(x, edges, 60)
    assert fallen[60] / fallen[59] == pytest.approx(top[2] ** 2, rel=5e-3)


@pytest.mark.parametrize("seed", range(6))
def test_graphs_that_fall_apart_are_drawn_again(seed: int) -> None:
    edges = two_components(40, 3.0, 0.5, np.random.default_rng(seed))
    parts = networkx.connected_components(networkx.Graph(edges.tolist()))
    assert sorted(map(sorted, parts)) == [[*range(40)], [*range(40, 80)]]


def test_parts_of_a_graph_are_apart_and_balanced() -> None:
    parts = [part.tolist() for part in question().parts]
    assert sorted(node for part in parts for node in part) == list(range(NODES))
    assert [len(part) for part in parts] == [KNOWN, ASKED, NODES - KNOWN - ASKED]
    for part in parts:
        assert np.bincount(DRAWN.labels[part]).tolist() == [len(part) // 4] * 4


@pytest.mark.parametrize("name", KINDS)
def test_copies_are_networks_one_by_one(name: str) -> None:
    """The layers' weights times the gain, all others as they are; and no copy sees another."""
    assert [*ARMS] == KINDS
    asks = question()
    net = stacked(ARMS[name], DEPTH, WIDTH, GAINS, seed=5)
    found = net(asks.operator, asks.x)
    for place, gain in enumerate(GAINS):
        torch.manual_seed(5)
        one = GraphNetwork(16, WIDTH, 4, [ARMS[name].layer(WIDTH, layer + 1) for layer in range(DEPTH)])
        with torch.no_grad():
            for weight_name, weight in one.named_parameters():
                weight.mul_(gain if weight_name.startswith("layers") else 1)
        torch.testing.assert_close(found[place], one(asks.operator, asks.x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["GCN", "no ReLU", "no edges"])
def test_energies_part_by_part_are_those_of_dense_matrices(name: str) -> None:
    asks, net = question(), stacked(ARMS[name], DEPTH, WIDTH, GAINS, seed=5).double()
    logs = told(net, ARMS[name], asks, 1)
    assert logs.shape == (3 * DEPTH + 1, 2)
    operator = (asks.operator if ARMS[name].edges else asks.alone).to_dense().double().numpy()
    h = net.encoder(asks.x.double()).relu()[1].detach().numpy()
    states = [h]
    for layer in net.layers:
        h = operator @ states[-1]
        mapped = h @ layer.linear.weight[1].detach().numpy()  # type: ignore[union-attr, index]
        states += [h, mapped, np.maximum(mapped, 0) if name != "no ReLU" else mapped]
    by_hand = [[np.log10(dense_energy(state)), np.log10((state**2).sum())] for state in states]
    np.testing.assert_allclose(logs, by_hand, atol=1e-4)  # the operator is in single precision
    per_layer = 10 ** (logs[::3, 0] - logs[::3, 1])
    np.testing.assert_allclose(quotients(net, ARMS[name], asks, 1), per_layer, rtol=1e-4)


def test_larger_weights_raise_energy_and_leave_the_quotient() -> None:
    asks, net = question(), stacked(ARMS["GCN"], DEPTH, WIDTH, GAINS, seed=5).double()
    small, large = (told(net, ARMS["GCN"], asks, place) for place in (0, 1))
    assert large[-1, 0] - small[-1, 0] == pytest.approx(2 * DEPTH * np.log10(2))
    np.testing.assert_allclose(*(quotients(net, ARMS["GCN"], asks, place) for place in (0, 1)), rtol=1e-9)


def test_shares_are_counted_node_by_node() -> None:
    asks = question()
    logits = torch.randn(2, NODES, 4, generator=torch.Generator().manual_seed(1))
    for part, nodes in enumerate(asks.parts):
        for copy in range(2):
            right = sum(int(logits[copy, node].argmax()) == int(DRAWN.labels[node]) for node in nodes.tolist())
            assert shares(logits, asks)[part, copy] == pytest.approx(right / len(nodes))


def test_two_layers_learn_what_a_network_without_edges_cannot() -> None:
    found = {name: trial(ARMS[name], 2, question(), steps=60, width=8, seed=0) for name in ("GCN", "no edges")}
    assert found["GCN"].validation.max() > found["no edges"].validation.max() + 0.2
    assert min(each.fitted for each in found.values()) > 0.9
    for each in found.values():
        assert each.curve.max() == each.validation.max() == each.validation[each.chosen]
